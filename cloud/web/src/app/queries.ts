import { QueryCache, QueryClient } from "@tanstack/react-query";
import { reasonOf } from "../access/guard";
import { troubleOf } from "./transport";

/** Cache of everything read from the cabinet. `onSignedOut` is called when any answer says that the door is
 * shut: the session is over, or something has to be done before anything else. */
export function queryClient(onSignedOut: (client: QueryClient) => void): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        // Terms or a second factor that are due stand at the door too.
        if (troubleOf(error) === "signedout" || /^(factor|terms)$/.test(reasonOf(error))) onSignedOut(client);
      },
    }),
    defaultOptions: {
      queries: {
        // Facts arrive by the stream; a page that is opened again asks anyway.
        staleTime: 10_000,
        retry: (count, error) => troubleOf(error) === "unreachable" && count < 2,
        retryDelay: (count) => Math.min(1000 * 2 ** count, 5000),
        refetchOnWindowFocus: true,
        // The browser's guess of the network is not asked: a cabinet in the shop answers without the internet.
        networkMode: "always",
      },
      // What could not be asked for at once is not asked for later behind one's back.
      mutations: { networkMode: "always" },
    },
  });
  return client;
}
