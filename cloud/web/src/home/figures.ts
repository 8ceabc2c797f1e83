import { ASPECT_NAMES, ASPECTS, type AspectName } from "../fleet/troubles";
import type { RevenueRow } from "../gen/cabinet/v1/figures_pb";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { Light } from "../gen/cabinet/v1/light_pb";

/** A day as the cabinet names it: 2026-03-04. */
export function isoDay(at: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** By how many percent a sum differs from the one before; undefined when there is nothing to compare with. */
export function change(now: bigint, before: bigint): number | undefined {
  if (before <= 0n) return undefined;
  return Math.round((Number(now - before) / Number(before)) * 100);
}

export type Hour = { hour: number; today: bigint; yesterday: bigint };

/** Both days hour by hour, from the first hour with something to the last. */
export function hoursOf(today: readonly RevenueRow[], yesterday: readonly RevenueRow[]): Hour[] {
  const sums = new Map<number, Hour>();
  const add = (rows: readonly RevenueRow[], of: "today" | "yesterday") => {
    for (const row of rows) {
      const hour = Number(row.span.slice(11, 13));
      const h = sums.get(hour) ?? { hour, today: 0n, yesterday: 0n };
      h[of] += row.figures?.revenue ?? 0n;
      sums.set(hour, h);
    }
  };
  add(today, "today");
  add(yesterday, "yesterday");
  if (sums.size === 0) return [];
  const hours = [...sums.keys()];
  const first = Math.min(...hours);
  return Array.from(
    { length: Math.max(...hours) - first + 1 },
    (_, i) => sums.get(first + i) ?? { hour: first + i, today: 0n, yesterday: 0n },
  );
}

/** A kind of problem with how many tills have it. */
export type ProblemKind = { aspect: AspectName; red: number; yellow: number };

/** Kinds of problems there are, those that stop a till first. */
export function problemKinds(tills: readonly Pick<Till, "cells">[]): ProblemKind[] {
  return ASPECT_NAMES.map((aspect) => {
    const count = (light: Light) =>
      tills.filter((x) => x.cells.some((c) => c.aspect === ASPECTS[aspect] && c.light === light)).length;
    return { aspect, red: count(Light.RED), yellow: count(Light.YELLOW) };
  })
    .filter((k) => k.red + k.yellow > 0)
    .sort((a, b) => b.red - a.red || b.yellow - a.yellow);
}

export type PlaceOrder = "place" | "revenue" | "before" | "receipts" | "average" | "newest";

/** A place with what it took now and before. */
export type PlaceRow = {
  id: string;
  name: string;
  revenue: bigint;
  before: bigint;
  receipts: number;
  average: bigint;
  newest: string;
};

/** Places of both periods, also those that took something in one of them only. */
export function placesOf(places: readonly RevenueRow[], previous: readonly RevenueRow[]): PlaceRow[] {
  const rows = new Map<string, PlaceRow>();
  const at = (r: RevenueRow) => {
    const row = rows.get(r.placeId) ?? {
      id: r.placeId,
      name: r.place,
      revenue: 0n,
      before: 0n,
      receipts: 0,
      average: 0n,
      newest: "",
    };
    rows.set(r.placeId, row);
    return row;
  };
  for (const r of places)
    Object.assign(at(r), {
      revenue: r.figures?.revenue ?? 0n,
      receipts: r.figures?.receipts ?? 0,
      average: r.figures?.average ?? 0n,
      newest: r.newestAt,
    });
  for (const r of previous) at(r).before = r.figures?.revenue ?? 0n;
  return [...rows.values()];
}

/** Places in an order: sums from the greatest, names from the first. */
export function sortPlaces(rows: readonly PlaceRow[], by: PlaceOrder, up: boolean): PlaceRow[] {
  const compare = (a: PlaceRow, b: PlaceRow) => {
    if (by === "place") return a.name.localeCompare(b.name, undefined, { numeric: true });
    const x = a[by];
    const y = b[by];
    return x < y ? -1 : x > y ? 1 : a.name.localeCompare(b.name, undefined, { numeric: true });
  };
  return rows.toSorted((a, b) => (up ? compare(a, b) : compare(b, a)));
}
