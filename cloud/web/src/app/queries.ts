import { QueryCache, QueryClient } from "@tanstack/react-query";
import { troubleOf } from "./transport";

/** Cache of everything read from the cabinet. `onSignedOut` is called when any answer says the session is over. */
export function queryClient(onSignedOut: (client: QueryClient) => void): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError: (error) => {
        if (troubleOf(error) === "signedout") onSignedOut(client);
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
