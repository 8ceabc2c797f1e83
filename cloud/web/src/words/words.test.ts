import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import i18next from "i18next";
import { beforeAll, describe, expect, test } from "vitest";
import { agentText, setLang, startWords } from ".";
import en from "./en";
import kk from "./kk";
import first from "./ru";
import later from "./ru/later";

const ru = { ...first, ...later };

type Words = { [key: string]: string | Words };

const FORM = /_(zero|one|two|few|many|other)$/;

function flat(words: Words, under = ""): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(words)) {
    if (typeof value === "string") all.set(under + key, value);
    else for (const [k, v] of flat(value, `${under}${key}.`)) all.set(k, v);
  }
  return all;
}

const languages = { ru: flat(ru), kk: flat(kk), en: flat(en) };
const holes = (s: string) => [...s.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]).sort();
const bare = (words: Map<string, string>) => new Set([...words.keys()].map((k) => k.replace(FORM, "")));

beforeAll(async () => {
  await startWords("ru");
  await setLang("kk");
  await setLang("en");
  await setLang("ru");
});

describe.each(Object.entries(languages))("%s", (lang, words) => {
  test("has every key of Russian and no other", () => {
    expect([...bare(words)].sort()).toEqual([...bare(languages.ru)].sort());
  });

  test("has no empty word", () => {
    expect([...words].filter(([, v]) => v.trim() === "").map(([k]) => k)).toEqual([]);
  });

  test("has every plural form its grammar needs", () => {
    const forms = new Intl.PluralRules(lang).resolvedOptions().pluralCategories;
    const plurals = new Set([...words.keys()].filter((k) => FORM.test(k)).map((k) => k.replace(FORM, "")));
    for (const key of plurals) {
      const have = [...words.keys()]
        .filter((k) => k.replace(FORM, "") === key)
        .map((k) => k.slice(key.length + 1));
      expect([key, ...have.sort()]).toEqual([key, ...[...forms].sort()]);
    }
  });

  test("puts in the same values as Russian", () => {
    for (const [key, text] of words) {
      const model = languages.ru.get(key) ?? languages.ru.get(`${key.replace(FORM, "")}_other`);
      expect([key, ...holes(text)]).toEqual([key, ...holes(model ?? "")]);
    }
  });
});

test("plural forms read right", () => {
  const say = (lng: string, count: number) => i18next.t("receipts", { count, lng });
  expect([1, 2, 5, 11, 21, 22, 111].map((n) => say("ru", n))).toEqual([
    "1 чек",
    "2 чека",
    "5 чеков",
    "11 чеков",
    "21 чек",
    "22 чека",
    "111 чеков",
  ]);
  expect([1, 5].map((n) => say("kk", n))).toEqual(["1 чек", "5 чек"]);
  expect([1, 5].map((n) => say("en", n))).toEqual(["1 receipt", "5 receipts"]);
});

// The agent's own tables are the source: a code declared there without words here would show Russian to everyone.
const repository = (path: string) => readFileSync(resolve(import.meta.dirname, "../../../..", path), "utf8");
const codes = (source: string, pattern: RegExp) => [...source.matchAll(pattern)].map((m) => m[1] ?? "");

test("every problem the agent can declare has words", () => {
  const declared = [
    ...codes(repository("drivers/driver.go"), /\bCode\w+\s*=\s*"(\w+)"/g),
    ...codes(repository("agent/internal/health/health.go"), /\bCode\w+\s*=\s*"(\w+)"/g),
    ...codes(repository("agent/internal/health/health.go"), /^\t"(\w+)":\s*\{/gm),
  ];
  expect(declared.length).toBeGreaterThan(30);
  const missing = declared.filter((c) => !(c in ru.problems));
  expect(missing).toEqual([]);
});

test("every step the agent can take has words", () => {
  const declared = codes(repository("agent/internal/recovery/recovery.go"), /step\{"(\w+)"/g);
  expect(declared.length).toBeGreaterThan(10);
  expect(declared.filter((c) => !(c in ru.steps))).toEqual([]);
});

describe("a text of the agent", () => {
  test("stays as it came in Russian", () => {
    expect(agentText("ru", "problems.no_paper.text", "Нет бумаги на кассе 5.")).toBe(
      "Нет бумаги на кассе 5.",
    );
  });
  test("is translated by its code", () => {
    expect(agentText("en", "problems.no_paper.text", "В кассе нет бумаги.")).toBe("The till has no paper.");
    expect(agentText("kk", "problems.foreign_document.text", "…", { fd: "17" })).toBe(
      "Кассада бөтен құжат пайда болды: ФҚ 17.",
    );
  });
  test("stays Russian when the code is new to us", () => {
    expect(agentText("kk", "problems.brand_new.text", "Новое.")).toBe("Новое.");
  });
  test("stays Russian when a value is missing", () => {
    expect(agentText("en", "problems.foreign_document.text", "Чужой документ.")).toBe("Чужой документ.");
  });
});
