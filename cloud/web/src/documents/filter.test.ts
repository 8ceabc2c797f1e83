import { expect, test } from "vitest";
import { filterOf, readFilter, sumOf, sumsOf } from "./filter";

test("sums are read as people type them", () => {
  expect(sumOf("1 234,5")).toBe(123450n);
  expect(sumOf("1\u00a0234.05")).toBe(123405n);
  expect(sumOf("7")).toBe(700n);
  expect(sumOf("сто")).toBeUndefined();
  expect(sumOf("1,234")).toBeUndefined();
  expect(sumsOf("100")).toEqual([10000n, 10000n]);
  expect(sumsOf("100–500")).toEqual([10000n, 50000n]);
  expect(sumsOf("100-")).toEqual([10000n, undefined]);
  expect(sumsOf("")).toEqual([undefined, undefined]);
});

test("the address is the filter", () => {
  const f = filterOf(
    readFilter(new URLSearchParams("from=2026-03-01&kind=2&payment=1&product=хлеб&fd=12&cashier=и&x=1")),
  );
  expect(f).toMatchObject({
    from: "2026-03-01",
    kinds: [2],
    payments: [1],
    product: "хлеб",
    fd: 12,
    cashier: "",
  });
  expect(filterOf({ kind: "99", payment: "x", fd: "99999999999" })).toMatchObject({
    kinds: [],
    payments: [],
    fd: 0,
  });
});
