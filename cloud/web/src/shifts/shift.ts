import type { Shift } from "../gen/cabinet/v1/figures_pb";
import { isoDay } from "../home/figures";
import { type Lang, ofCivil } from "../ui/format";

/** How a shift stands: open, open too long, or closed with counters that are unread, differ or agree. */
export type Standing = "open" | "late" | "uncounted" | "different" | "same";

/** A shift may be open for a day (Federal Law 54-ФЗ, article 4.3, paragraph 2). */
const LONGEST = 24 * 3_600_000;

export function standingOf(s: Shift, now: Date): Standing {
  if (!s.closedAt) {
    const opened = ofCivil(s.openedAt);
    return opened && now.getTime() - opened.getTime() > LONGEST ? "late" : "open";
  }
  if (!s.counted) return "uncounted";
  return s.differences.length > 0 ? "different" : "same";
}

/** The minute a day ago, as tills write it: 2026-03-04T05:06. */
export function dayAgo(now: Date): string {
  const at = new Date(now.getTime() - LONGEST);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${isoDay(at)}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Hundredths as a number with one place: 235 → «2,4». */
export function average(hundredths: number, lang: Lang): string {
  const text = (hundredths / 100).toFixed(1);
  return lang === "en" ? text : text.replace(".", ",");
}

export const pathOf = (s: Shift) => `/shifts/${encodeURIComponent(s.fn)}/${s.number}`;
