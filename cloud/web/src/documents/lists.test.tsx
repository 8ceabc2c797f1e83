import { MantineProvider } from "@mantine/core";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { beforeEach, expect, test } from "vitest";
import { startWords } from "../words";
import { Listed, type Narrowed, narrowedBy } from "./lists";

beforeEach(() => {
  cleanup();
  void startWords("ru");
});

test("days alone are widened, anything else is taken away", () => {
  expect(narrowedBy([])).toBe("none");
  expect(narrowedBy(["from"])).toBe("days");
  expect(narrowedBy(["to", "from"])).toBe("days");
  expect(narrowedBy(["from", "till"])).toBe("filter");
});

const settled = {
  isPending: false,
  data: {},
  error: null as unknown,
  isFetchNextPageError: false,
  hasNextPage: false,
  isFetchingNextPage: false,
  refetch: () => {},
  fetchNextPage: () => {},
};

function show(list: Partial<typeof settled>, count: number, narrowed: Narrowed = "none") {
  const told: string[] = [];
  render(
    <MemoryRouter>
      <MantineProvider>
        <Listed
          list={{
            ...settled,
            refetch: () => told.push("again"),
            fetchNextPage: () => told.push("next"),
            ...list,
          }}
          count={count}
          narrowed={narrowed}
          none={<p>none yet</p>}
          onWiden={() => told.push("widen")}
          onClear={() => told.push("clear")}
        >
          <p>rows</p>
        </Listed>
      </MantineProvider>
    </MemoryRouter>,
  );
  return told;
}

test("a list without rows says which of its states it is in", () => {
  show({}, 0);
  screen.getByText("none yet");
  cleanup();
  let told = show({}, 0, "days");
  fireEvent.click(screen.getByRole("button"));
  expect(told).toEqual(["widen"]);
  cleanup();
  told = show({}, 0, "filter");
  fireEvent.click(screen.getByRole("button"));
  expect(told).toEqual(["clear"]);
  cleanup();
  told = show({ data: undefined, error: new Error("silence") }, 0);
  fireEvent.click(screen.getByRole("button"));
  expect(told).toEqual(["again"]);
  expect(screen.queryByText("rows")).toBeNull();
});

test("rows that were read stay when the next ones could not be", () => {
  const told = show({ error: new Error("silence"), isFetchNextPageError: true, hasNextPage: true }, 3);
  screen.getByText("rows");
  fireEvent.click(screen.getByRole("button"));
  expect(told).toEqual(["next"]);
});

test("while nothing passes the filter yet the list reads on by itself, but not against a refusal", () => {
  expect(show({ hasNextPage: true }, 0, "filter")).toEqual(["next"]);
  cleanup();
  expect(show({ hasNextPage: true, error: new Error("silence") }, 0, "filter")).toEqual([]);
});
