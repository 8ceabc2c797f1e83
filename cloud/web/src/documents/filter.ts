/** The filter of «Чеки» as it stands in the address, and as the cabinet takes it. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ParseKeys } from "i18next";
import { type DocumentFilterSchema, Payment } from "../gen/cabinet/v1/documents_pb";
import { Kind, OFDTrack, PaperTrack } from "../gen/fiscal/v1/fiscal_pb";

export const FIELDS = [
  "from",
  "to",
  "node",
  "outlet",
  "till",
  "kind",
  "payment",
  "sum",
  "product",
  "cashier",
  "buyer",
  "fd",
  "fp",
  "fn",
  "rnm",
  "shift",
  "form",
  "paper",
  "ofd",
] as const;
export type Field = (typeof FIELDS)[number];

/** What is found by these would tell money to who may not see it. */
export const MONEY_FIELDS: readonly Field[] = ["payment", "sum", "product", "cashier", "buyer"];

export const KIND_WORDS: Record<string, ParseKeys> = {
  [Kind.SALE]: "kinds.sale",
  [Kind.SALE_RETURN]: "kinds.sale_return",
  [Kind.PURCHASE]: "kinds.purchase",
  [Kind.PURCHASE_RETURN]: "kinds.purchase_return",
};

export const PAYMENT_WORDS: Record<string, ParseKeys> = {
  [Payment.CASH]: "finder.payments.cash",
  [Payment.ELECTRONIC]: "finder.payments.electronic",
  [Payment.PREPAID]: "finder.payments.prepaid",
  [Payment.CREDIT]: "finder.payments.credit",
  [Payment.BARTER]: "finder.payments.barter",
};

/** Forms of FFD; receipts of every form when none is chosen. */
export const FORM_WORDS: Record<string, ParseKeys> = {
  "3": "forms.receipt",
  "4": "forms.strict",
  "31": "forms.correction",
  "41": "forms.strict_correction",
  "2": "forms.shift_open",
  "5": "forms.shift_close",
  "21": "forms.settlement",
  "1": "forms.registration",
  "11": "forms.reregistration",
  "6": "forms.fn_close",
};

export const PAPER_WORDS: Record<string, ParseKeys> = {
  [PaperTrack.PRINTED]: "sales.paper.printed",
  [PaperTrack.OWED]: "sales.paper.owing",
  [PaperTrack.WAIVED]: "sales.paper.waived",
};

export const OFD_WORDS: Record<string, ParseKeys> = {
  [OFDTrack.OFD_TRACK_QUEUED]: "sales.ofd.queued",
  [OFDTrack.OFD_TRACK_DELIVERED]: "sales.ofd.delivered",
  [OFDTrack.OFD_TRACK_REFUSED]: "sales.ofd.refused",
};

export type Chosen = Partial<Record<Field, string>>;

export function readFilter(params: URLSearchParams): Chosen {
  const chosen: Chosen = {};
  for (const field of FIELDS) {
    const value = params.get(field)?.trim();
    if (value) chosen[field] = value;
  }
  return chosen;
}

/** Receipts and corrections: what «Чеки» is about. */
const RECEIPTS = [3, 4, 31, 41];

export function filterOf(chosen: Chosen): MessageInitShape<typeof DocumentFilterSchema> {
  const [least, greatest] = sumsOf(chosen.sum ?? "");
  const alike = (text: string | undefined) => (text && [...text].length >= 2 ? text : "");
  return {
    from: chosen.from ?? "",
    to: chosen.to ?? "",
    types: chosen.form && FORM_WORDS[chosen.form] ? [Number(chosen.form)] : chosen.shift ? [] : RECEIPTS,
    tillIds: chosen.till ? [chosen.till] : [],
    nodeId: chosen.node ?? "",
    outletId: chosen.outlet ?? "",
    rnm: chosen.rnm ?? "",
    shift: chosen.fn ? numberOf(chosen.shift) : 0,
    paper: chosen.paper && PAPER_WORDS[chosen.paper] ? Number(chosen.paper) : 0,
    ofd: chosen.ofd && OFD_WORDS[chosen.ofd] ? Number(chosen.ofd) : 0,
    kinds: chosen.kind && KIND_WORDS[chosen.kind] ? [Number(chosen.kind)] : [],
    payments: chosen.payment && PAYMENT_WORDS[chosen.payment] ? [Number(chosen.payment)] : [],
    sumFrom: least,
    sumTo: greatest,
    product: alike(chosen.product),
    cashier: alike(chosen.cashier),
    buyer: chosen.buyer ?? "",
    fd: numberOf(chosen.fd),
    fp: numberOf(chosen.fp),
    fn: chosen.fn ?? "",
  };
}

function numberOf(text: string | undefined): number {
  const n = Number(text?.replace(/\D/g, "") || 0);
  return n <= 0xffffffff ? n : 0;
}

/** A sum as people type it, kopecks: «1 234,5», with any spaces. Undefined for what is no sum. */
export function sumOf(text: string): bigint | undefined {
  const m = /^(\d+)(?:[.,](\d{1,2}))?$/.exec(text.replace(/[\s\u00a0\u202f]/g, ""));
  if (!m) return undefined;
  return BigInt(m[1] ?? "0") * 100n + BigInt((m[2] ?? "").padEnd(2, "0") || "0");
}

/** «100» is exactly that, «100–500» a range, «100–» from it on. */
export function sumsOf(text: string): [bigint | undefined, bigint | undefined] {
  const ends = text.split(/[-–—]/);
  if (ends.length === 1) {
    const sum = sumOf(text);
    return [sum, sum];
  }
  return [sumOf(ends[0] ?? ""), sumOf(ends[1] ?? "")];
}
