import { expect, test } from "vitest";
import { Action } from "../gen/fiscal/v1/fiscal_pb";
import ru from "../words/ru";
import { AGENT, actionKey, CHECK, FINISH, MENU, newId } from "./actions";
import { enrolCommand } from "./Enrol";

test("every action has a word, and the two main ones are not in the menu", () => {
  const all = Object.values(Action).filter(
    (x): x is Action => typeof x === "number" && x !== Action.UNSPECIFIED,
  );
  for (const a of all) expect(actionKey(a)).not.toBe("actions.unknown");
  expect(actionKey(99 as Action)).toBe("actions.unknown");
  const inMenu = MENU.map((m) => m.action);
  const ofAgent = AGENT.map((m) => m.action);
  expect([...inMenu, ...ofAgent, CHECK.action, FINISH.action, Action.DECIDE].sort()).toEqual([...all].sort());
  expect(ru.actions.finish_print).toBe("Продолжить печать");
  expect(ru.actions.check).toBe("Проверить");
});

test("what can stop a shop is asked for twice", () => {
  const care = new Map(MENU.map((m) => [m.action, m.care]));
  expect(care.get(Action.REBOOT)).toBe("type_name");
  for (const a of [Action.CLOSE_SHIFT, Action.SYNC_CLOCK, Action.RECOVER])
    expect(care.get(a)).toBe("confirm");
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
