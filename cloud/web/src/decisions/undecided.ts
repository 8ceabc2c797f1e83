import { useQuery } from "@connectrpc/connect-query";
import { useSession } from "../access/session";
import { DocumentsService, type OperationView } from "../gen/cabinet/v1/documents_pb";
import { type Operation, Outcome, Stage } from "../gen/fiscal/v1/fiscal_pb";
import { inputs } from "../live/merge";

const NONE: readonly OperationView[] = [];

/** Operations of the organisation that need a person. On the page of one till the stream tells of that till only. */
export function useUndecided() {
  const { can } = useSession();
  const query = useQuery(DocumentsService.method.listUndecided, inputs.undecided, {
    enabled: can("documents:view"),
    refetchInterval: 30_000,
  });
  return { query, list: query.data?.operations ?? NONE };
}

/** What a person may answer. Nothing else is offered: a document that cannot be ours is never among the choices. */
export type Answer = { kind: "ours"; fd: number } | { kind: "done" } | { kind: "none" };

/** Kinds that leave a document in the fiscal memory are all but cash movements and the X report. */
export function answersOf(op: Operation): Answer[] {
  if (op.stage !== Stage.NEEDS_PERSON || op.outcome === Outcome.DONE) return [];
  if (op.reason === "counters") return [{ kind: "done" }, { kind: "none" }];
  return [...op.candidates.map((d) => ({ kind: "ours", fd: d.fd }) as const), { kind: "none" }];
}
