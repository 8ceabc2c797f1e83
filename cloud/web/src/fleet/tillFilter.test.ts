import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type Till, TillSchema } from "../gen/cabinet/v1/fleet_pb";
import { Light, TillAspect } from "../gen/cabinet/v1/light_pb";
import { answers, queryOf, readFilter, sift, standsAt, type TillFilter, wordsOf } from "./tillFilter";

const till = (id: string, light: Light, aspect?: TillAspect, outletId = "o1"): Till =>
  create(TillSchema, {
    id,
    name: `Касса ${id}`,
    outletId,
    outlet: "Тверская",
    light,
    agentVersion: "0.6.1",
    state: { rnm: "0001234567001234", fn: "9999078900001234", model: "ШТРИХ-М-01Ф", firmware: "B.4" },
    cells: aspect === undefined ? [] : [{ aspect, light }],
  });
const outlets = new Map([
  ["o1", { above: ["d2", "d1"], address: "Москва, Тверская, 1" }],
  ["o2", { above: [], address: "" }],
]);
const none: TillFilter = { q: "", node: "", byStop: false };

test("the address and the filter say the same", () => {
  const params = new URLSearchParams("state=red&aspect=ofd&q=a+b&node=o1&sort=stop&lang=kk");
  expect(readFilter(params)).toEqual({ q: "a b", state: "red", aspect: "ofd", node: "o1", byStop: true });
  expect(queryOf(params)).toBe("aspect=ofd&node=o1&q=a+b&sort=stop&state=red");
  expect(readFilter(new URLSearchParams("state=pink&aspect=weather&sort=up"))).toEqual({
    q: "",
    state: undefined,
    aspect: undefined,
    node: "",
    byStop: false,
  });
});

describe("search", () => {
  test.each([
    ["", true],
    ["касса 7", true],
    ["КАССА", true],
    ["0001 2345-6700", true],
    ["9999 0789", true],
    ["0.6.1", true],
    ["штрих тверская", true],
    ["москва", true],
    ["b.4", true],
    ["касса 77", false],
    ["казань", false],
  ])("%s: %s", (q, found) => {
    expect(answers(till("7", Light.GREEN), wordsOf(q), outlets)).toBe(found);
  });
  test("one digit behind a blank is a word of its own: «касса 2 1»", () => {
    expect(wordsOf("касса 2 1")).toEqual(["касса", "2", "1"]);
    expect(wordsOf("12 34")).toEqual(["1234"]);
  });
});

test.each([
  ["", true],
  ["7", true],
  ["o1", true],
  ["d2", true],
  ["d1", true],
  ["o2", false],
  ["nowhere", false],
])("stands at %s: %s", (node, at) => {
  expect(standsAt(till("7", Light.GREEN), node, outlets)).toBe(at);
});

test("counts say what a press would show", () => {
  const tills = [
    till("1", Light.RED, TillAspect.OFD),
    till("2", Light.YELLOW, TillAspect.FN),
    till("3", Light.RED, TillAspect.FN, "o2"),
    till("4", Light.GREEN),
  ];
  const every = sift(tills, none, outlets);
  expect(every.rows.map((x) => x.id)).toEqual(["1", "2", "3", "4"]);
  expect([every.all, every.states]).toEqual([4, { red: 2, yellow: 1, grey: 0, green: 1 }]);
  expect([every.aspects.get("ofd"), every.aspects.get("fn"), every.aspects.get("clock")]).toEqual([1, 2, 0]);

  const red = sift(tills, { ...none, state: "red" }, outlets);
  expect(red.rows.map((x) => x.id)).toEqual(["1", "3"]);
  expect([red.states.yellow, red.aspects.get("fn")]).toEqual([1, 1]);

  const redFN = sift(tills, { ...none, state: "red", aspect: "fn" }, outlets);
  expect(redFN.rows.map((x) => x.id)).toEqual(["3"]);
  expect([redFN.all, redFN.states.red, redFN.states.yellow, redFN.aspects.get("ofd")]).toEqual([2, 1, 1, 1]);

  expect(sift(tills, { ...none, node: "o2" }, outlets).states).toEqual({
    red: 1,
    yellow: 0,
    grey: 0,
    green: 0,
  });
});
