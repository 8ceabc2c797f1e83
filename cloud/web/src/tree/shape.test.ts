import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { LightCountsSchema, type Node, NodeSchema, PlaceKind } from "../gen/cabinet/v1/tree_pb";
import { Shape, stepBefore, stepLevel, tillsLink, totalOf } from "./shape";

const K = {
  org: PlaceKind.ORGANISATION,
  dep: PlaceKind.DEPARTMENT,
  out: PlaceKind.OUTLET,
  till: PlaceKind.TILL,
};

function node(line: string): Node {
  const [kind = "org", id = "", parentId = "", serial = ""] = line.split(" ");
  return create(NodeSchema, {
    id,
    parentId,
    name: id.toUpperCase(),
    kind: K[kind as keyof typeof K],
    serial,
    mayChange: true,
  });
}

const shape = new Shape(
  [
    "org o",
    "dep south o",
    "dep sochi south",
    "out market sochi",
    "till t1 market 00012345",
    "till t2 market",
    "out hall south",
    "out depot o",
  ].map(node),
);
const get = (id: string) => shape.byId.get(id) as Node;
const ids = (closed: string[], q = "") =>
  shape.rows(new Set(closed), q).map((r) => `${r.level}${r.node.id}${r.found ? "!" : ""}`);

test("rows: what is closed hides what stands in it, and a search opens the ways to what it finds", () => {
  expect(ids([])).toEqual(["1o", "2south", "3sochi", "4market", "5t1", "5t2", "3hall", "2depot"]);
  expect(ids(["south"])).toEqual(["1o", "2south", "2depot"]);
  expect(ids(["south"], "2345")).toEqual(["1o", "2south", "3sochi", "4market", "5t1!"]);
  expect(ids([], "такого нет")).toEqual([]);
  expect(shape.path("t1")).toBe("SOUTH / SOCHI / MARKET / T1");
});

test("what may stand where", () => {
  for (const [id, parent, fits] of [
    ["t1", "hall", true],
    ["t1", "o", false],
    ["t1", "south", false],
    ["t1", "t2", false],
    ["market", "o", true],
    ["market", "hall", false],
    ["south", "sochi", false],
    ["south", "south", false],
    ["sochi", "o", true],
    ["o", "south", false],
  ] as const)
    expect([id, parent, shape.fits(get(id), get(parent))]).toEqual([id, parent, fits]);
  const other = new Shape([...shape.nodes, node("org p"), node("out far p")]);
  expect(other.fits(get("t1"), other.byId.get("far") as Node)).toBe(false);
  const locked = create(NodeSchema, { ...get("hall"), mayChange: false });
  expect(shape.fits(get("t1"), locked)).toBe(false);
});

test("keys move among neighbours and between levels", () => {
  expect(stepBefore(shape, get("t1"), 1)).toEqual({ parentId: "market", beforeId: "" });
  expect(stepBefore(shape, get("t2"), -1)).toEqual({ parentId: "market", beforeId: "t1" });
  expect(stepBefore(shape, get("t1"), -1)).toBeUndefined();
  expect(stepBefore(shape, get("hall"), 1)).toBeUndefined();
  expect(stepLevel(shape, get("hall"), 1)).toEqual({ parentId: "sochi", beforeId: "" });
  expect(stepLevel(shape, get("sochi"), -1)).toEqual({ parentId: "o", beforeId: "" });
  expect(stepLevel(shape, get("south"), -1)).toBeUndefined();
  expect(stepLevel(shape, get("t1"), 1)).toBeUndefined();
});

test("counts lead to the list they count", () => {
  expect(tillsLink(get("o"))).toBe("/tills");
  expect(tillsLink(get("hall"), "red")).toBe("/tills?node=hall&state=red");
  expect(totalOf(create(LightCountsSchema, { red: 1, yellow: 2, grey: 3, green: 4 }))).toBe(10);
});
