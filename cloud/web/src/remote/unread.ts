/** What was written about tills and not read by whoever looks. */
import { useQuery } from "@connectrpc/connect-query";
import { useSession } from "../access/session";
import { RemoteService } from "../gen/cabinet/v1/remote_pb";

/** Counts by till, and all of them. On the page of one till the stream tells of that till only: the rest is asked again. */
export function useUnread() {
  const { can } = useSession();
  const query = useQuery(
    RemoteService.method.listUnreadNotes,
    {},
    { enabled: can("tills:view"), refetchInterval: 30_000 },
  );
  const tills = query.data?.tills ?? [];
  return { query, tills, total: tills.reduce((sum, x) => sum + x.count, 0) };
}
