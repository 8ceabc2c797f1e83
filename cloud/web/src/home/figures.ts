import type { RevenueRow } from "../gen/cabinet/v1/figures_pb";

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
