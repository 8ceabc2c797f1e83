import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ASPECTS } from "../fleet/troubles";
import { RevenueRowSchema } from "../gen/cabinet/v1/figures_pb";
import { Light, TillCellSchema } from "../gen/cabinet/v1/light_pb";
import { change, hoursOf, isoDay, placesOf, problemKinds, sortPlaces } from "./figures";

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

test("problem kinds are counted by tills, those that stop one first", () => {
  const till = (...cells: [number, number][]) => ({
    cells: cells.map(([aspect, light]) => create(TillCellSchema, { aspect, light })),
  });
  const kinds = problemKinds([
    till([ASPECTS.fn, Light.YELLOW], [ASPECTS.device, Light.RED]),
    till([ASPECTS.fn, Light.YELLOW]),
    till([ASPECTS.agent, Light.GREY], [ASPECTS.shift, Light.GREEN]),
  ]);
  expect(kinds).toEqual([
    { aspect: "device", red: 1, yellow: 0 },
    { aspect: "fn", red: 0, yellow: 2 },
  ]);
});

test("places of both periods are sorted by any column", () => {
  const place = (placeId: string, revenue: bigint, newestAt = "") =>
    create(RevenueRowSchema, { placeId, place: placeId, figures: { revenue }, newestAt });
  const rows = placesOf(
    [place("b", 5n, "2026-03-04T10:00"), place("a", 7n)],
    [place("a", 3n), place("c", 9n)],
  );
  const order = (by: Parameters<typeof sortPlaces>[1], up: boolean) =>
    sortPlaces(rows, by, up)
      .map((x) => x.id)
      .join("");
  expect(order("revenue", false)).toBe("abc");
  expect(order("before", false)).toBe("cab");
  expect(order("place", true)).toBe("abc");
  expect(order("newest", false)[0]).toBe("b");
});
