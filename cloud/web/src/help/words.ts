/** Words of the catalogue: too many for every page, they are read with the page of help. */
import type { Lang } from "../ui/format";
import type ru from "./words/ru.json";

export type HelpWords = {
  causes: Readonly<Record<string, string>>;
  answers: Readonly<Record<string, { text: string; todo: string }>>;
  checks: Readonly<Record<string, { text: string; todo: string }>>;
  terms: typeof ru.terms;
};

const READ: Record<Lang, () => Promise<{ default: HelpWords }>> = {
  ru: () => import("./words/ru.json"),
  kk: () => import("./words/kk.json"),
  en: () => import("./words/en.json"),
};

const had = new Map<Lang, Promise<HelpWords>>();

/** The words of a language; the same promise each time, as React's `use` wants it. */
export function helpWords(lang: Lang): Promise<HelpWords> {
  let words = had.get(lang);
  if (!words) {
    words = READ[lang]().then((m) => m.default);
    had.set(lang, words);
    words.catch(() => had.delete(lang));
  }
  return words;
}
