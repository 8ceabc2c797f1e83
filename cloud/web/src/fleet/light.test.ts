import { expect, test } from "vitest";
import { Light } from "../gen/cabinet/v1/light_pb";
import { Severity } from "../gen/fiscal/v1/fiscal_pb";
import { fleet, till } from "../testing/fleet";
import { byAttention, keepOrder, lightOf, severityLight } from "./light";

const now = Date.UTC(2026, 2, 4, 10);

test("a colour that is not known is grey, never green", () => {
  expect(lightOf({ light: Light.UNSPECIFIED })).toBe("grey");
  expect(lightOf({ light: 99 as Light })).toBe("grey");
  expect(lightOf({ light: Light.GREEN })).toBe("green");
  expect(lightOf({ light: Light.YELLOW })).toBe("yellow");
  expect(lightOf({ light: Light.RED })).toBe("red");
  expect(lightOf({ light: Light.GREY })).toBe("grey");
});

test("severity has the colours of tills", () => {
  expect(
    [Severity.CRITICAL, Severity.WARNING, Severity.INFO, Severity.UNSPECIFIED].map(severityLight),
  ).toEqual(["red", "yellow", "grey", "grey"]);
});

test("problems come first, then outlets and names as people count", () => {
  expect(
    [...fleet(now)]
      .reverse()
      .sort(byAttention)
      .map((x) => lightOf(x)),
  ).toEqual(["red", "yellow", "grey", "green", "green"]);
  const names = ["Касса 10", "Касса 2", "Касса 1"].map((name) => till(now, { id: name, name }));
  expect(names.sort(byAttention).map((x) => x.name)).toEqual(["Касса 1", "Касса 2", "Касса 10"]);
});

test("rows on screen keep their places until they may settle", () => {
  expect(keepOrder([], ["a", "b"], false)).toEqual(["a", "b"]);
  expect(keepOrder(["a", "b", "c"], ["c", "a", "b"], false)).toEqual(["a", "b", "c"]);
  expect(keepOrder(["a", "b", "c"], ["c", "a", "b"], true)).toEqual(["c", "a", "b"]);
  expect(keepOrder(["a", "b"], ["new", "b", "a"], false)).toEqual(["a", "b", "new"]);
  expect(keepOrder(["a", "b"], ["b"], false)).toEqual(["b"]);
  const same = ["a", "b"];
  expect(keepOrder(same, ["a", "b"], true)).toBe(same);
  expect(keepOrder(same, ["b", "a"], false)).toBe(same);
});
