/** Tills that a device itself will stop within days: what every page says, whatever one came for. */
import type { Till } from "../gen/cabinet/v1/fleet_pb";

const HOUR = 3_600_000;

/**
 * How long before it stops a till is told of everywhere, ms: of documents that wait for thirty days at the twenty-fifth,
 * of the three days of a till in Kazakhstan at the sixtieth hour. Of a shift and a contract their own light is enough.
 */
const BEFORE: Readonly<Record<string, number>> = {
  ofd: 120 * HOUR,
  fn_term: 120 * HOUR,
  fn_room: 120 * HOUR,
  autonomous: 12 * HOUR,
};

/** Those that stop soon, or have, the soonest first. */
export function stoppingSoon(tills: readonly Till[], now: number): Till[] {
  return tills
    .filter(({ stop }) => stop && Number(stop.atMs) - now <= (BEFORE[stop.cause] ?? Number.NEGATIVE_INFINITY))
    .toSorted((a, b) => Number((a.stop?.atMs ?? 0n) - (b.stop?.atMs ?? 0n)));
}
