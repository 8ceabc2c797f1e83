import { create } from "@bufbuild/protobuf";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { CommandState, TicketCellSchema } from "../gen/cabinet/v1/commands_pb";
import { Action, Consent } from "../gen/fiscal/v1/fiscal_pb";
import { ALL, FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { command, fleet } from "../testing/fleet";
import { startWords } from "../words";
import { minutes } from "./ConsentLine";

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
  return cabinet;
}

/** Opens the plan of an action of the menu and gives its dialog. */
async function plan(item: string) {
  fireEvent.click(await screen.findByRole("button", { name: "Другие действия" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: item }));
  const dialog = await screen.findByRole("dialog");
  await within(dialog).findByRole("list", { name: "Что будет сделано" });
  return dialog;
}

describe("the cashier's permission", () => {
  test("is asked for by default where fiscal data can change, and only there", async () => {
    const cabinet = open("/tills/till-red");
    const dialog = await plan("Закрыть смену…");
    const box = within(dialog).getByRole("checkbox", { name: "Спросить разрешения у кассира" });
    expect((box as HTMLInputElement).checked).toBe(true);
    fireEvent.click(within(dialog).getByRole("button", { name: "Закрыть смену" }));
    await waitFor(() => expect(cabinet.commands[0]?.askConsent).toBe(true));
    cleanup();
    const other = open("/tills/till-red");
    const report = await plan("X-отчёт…");
    const bare = within(report).getByRole("checkbox", { name: "Спросить разрешения у кассира" });
    expect((bare as HTMLInputElement).checked).toBe(false);
    fireEvent.click(within(report).getByRole("button", { name: "X-отчёт" }));
    await waitFor(() => expect(other.commands[0]?.askConsent).toBe(false));
  });

  test("can be left out and asked for by hand", async () => {
    const cabinet = open("/tills/till-red");
    const dialog = await plan("Закрыть смену…");
    fireEvent.click(within(dialog).getByRole("checkbox"));
    fireEvent.click(within(dialog).getByRole("button", { name: "Закрыть смену" }));
    await waitFor(() => expect(cabinet.commands[0]?.askConsent).toBe(false));
  });

  test.each([
    [Consent.ASKED, false, "Ждём ответа кассира", "Ждёт кассира"],
    [Consent.GIVEN, false, "Кассир разрешил.", "Выполняется"],
    [Consent.REFUSED, true, "Кассир не разрешил. Ничего не сделано.", "Не удалось"],
    [Consent.EXPIRED, true, "Кассир не ответил вовремя. Ничего не сделано.", "Не удалось"],
  ])("%s is shown live and in the record", async (consent, ended, line, word) => {
    const cabinet = open("/tills/till-red/commands");
    await screen.findByText("Команд ещё не было");
    await waitFor(() => expect(cabinet.listeners).toBe(1));
    const state = ended ? CommandState.FAILED : CommandState.RUNNING;
    const c = command(Date.now(), "till-red", "c1", Action.CLOSE_SHIFT, state, 0);
    if (c.run) {
      Object.assign(c.run, {
        consent,
        ended,
        consentUntilMs: BigInt(Date.now() + 300_000),
        text: ended ? line : "",
      });
    }
    cabinet.commands = [c];
    cabinet.say({ case: "command", value: c });
    const list = await screen.findByRole("list", { name: "Журнал команд" });
    fireEvent.click(within(list).getByRole("button", { expanded: false }));
    await waitFor(() => expect(list.textContent).toContain(line));
    expect(list.textContent?.split(line).length, "said once").toBe(2);
    expect(list.textContent).toContain(word);
    if (consent === Consent.ASKED) expect(list.textContent).toMatch(/осталось \d:\d\d/);
  });

  test("minutes and seconds", () => {
    expect([minutes(600_000), minutes(65_001), minutes(1), minutes(-5)]).toEqual([
      "10:00",
      "1:06",
      "0:01",
      "0:00",
    ]);
  });
});

const ticket = (id: string, tillId: string, closed = false) =>
  create(TicketCellSchema, {
    id,
    tillId,
    text: "Касса не отвечает.",
    openedMs: BigInt(now - 60_000),
    ...(closed && { closedMs: BigInt(now), closedBy: "anna", resolution: "Заменили кабель." }),
  });

describe("tickets", () => {
  const all = () => [
    ticket("7QF9-M2PK", "till-red"),
    ticket("AAAA-BBBB", "till-yellow"),
    ticket("OLD0-OLD0", "till-red", true),
  ];

  test("stand beside the decisions, counted in the navigation, with their tills", async () => {
    open("/decisions", { tickets: all() });
    const list = await screen.findByRole("list", { name: "Заявки" });
    expect(within(list).getAllByRole("listitem")).toHaveLength(2);
    expect(list.textContent).toContain("Заявка № 7QF9-M2PK");
    expect((await within(list).findByRole("link", { name: "Касса 2" })).getAttribute("href")).toBe(
      "/tills/till-red",
    );
    const nav = screen.getByRole("navigation", { name: "Разделы" });
    expect(within(nav).getByRole("link", { name: /Требуют решения/ }).textContent).toContain("2");
  });

  test("show on the till what was tried, and are closed with what was done", async () => {
    const cabinet = open("/tills/till-red", { tickets: all() });
    const panel = await screen.findByRole("region", { name: "Заявки" });
    expect(within(panel).getAllByText(/Заявка №/)).toHaveLength(1);
    fireEvent.click(within(panel).getByRole("button", { name: "Подробнее" }));
    await within(panel).findByRole("list", { name: "Что пробовал агент" });
    within(panel).getByRole("button", { name: "Скачать файл для разбора" });
    fireEvent.click(within(panel).getByRole("button", { name: "Закрыть заявку" }));
    const close = within(panel).getByRole("button", { name: "Закрыть заявку" }) as HTMLButtonElement;
    expect(close.disabled).toBe(true);
    fireEvent.change(within(panel).getByRole("textbox", { name: "Что сделано" }), {
      target: { value: " заменили кабель " },
    });
    fireEvent.click(close);
    await waitFor(() => expect(screen.queryByRole("region", { name: "Заявки" })).toBeNull());
    expect(cabinet.tickets[0]?.resolution).toBe("заменили кабель");
    fireEvent.click(screen.getByRole("tab", { name: "Журнал команд" }));
    const closed = await screen.findByRole("list", { name: "Заявки" });
    expect(closed.textContent).toContain("Закрыта: anna");
    expect(closed.textContent).toContain("«Заменили кабель.»");
    expect(within(closed).getAllByRole("listitem")).toHaveLength(2);
    expect(within(closed).queryByRole("button", { name: "Закрыть заявку" })).toBeNull();
  });

  test("are closed by nobody without the right", async () => {
    open("/tills/till-red", { tickets: all(), permissions: ALL.filter((x) => x !== "tills:recover") });
    const panel = await screen.findByRole("region", { name: "Заявки" });
    expect(within(panel).queryByRole("button", { name: "Закрыть заявку" })).toBeNull();
  });
});
