import { useQuery } from "@connectrpc/connect-query";
import { useSession } from "../access/session";
import type { TicketCell } from "../gen/cabinet/v1/commands_pb";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { inputs } from "../live/merge";

const NONE: readonly TicketCell[] = [];

/** Calls for help: of one till, or of all when its id is empty. */
export function useTickets(tillId: string, closed = false): readonly TicketCell[] {
  const { can } = useSession();
  const query = useQuery(FleetService.method.listTickets, inputs.tickets(tillId, closed), {
    enabled: can("tills:view"),
    refetchInterval: 15_000, // a ticket is rare, and the stream does not tell of it
  });
  return query.data?.tickets ?? NONE;
}
