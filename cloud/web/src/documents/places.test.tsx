import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { MemoryRouter, useLocation } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";

const now = Date.now();

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(cleanup);

let address = "";
function Address() {
  const { pathname, search } = useLocation();
  address = pathname + search;
  return null;
}

function open(path: string, o: Partial<FakeOptions> = {}, change: (c: FakeCabinet) => void = () => {}) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now, ...o });
  change(cabinet);
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
      <Address />
    </MemoryRouter>,
  );
}

/** Opens the choice of a place, and gives what there is to choose, by group. */
async function choices(): Promise<HTMLElement> {
  const input = await screen.findByRole("combobox", { name: "Место" });
  fireEvent.focus(input);
  fireEvent.click(input);
  const list = await screen.findByRole("listbox", { hidden: true });
  await within(list).findByText("Отделы");
  return list;
}

test.each([
  ["/documents", "Чеки"],
  ["/shifts", "Смены"],
  ["/goods", "Товары"],
])("%s is narrowed by any place, and the address keeps it", async (path, title) => {
  open(path);
  await screen.findByRole("table", { name: title });
  const list = await choices();
  for (const group of ["Точки", "Кассы", "Закрытые точки"]) within(list).getByText(group);
  fireEvent.click(within(list).getByRole("option", { name: "Казань / Центр", hidden: true }));
  await screen.findByRole("button", { name: "Убрать: Место: Казань / Центр" });
  expect(address).toBe(`${path}?node=dep-2`);
  expect((screen.getByRole("combobox", { name: "Место" }) as HTMLInputElement).value).toBe("Казань / Центр");
  await screen.findByRole("table", { name: title });
  fireEvent.click(screen.getByRole("button", { name: "Убрать: Место: Казань / Центр" }));
  await screen.findByRole("table", { name: title });
  expect(address).toBe(path);
});

test("addresses of before go on, and a new place takes the place of the old one", async () => {
  open("/shifts?outlet=outlet-1&from=2020-01-01");
  await screen.findByRole("button", { name: /^Убрать: Место: Казань \/ Центр \// });
  const list = await choices();
  fireEvent.click(within(list).getByRole("option", { name: "Казань", hidden: true }));
  await screen.findByRole("button", { name: "Убрать: Место: Казань" });
  expect(Object.fromEntries(new URLSearchParams(address.split("?")[1]))).toEqual({
    node: "dep-1",
    from: "2020-01-01",
  });
  cleanup();
  open("/goods?till=till-red");
  await screen.findByRole("button", { name: /^Убрать: Место: Казань \/ Центр \/ .+ \/ .+/ });
});

test("what is only on the way is not to be chosen, and a place of somebody else says so", async () => {
  open("/documents", {}, (c) => {
    for (const n of c.tree.nodes) n.passing = n.id === "o1" || n.id === "dep-1";
  });
  const list = await choices();
  expect(within(list).queryByRole("option", { name: "Казань", hidden: true })).toBeNull();
  within(list).getByRole("option", { name: "Казань / Центр", hidden: true });
  cleanup();
  for (const page of ["/documents", "/shifts", "/goods", "/home"]) {
    open(`${page}?node=nowhere`);
    await screen.findByText("Такой записи нет, или она не для вас");
    fireEvent.click(screen.getByRole("button", { name: "Снять отбор" }));
    await screen.findByRole("table", { name: page === "/home" ? "Выручка по часам" : /Чеки|Смены|Товары/ });
    expect(address).toBe(page);
    cleanup();
  }
});

test("a place without a row is told from a cabinet without one", async () => {
  open("/shifts?node=till-yellow");
  await screen.findByText("По отбору ничего не нашлось");
});

test("the owner's revenue is that of the place, and its links stay there", async () => {
  open("/home?node=dep-1");
  const today = await screen.findByRole("region", { name: "Сегодня" });
  expect(today.textContent).toContain("29\u00a0061,75\u00a0₽");
  expect(within(today).getByRole("link").getAttribute("href")).toMatch(/^\/documents\?node=dep-1&from=/);
  const outlets = screen.getByRole("table", { name: "По торговым точкам" });
  expect(within(outlets).getAllByRole("link")[0]?.getAttribute("href")).toMatch(
    /^\/documents\?outlet=outlet-\d&node=dep-1&from=/,
  );
});
