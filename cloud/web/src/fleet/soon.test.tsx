import { cleanup, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { FakeCabinet } from "../testing/cabinet";
import { till } from "../testing/fleet";
import { startWords } from "../words";
import { stoppingSoon } from "./soon";

const now = Date.now();
const HOUR = 3_600_000;
const stopping = (id: string, cause: string, hours: number) =>
  till(now, { id, name: `Касса ${id}`, stop: { atMs: BigInt(now + hours * HOUR), cause } });

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(cleanup);

test("of what will stop a till each cause has its own notice", () => {
  const tills = [
    stopping("a", "ofd", 119),
    stopping("b", "ofd", 121),
    stopping("c", "fn_room", -1),
    stopping("d", "shift", 1),
    stopping("e", "autonomous", 13),
    stopping("f", "autonomous", 11),
    stopping("g", "certificate", 1),
    stopping("h", "contract", 1),
    till(now, { id: "i" }),
  ];
  expect(stoppingSoon(tills, now).map((x) => x.id)).toEqual(["c", "f", "a"]);
});

const open = (path: string, hours: number) => {
  const cabinet = new FakeCabinet({
    tills: [
      stopping("1", "ofd", hours),
      stopping("2", "fn_term", 100),
      till(now, { id: "3", name: "Касса 3" }),
    ],
    now,
  });
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
};

test("every page says which till stops next, and how many more", async () => {
  open("/tills", 73);
  const link = await screen.findByRole("link", { name: "И ещё 1 касса" });
  expect(link.getAttribute("href")).toBe("/tills?sort=stop");
  const strip = link.closest("[role=status]") as HTMLElement;
  expect(strip.textContent).toMatch(/Касса 1 остановится через 3 дня: документы не уходят в ОФД/);
});

test("a till that stopped is said to", async () => {
  open("/home", -1);
  const link = await screen.findByRole("link", { name: "И ещё 1 касса" });
  expect(link.closest("[role=status]")?.textContent).toMatch(/Касса 1 остановлена: документы не уходят/);
});
