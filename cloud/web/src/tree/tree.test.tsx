import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeAll, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { ALL, FakeCabinet } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";

beforeAll(() => startWords("ru"));
afterEach(cleanup);

function open(cabinet: FakeCabinet, path = "/tree") {
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
}

/** Rows are found by their node: asking for roles of a whole page is slow. */
const row = (id: string) =>
  waitFor(() => {
    const found = document.querySelector(`tr[data-id="${id}"]`);
    if (!found) throw new Error(`no row of ${id}`);
    return found;
  });

test("keys move what may be moved, and a till is asked about before it changes its outlet", async () => {
  const cabinet = new FakeCabinet({ tills: fleet(Date.now()) });
  open(cabinet);
  const centre = await row("dep-2");
  fireEvent.keyDown(centre, { key: "ArrowLeft", altKey: true });
  await waitFor(() => expect(cabinet.tree.nodes.find((n) => n.id === "dep-2")?.parentId).toBe("o1"));
  const till = cabinet.tree.nodes.find((n) => n.serial !== "");
  const before = till?.parentId;
  const tillRow = document.querySelector(`tr[data-id="${till?.id}"]`);
  fireEvent.keyDown(tillRow as Element, { key: "m" });
  expect(await screen.findByText(/С этой минуты чеки кассы считаются в новой точке/)).toBeTruthy();
  expect(till?.parentId).toBe(before);
});

test("a search leaves what it finds and the way to it; a refusal is a sentence", async () => {
  const cabinet = new FakeCabinet({ tills: fleet(Date.now()) });
  open(cabinet, "/tree?q=Центр%20");
  await row("dep-2");
  expect(document.querySelector('tr[data-id="dep-1"]')).toBeTruthy();
  expect(document.querySelector('tr[data-id="till-green"]')).toBeNull();
  cabinet.tree.refuse = "tree_cycle";
  fireEvent.keyDown(await row("dep-2"), { key: "ArrowLeft", altKey: true });
  expect(await screen.findByText("Отдел нельзя перенести внутрь него самого.")).toBeTruthy();
});

test("who may not change sees no acts", async () => {
  const cabinet = new FakeCabinet({
    tills: fleet(Date.now()),
    permissions: ALL.filter((p) => p !== "tills:configure"),
  });
  open(cabinet);
  await row("dep-2");
  expect(screen.queryByText("Создать точку")).toBeNull();
  fireEvent.keyDown(await row("dep-2"), { key: "ArrowLeft", altKey: true });
  expect(cabinet.tree.nodes.find((n) => n.id === "dep-2")?.parentId).toBe("dep-1");
});

test("a till on its way: the step whose turn it is says what is wrong, and what the till says otherwise", async () => {
  const cabinet = new FakeCabinet({ tills: fleet(Date.now()) });
  open(cabinet, "/connect/till-green");
  expect(await screen.findByText(/не отвечает: порт закрыт/)).toBeTruthy();
  expect(
    await screen.findByText(/В кассе записан другой ОФД: Такском 7704211201 ≠ Платформа ОФД/),
  ).toBeTruthy();
  fireEvent.click(await screen.findByText("Проверить связь"));
  await waitFor(() => expect(cabinet.commands.some((c) => c.tillId === "till-green")).toBe(true));
});
