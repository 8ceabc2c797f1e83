import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { agents } from "../testing/agents";
import { ALL, FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";
import { standing } from "./AgentsPage";

const now = Date.now();

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function open(path: string, o: Partial<FakeOptions> = {}) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now, agents: agents(now), ...o });
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  return cabinet;
}

const plain = (e: Element | null | undefined) => (e?.textContent ?? "").replaceAll("\u00a0", " ");

test("what is said of an agent first", () => {
  expect(agents(now).map(standing)).toEqual(["twins", "online", "offline", "revoked"]);
});

test("two programs under one identity stand first, with both computers", async () => {
  open("/agents");
  const conflict = await screen.findByRole("region", {
    name: "Под одним именем работают несколько компьютеров",
  });
  const both = within(within(conflict).getByRole("list")).getAllByRole("listitem");
  expect(both.map(plain)).toEqual([
    expect.stringMatching(/KASSA-2203\.0\.113\.7.*Данные принимаются$/),
    expect.stringMatching(/KASSA-2198\.51\.100\.23.*Данные не принимаются$/),
  ]);
  const rows = within(screen.getByRole("table", { name: "Агенты" }))
    .getAllByRole("row")
    .slice(1);
  expect(rows).toHaveLength(3);
  expect(plain(rows[0])).toContain("Два компьютера");
  expect(plain(rows[1])).toContain("На связи");
  expect(plain(rows[1])).toContain("kassa1, бар");
  expect(plain(rows[2])).toContain("Нет связи");
  expect(plain(rows[2])).toContain("Скоро истечёт");
  expect(plain(screen.getByRole("table", { name: "Отозванные", hidden: true }))).toContain("OLD-PC");
});

test("an agent is revoked only under its computer's name, and says what will happen", async () => {
  const cabinet = open("/agents");
  fireEvent.click(await screen.findByRole("button", { name: "Отозвать: KASSA-PC" }));
  const dialog = await screen.findByRole("dialog", { name: "Отозвать агента KASSA-PC?" });
  expect(plain(dialog)).toContain("Не позже чем через минуту");
  expect(plain(dialog)).toContain("Кассы продолжат пробивать чеки");
  expect(plain(dialog)).toContain("kassa1, бар");
  const yes = within(dialog).getByRole("button", { name: "Отозвать" }) as HTMLButtonElement;
  const field = within(dialog).getByRole("textbox");
  expect(yes.disabled).toBe(true);
  fireEvent.change(field, { target: { value: "KASSA-2" } });
  expect(yes.disabled).toBe(true);
  fireEvent.change(field, { target: { value: " kassa-pc " } });
  expect(yes.disabled).toBe(false);
  fireEvent.click(yes);
  await waitFor(() => expect(screen.queryByRole("button", { name: "Отозвать: KASSA-PC" })).toBeNull());
  expect(cabinet.agents.filter((a) => a.revokedMs > 0n).map((a) => a.id)).toEqual(["agent-1", "agent-4"]);
});

test("who may not configure sees agents and revokes none", async () => {
  open("/agents", { permissions: ALL.filter((p) => p !== "tills:configure") });
  await screen.findByRole("table", { name: "Агенты" });
  expect(screen.queryByRole("button", { name: /Отозвать/ })).toBeNull();
  expect(screen.queryByRole("button", { name: "Подключить агента" })).toBeNull();
});

test("no agents yet: how to get one", async () => {
  open("/agents", { agents: [], tills: [] });
  await screen.findByText("Агентов пока нет");
  fireEvent.click(screen.getByRole("button", { name: "Подключить агента" }));
  await screen.findByRole("dialog");
});

test.each([
  ["kk", "Агенттер", "Екі компьютер"],
  ["en", "Agents", "Two computers"],
])("in %s", async (lang, title, twins) => {
  await startWords(lang as "kk" | "en");
  open("/agents");
  const table = await screen.findByRole("table", { name: title });
  expect(plain(table)).toContain(twins);
});
