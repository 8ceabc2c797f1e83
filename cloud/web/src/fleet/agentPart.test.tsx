import { create } from "@bufbuild/protobuf";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { CommandState } from "../gen/cabinet/v1/commands_pb";
import { Action, RunSchema, StepState } from "../gen/fiscal/v1/fiscal_pb";
import { ALL, FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { command, fleet } from "../testing/fleet";
import { startWords } from "../words";
import kk from "../words/kk";

const now = Date.now();

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
  URL.createObjectURL = vi.fn(() => "blob:bundle");
  URL.revokeObjectURL = vi.fn();
});
afterEach(cleanup);

function open(o: Partial<FakeOptions> = {}, before = (_: FakeCabinet) => {}) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now, ...o });
  before(cabinet);
  render(
    <MemoryRouter initialEntries={["/tills/till-red"]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  return cabinet;
}

const part = () => screen.findByRole("region", { name: "Агент" });

/** Opens the plan of an act and waits until it is read: what is pressed before comes to nothing. */
async function ask(button: string) {
  fireEvent.click(within(await part()).getByRole("button", { name: button }));
  const dialog = await screen.findByRole("dialog");
  const yes = within(dialog).getByRole("button", { name: button });
  await waitFor(() => expect(yes.hasAttribute("data-loading")).toBe(false));
  return dialog;
}

describe("the agent's own part", () => {
  test("shows the plan, sends the order once, and the steps as they come", async () => {
    const cabinet = open();
    const dialog = await ask("Проверить сеть");
    expect(within(dialog).getByText("Кабинет: имя, соединение, сертификат")).toBeTruthy();
    await waitFor(() => expect(cabinet.listeners).toBe(1));
    fireEvent.click(within(dialog).getByRole("button", { name: "Проверить сеть" }));
    await waitFor(() => expect(cabinet.commands[0]?.action).toBe(Action.CHECK_NETWORK));
    expect(cabinet.commands.length).toBe(1);
    const c = cabinet.commands[0];
    if (!c) throw new Error("no command");
    const step = (code: string, title: string, state: StepState, result = "") => ({
      code,
      title,
      state,
      result,
    });
    for (const steps of [
      [step("net_cabinet_dns", "Кабинет: имя kassa.example.ru", StepState.RUNNING)],
      [
        step("net_cabinet_dns", "Кабинет: имя kassa.example.ru", StepState.DONE, "Имя найдено."),
        step("net_cabinet_tcp", "Кабинет: соединение", StepState.FAILED, "Порт закрыт."),
      ],
    ]) {
      const news = command(Date.now(), "till-red", c.id, Action.CHECK_NETWORK, CommandState.RUNNING, 0);
      news.run = create(RunSchema, { id: c.id, action: Action.CHECK_NETWORK, steps });
      cabinet.commands = [news];
      cabinet.say({ case: "command", value: news });
      const list = await screen.findByRole("region", { name: "Ход команды" });
      await waitFor(() => {
        for (const s of steps) expect(list.textContent).toContain(s.title);
      });
    }
    expect((await screen.findByText("Порт закрыт.")).textContent).toBe("Порт закрыт.");
  });

  test("sends the level that was chosen", async () => {
    const cabinet = open();
    const dialog = await ask("Сменить подробность журнала");
    fireEvent.change(within(dialog).getByRole("combobox"), { target: { value: "warn" } });
    fireEvent.click(within(dialog).getByRole("button", { name: "Сменить подробность журнала" }));
    await waitFor(() => expect(cabinet.commands[0]?.logLevel).toBe("warn"));
  });

  test("warns before a restart", async () => {
    open();
    const dialog = await ask("Перезапустить агента");
    expect(dialog.textContent).toContain("Агент закончит начатые операции");
  });

  test("gives the file that was collected", async () => {
    const done = command(now, "till-red", "b1", Action.COLLECT_BUNDLE, CommandState.DONE, 2);
    done.hasBundle = true;
    const cabinet = open({}, (c) => {
      c.commands = [done];
    });
    await part();
    fireEvent.click(screen.getByRole("tab", { name: "Журнал команд" }));
    const list = await screen.findByRole("list", { name: "Журнал команд" });
    fireEvent.click(within(list).getByRole("button", { expanded: false }));
    fireEvent.click(await within(list).findByRole("button", { name: "Скачать файл" }));
    await waitFor(() => expect(cabinet.bundlesGiven).toEqual(["b1"]));
    await waitFor(() => expect(URL.createObjectURL).toHaveBeenCalled());
  });

  test("says that the agent is too old", async () => {
    const cabinet = open({}, (c) => {
      c.oldAgent = true;
    });
    const dialog = await ask("Проверить сеть");
    fireEvent.click(within(dialog).getByRole("button", { name: "Проверить сеть" }));
    await screen.findByText("Агент этой кассы такого ещё не умеет", { exact: false });
    expect(cabinet.commands.length).toBe(0);
  });

  test("is not for those who may not repair", async () => {
    open({ permissions: ALL.filter((x) => x !== "tills:recover") });
    await screen.findByRole("heading", { level: 1 });
    expect(screen.queryByRole("region", { name: "Агент" })).toBeNull();
  });

  test("speaks Kazakh", async () => {
    localStorage.clear();
    await startWords("kk");
    open();
    await screen.findByRole("button", { name: kk.actions.check_network });
  });
});
