import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FakeCabinet } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";
import { App } from "./App";
import { above } from "./Keyboard";
import { SHORTCUTS } from "./keys";
import { bottomOf } from "./Navigation";
import { queryClient } from "./queries";

const now = Date.now();

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(cleanup);

function open(path: string) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now });
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
}

const press = (...keys: string[]) => {
  for (const key of keys) fireEvent.keyDown(document.activeElement ?? document.body, { key });
};

const table = () => screen.findByRole("table", { name: "Кассы" });

test("j and k walk over rows, and stop at the ends", async () => {
  open("/tills");
  const links = within(await table())
    .getAllByRole("link")
    .filter((x) => x.getAttribute("href")?.match(/^\/tills\/[^/]+$/));
  press("j");
  expect(document.activeElement).toBe(links[0]);
  press("j", "j");
  expect(document.activeElement).toBe(links[2]);
  press("k");
  expect(document.activeElement).toBe(links[1]);
  press("k", "k", "k");
  expect(document.activeElement).toBe(links[0]);
});

test("g and a letter go to a page, Esc back", async () => {
  open("/tills");
  await table();
  press("g", "c");
  await screen.findByRole("heading", { name: "Чеки", level: 1 });
  press("g", "k");
  fireEvent.click(within(await table()).getByRole("link", { name: "Касса 2" }));
  await screen.findByRole("heading", { name: "Касса 2", level: 1 });
  press("Escape");
  await table();
});

test("Esc on a page opened by its address goes one step up", async () => {
  expect(["/tills", "/tills/1", "/tills/1/documents/2/3", "/"].map(above)).toEqual([
    undefined,
    "/tills",
    "/tills",
    undefined,
  ]);
  open("/tills/till-red");
  await screen.findByRole("heading", { name: "Касса 2", level: 1 });
  press("Escape");
  await table();
});

test("the list of keys tells every shortcut of the table, and keeps the keys to itself", async () => {
  open("/tills");
  await table();
  press("?");
  const help = await screen.findByRole("dialog", { name: "Помощь: Кассы" });
  expect(help.querySelectorAll("dt")).toHaveLength(SHORTCUTS.length);
  press("g", "c");
  expect(screen.getByRole("dialog", { name: "Помощь: Кассы" })).toBeTruthy();
  expect(screen.queryByRole("heading", { name: "Чеки", level: 1 })).toBeNull();
});

test("in a field letters are letters", async () => {
  open("/tills");
  await table();
  const search = screen.getByRole("searchbox", { name: "Поиск кассы" });
  search.focus();
  press("g", "c", "?");
  await waitFor(() => expect(document.activeElement).toBe(search));
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(screen.queryByRole("heading", { name: "Чеки", level: 1 })).toBeNull();
});

test("a phone has four entries at its bottom at most, those meant for it first", () => {
  const place = (to: string, bottom = false) => ({ to, bottom });
  const names = (...places: { to: string; bottom: boolean }[]) => bottomOf(places).map((p) => p.to);
  expect(names(place("a"), place("b"), place("c"), place("d"))).toEqual(["a", "b", "c", "d"]);
  expect(names(place("a"), place("b", true), place("c"), place("d", true), place("e"))).toEqual([
    "a",
    "b",
    "d",
  ]);
});
