/** Entries of the catalogue as the page shows them, made of words and codes; without a browser. */
import { type Again, ANSWERS, CHECKS, PROBLEMS, type ProblemGroup } from "./catalogue";
import type { HelpWords } from "./words";

export type Group = ProblemGroup | "answers" | "doctor";

/** All groups, in the order of the page. */
export const GROUPS: readonly Group[] = [
  "device",
  "documents",
  "shift",
  "fn",
  "ofd",
  "clock",
  "agent",
  "updates",
  "answers",
  "doctor",
];

export type Entry = {
  /** Anchor, and what one searches by. */
  id: string;
  code: string;
  group: Group;
  text: string;
  cause?: string;
  todo: string;
  again?: Again;
};

/** A sentence of a problem without its values: who looks it up has them on another page. */
export function bare(sentence: string): string {
  return sentence.replace(/\{\{\w+\}\}/g, "…");
}

/** A reason of a refusal as the pages say it: a sentence, with or without what to do. */
export type Reasons = Readonly<Record<string, string | { text: string; todo?: string }>>;

/** A right that a page asks for, in words: what it is called, and what it opens. */
export type Right = { id: string; text: string; what: string };

export function entriesOf(
  problems: Readonly<Record<string, { text: string; todo: string }>>,
  words: HelpWords,
  reasons: Reasons = {},
  rights: readonly Right[] = [],
): Entry[] {
  const known = (code: string) => code in PROBLEMS || code in ANSWERS;
  return [
    ...Object.entries(PROBLEMS).map(([code, [group, again]]) => ({
      id: code,
      code,
      group,
      again,
      text: bare(problems[code]?.text ?? code),
      cause: words.causes[code],
      todo: bare(problems[code]?.todo ?? ""),
    })),
    ...Object.entries(ANSWERS).map(([code, again]) => ({
      id: code,
      code,
      group: "answers" as const,
      again,
      text: words.answers[code]?.text ?? code,
      todo: words.answers[code]?.todo ?? "",
    })),
    // What a form refuses is said in a sentence beside its field; the word is told here for who saw only that.
    ...Object.entries(reasons).flatMap(([code, said]) =>
      known(code)
        ? []
        : {
            id: code,
            code,
            group: "answers" as const,
            again: "after" as const,
            text: bare(typeof said === "string" ? said : said.text),
            todo:
              (typeof said === "string" ? undefined : said.todo) ||
              (words.answers.invalid_argument?.todo ?? ""),
          },
    ),
    ...rights.map(({ id, text, what }) => ({
      id,
      code: id,
      group: "answers" as const,
      text,
      cause: what,
      todo: words.answers.permission_denied?.todo ?? "",
    })),
    ...CHECKS.map((code) => ({
      id: `doctor-${code}`,
      code,
      group: "doctor" as const,
      text: words.checks[code]?.text ?? code,
      todo: words.checks[code]?.todo ?? "",
    })),
  ];
}

/** Entries that have every word that is looked for. */
export function found(entries: readonly Entry[], query: string): Entry[] {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((e) => {
    const text = [e.code, e.text, e.cause, e.todo].join(" ").toLocaleLowerCase();
    return words.every((w) => text.includes(w));
  });
}
