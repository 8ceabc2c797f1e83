/** Terms people choose from; what goes to the cabinet is the moment they end. */
export const TERMS = ["month", "quarter", "year", "day", "none"] as const;

export type Term = (typeof TERMS)[number];

/** The same day some months later; the last of a month that is shorter. */
function later(now: Date, months: number): Date {
  const at = new Date(now);
  const day = at.getDate();
  at.setDate(1);
  at.setMonth(at.getMonth() + months);
  at.setDate(Math.min(day, new Date(at.getFullYear(), at.getMonth() + 1, 0).getDate()));
  return at;
}

/** When a term ends, Unix ms: 0 is never; `undefined` while the day is not chosen. A last day is meant whole. */
export function endOf(term: Term, day: string, now: Date): bigint | undefined {
  switch (term) {
    case "month":
      return BigInt(later(now, 1).getTime());
    case "quarter":
      return BigInt(later(now, 3).getTime());
    case "year":
      return BigInt(later(now, 12).getTime());
    case "none":
      return 0n;
    case "day": {
      const [y, m, d] = day.split("-").map(Number);
      return y && m && d ? BigInt(new Date(y, m - 1, d, 23, 59, 59).getTime()) : undefined;
    }
  }
}
