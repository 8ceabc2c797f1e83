import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  Light,
  ThresholdLevel,
  TillAspect,
  TillCellSchema,
  TillStopSchema,
} from "../gen/cabinet/v1/light_pb";
import { Severity } from "../gen/fiscal/v1/fiscal_pb";
import { till } from "../testing/fleet";
import { ails, graveOf, soonerFirst, troublesOf } from "./troubles";

const NOW = Date.UTC(2026, 2, 10, 12);

const queue = create(TillCellSchema, {
  aspect: TillAspect.OFD,
  light: Light.YELLOW,
  code: "ofd_age",
  metric: "ofd_age",
  text: "т",
  value: 90_000n,
  limit: 86_400n,
  level: ThresholdLevel.OUTLET,
});

test("a limit of the cabinet speaks instead of the agent's own", () => {
  const problems = [
    { code: "ofd_queue", severity: Severity.WARNING, text: "очередь" },
    { code: "no_paper", severity: Severity.CRITICAL, text: "нет бумаги" },
  ];
  expect(troublesOf(till(NOW, { cells: [queue], state: { problems } })).map((x) => x.code)).toEqual([
    "no_paper",
    "ofd_age",
  ]);
  expect(troublesOf(till(NOW, { state: { problems } })).map((x) => x.code)).toEqual([
    "no_paper",
    "ofd_queue",
  ]);
});

test("a declared problem is said once, though it has coloured its cell", () => {
  const cell = create(TillCellSchema, { aspect: TillAspect.DEVICE, light: Light.RED, code: "no_paper" });
  const problems = [{ code: "no_paper", severity: Severity.CRITICAL, text: "нет бумаги" }];
  expect(troublesOf(till(NOW, { cells: [cell], state: { problems } }))).toHaveLength(1);
});

test("a problem of the agent itself comes with its cell", () => {
  const cell = create(TillCellSchema, {
    aspect: TillAspect.AGENT,
    light: Light.RED,
    code: "journal_full",
    text: "т",
  });
  expect(troublesOf(till(NOW, { cells: [cell] })).map((x) => [x.code, x.light])).toEqual([
    ["journal_full", "red"],
  ]);
});

test("what nobody knows is no trouble of its own, and what is worth knowing stays out of the row", () => {
  const cell = create(TillCellSchema, { aspect: TillAspect.SHIFT, light: Light.GREY, code: "stale" });
  const problems = [{ code: "ofd_notice", severity: Severity.INFO, text: "сообщение" }];
  const x = till(NOW, { cells: [cell], state: { problems } });
  expect(troublesOf(x).map((y) => y.code)).toEqual(["ofd_notice"]);
  expect(graveOf(x)).toEqual([]);
});

test("an aspect ails when it is yellow or red", () => {
  const x = till(NOW, {
    cells: [queue, create(TillCellSchema, { aspect: TillAspect.CLOCK, light: Light.GREY })],
  });
  expect([ails(x, "ofd"), ails(x, "clock"), ails(x, "fn")]).toEqual([true, false, false]);
});

test("who stops sooner comes first, who does not stop last", () => {
  const at = (id: string, ms?: number) =>
    till(NOW, { id, ...(ms ? { stop: create(TillStopSchema, { atMs: BigInt(ms), cause: "shift" }) } : {}) });
  expect([at("never"), at("later", NOW + 2), at("soon", NOW + 1)].sort(soonerFirst).map((x) => x.id)).toEqual(
    ["soon", "later", "never"],
  );
});
