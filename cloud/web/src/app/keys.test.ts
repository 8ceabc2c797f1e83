import { expect, test } from "vitest";
import { type Act, NONE, nameOf, PATIENCE, type Press, SHORTCUTS, take } from "./keys";

const press = (key: string, code = "", more: Partial<Press> = {}): Press => ({
  key,
  code,
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  ...more,
});

test.each([
  ["j", press("j", "KeyJ")],
  ["j", press("о", "KeyJ")], // a Russian keyboard
  ["k", press("л", "KeyK")],
  ["g", press("п", "KeyG")],
  ["c", press("c", "KeyI")], // Dvorak: the letter, not the place
  ["/", press("/", "Slash")],
  ["/", press(".", "Slash")],
  ["?", press("?", "Slash", { shiftKey: true })],
  ["?", press(",", "Slash", { shiftKey: true })],
  ["?", press("?", "Digit7", { shiftKey: true })],
  ["Escape", press("Escape", "Escape")],
  ["", press("f", "KeyF", { ctrlKey: true })],
  ["", press("J", "KeyJ", { shiftKey: true })],
  ["", press("ж", "Semicolon")],
])("%s", (name, e) => {
  expect(nameOf(e)).toBe(name);
});

function play(...keys: [key: string, at: number][]): Act[] {
  let waiting = NONE;
  const acts: Act[] = [];
  for (const [key, at] of keys) {
    const next = take(waiting, key, at);
    waiting = next.waiting;
    if (next.act) acts.push(next.act);
  }
  return acts;
}

test("two keys in a row are one wish, when the second does not come too late", () => {
  expect(play(["g", 0], ["k", 500])).toEqual([{ do: "go", to: "/tills" }]);
  expect(play(["g", 0], ["k", PATIENCE + 1])).toEqual([{ do: "row", step: -1 }]);
});

test("a key that does not go on with the first begins anew", () => {
  expect(play(["g", 0], ["j", 10])).toEqual([{ do: "row", step: 1 }]);
  expect(play(["g", 0], ["g", 10], ["c", 20])).toEqual([{ do: "go", to: "/documents" }]);
  expect(play(["g", 0], ["x", 10], ["k", 20])).toEqual([{ do: "row", step: -1 }]);
});

test("no shortcut begins with the whole of another", () => {
  const lines = SHORTCUTS.map((s) => s.keys.join(" "));
  expect(new Set(lines).size).toBe(lines.length);
  for (const one of lines) {
    expect(lines.filter((x) => x !== one && x.startsWith(`${one} `))).toEqual([]);
  }
});
