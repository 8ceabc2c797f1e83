import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { Light } from "../gen/cabinet/v1/light_pb";
import { FakeCabinet } from "../testing/cabinet";
import { till } from "../testing/fleet";
import { startWords } from "../words";

const now = Date.now();
const many = Array.from({ length: 5000 }, (_, i) =>
  till(now, { id: `t${i}`, name: `Касса ${i}`, light: i < 3 ? Light.RED : Light.GREEN }),
);

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function open(path: string, tills = many) {
  const cabinet = new FakeCabinet({ tills, now });
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  return cabinet;
}

test("of thousands of tills only those near the screen are drawn, and all are counted", async () => {
  // There is no layout here: every row is as high as the list takes it to be.
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(74);
  open("/tills");
  await screen.findByText("Показано 5000 из 5000");
  const table = screen.getByRole("table", { name: "Кассы" });
  expect(table.getAttribute("aria-rowcount")).toBe("5001");
  const rows = within(table).getAllByRole("row");
  expect(rows.length).toBeGreaterThan(10);
  expect(rows.length).toBeLessThan(100);
  expect(within(table).getByRole("link", { name: "Касса 0" })).toBeTruthy();
  expect(screen.getByRole("button", { name: "Остановлена 3" })).toBeTruthy();
});

test("a table to keep holds exactly the rows on screen, in their order", async () => {
  // There is no layout here: every row is as high as the list takes it to be.
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(74);
  const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => {});
  const cabinet = open("/tills?state=red");
  await screen.findByText("Показано 3 из 5000");
  fireEvent.click(screen.getByRole("button", { name: "Выгрузить" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "CSV" }));
  await waitFor(() => expect(click).toHaveBeenCalled());
  expect(cabinet.views.exported.map((e) => e.tillIds)).toEqual([["t0", "t1", "t2"]]);
});

test("a card on a phone offers what a row of the table does", async () => {
  const plain = window.matchMedia;
  vi.spyOn(window, "matchMedia").mockImplementation((query) => ({
    ...plain(query),
    matches: query.includes("max-width"),
    addEventListener: () => {},
    removeEventListener: () => {},
  }));
  open("/tills", many.slice(0, 2));
  const cards = within(await screen.findByRole("list", { name: "Кассы" })).getAllByRole("listitem");
  const card = within(cards[1] as HTMLElement);
  expect(card.getByRole("link").getAttribute("href")).toBe("/tills/t1");
  const menu = card.getByRole("button", { name: "Действия с кассой Касса 1" });
  expect(menu.closest("a")).toBeNull();
  fireEvent.click(menu);
  await screen.findByRole("menuitem", { name: "Продолжить печать…" });
  expect(screen.getByRole("menuitem", { name: "Закрыть смену…", hidden: true })).toBeTruthy();
});

test("a filter is kept under a name, chosen and forgotten", async () => {
  const cabinet = open("/tills?state=red", many.slice(0, 5));
  fireEvent.click(await screen.findByRole("button", { name: "Отборы" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Сохранить этот отбор" }));
  fireEvent.change(await screen.findByRole("textbox", { name: "Название отбора" }), {
    target: { value: "Красные" },
  });
  fireEvent.click(screen.getByRole("button", { name: "Сохранить" }));
  await screen.findByRole("button", { name: "Красные" });
  expect(cabinet.views.views).toEqual([{ id: "view-Красные", name: "Красные", query: "state=red" }]);
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  fireEvent.click(screen.getByRole("button", { name: /^Все/ }));
  await screen.findByText("Показано 5 из 5");
  fireEvent.click(screen.getByRole("button", { name: "Отборы" }));
  // Without layout a menu that opens again stays where it cannot be seen; the browser's story opens it by eye.
  fireEvent.click(await screen.findByRole("menuitem", { name: "Красные", hidden: true }));
  await screen.findByText("Показано 3 из 5");
  fireEvent.click(screen.getByRole("button", { name: "Красные" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Забыть отбор «Красные»", hidden: true }));
  await waitFor(() => expect(cabinet.views.views).toEqual([]));
});

test("columns can be hidden, and stay hidden", async () => {
  open("/tills", many.slice(0, 5));
  const table = await screen.findByRole("table", { name: "Кассы" });
  expect(within(table).getByRole("columnheader", { name: "Агент" })).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Столбцы" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Агент" }));
  await waitFor(() => expect(within(table).queryByRole("columnheader", { name: "Агент" })).toBeNull());
  cleanup();
  open("/tills", many.slice(0, 5));
  const again = await screen.findByRole("table", { name: "Кассы" });
  expect(within(again).queryByRole("columnheader", { name: "Агент" })).toBeNull();
});

test("a row says since when the shift is open, what the memory still takes, whose the till is and who serves it", async () => {
  localStorage.setItem("chekan.tills.hidden", "rnm");
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(74);
  const own = till(now, { id: "own", name: "Своя", organisationId: "o1", shiftOpenedAt: "2026-03-04T08:02" });
  const theirs = till(now, {
    id: "theirs",
    name: "Чужая",
    organisationId: "o2",
    owner: "ООО «Лютик»",
    state: { shiftOpen: false },
    shiftClosedAt: "2026-03-04T22:10",
  });
  const cabinet = open("/tills", [own, theirs]);
  for (const g of cabinet.people.grants) g.nodeId = "";
  const row = async (name: string) =>
    (await screen.findByRole("link", { name })).closest("tr") as HTMLElement;
  await within(await row("Своя")).findByText("ООО «КассСервис»");
  expect((await row("Своя")).textContent).toMatch(/открыта.*08:02/);
  expect((await row("Своя")).textContent).toContain("ещё около 201\u00a0340 ФД");
  expect((await row("Чужая")).textContent).toMatch(/закрыта.*22:10/);
  expect((await row("Чужая")).textContent).toContain("ООО «Лютик»");
  expect((await row("Чужая")).textContent).not.toContain("КассСервис");
  fireEvent.change(screen.getByRole("searchbox"), { target: { value: "лютик" } });
  await waitFor(() => expect(screen.queryByRole("link", { name: "Своя" })).toBeNull());
  await row("Чужая");
});
