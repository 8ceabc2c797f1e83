import { useQuery } from "@connectrpc/connect-query";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { type Grant, GrantState, OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { None } from "./facts";
import { useOutlets } from "./NodeFilter";
import { standsAt } from "./tillFilter";

/** Who gets a till to serve changes by the day. */
export const GRANTS_FOR = 60_000;

/** Grants by which service centres have the till in their hands now. */
export function useServing(till: Till): Grant[] {
  const list = useQuery(OrganisationService.method.listGrants, {}, { staleTime: GRANTS_FOR });
  const grants = (list.data?.grants ?? []).filter((g) => g.state === GrantState.ACTIVE);
  const outlets = useOutlets(grants.some((g) => g.nodeId !== ""));
  // What a grant to somebody else's tree says is for that tree.
  return grants.filter((g) => g.organisationId === till.organisationId && standsAt(till, g.nodeId, outlets));
}

/** Service centres that the till is in the hands of now. */
export function ServedCell({ till }: { till: Till }) {
  const names = useServing(till).map((g) => g.party);
  if (names.length === 0) return <None />;
  return [...new Set(names)].join(", ");
}
