import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { gather, PACE } from "./gather";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("the first goes at once, those close behind go together, none is lost and none twice", () => {
  const lots: number[][] = [];
  const put = gather<number>((lot) => lots.push([...lot]));
  put(1);
  expect(lots).toEqual([[1]]);
  put(2);
  put(3);
  expect(lots).toEqual([[1]]);
  vi.advanceTimersByTime(PACE);
  expect(lots).toEqual([[1], [2, 3]]);
  vi.advanceTimersByTime(PACE);
  put(4);
  expect(lots).toEqual([[1], [2, 3], [4]]);
  vi.advanceTimersByTime(10 * PACE);
  expect(lots).toEqual([[1], [2, 3], [4]]);
});
