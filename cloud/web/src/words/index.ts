/**
 * Every word on screen stands in ru.json, kk.json and en.json of this folder; keys are typed by the Russian file,
 * which is the first. A test refuses a key that one of the three lacks, and a plural form that a language needs.
 */
import i18next, { type ParseKeys } from "i18next";
import { initReactI18next } from "react-i18next";
import type { Lang } from "../ui/format";
import en from "./en.json";
import kk from "./kk.json";
import ru from "./ru.json";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof ru };
  }
}

/** The words of a component, handed to a function: the whole type of `t` is too much for the compiler to compare. */
export type Say = (key: ParseKeys, values?: Record<string, unknown>) => string;

const STORED = "chekan.lang";

export const LANGS: readonly { lang: Lang; name: string }[] = [
  { lang: "ru", name: "Русский" },
  { lang: "kk", name: "Қазақша" },
  { lang: "en", name: "English" },
];

function remembered(): Lang {
  try {
    const lang = localStorage.getItem(STORED);
    return lang === "kk" || lang === "en" ? lang : "ru";
  } catch {
    return "ru"; // storage may be forbidden; the language then lasts as long as the page
  }
}

/** Starts the words. Russian unless this browser chose otherwise. */
export function startWords(lang: Lang = remembered()) {
  document.documentElement.lang = lang;
  i18next.use(initReactI18next).init({
    lng: lang,
    fallbackLng: "ru",
    resources: { ru: { translation: ru }, kk: { translation: kk }, en: { translation: en } },
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  return i18next;
}

/** Switches the language of this browser. */
export function setLang(lang: Lang) {
  document.documentElement.lang = lang;
  try {
    localStorage.setItem(STORED, lang);
  } catch {
    // as above
  }
  void i18next.changeLanguage(lang);
}

/**
 * A text that the agent sends in Russian, in the language of the screen: by its stable code where we have words
 * for it, as it came where we do not. In Russian the agent's own sentence is better than ours: it names the till.
 */
export function agentText(
  lang: Lang,
  key: `problems.${string}.${"text" | "todo"}` | `steps.${string}`,
  russian: string,
  args: Record<string, string> = {},
): string {
  if (lang === "ru" && russian) return russian;
  const has = (i18next.exists as (k: string, o: object) => boolean)(key, { lng: lang, fallbackLng: [] });
  if (!has) return russian;
  const text = (i18next.t as unknown as (k: string, o: object) => string)(key, { ...args, lng: lang });
  // A value that an older agent does not send leaves a hole; its own Russian sentence has none.
  return text.includes("{{") ? russian || text.replace(/\s*\{\{[^}]*\}\}/g, "") : text;
}
