import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RevenueRowSchema } from "../gen/cabinet/v1/figures_pb";
import { change, hoursOf, isoDay } from "./figures";

const row = (span: string, revenue: bigint) => create(RevenueRowSchema, { span, figures: { revenue } });

test("both days stand hour by hour, without holes", () => {
  const rows = hoursOf(
    [row("2026-03-04T09", 100n), row("2026-03-04T11", 300n)],
    [row("2026-03-03T08", 50n), row("2026-03-03T09", 70n)],
  );
  expect(rows).toEqual([
    { hour: 8, today: 0n, yesterday: 50n },
    { hour: 9, today: 100n, yesterday: 70n },
    { hour: 10, today: 0n, yesterday: 0n },
    { hour: 11, today: 300n, yesterday: 0n },
  ]);
  expect(hoursOf([], [])).toEqual([]);
});

test("a change is told only against something", () => {
  expect(change(150n, 100n)).toBe(50);
  expect(change(50n, 100n)).toBe(-50);
  expect(change(50n, 0n)).toBeUndefined();
  expect(isoDay(new Date(2026, 2, 4))).toBe("2026-03-04");
});
