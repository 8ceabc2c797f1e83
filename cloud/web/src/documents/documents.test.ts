import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Kind, OFDTrack, OperationSchema, Outcome, PaperTrack, Stage } from "../gen/fiscal/v1/fiscal_pb";
import { operation } from "../testing/fleet";
import { checkMark, formKey, kindKey, ofdMark, paperMark, passes, sumOf } from "./marks";
import { beginning, periodOf, within } from "./period";
import { lineSum } from "./ReceiptBody";

const now = Date.UTC(2026, 2, 4, 10);

test("the first mark never calls an unknown outcome made or not made", () => {
  const mark = (outcome: Outcome, stage = Stage.ENDED, kind = Kind.SALE) =>
    checkMark({ kind, outcome, stage });
  expect(mark(Outcome.DONE)).toEqual({ tone: "done", word: "marks.check.done" });
  expect(mark(Outcome.NOT_DONE)).toEqual({ tone: "failed", word: "marks.check.notDone" });
  expect(mark(Outcome.UNKNOWN, Stage.SETTLING)).toEqual({ tone: "attention", word: "marks.check.unknown" });
  expect(mark(Outcome.UNKNOWN, Stage.NEEDS_PERSON)).toEqual({ tone: "failed", word: "marks.person" });
  expect(mark(Outcome.UNSPECIFIED, Stage.ACCEPTED)).toEqual({ tone: "waits", word: "marks.accepted" });
  expect(mark(Outcome.UNSPECIFIED, Stage.INTENT).tone).toBe("waits");
  expect(mark(Outcome.DONE, Stage.ENDED, Kind.OPEN_SHIFT).word).toBe("marks.act.done");
});

test("paper and operator have marks of their own", () => {
  expect(paperMark(PaperTrack.PRINTED).tone).toBe("done");
  expect(paperMark(PaperTrack.OWED).tone).toBe("attention");
  expect(paperMark(PaperTrack.WAIVED).tone).toBe("waived");
  expect(paperMark(PaperTrack.UNSPECIFIED).tone).toBe("none");
  expect(ofdMark(OFDTrack.OFD_TRACK_DELIVERED).tone).toBe("done");
  expect(ofdMark(OFDTrack.OFD_TRACK_QUEUED).tone).toBe("waits");
  expect(ofdMark(OFDTrack.OFD_TRACK_REFUSED).tone).toBe("failed");
  expect(ofdMark(OFDTrack.OFD_TRACK_UNSPECIFIED).tone).toBe("none");
});

test("kinds and forms of a later version have a word", () => {
  expect(kindKey(99 as Kind)).toBe("kinds.unknown");
  expect(formKey(99)).toBe("forms.other");
  expect(formKey(3)).toBe("forms.receipt");
});

test("the sum is the document's, or what was paid less change, or the cash moved", () => {
  const sale = operation(now, "t", 1).operation ?? create(OperationSchema);
  expect(sumOf(sale)).toBe(44_700n);
  expect(sumOf(create(OperationSchema, { ...sale, document: undefined }))).toBe(44_700n);
  expect(sumOf(create(OperationSchema, { kind: Kind.CASH_IN, amount: 500n }))).toBe(500n);
  expect(sumOf(create(OperationSchema, { kind: Kind.OPEN_SHIFT }))).toBeUndefined();
  // Without money:view there is no receipt and no document sum to show.
  expect(sumOf(create(OperationSchema, { kind: Kind.SALE }))).toBeUndefined();
});

test("filters of operations", () => {
  const op = (init: object) => create(OperationSchema, init);
  expect(passes(op({ stage: Stage.NEEDS_PERSON }), "unfinished")).toBe(true);
  expect(passes(op({ stage: Stage.ENDED }), "unfinished")).toBe(false);
  expect(passes(op({ paper: PaperTrack.OWED }), "unprinted")).toBe(true);
  expect(passes(op({ paper: PaperTrack.PRINTED }), "unprinted")).toBe(false);
  expect(passes(op({ ofd: OFDTrack.OFD_TRACK_REFUSED }), "unsent")).toBe(true);
  expect(passes(op({ ofd: OFDTrack.OFD_TRACK_DELIVERED }), "unsent")).toBe(false);
});

test("a line without a sum is price by quantity, exact, half up", () => {
  expect(lineSum("2", 6490n)).toBe(12_980n);
  expect(lineSum("0.345", 89_900n)).toBe(31_016n); // 31015.5
  expect(lineSum("0.000001", 499_999n)).toBe(0n);
  expect(lineSum("1000000", 9_007_199_254_740_993n)).toBe(9_007_199_254_740_993_000_000n);
  expect(lineSum("1,5", 100n)).toBeUndefined();
});

test("periods are calendar days", () => {
  const at = new Date(2026, 2, 4, 14, 32);
  expect(beginning("today", at)).toEqual(new Date(2026, 2, 4));
  expect(beginning("week", at)).toEqual(new Date(2026, 1, 26));
  expect(beginning("month", at)).toEqual(new Date(2026, 1, 3));
  expect(beginning("all", at)).toBeUndefined();
  expect(periodOf("week")).toBe("week");
  expect(periodOf("for ever")).toBe("all");
  expect(periodOf(null)).toBe("all");
});

test("a list is read on only while its last row belongs to the period", () => {
  const d = (n: number) => new Date(2026, 2, n);
  const at = (n: number) => d(n);
  expect(within([9, 8, 7], at, d(8))).toEqual({ rows: [9, 8], open: false });
  expect(within([9, 8], at, d(8))).toEqual({ rows: [9, 8], open: true });
  expect(within([], at, d(8))).toEqual({ rows: [], open: true });
  expect(within([9, 1], at, undefined)).toEqual({ rows: [9, 1], open: true });
});
