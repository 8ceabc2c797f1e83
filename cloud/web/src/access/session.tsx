import type { Transport } from "@connectrpc/connect";
import { createConnectQueryKey, useMutation, useQuery, useTransport } from "@connectrpc/connect-query";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useMemo } from "react";
import { shelf } from "../app/shelf";
import { troubleOf } from "../app/transport";
import { AccessService, type Person } from "../gen/cabinet/v1/access_pb";

/** Permissions the pages know of; the cabinet decides, pages only do not offer what would be refused. */
export type Permission =
  | "tills:view"
  | "documents:view"
  | "money:view"
  | "tills:recover"
  | "tills:configure"
  | "tills:decide"
  | "updates:manage"
  | "audit:view"
  | "api:manage"
  | "people:manage"
  | "notify:manage";

type Session = { person: Person; can: (p: Permission) => boolean };

const SessionContext = createContext<Session | undefined>(undefined);

export function SessionProvider({ person, children }: { person: Person; children: ReactNode }) {
  const session = useMemo<Session>(() => {
    // The tills of a service centre are those of its clients, whose money the cabinet never gives: pages would show noughts.
    const poor = person.kind === "service";
    return { person, can: (p) => person.permissions.includes(p) && !(poor && p === "money:view") };
  }, [person]);
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}

/** Who is signed in and what they may. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession outside SessionProvider");
  return session;
}

/** Asks who is signed in; once, and again when a session begins. */
export function useWhoAmI() {
  return useQuery(
    AccessService.method.whoAmI,
    {},
    {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      // Until the first answer nothing else asks: knock again by ourselves.
      refetchInterval: (q) =>
        q.state.error && !q.state.data && troubleOf(q.state.error) !== "signedout" ? 5000 : false,
    },
  );
}

/** Forgets everything the last person saw, and asks who is there now. */
export async function resetSession(client: QueryClient, transport: Transport) {
  const key = createConnectQueryKey({
    schema: AccessService.method.whoAmI,
    transport,
    input: {},
    cardinality: "finite",
  });
  client.removeQueries({ predicate: (q) => JSON.stringify(q.queryKey) !== JSON.stringify(key) });
  await client.resetQueries({ queryKey: key });
}

/** Ends the session and shows the sign-in page. */
export function useSignOut() {
  const queries = useQueryClient();
  const transport = useTransport();
  return useMutation(AccessService.method.signOut, {
    // What lies in the browser goes first, whether the cabinet hears of it or not.
    onMutate: () => shelf().clear(),
    onSettled: () => resetSession(queries, transport),
  });
}
