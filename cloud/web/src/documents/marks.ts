/**
 * The four marks of an operation: чек, бумага, ОФД, облако. Each has its own state; a later one never changes an
 * earlier one.
 */
import type { ParseKeys } from "i18next";
import { Kind, OFDTrack, type Operation, Outcome, PaperTrack, Stage } from "../gen/fiscal/v1/fiscal_pb";

/** How a mark looks: it happened, it is awaited, it needs a look, it will not happen, or there is none. */
export type Tone = "done" | "waits" | "attention" | "failed" | "waived" | "none";

export type Mark = { tone: Tone; word: ParseKeys };

const NONE: Mark = { tone: "none", word: "marks.none" };

const RECEIPTS = new Set([Kind.SALE, Kind.SALE_RETURN, Kind.PURCHASE, Kind.PURCHASE_RETURN]);

/** The kind makes a receipt, which is «пробит»; anything else is «выполнено». */
export function isReceipt(kind: Kind): boolean {
  return RECEIPTS.has(kind);
}

const KINDS: Record<Kind, ParseKeys> = {
  [Kind.UNSPECIFIED]: "kinds.unknown",
  [Kind.SALE]: "kinds.sale",
  [Kind.SALE_RETURN]: "kinds.sale_return",
  [Kind.PURCHASE]: "kinds.purchase",
  [Kind.PURCHASE_RETURN]: "kinds.purchase_return",
  [Kind.CASH_IN]: "kinds.cash_in",
  [Kind.CASH_OUT]: "kinds.cash_out",
  [Kind.OPEN_SHIFT]: "kinds.open_shift",
  [Kind.CLOSE_SHIFT]: "kinds.close_shift",
  [Kind.X_REPORT]: "kinds.x_report",
  [Kind.SETTLEMENT]: "kinds.settlement",
  [Kind.REGISTER]: "kinds.register",
  [Kind.REREGISTER]: "kinds.reregister",
  [Kind.CLOSE_ARCHIVE]: "kinds.close_archive",
};

/** Word of a kind: «Продажа». */
export function kindKey(kind: Kind): ParseKeys {
  return KINDS[kind] ?? "kinds.unknown";
}

/** Words of forms of fiscal documents, FFD 1.2, table 4; others are shown by their number. */
const FORMS: Record<number, ParseKeys> = {
  1: "forms.registration",
  2: "forms.shift_open",
  3: "forms.receipt",
  4: "forms.strict",
  5: "forms.shift_close",
  6: "forms.fn_close",
  11: "forms.reregistration",
  7: "forms.ticket",
  21: "forms.settlement",
  31: "forms.correction",
  41: "forms.strict_correction",
};

/** Groups of forms that a list of documents is narrowed to. */
export const GROUPS = {
  receipts: [3, 4],
  corrections: [31, 41],
  shifts: [2, 5],
  reports: [21],
  registration: [1, 11, 6],
} as const;
export type Group = keyof typeof GROUPS;

export function groupOf(text: string): Group | undefined {
  return Object.hasOwn(GROUPS, text) ? (text as Group) : undefined;
}

/** The document is a receipt of some form, and its slip is a чек. */
export function isReceiptForm(type: number): boolean {
  return type === 3 || type === 4 || type === 31 || type === 41;
}

export function formKey(type: number): ParseKeys {
  return FORMS[type] ?? "forms.other";
}

export function checkMark(op: Pick<Operation, "kind" | "outcome" | "stage">): Mark {
  const receipt = isReceipt(op.kind);
  if (op.stage === Stage.NEEDS_PERSON) return { tone: "failed", word: "marks.person" };
  switch (op.outcome) {
    case Outcome.DONE:
      return { tone: "done", word: receipt ? "marks.check.done" : "marks.act.done" };
    case Outcome.NOT_DONE:
      return { tone: "failed", word: receipt ? "marks.check.notDone" : "marks.act.notDone" };
    case Outcome.UNKNOWN:
      return { tone: "attention", word: "marks.check.unknown" };
    default:
      return { tone: "waits", word: op.stage === Stage.ACCEPTED ? "marks.accepted" : "marks.goes" };
  }
}

export function paperMark(paper: PaperTrack): Mark {
  switch (paper) {
    case PaperTrack.PRINTED:
      return { tone: "done", word: "marks.paper.printed" };
    case PaperTrack.OWED:
      return { tone: "attention", word: "marks.paper.owed" };
    case PaperTrack.WAIVED:
      return { tone: "waived", word: "marks.paper.waived" };
    default:
      return NONE;
  }
}

export function ofdMark(ofd: OFDTrack): Mark {
  switch (ofd) {
    case OFDTrack.OFD_TRACK_DELIVERED:
      return { tone: "done", word: "marks.ofd.delivered" };
    case OFDTrack.OFD_TRACK_QUEUED:
      return { tone: "waits", word: "marks.ofd.queued" };
    case OFDTrack.OFD_TRACK_REFUSED:
      return { tone: "failed", word: "marks.ofd.refused" };
    default:
      return NONE;
  }
}

/** What the cabinet shows it has stored: the mark is one of the till's side, and here it is always set. */
export const CLOUD_MARK: Mark = { tone: "done", word: "marks.cloud.stored" };

/** Sum of an operation, minor units; undefined when it has none, or when it may not be seen. */
export function sumOf(op: Operation): bigint | undefined {
  if (isReceipt(op.kind)) {
    if (op.document) return op.document.total;
    const p = op.receipt?.payments;
    return p ? p.cash + p.electronic + p.prepaid + p.credit + p.barter - op.change : undefined;
  }
  if (op.kind === Kind.CASH_IN || op.kind === Kind.CASH_OUT) return op.amount;
  return undefined;
}

/** Filters of the list of operations. */
export const FILTERS = ["unfinished", "unprinted", "unsent"] as const;
export type Filter = (typeof FILTERS)[number];

export function passes(op: Operation, filter: Filter): boolean {
  switch (filter) {
    case "unfinished":
      return op.stage !== Stage.ENDED;
    case "unprinted":
      return op.paper === PaperTrack.OWED;
    case "unsent":
      return op.ofd === OFDTrack.OFD_TRACK_QUEUED || op.ofd === OFDTrack.OFD_TRACK_REFUSED;
  }
}
