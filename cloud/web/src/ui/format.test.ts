import { expect, test } from "vitest";
import {
  age,
  clock,
  contact,
  day,
  daysUntil,
  full,
  money,
  ofCivil,
  ofMs,
  plainly,
  quantity,
  when,
  whole,
} from "./format";

const plain = (s: string) => s.replaceAll("\u00a0", " ");

test("money is exact, grouped and signed", () => {
  const cases: [bigint, string, string, string][] = [
    [123_456_789n, "RUB", "1 234 567,89 ₽", "1,234,567.89 ₽"],
    [0n, "", "0,00 ₽", "0.00 ₽"],
    [5n, "", "0,05 ₽", "0.05 ₽"],
    [-96n, "", "−0,96 ₽", "−0.96 ₽"],
    [100_000n, "KZT", "1 000,00 ₸", "1,000.00 ₸"],
    [100n, "USD", "1,00 USD", "1.00 USD"],
    // Beyond what a floating-point number holds.
    [9_007_199_254_740_993_01n, "", "9 007 199 254 740 993,01 ₽", "9,007,199,254,740,993.01 ₽"],
  ];
  for (const [minor, currency, ru, en] of cases) {
    expect(plain(money(minor, "ru", currency))).toBe(ru);
    expect(plain(money(minor, "kk", currency))).toBe(ru);
    expect(plain(money(minor, "en", currency))).toBe(en);
  }
});

test("money does not break between its digits or before its sign", () => {
  expect(money(123_456_789n, "ru")).not.toMatch(/ /);
});

test("whole numbers and quantities", () => {
  expect(plain(whole(1234567, "ru"))).toBe("1 234 567");
  expect(whole(999, "en")).toBe("999");
  expect(plain(whole(-1000n, "kk"))).toBe("−1 000");
  expect(quantity("0.345", "ru")).toBe("0,345");
  expect(quantity("0.345", "en")).toBe("0.345");
});

test("moments read as people say them", () => {
  const now = new Date(2026, 2, 4, 14, 32, 10);
  const say = (at: Date, lang: "ru" | "kk" | "en") => plain(when(at, lang, now));
  expect(say(new Date(2026, 2, 4, 9, 5), "ru")).toBe("сегодня 09:05");
  expect(say(new Date(2026, 2, 3, 23, 59), "ru")).toBe("вчера 23:59");
  expect(say(new Date(2026, 2, 5, 0, 0), "ru")).toBe("завтра 00:00");
  expect(say(new Date(2026, 2, 2, 8, 0), "ru")).toBe("2 марта 08:00");
  expect(say(new Date(2025, 11, 31, 8, 0), "ru")).toBe("31 декабря 2025 08:00");
  expect(say(new Date(2026, 2, 4, 9, 5), "kk")).toBe("бүгін 09:05");
  expect(say(new Date(2026, 0, 2, 8, 0), "kk")).toBe("2 қаңтар 08:00");
  expect(say(new Date(2026, 2, 3, 9, 5), "en")).toBe("yesterday 09:05");
  expect(plain(full(now, "ru"))).toBe("4 марта 2026, 14:32:10");
  expect(clock(now)).toBe("14:32");
});

test("yesterday is a calendar day, not 24 hours", () => {
  const now = new Date(2026, 2, 4, 0, 10);
  expect(when(new Date(2026, 2, 3, 23, 50), "ru", now)).toBe("вчера 23:50");
});

test("civil times have no zone", () => {
  const at = ofCivil("2026-03-04T05:06");
  expect([at?.getFullYear(), at?.getMonth(), at?.getDate(), at?.getHours(), at?.getMinutes()]).toEqual([
    2026, 2, 4, 5, 6,
  ]);
  expect(ofCivil("")).toBeUndefined();
  expect(ofCivil("nonsense")).toBeUndefined();
  expect(day("2027-05-01")).toBe("01.05.2027");
  expect(day("")).toBe("");
  expect(ofMs(0n)).toBeUndefined();
});

test("days until", () => {
  const now = new Date(2026, 2, 4, 23, 0);
  expect(daysUntil("2026-03-05", now)).toBe(1);
  expect(daysUntil("2026-03-04T01:00", now)).toBe(0);
  expect(daysUntil("2026-03-01", now)).toBe(-3);
  expect(daysUntil("", now)).toBeUndefined();
});

test("ages take the largest unit that fits", () => {
  expect(age(-5)).toEqual({ unit: "seconds", count: 0 });
  expect(age(59_999)).toEqual({ unit: "seconds", count: 59 });
  expect(age(60_000)).toEqual({ unit: "minutes", count: 1 });
  expect(age(3_600_000)).toEqual({ unit: "hours", count: 1 });
  expect(age(47 * 3_600_000)).toEqual({ unit: "hours", count: 47 });
  expect(age(72 * 3_600_000)).toEqual({ unit: "days", count: 3 });
});

test("a telephone reads as people write it, an e-mail stays", () => {
  expect(contact("+79161234567")).toBe("+7\u00a0916\u00a0123-45-67");
  expect(contact("+77011234567")).toBe("+7\u00a0701\u00a0123-45-67");
  expect(contact("anna@romashka.example")).toBe("anna@romashka.example");
  expect(contact("+7 843 200-10-10")).toBe("+7 843 200-10-10");
});

test("moments inside a sentence read as dates", () => {
  expect(plainly("ФД 20412: сумма 310.16, 2026-11-22T13:23")).toBe(
    "ФД 20412: сумма 310.16, 22.11.2026 13:23",
  );
  expect(plainly("с 2026-01-02T03:04:05 по 2026-01-03T00:00")).toBe(
    "с 02.01.2026 03:04:05 по 03.01.2026 00:00",
  );
  expect(plainly("ФН 9999078900012345")).toBe("ФН 9999078900012345");
});
