/**
 * How figures and times read on screen. Everything here is a pure function of its arguments, so that tests need
 * no clock and no browser; months and day names are ours, because not every browser knows Kazakh.
 */

export type Lang = "ru" | "kk" | "en";

const NBSP = "\u00a0";

/** A number of the two countries as people write it; anything else, an e-mail too, stays as it is. */
export function contact(text: string): string {
  const m = /^\+7(\d{3})(\d{3})(\d{2})(\d{2})$/.exec(text);
  return m ? `+7${NBSP}${m[1]}${NBSP}${m[2]}-${m[3]}-${m[4]}` : text;
}

/** Moments inside a sentence of the agent, as people write them. */
export function plainly(text: string): string {
  return text.replace(/\b(\d{4})-(\d{2})-(\d{2})T(\d{2}:\d{2})(:\d{2})?\b/g, "$3.$2.$1 $4$5");
}
const MINUS = "\u2212";

const SIGNS: Record<string, string> = { "": "₽", RUB: "₽", KZT: "₸" };

const MONTHS: Record<Lang, readonly string[]> = {
  ru: [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
  ],
  kk: [
    "қаңтар",
    "ақпан",
    "наурыз",
    "сәуір",
    "мамыр",
    "маусым",
    "шілде",
    "тамыз",
    "қыркүйек",
    "қазан",
    "қараша",
    "желтоқсан",
  ],
  en: [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
  ],
};

const DAYS: Record<Lang, { today: string; yesterday: string; tomorrow: string }> = {
  ru: { today: "сегодня", yesterday: "вчера", tomorrow: "завтра" },
  kk: { today: "бүгін", yesterday: "кеше", tomorrow: "ертең" },
  en: { today: "today", yesterday: "yesterday", tomorrow: "tomorrow" },
};

/** Lang of what i18next says; Russian when it is something else. */
export function langOf(code: string): Lang {
  return code.startsWith("kk") ? "kk" : code.startsWith("en") ? "en" : "ru";
}

/** Groups whole digits by three: 1234567 → «1 234 567», in English «1,234,567». */
export function whole(n: bigint | number, lang: Lang): string {
  const s = (n < 0 ? -BigInt(n) : BigInt(n)).toString();
  const grouped = s.replace(/\B(?=(\d{3})+$)/g, lang === "en" ? "," : NBSP);
  return n < 0 ? MINUS + grouped : grouped;
}

/** Sum in minor units with its currency: 123456789n → «1 234 567,89 ₽». Exact: no floating point on the way. */
export function money(minor: bigint, lang: Lang, currency = ""): string {
  const abs = minor < 0n ? -minor : minor;
  const fraction = (abs % 100n).toString().padStart(2, "0");
  const sign = SIGNS[currency] ?? currency;
  return `${minor < 0n ? MINUS : ""}${whole(abs / 100n, lang)}${lang === "en" ? "." : ","}${fraction}${NBSP}${sign}`;
}

/** Quantity as it stands in a receipt: "0.345" → «0,345». */
export function quantity(q: string, lang: Lang): string {
  return lang === "en" ? q : q.replace(".", ",");
}

const two = (n: number) => n.toString().padStart(2, "0");

function startOfDay(d: Date): number {
  return new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
}

function dayWord(d: Date, lang: Lang, now: Date): string {
  const days = Math.round((startOfDay(d) - startOfDay(now)) / 86_400_000);
  if (days === 0) return DAYS[lang].today;
  if (days === -1) return DAYS[lang].yesterday;
  if (days === 1) return DAYS[lang].tomorrow;
  const day = `${d.getDate()}${NBSP}${MONTHS[lang][d.getMonth()]}`;
  return d.getFullYear() === now.getFullYear() ? day : `${day} ${d.getFullYear()}`;
}

/** A moment as people say it: «сегодня 14:32», «вчера 09:10», «4 марта 09:10», «4 марта 2025 09:10». */
export function when(at: Date, lang: Lang, now: Date): string {
  return `${dayWord(at, lang, now)} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The same moment in full, for hovering. */
export function full(at: Date, lang: Lang): string {
  return `${at.getDate()}${NBSP}${MONTHS[lang][at.getMonth()]} ${at.getFullYear()}, ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Clock time of a moment: «14:32». */
export function clock(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** Moment of ours, Unix milliseconds in a 64-bit field; undefined for zero, which means "not known". */
export function ofMs(ms: bigint): Date | undefined {
  return ms > 0n ? new Date(Number(ms)) : undefined;
}

/**
 * A till's civil time, "2026-03-04T05:06", which has no zone and is shown as it is. The Date carries its figures
 * in local fields only; never compare it with a moment of ours but by calendar day.
 */
export function ofCivil(text: string): Date | undefined {
  const m = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
  if (!m) return undefined;
  const at = new Date(
    Number(m[1]),
    Number(m[2]) - 1,
    Number(m[3]),
    Number(m[4] ?? 0),
    Number(m[5] ?? 0),
    Number(m[6] ?? 0),
  );
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** A day in figures: "2027-05-01" → «01.05.2027»; empty when there is none. */
export function day(text: string): string {
  const m = /^(\d{4})-(\d\d)-(\d\d)/.exec(text);
  return m ? `${m[3]}.${m[2]}.${m[1]}` : "";
}

/** Whole days from now until a civil day; negative when it is over. */
export function daysUntil(text: string, now: Date): number | undefined {
  const at = ofCivil(text);
  return at ? Math.round((startOfDay(at) - startOfDay(now)) / 86_400_000) : undefined;
}

/** Length of time in one unit, the largest that fits; words come from `ages.*` by unit. */
export function age(ms: number): { unit: "seconds" | "minutes" | "hours" | "days"; count: number } {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return { unit: "seconds", count: s };
  if (s < 3600) return { unit: "minutes", count: Math.floor(s / 60) };
  if (s < 48 * 3600) return { unit: "hours", count: Math.floor(s / 3600) };
  return { unit: "days", count: Math.floor(s / 86_400) };
}
