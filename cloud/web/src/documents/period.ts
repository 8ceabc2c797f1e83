/** Periods of lists, which are newest first: a list is read on while its last row still belongs to the period. */
export const PERIODS = ["today", "week", "month", "all"] as const;
export type Period = (typeof PERIODS)[number];

export function periodOf(text: string | null): Period {
  return PERIODS.find((p) => p === text) ?? "all";
}

/** First moment of the period; undefined when it has none. Weeks and months are counted back by days. */
export function beginning(period: Period, now: Date): Date | undefined {
  const back = { today: 0, week: 6, month: 29, all: undefined }[period];
  return back === undefined ? undefined : new Date(now.getFullYear(), now.getMonth(), now.getDate() - back);
}

/** Rows of the period, and whether rows that are not read yet may belong to it too. */
export function within<T>(
  rows: readonly T[],
  at: (row: T) => Date | undefined,
  from: Date | undefined,
): { rows: readonly T[]; open: boolean } {
  if (!from) return { rows, open: true };
  const last = rows.at(-1);
  const end = last === undefined ? undefined : at(last);
  return {
    rows: rows.filter((r) => {
      const moment = at(r);
      return moment !== undefined && moment >= from;
    }),
    open: end === undefined || end >= from,
  };
}

/** The first moment of a day here, Unix ms, or of the day after it with `end`; 0 when none is named. */
export function moment(day: string | undefined, end = false): bigint {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day ?? "");
  if (!m) return 0n;
  return BigInt(new Date(Number(m[1]), Number(m[2]) - 1, Number(m[3]) + (end ? 1 : 0)).getTime());
}
