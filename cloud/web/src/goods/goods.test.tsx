import { Code } from "@connectrpc/connect";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";
import { amount, percent, periodOf, yearTo } from "./goods";

const now = Date.now();

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(cleanup);

function open(path: string, o: Partial<FakeOptions> = {}) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now, ...o });
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
}

const rows = (table: HTMLElement) =>
  within(table)
    .getAllByRole("row")
    .slice(1)
    .map((r) => within(r).getAllByRole("cell")[0]?.textContent);

test("goods stand by what they brought, and lead to their receipts", async () => {
  open("/goods?from=2026-03-01&to=2026-03-31");
  const table = await screen.findByRole("table", { name: "Товары" });
  expect(rows(table)[0]).toContain("Молоко");
  expect(table.textContent).toContain("1\u00a0204,5");
  expect(table.textContent).toContain("41,20\u00a0%");
  const link = within(table).getByRole("link", { name: /Сыр/ });
  const to = new URL(link.getAttribute("href") ?? "", "https://cabinet.example");
  expect(to.pathname).toBe("/documents");
  expect(to.searchParams.get("product")).toBe("Сыр «Российский» весовой, кг");
  expect(to.searchParams.get("from")).toBe("2026-03-01");
  expect(to.searchParams.get("to")).toBe("2026-03-31");
  fireEvent.click(screen.getByText("Худшие"));
  // The former list stands until the other one is here.
  await waitFor(() => expect(rows(screen.getByRole("table", { name: "Товары" }))[0]).toContain("Пакет"));
  fireEvent.change(screen.getByLabelText("Название содержит"), { target: { value: "хлеб" } });
  await screen.findByText(/1 наименование/);
  expect(screen.getByRole("button", { name: "Выгрузить" })).toBeTruthy();
});

test("a list of no goods says why", async () => {
  open("/goods", { empty: true });
  await screen.findByText("За этот срок ничего нет");
  cleanup();
  open("/goods?name=слон");
  await screen.findByText("По отбору ничего не нашлось");
  cleanup();
  open("/goods", { trouble: Code.Internal });
  await screen.findByText("Прочитать не удалось: кабинет отказал");
  cleanup();
  open("/goods", { permissions: ["tills:view", "documents:view"] });
  await screen.findByText("Такой записи нет, или она не для вас");
  expect(screen.queryByRole("link", { name: "Товары" })).toBeNull();
});

test("days that were not chosen are this month's", () => {
  const at = new Date(2026, 2, 17);
  expect(periodOf(undefined, undefined, at)).toEqual({ from: "2026-03-01", to: "2026-03-17" });
  expect(periodOf(undefined, "2026-02-10", at)).toEqual({ from: "2026-02-01", to: "2026-02-10" });
  expect(periodOf("2026-01-05", "nonsense", at)).toEqual({ from: "2026-01-05", to: "2026-03-17" });
  expect(yearTo("2026-03-17")).toBe("2025-04-01");
  expect(yearTo("2026-12-31")).toBe("2026-01-01");
});

test("how much is written as the language does, to the last place", () => {
  expect(amount("1204.5", "ru")).toBe("1\u00a0204,5");
  expect(amount("1204567.000001", "en")).toBe("1,204,567.000001");
  expect(amount("-2", "ru")).toBe("−2");
  expect(amount("0", "kk")).toBe("0");
  expect(percent(4120, "ru")).toBe("41,20\u00a0%");
  expect(percent(5, "en")).toBe("0.05%");
});
