import { create, equals, fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test, vi } from "vitest";
import { ListTillsResponseSchema } from "../gen/cabinet/v1/fleet_pb";
import { till } from "../testing/fleet";
import { SLICE, toBytes } from "./slices";

const now = Date.UTC(2026, 2, 4, 10);
const list = (rows: number) =>
  create(ListTillsResponseSchema, {
    tills: Array.from({ length: rows }, (_, i) => till(now, { id: `till-${i}` })),
    total: rows + 1,
  });

test.each([0, 1, SLICE, SLICE + 1, 3 * SLICE + 7])("%i rows are the message they were", async (rows) => {
  const message = list(rows);
  const bytes = await toBytes(ListTillsResponseSchema, message);
  expect(equals(ListTillsResponseSchema, fromBinary(ListTillsResponseSchema, bytes), message)).toBe(true);
  expect(bytes).toHaveLength(toBinary(ListTillsResponseSchema, message).length);
});

test("rests between slices, and writes a row that is the same only once", async () => {
  const rest = vi.fn(async () => {});
  const message = list(3 * SLICE + 7);
  await toBytes(ListTillsResponseSchema, message, rest);
  expect(rest).toHaveBeenCalledTimes(3);
  rest.mockClear();
  const later = create(ListTillsResponseSchema, {
    ...message,
    tills: message.tills.with(5, till(now, { id: "new" })),
  });
  const bytes = await toBytes(ListTillsResponseSchema, later, rest);
  expect(rest).not.toHaveBeenCalled();
  expect(fromBinary(ListTillsResponseSchema, bytes).tills[5]?.id).toBe("new");
});
