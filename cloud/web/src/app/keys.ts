/**
 * The keyboard of the cabinet: one table, from which the keys act and the help is made. What a key means is decided
 * here, without a browser; Keyboard.tsx does it.
 */
import type { ParseKeys } from "i18next";

/** What a key asks for. */
export type Act =
  | { do: "search" }
  | { do: "help" }
  | { do: "row"; step: 1 | -1 }
  | { do: "back" }
  | { do: "go"; to: string };

/** One line of the table: the keys one presses, in their order, and what for. */
export type Shortcut = {
  keys: readonly string[];
  act: Act;
  label: ParseKeys;
  /** Works by itself in a browser: it is only told. */
  native?: boolean;
};

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: ["/"], act: { do: "search" }, label: "aid.keys.search" },
  { keys: ["j"], act: { do: "row", step: 1 }, label: "aid.keys.next" },
  { keys: ["k"], act: { do: "row", step: -1 }, label: "aid.keys.previous" },
  { keys: ["Enter"], act: { do: "row", step: 1 }, label: "aid.keys.open", native: true },
  { keys: ["Escape"], act: { do: "back" }, label: "aid.keys.back" },
  { keys: ["g", "h"], act: { do: "go", to: "/home" }, label: "aid.keys.home" },
  { keys: ["g", "k"], act: { do: "go", to: "/tills" }, label: "aid.keys.tills" },
  { keys: ["g", "c"], act: { do: "go", to: "/documents" }, label: "aid.keys.documents" },
  { keys: ["?"], act: { do: "help" }, label: "aid.keys.help" },
];

/** How long the first key of two waits for the second, ms. */
export const PATIENCE = 1500;

/** What was pressed, as far as it matters here. */
export type Press = Pick<KeyboardEvent, "key" | "code" | "shiftKey" | "ctrlKey" | "altKey" | "metaKey">;

/**
 * Name of the key in the table. A keyboard that types Russian or Kazakh says «о» where the cap says J: a letter that
 * is not Latin is taken by its place. So is the slash, which such a keyboard has nowhere near.
 */
export function nameOf(e: Press): string {
  if (e.ctrlKey || e.altKey || e.metaKey) return "";
  const latin = /^[\x20-\x7e]$/.test(e.key);
  if (e.key === "/" || e.key === "?") return e.key;
  if (e.code === "Slash" && (!latin || e.key === "." || e.key === ",")) return e.shiftKey ? "?" : "/";
  if (e.key.length > 1) return e.key;
  if (e.shiftKey) return "";
  if (latin) return e.key;
  return /^Key[A-Z]$/.test(e.code) ? e.code.slice(3).toLowerCase() : "";
}

/** Keys pressed so far and when the last of them was. */
export type Waiting = { keys: readonly string[]; at: number };

export const NONE: Waiting = { keys: [], at: 0 };

/** Takes one more key: what it asks for, if it ends a shortcut, and what is waited for now. */
export function take(waiting: Waiting, key: string, at: number): { act?: Act; waiting: Waiting } {
  const before = at - waiting.at <= PATIENCE ? waiting.keys : [];
  for (const keys of before.length > 0 ? [[...before, key], [key]] : [[key]]) {
    const fits = SHORTCUTS.filter((s) => !s.native && keys.every((k, i) => s.keys[i] === k));
    const whole = fits.find((s) => s.keys.length === keys.length);
    if (whole) return { act: whole.act, waiting: NONE };
    if (fits.length > 0) return { waiting: { keys, at } };
  }
  return { waiting: NONE };
}
