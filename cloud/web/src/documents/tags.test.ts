import { expect, test } from "vitest";
import { tags } from "../testing/documents";
import { groupOf } from "./marks";
import { modulePath } from "./qr";
import { fold, found, hex, open, rowsOf, sheetOf } from "./tags";

const rows = rowsOf(tags(20412));
const numbers = (list: typeof rows) => list.map((r) => r.tag.number);

test("rows stand in the document's order, what is inside a group right behind it", () => {
  expect(numbers(rows).slice(3, 7)).toEqual([1054, 1059, 1030, 1079]);
  expect(rows.find((r) => r.tag.number === 1030)?.depth).toBe(1);
  expect(new Set(rows.map((r) => r.key)).size).toBe(rows.length);
});

test("search finds numbers, names and values, and keeps what they stand in", () => {
  expect(numbers(found(rows, "1054"))).toEqual([1054]);
  expect(numbers(found(rows, "СТАВКА"))).toEqual([1059, 1199, 1059, 1199]);
  expect(numbers(found(rows, "0.345"))).toEqual([1059, 1023]);
  expect(numbers(found(rows, "предмет расчета"))).toContain(1059); // ё is typed as е
  expect(numbers(found(rows, "1234447,00"))).toEqual([1020]); // however its spaces are typed
  expect(found(rows, "nothing like it")).toEqual([]);
  expect(found(rows, "  ")).toHaveLength(rows.length);
});

test("a group that is found brings all that is in it", () => {
  const item = found(rows, "Сыр");
  expect(numbers(item)).toEqual([1059, 1030, 1079, 1023, 1043, 1199]);
});

test("a closed group hides what is inside", () => {
  const item = rows.find((r) => r.group);
  expect(open(rows, new Set([item?.key ?? ""]))).toHaveLength(rows.length - 5);
  expect(open(rows, new Set())).toHaveLength(rows.length);
});

test("the table goes to a spreadsheet as numbers it understands", () => {
  const lines = sheetOf(found(rows, "1020"), true).split("\n");
  expect(lines).toEqual([
    "1020\tсумма расчёта, указанного в чеке (БСО)\t1 234 447,00"
      .replaceAll(/(?<=\d) (?=\d)/g, " ")
      .concat("\t9C AE"),
  ]);
  expect(sheetOf(found(rows, "1030"), false)).toContain("1030\t  наименование");
});

test("bytes and folding", () => {
  expect(hex(new Uint8Array([0, 10, 255]))).toBe("00 0A FF");
  expect(fold("1 234,56")).toBe(fold("1\u00a0234.56"));
});

test("modules become runs of rectangles", () => {
  expect(modulePath(new Uint8Array([0b1101_0000, 0b1000_0000, 0, 0b1000_0000]), 9)).toBe(
    "M0 0h2v1h-2zM3 0h1v1h-1zM8 0h1v1h-1zM8 1h1v1h-1z",
  );
  expect(modulePath(new Uint8Array(), 0)).toBe("");
});

test("groups of forms", () => {
  expect(groupOf("shifts")).toBe("shifts");
  expect(groupOf("toString")).toBeUndefined();
  expect(groupOf("")).toBeUndefined();
});
