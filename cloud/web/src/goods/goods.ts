/** Periods and numbers of «Товары». */
import { isoDay } from "../home/figures";
import { type Lang, whole } from "../ui/format";

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The days asked for; of what is not given, or is no day, this month up to today. */
export function periodOf(from: string | undefined, to: string | undefined, now: Date) {
  const last = to && DAY.test(to) ? to : isoDay(now);
  return { from: from && DAY.test(from) ? from : `${last.slice(0, 7)}-01`, to: last };
}

/** The first of the twelve months that end with a day's month. */
export function yearTo(day: string): string {
  const [year = 0, month = 1] = day.split("-").map(Number);
  return isoDay(new Date(year, month - 12, 1));
}

/** An exact decimal, 1234.5, as a language writes it. */
export function amount(exact: string, lang: Lang): string {
  const [, sign = "", units = "", rest = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(exact) ?? [];
  if (!units) return exact;
  return `${sign && "−"}${whole(BigInt(units), lang)}${rest && `${lang === "en" ? "." : ","}${rest}`}`;
}

/** Hundredths of a percent: 1234 is 12,34 %. */
export function percent(hundredths: number, lang: Lang): string {
  const text = (hundredths / 100).toFixed(2);
  return lang === "en" ? `${text}%` : `${text.replace(".", ",")}\u00a0%`;
}
