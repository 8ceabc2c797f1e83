/**
 * Sentences that an agent, or the cabinet itself, makes of a pattern and sends in Russian without a code of their own:
 * results of steps, what was compared, how an update goes. As with gettext the Russian pattern is the key of its
 * translation; a test reads every pattern in the Go sources and refuses one that is not in the tables, so that a
 * sentence is never changed there and forgotten here. What a newer agent says otherwise stays Russian.
 *
 * A hole in a pattern is a value. Its name says what it may be: {n} digits, {at} one word without spaces (an address, a
 * version), {said} another sentence, which has to be known too, {name} and {till} what somebody calls something and is
 * left alone; every other name stands for anything. Read only with a language other than Russian.
 */

import type { Lang } from "../ui/format";
import verdicts from "./ru/verdicts.json";

/** Patterns with their translations; holes are the same in both. */
export type Sayings = Readonly<Record<string, string>>;

/** Puts a Russian sentence in other words; undefined when it is not known. */
export type Interpreter = (russian: string) => string | undefined;

/** Longer texts are nobody's sentence; it also bounds what a pattern may cost. */
const LONGEST = 1500;

const HOLE = /\{+(\w+)\}+/g;
const SHAPES: Readonly<Record<string, string>> = { n: "-?\\d+", at: "\\S+" };
const CALLED: ReadonlySet<string> = new Set(["name", "till", "tills"]);
const CYRILLIC = /[А-Яа-яЁё]/;

type Pattern = { shape: RegExp; holes: string[]; words: string; weight: number };

const kindOf = (hole: string) => hole.replace(/\d+$/, "");

/** Sentences of a text, without the gaps between them. */
function sentences(text: string): string[] {
  const parts = text.split(/([.!?)»])\s+(?=[«(A-ZА-ЯЁ0-9])/); // sentence, its end, sentence, its end, …
  return parts.flatMap((part, i) => (i % 2 === 0 ? [part + (parts[i + 1] ?? "")] : []));
}

const escaped = (literal: string) => literal.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function pattern(russian: string, words: string): Pattern {
  const holes: string[] = [];
  let shape = "";
  let weight = 0;
  let from = 0;
  for (const m of russian.matchAll(HOLE)) {
    const literal = russian.slice(from, m.index);
    shape += `${escaped(literal)}(${SHAPES[kindOf(m[1] ?? "")] ?? ".+?"})`;
    holes.push(m[1] ?? "");
    weight += literal.length;
    from = m.index + m[0].length;
  }
  const rest = russian.slice(from);
  shape += escaped(rest);
  return { shape: new RegExp(`^${shape}$`, "su"), holes, words, weight: weight + rest.length };
}

/** An interpreter over all tables; what stands in an earlier one holds. */
export function interpreter(...tables: readonly Sayings[]): Interpreter {
  const whole = new Map<string, string>();
  const patterns: Pattern[] = [];
  for (const table of tables) {
    for (const [russian, words] of Object.entries(table)) {
      if (russian.includes("{")) {
        const made = pattern(russian, words);
        if (made.weight > 0) patterns.push(made); // a hole alone would be every sentence
      } else if (!whole.has(russian)) whole.set(russian, words);
    }
  }
  patterns.sort((a, b) => b.weight - a.weight); // the pattern that says more of the sentence itself is the nearer one

  /** One sentence of the tables. */
  function one(text: string): string | undefined {
    const known = whole.get(text);
    if (known !== undefined) return known;
    for (const p of patterns) {
      const found = p.shape.exec(text);
      if (!found) continue;
      const values: Record<string, string> = {};
      let known = true;
      p.holes.forEach((hole, i) => {
        const value = found[i + 1] ?? "";
        const said = CYRILLIC.test(value) && !CALLED.has(kindOf(hole)) ? say(value) : value;
        if (said === undefined && kindOf(hole) === "said") known = false;
        values[hole] = said ?? value; // the name of a till, or an error of the system: not ours to translate
      });
      if (known) return p.words.replace(HOLE, (_, hole: string) => values[hole] ?? "");
    }
    return undefined;
  }

  const said = new Map<string, string | undefined>(); // a list says the same sentence in every row

  /** A text of one or more of them. */
  function say(text: string): string | undefined {
    if (text.length > LONGEST) return undefined;
    if (said.has(text)) return said.get(text);
    const parts = sentences(text);
    let words: string | undefined;
    for (let n = 1; n <= parts.length && words === undefined; n++) {
      const first = one(n === parts.length ? text : parts.slice(0, n).join(" "));
      if (first === undefined) continue;
      if (n === parts.length) words = first;
      else {
        const rest = say(parts.slice(n).join(" "));
        if (rest !== undefined) words = `${first} ${rest}`;
      }
    }
    if (said.size > 2000) said.clear();
    said.set(text, words);
    return words;
  }

  return say;
}

type Coded = { problems: object; steps: object };

const SAID: Record<Exclude<Lang, "ru">, () => Promise<{ default: Sayings }>> = {
  kk: () => import("./kk/said.json"),
  en: () => import("./en/said.json"),
};

/** The interpreter of a language: sentences without a code, and those of codes, which agents put in others. */
export async function interpreterOf(
  lang: Exclude<Lang, "ru">,
  words: Coded & { verdicts: object },
  russian: Coded,
): Promise<Interpreter> {
  const { default: own } = await SAID[lang]();
  return interpreter(
    own,
    pairs(verdicts.verdicts, words.verdicts),
    pairs(russian.problems, words.problems),
    pairs(russian.steps, words.steps),
  );
}

/** What stands at the same place in two trees of words. */
function pairs(russian: object, other: object): Sayings {
  const all: Record<string, string> = {};
  for (const [key, value] of Object.entries(russian)) {
    const same = (other as Record<string, unknown>)[key];
    if (typeof value === "string" && typeof same === "string") all[value] = same;
    else if (typeof value === "object" && typeof same === "object")
      Object.assign(all, pairs(value, same as object));
  }
  return all;
}
