import { expect, test } from "vitest";
import { Action } from "../gen/fiscal/v1/fiscal_pb";
import ru from "../words/ru";
import { AGENT, actionKey, CHECK, FINISH, MENU, newId, RESUME } from "./actions";
import { same } from "./ConsentDialog";
import { enrolCommand } from "./Enrol";

test("every action has a word, and the two main ones are not in the menu", () => {
  const all = Object.values(Action).filter(
    (x): x is Action => typeof x === "number" && x !== Action.UNSPECIFIED,
  );
  for (const a of all) expect(actionKey(a)).not.toBe("actions.unknown");
  expect(actionKey(99 as Action)).toBe("actions.unknown");
  const inMenu = MENU.flatMap((g) => g.offers.map((m) => m.action));
  const ofAgent = AGENT.map((m) => m.action);
  expect(
    [
      ...inMenu,
      ...ofAgent,
      CHECK.action,
      FINISH.action,
      RESUME.action,
      Action.DECIDE,
      Action.CONFIGURE,
      Action.FIND_TILLS, // in the wizard
      Action.ADOPT_TILL,
    ].sort(),
  ).toEqual([...all].sort());
  expect(ru.actions.finish_print).toBe("Продолжить печать");
  expect(ru.actions.check).toBe("Проверить");
});

test("what can stop a shop stands apart, with what it means", () => {
  const [harmless, , lasting] = MENU;
  expect(lasting?.offers.map((m) => m.action)).toEqual([Action.CLOSE_SHIFT, Action.SUSPEND, Action.REBOOT]);
  for (const offer of lasting?.offers ?? []) expect(offer.warning).toBeDefined();
  for (const offer of harmless?.offers ?? []) expect(offer.warning).toBeUndefined();
});

test("a name is typed as people type it", () => {
  expect(same(" касса  № 1 ", "Касса № 1")).toBe(true);
  expect(same("касса № 2", "Касса № 1")).toBe(false);
  expect(same("", "")).toBe(false);
});

test("ids are version 4 UUIDs and differ", () => {
  const ids = Array.from({ length: 100 }, newId);
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(100);
});

test("the command of either system carries the address and the code", () => {
  for (const system of ["windows", "linux"] as const) {
    expect(enrolCommand(system, "https://c.example:8443", "K7QF-2M9X-AAAA")).toMatch(
      /enroll --cloud https:\/\/c\.example:8443 K7QF-2M9X-AAAA$/,
    );
  }
});
