import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { ALL, FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { startWords } from "../words";

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(cleanup);

function open(path: string, o: Partial<FakeOptions> = {}) {
  const cabinet = new FakeCabinet({ tills: [], permissions: [...ALL, "audit:view"], ...o });
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
}

test("acts stand with their change; one object is looked at by itself, and the filter is said and taken away", async () => {
  open("/journal");
  const table = await screen.findByRole("table", { name: "Журнал действий" });
  expect(within(table).getAllByRole("row")).toHaveLength(7);
  expect(table.textContent).toContain("Москва, ул. Лесная, 5 → Москва, ул. Лесная, 7");
  fireEvent.click(within(table).getByRole("button", { name: "Касса 2" }));
  const chip = await screen.findByRole("button", { name: /Над чем: Касса 2/ });
  await waitFor(() => expect(within(screen.getByRole("table")).getAllByRole("row")).toHaveLength(2));
  fireEvent.click(chip);
  await waitFor(() => expect(within(screen.getByRole("table")).getAllByRole("row")).toHaveLength(7));
});

test("no act for the days, none for the filter and none at all differ", async () => {
  open("/journal?from=2999-01-01");
  await screen.findByText("За этот срок ничего нет");
  cleanup();
  open("/journal?actor=nobody");
  await screen.findByText("По отбору ничего не нашлось");
  cleanup();
  open("/journal", { empty: true });
  await screen.findByText("Действий ещё нет");
  cleanup();
  open("/journal", { permissions: ALL });
  await screen.findByText("Такой записи нет, или она не для вас");
});
