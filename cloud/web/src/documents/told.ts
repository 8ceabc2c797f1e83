/** What became of an operation, in the language of the screen: by its kind, outcome and reason, as the agent says it. */
import { Kind, type Operation, Outcome } from "../gen/fiscal/v1/fiscal_pb";
import type { Lang } from "../ui/format";
import { agentText, inWords } from "../words";
import { kindKey } from "./marks";

const OUTCOMES: Partial<Record<Outcome, string>> = {
  [Outcome.UNKNOWN]: "unknown",
  [Outcome.NOT_DONE]: "notDone",
  [Outcome.DONE]: "done",
};

/** The device's own number beside a reason: "(код 107, 6Bh)". */
const VENDOR = /\(\S+ \d+, [0-9A-F]{2}h\)/;

export function operationText(lang: Lang, op: Operation): string {
  const said = inWords(lang, op.text); // it has the values of its reason, which come with nothing else
  const outcome = OUTCOMES[op.outcome];
  if (said !== undefined || !outcome) return said ?? op.text;
  const kind = kindKey(op.kind).slice("kinds.".length);
  if (op.reason === "possible_duplicate" && op.outcome === Outcome.NOT_DONE) return says("again", op.reason);
  if (op.kind === Kind.CLOSE_SHIFT && op.reason === "shift_closed") return says("closed", "");
  if (op.kind === Kind.OPEN_SHIFT && op.reason === "shift_open") return says("opened", "");
  return says(
    `${kind}.${outcome}`,
    op.outcome === Outcome.UNKNOWN && op.reason === "unfinished" ? "" : op.reason,
  );

  function says(verdict: string, reason: string): string {
    const parts = [agentText(lang, `verdicts.${verdict}`, "")];
    if (reason) {
      const vendor = VENDOR.exec(op.text)?.[0] ?? "";
      parts.push(agentText(lang, `problems.${reason}.text`, ""), inWords(lang, vendor) ?? vendor);
      parts.push(agentText(lang, `problems.${reason}.todo`, ""));
    }
    // A kind or a reason that a newer agent has and this page has not.
    if (!parts[0] || (reason && !parts[1])) return op.text;
    return parts.filter(Boolean).join(" ");
  }
}
