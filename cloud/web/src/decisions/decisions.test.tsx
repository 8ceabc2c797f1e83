import { create } from "@bufbuild/protobuf";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { CommandState } from "../gen/cabinet/v1/commands_pb";
import { OperationViewSchema } from "../gen/cabinet/v1/documents_pb";
import { Action, Outcome, Stage } from "../gen/fiscal/v1/fiscal_pb";
import { withUndecided } from "../live/merge";
import { ALL, FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { command, fleet, undecided } from "../testing/fleet";
import { startWords } from "../words";
import { askedSum } from "./sum";
import { answersOf } from "./undecided";

const now = Date.now();

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(cleanup);

function open(path: string, o: Partial<FakeOptions> = {}) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now, undecided: undecided(now), ...o });
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  return cabinet;
}

const cases = async () =>
  within(await screen.findByRole("list", { name: "Требуют решения" }))
    .getAllByRole("listitem")
    .filter((x) => x.classList.contains("panel"));

describe("what a person may answer", () => {
  const [receipt, cash, replaced] = undecided(now).map((v) => v.operation);
  test("is one of the documents that fit, or none", () => {
    expect(receipt && answersOf(receipt)).toEqual([
      { kind: "ours", fd: 20412 },
      { kind: "ours", fd: 20413 },
      { kind: "none" },
    ]);
    expect(cash && answersOf(cash)).toEqual([{ kind: "done" }, { kind: "none" }]);
    expect(replaced && answersOf(replaced)).toEqual([{ kind: "none" }]);
  });
  test("is nothing once it is settled", () => {
    expect(receipt && answersOf({ ...receipt, stage: Stage.ENDED, outcome: Outcome.DONE })).toEqual([]);
  });
  test("the sum asked for is that of the goods, not of the money given", () => {
    expect(receipt && askedSum(receipt)).toBe(31_016n);
    expect(cash && askedSum(cash)).toBe(500_000n);
  });
});

test("the count stands in the navigation and on «Кассы»", async () => {
  open("/tills");
  const nav = await screen.findByRole("navigation", { name: "Разделы" });
  await waitFor(() =>
    expect(within(nav).getByRole("link", { name: /Требуют решения/ }).textContent).toContain("3"),
  );
  await screen.findByRole("table", { name: "Кассы" });
  const links = screen.getAllByRole("link", { name: /Требуют решения/ });
  expect(links.map((l) => l.getAttribute("href"))).toEqual(["/decisions", "/decisions"]);
});

test("each case tells what was asked, what was compared and what fits", async () => {
  open("/decisions");
  const [first, second, third] = await cases();
  await within(first as HTMLElement).findByText("Касса 2");
  expect(first?.textContent).toContain("В накопителе несколько похожих документов.");
  expect(first?.textContent).toContain("ФД 20412: форма 3, признак 1");
  expect(first?.textContent?.replaceAll("\u00a0", " ")).toContain("310,16 ₽");
  const fits = within(first as HTMLElement).getByRole("list", { name: "Подходящие документы в накопителе" });
  expect(within(fits).getAllByRole("listitem")).toHaveLength(2);
  const buttons = (x?: HTMLElement) =>
    within(x as HTMLElement)
      .getAllByRole("button")
      .map((b) => b.textContent);
  expect(buttons(first)).toEqual([
    "Это наш документ ФД 20412",
    "Это наш документ ФД 20413",
    "Документа нет",
    "Проверить ещё раз",
  ]);
  expect(buttons(second)).toEqual(["Выполнено", "Не выполнено", "Проверить ещё раз"]);
  expect(buttons(third)).toEqual(["Документа нет", "Проверить ещё раз"]);
});

test("a decision wants the plan read, a reason and the name of the till, runs before one's eyes and stays", async () => {
  const cabinet = open("/decisions");
  fireEvent.click(await screen.findByRole("button", { name: "Это наш документ ФД 20413" }));
  const dialog = await screen.findByRole("dialog");
  const plan = await within(dialog).findByRole("list", { name: "Что будет сделано" });
  expect(plan.textContent).toContain("Записать решение человека");
  expect(plan.textContent).toContain("меняет фискальные данные");
  const yes = within(dialog).getByRole("button", { name: "Это наш документ ФД 20413" }) as HTMLButtonElement;
  expect(yes.disabled).toBe(true);
  fireEvent.change(within(dialog).getByLabelText("Введите название кассы: Касса 2"), {
    target: { value: "Касса 2" },
  });
  expect(yes.disabled).toBe(true);
  fireEvent.change(within(dialog).getByLabelText("Почему так"), {
    target: { value: " на ленте наш товар " },
  });
  expect(yes.disabled).toBe(false);
  await waitFor(() => expect(cabinet.listeners).toBe(1));
  fireEvent.click(yes);
  await waitFor(() => expect(cabinet.commands).toHaveLength(1));
  const sent = cabinet.commands[0];
  expect(sent?.action).toBe(Action.DECIDE);
  expect(sent?.decision).toMatchObject({ key: "sale-doubt", fd: 20413, reason: "на ленте наш товар" });
  await screen.findByText("Решение человека");
  const id = sent?.id ?? "";
  const done = command(now, "till-red", id, Action.DECIDE, CommandState.DONE, 3);
  done.decision = sent?.decision;
  cabinet.say({ case: "command", value: done });
  const op = undecided(now)[0]?.operation;
  cabinet.say({
    case: "operation",
    value: create(OperationViewSchema, {
      tillId: "till-red",
      operation: op && { ...op, stage: Stage.ENDED, outcome: Outcome.DONE, revision: 9 },
    }),
  });
  await waitFor(async () => expect(await cases()).toHaveLength(2));
  const record = screen.getByRole("region", { name: "Ход команды" });
  expect(record.textContent).toContain("Решено: наш документ ФД 20413.");
  expect(record.textContent).toContain("на ленте наш товар");
});

test("an agent that knows no decisions is told of in words", async () => {
  const cabinet = open("/decisions");
  cabinet.oldAgent = true;
  const first = (await cases())[0] as HTMLElement;
  fireEvent.click(await within(first).findByRole("button", { name: "Документа нет" }));
  const dialog = await screen.findByRole("dialog");
  await within(dialog).findByText(/Агент старой версии/);
  fireEvent.change(within(dialog).getByLabelText("Почему так"), { target: { value: "так" } });
  fireEvent.change(within(dialog).getByLabelText(/Введите название/), { target: { value: "Касса 2" } });
  fireEvent.click(within(dialog).getByRole("button", { name: "Документа нет" }));
  await screen.findByText("Агент этой кассы такого ещё не умеет: обновите его.");
});

test("who may not decide sees the case and no buttons but the check", async () => {
  open("/decisions", { permissions: ALL.filter((p) => p !== "tills:decide") });
  const first = (await cases())[0] as HTMLElement;
  await within(first).findByText("Решает тот, кому администратор дал это право.");
  await waitFor(() =>
    expect(
      within(first)
        .getAllByRole("button")
        .map((b) => b.textContent),
    ).toEqual(["Проверить ещё раз"]),
  );
});

test("nothing to decide, and not for this person, are different texts", async () => {
  open("/decisions", { undecided: [] });
  await screen.findByText("Решать нечего");
  cleanup();
  open("/decisions", { permissions: ["tills:view"] });
  await screen.findByText("Такой записи нет, или она не для вас");
  expect(screen.queryByRole("link", { name: /Требуют решения/ })).toBeNull();
});

test("the stream adds, changes and takes away; an earlier revision changes nothing", () => {
  const [a, b, c] = undecided(now);
  if (!a || !b || !c) throw new Error("three");
  expect(withUndecided([a, c], b)).toEqual([a, b, c]);
  const over = create(OperationViewSchema, {
    tillId: a.tillId,
    operation: a.operation && { ...a.operation, stage: Stage.ENDED, revision: 9 },
  });
  expect(withUndecided([a, b], over)).toEqual([b]);
  expect(withUndecided([b], over)).toEqual([b]);
  const late = create(OperationViewSchema, {
    tillId: a.tillId,
    operation: a.operation && { ...a.operation, stage: Stage.ENDED, revision: 1 },
  });
  expect(withUndecided([a], late)).toEqual([a]);
});
