import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  ReleaseSchema,
  RolloutCountsSchema,
  RolloutSchema,
  RolloutState,
} from "../gen/cabinet/v1/updates_pb";
import { clockOf, inTheWay, minutesOf, PARTS, partsOf, shareOf } from "./rollout";

test("only parts that somebody stands in are shown, and together they are all", () => {
  const counts = create(RolloutCountsSchema, { all: 10, healthy: 6, rolledBack: 1, ahead: 3 });
  expect(partsOf(counts).map((p) => p.part)).toEqual(["healthy", "rolledBack", "ahead"]);
  const full = create(RolloutCountsSchema, Object.fromEntries(PARTS.map((p) => [p, 1])));
  expect(partsOf(full)).toHaveLength(10);
});

test("an open rollout of the same channel is in the way, of another it is not", () => {
  const releases = [
    create(ReleaseSchema, { version: "1.5.0", channel: "stable" }),
    create(ReleaseSchema, { version: "1.4.0", channel: "stable" }),
    create(ReleaseSchema, { version: "1.6.0-beta.1", channel: "beta" }),
  ];
  const paused = create(RolloutSchema, { version: "1.4.0", state: RolloutState.PAUSED });
  const ended = create(RolloutSchema, { version: "1.4.0", state: RolloutState.ABORTED });
  expect(inTheWay([ended, paused], releases, "1.5.0")).toBe(paused);
  expect(inTheWay([paused], releases, "1.6.0-beta.1")).toBeUndefined();
  expect(inTheWay([ended], releases, "1.5.0")).toBeUndefined();
});

test("times of the day go both ways, and nonsense is none", () => {
  expect(clockOf(minutesOf("02:05") ?? 0)).toBe("02:05");
  for (const bad of ["", "24:00", "2:00", "12:60"]) expect(minutesOf(bad)).toBeUndefined();
  expect(shareOf(3, 1)).toBe(1);
});
