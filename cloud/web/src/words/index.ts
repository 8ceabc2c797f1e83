/**
 * Every word on screen stands in the folders ru, kk and en, a file for each subject; keys are typed by the Russian
 * ones, which are the first. A test refuses a key that one of the three lacks, and a plural form that a language
 * needs. Russian comes with the first pages, and the rest of it with the pages that speak it; another language is
 * read whole when it is chosen.
 */
import i18next, { type ParseKeys } from "i18next";
import { initReactI18next } from "react-i18next";
import type { Lang } from "../ui/format";
import ru from "./ru";
import type later from "./ru/later";
import type { Interpreter } from "./sayings";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof ru & typeof later };
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

/** The rest of Russian, once it is here. */
let rest: typeof later | undefined;

/** Brings the words that the first pages do without. */
export async function bringLater() {
  if (rest) return;
  rest = (await import("./ru/later")).default;
  if (i18next.isInitialized) i18next.addResourceBundle("ru", "translation", rest, true, true);
}

const OTHERS = { kk: () => import("./kk"), en: () => import("./en") };

/** What an agent says in sentences without a code, by language. */
const said = new Map<Lang, Interpreter>();

/** Brings the words of a language, if they are not here yet. */
async function bring(lang: Lang) {
  if (lang === "ru" || (said.has(lang) && i18next.hasResourceBundle(lang, "translation"))) return;
  const [words, sayings] = await Promise.all([OTHERS[lang](), import("./sayings")]);
  i18next.addResourceBundle(lang, "translation", words.default);
  said.set(lang, await sayings.interpreterOf(lang, words.default, ru));
}

/** Starts the words. Russian unless this browser chose otherwise; what is read until another comes is Russian. */
export async function startWords(lang: Lang = remembered()) {
  i18next.use(initReactI18next).init({
    lng: "ru",
    fallbackLng: "ru",
    resources: { ru: { translation: { ...ru, ...rest } } },
    interpolation: { escapeValue: false },
    initAsync: false,
  });
  document.documentElement.lang = "ru";
  if (lang !== "ru") await speak(lang);
  return i18next;
}

async function speak(lang: Lang) {
  await bring(lang);
  await i18next.changeLanguage(lang);
  document.documentElement.lang = lang;
}

/** Switches the language of this browser. */
export async function setLang(lang: Lang) {
  try {
    localStorage.setItem(STORED, lang);
  } catch {
    // storage may be forbidden; the language then lasts as long as the page
  }
  await speak(lang);
}

/** What an agent says in Russian in the language of the screen; undefined when nobody put that in words. */
export function inWords(lang: Lang, russian: string): string | undefined {
  return lang === "ru" || !/[А-Яа-яЁё]/.test(russian) ? russian : said.get(lang)?.(russian);
}

/**
 * A text that the agent sends in Russian, in the language of the screen: by its stable code where we have words for
 * it, else by the sentence itself, else as it came. In Russian the agent's own sentence is better than ours: it names
 * the till.
 */
export function agentText(
  lang: Lang,
  key: `problems.${string}.${"text" | "todo"}` | `steps.${string}` | `verdicts.${string}`,
  russian: string,
  args: Record<string, string> = {},
): string {
  if (lang === "ru" && russian) return russian;
  const has = (i18next.exists as (k: string, o: object) => boolean)(key, { lng: lang, fallbackLng: [] });
  if (!has) return inWords(lang, russian) ?? russian;
  const values = Object.fromEntries(Object.entries(args).map(([k, v]) => [k, inWords(lang, v) ?? v]));
  const text = (i18next.t as unknown as (k: string, o: object) => string)(key, { ...values, lng: lang });
  // A value that an older agent does not send leaves a hole; its own Russian sentence has none.
  return text.includes("{{")
    ? (inWords(lang, russian) ?? russian) || text.replace(/\s*\{\{[^}]*\}\}/g, "")
    : text;
}

/** `lang` of an element: what nobody put in other words is still Russian, and a screen reader has to know. */
export function langOfSaid(lang: Lang, shown: string, russian: string): "ru" | undefined {
  return lang !== "ru" && shown === russian && /[А-Яа-яЁё]/.test(shown) ? "ru" : undefined;
}
