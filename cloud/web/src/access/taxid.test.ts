import { expect, test } from "vitest";
import { emailLooksRight, phoneLooksRight, type TaxTrouble, taxTrouble } from "./taxid";

test.each<[TaxTrouble | undefined, "ru" | "kz", string]>([
  [undefined, "ru", "7707083893"],
  [undefined, "ru", "77 0708 3893"],
  [undefined, "ru", "500100732259"],
  ["checksum", "ru", "7707083894"],
  ["checksum", "ru", "500100732258"],
  ["checksum", "ru", "500100732249"],
  ["checksum", "ru", "0000000000"],
  ["length", "ru", "770708389"],
  ["letters", "ru", "77070838O3"],
  ["empty", "ru", " "],
  [undefined, "kz", "990440000385"],
  ["checksum", "kz", "990440000386"],
  ["length", "kz", "7707083893"],
])("%s: %s %s", (trouble, country, text) => {
  expect(taxTrouble(country, text)).toBe(trouble);
});

test("what cannot be a phone or an e-mail is seen at once", () => {
  expect(["+7 916 123-45-67", "8(916)1234567", "+77011234567"].every(phoneLooksRight)).toBe(true);
  expect(["123", "+7 916", "анна", ""].some(phoneLooksRight)).toBe(false);
  expect(["a@b.ru", " anna@romashka.example "].every(emailLooksRight)).toBe(true);
  expect(["a@b", "@b.ru", "a b@c.ru", ""].some(emailLooksRight)).toBe(false);
});
