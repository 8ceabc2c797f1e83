import { useQuery } from "@connectrpc/connect-query";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { GrantState, OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { None } from "./facts";
import { useOutlets } from "./NodeFilter";
import { standsAt } from "./tillFilter";

/** Who gets a till to serve changes by the day. */
const GRANTS_FOR = 60_000;

/** Service centres that the till is in the hands of now. */
export function ServedCell({ till }: { till: Till }) {
  const list = useQuery(OrganisationService.method.listGrants, {}, { staleTime: GRANTS_FOR });
  const grants = (list.data?.grants ?? []).filter((g) => g.state === GrantState.ACTIVE);
  const outlets = useOutlets(grants.some((g) => g.nodeId !== ""));
  // What a grant to somebody else's tree says is for that tree.
  const names = grants
    .filter((g) => g.organisationId === till.organisationId && standsAt(till, g.nodeId, outlets))
    .map((g) => g.party);
  if (names.length === 0) return <None />;
  return [...new Set(names)].join(", ");
}
