/**
 * Numbers of taxpayers: what is wrong with one, before it is sent. The cabinet checks again, by more rules; where
 * they come from is told in its package taxid.
 */

export type Country = "ru" | "kz";

/** What is wrong: nothing yet typed is not wrong. */
export type TaxTrouble = "empty" | "letters" | "length" | "checksum";

const RU10 = [2, 4, 10, 3, 5, 9, 4, 6, 8];
const RU11 = [7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
const RU12 = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
const KZ1 = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const KZ2 = [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2];

const sum = (digits: readonly number[], weights: readonly number[]) =>
  weights.reduce((s, w, i) => s + w * (digits[i] ?? 0), 0) % 11;

/** Digits of what was typed: people copy numbers with spaces. */
export function digitsOf(text: string): string {
  return text.replace(/[\s\u00a0-]/g, "");
}

export function taxTrouble(country: Country, text: string): TaxTrouble | undefined {
  const plain = digitsOf(text);
  if (plain === "") return "empty";
  if (!/^\d+$/.test(plain)) return "letters";
  const d = [...plain].map(Number);
  if (country === "ru") {
    if (d.length === 10) return sum(d, RU10) % 10 === d[9] && Number(plain) > 0 ? undefined : "checksum";
    if (d.length !== 12) return "length";
    return sum(d, RU11) % 10 === d[10] && sum(d, RU12) % 10 === d[11] && Number(plain) > 0
      ? undefined
      : "checksum";
  }
  if (d.length !== 12) return "length";
  let check = sum(d, KZ1);
  if (check === 10) check = sum(d, KZ2);
  return check === d[11] && check !== 10 && Number(plain) > 0 ? undefined : "checksum";
}

/** A phone as it is typed, when it can be one; the cabinet brings it to one form. */
export function phoneLooksRight(text: string): boolean {
  return /^\+?\d{10,15}$/.test(text.replace(/[\s\u00a0()-]/g, ""));
}

/** An e-mail, as far as that can be seen. */
export function emailLooksRight(text: string): boolean {
  return /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/.test(text.trim());
}
