import { expect, test } from "vitest";
import { filterOf } from "./filter";
import { dayWord } from "./inputs";

test("every attribute of the filter goes to the cabinet", () => {
  expect(
    filterOf({
      till: "t1",
      outlet: "o1",
      rnm: "0001",
      fn: "99",
      shift: "7",
      form: "31",
      paper: "2",
      ofd: "1",
    }),
  ).toMatchObject({
    tillIds: ["t1"],
    outletId: "o1",
    rnm: "0001",
    fn: "99",
    shift: 7,
    types: [31],
    paper: 2,
    ofd: 1,
  });
  // A shift is known by its memory; without one its number says nothing.
  expect(filterOf({ shift: "7" }).shift).toBe(0);
  expect(filterOf({ form: "99", paper: "x", ofd: "7" })).toMatchObject({ paper: 0, ofd: 0 });
});

test("days are shown as people write them", () => {
  expect(dayWord("2026-03-04")).toBe("04.03.2026");
  expect(dayWord("вчера")).toBe("вчера");
});
