import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { type Shift, ShiftSchema } from "../gen/cabinet/v1/figures_pb";
import { average, dayAgo, standingOf } from "./shift";

const NOW = new Date(2026, 2, 5, 12, 0);

test("a shift is open, open too long, or compared with the till's counters", () => {
  const shift = (more: Partial<Shift>) => standingOf(create(ShiftSchema, more as Shift), NOW);
  expect(shift({ openedAt: "2026-03-05T08:00" })).toBe("open");
  expect(shift({ openedAt: "2026-03-04T12:00" })).toBe("open");
  expect(shift({ openedAt: "2026-03-04T11:59" })).toBe("late");
  expect(shift({ openedAt: "" })).toBe("open");
  const closed = { openedAt: "2026-03-01T08:00", closedAt: "2026-03-01T22:00" };
  expect(shift(closed)).toBe("uncounted");
  expect(shift({ ...closed, counted: true })).toBe("same");
  const { differences } = create(ShiftSchema, { differences: [{ total: 1n }] });
  expect(shift({ ...closed, counted: true, differences })).toBe("different");
});

test("times and averages are written as the cabinet and people write them", () => {
  expect(dayAgo(NOW)).toBe("2026-03-04T12:00");
  expect(average(235, "ru")).toBe("2,4");
  expect(average(0, "en")).toBe("0.0");
});
