import { create } from "@bufbuild/protobuf";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { TicketCellSchema } from "../gen/cabinet/v1/commands_pb";
import { NoteSchema, WorkState } from "../gen/cabinet/v1/remote_pb";
import { Action } from "../gen/fiscal/v1/fiscal_pb";
import { FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";
import { obstacleKey } from "./obstacles";
import { clockOf, minuteOf } from "./RulesPage";
import { entries } from "./Thread";

const now = Date.now();

beforeEach(async () => {
  localStorage.clear();
  sessionStorage.clear();
  await startWords("ru");
});
afterEach(cleanup);

function open(path: string, o: Partial<FakeOptions> = {}, arrange: (c: FakeCabinet) => void = () => {}) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now, ...o });
  arrange(cabinet);
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  return cabinet;
}

const full = (c: FakeCabinet) => c.remote.full();

describe("works", () => {
  test("none yet: says where they come from", async () => {
    open("/works");
    expect(await screen.findByText("Работ ещё не было")).toBeDefined();
    expect(screen.getByRole("link", { name: "К кассам" }).getAttribute("href")).toBe("/tills");
  });

  test("a work that stopped says why, and goes on when told", async () => {
    const cabinet = open("/works/w1", {}, full);
    expect(await screen.findByText("Неудач столько, на скольких просили остановиться.")).toBeDefined();
    const rows = within(screen.getByRole("list", { name: "Кассы" })).getAllByRole("listitem");
    expect(rows.length).toBe(cabinet.tills.length);
    expect(
      screen.getAllByText("Агент старой версии: этого он не умеет. Обновите его.").length,
    ).toBeGreaterThan(0);
    fireEvent.click(screen.getByRole("button", { name: "Продолжить" }));
    await waitFor(() => expect(cabinet.remote.works[0]?.state).toBe(WorkState.RUNNING));
  });

  test("a work of nobody is absent", async () => {
    open("/works/w404", {}, full);
    expect(await screen.findByText("Такой работы нет")).toBeDefined();
  });

  test("the tills shown are given an action, those it would come to nothing on are left out", async () => {
    const cabinet = open("/tills");
    fireEvent.click(await screen.findByRole("button", { name: "Действие для этих касс" }));
    const dialog = await screen.findByRole("dialog");
    await within(dialog).findByText(/^Будет сделано:/);
    const list = within(dialog).getByRole("list", { name: "Кассы" });
    const boxes = within(list).getAllByRole("checkbox") as HTMLInputElement[];
    expect(boxes.length).toBe(cabinet.tills.length);
    const free = boxes.filter((b) => !b.disabled);
    expect(free.every((b) => b.checked)).toBe(true);
    fireEvent.click(free[0] as HTMLInputElement);
    fireEvent.click(within(dialog).getByRole("button", { name: "Начать" }));
    await waitFor(() => expect(cabinet.remote.works.length).toBe(1));
    const order = cabinet.remote.works[0]?.order;
    expect(order?.action).toBe(Action.CHECK);
    expect(order?.tillIds.length).toBe(free.length - 1);
    expect(order?.perMinute).toBe(10);
    expect(await screen.findByRole("heading", { name: "Проверить" })).toBeDefined();
  });
});

describe("an action on one till", () => {
  test("says what is in its way, and asks for a reason and the name where they are wanted", async () => {
    const cabinet = open("/tills/till-red");
    fireEvent.click(await screen.findByRole("button", { name: "Другие действия" }));
    fireEvent.click(await screen.findByRole("menuitem", { name: "Перезагрузить кассу…" }));
    const dialog = await screen.findByRole("dialog");
    const yes = await within(dialog).findByRole("button", { name: "Перезагрузить кассу" });
    const till = cabinet.tills.find((x) => x.id === "till-red");
    fireEvent.change(await within(dialog).findByLabelText(/^Зачем/), { target: { value: "висит" } });
    expect((yes as HTMLButtonElement).disabled).toBe(true);
    fireEvent.change(within(dialog).getByLabelText(/^Введите название кассы/), {
      target: { value: till?.name.toUpperCase() },
    });
    fireEvent.click(yes);
    await waitFor(() => expect(cabinet.commands[0]?.reason).toBe("висит"));
    cleanup();
    open("/tills/till-red");
    fireEvent.click(await screen.findByRole("button", { name: "Другие действия" }));
    fireEvent.click(await screen.findByRole("menuitem", { name: "X-отчёт…" }));
    expect(await screen.findByText("В кассе нет бумаги или открыта крышка.")).toBeDefined();
  });

  test("an obstacle of tomorrow is shown as it came", () => {
    expect(obstacleKey("shift_open")).toBe("remote.obstacles.shift_open");
    expect(obstacleKey("eclipse")).toBe("remote.obstacles.other");
  });
});

describe("rules", () => {
  test("say what holds and whose it is; what a rule would have done is shown before it is switched on", async () => {
    const cabinet = open("/rules");
    const rules = within(await screen.findByRole("list", { name: "Правила" })).getAllByRole("listitem");
    expect(rules.length).toBe(4);
    const port = within(rules[1] as HTMLElement);
    expect(port.getByText("Не задано: как в настройках агента")).toBeDefined();
    fireEvent.click(port.getByRole("button", { name: "Включить…" }));
    const dialog = await screen.findByRole("dialog");
    expect(await within(dialog).findByText("Сработало бы 3 раза")).toBeDefined();
    fireEvent.click(within(dialog).getByRole("button", { name: "Включить" }));
    await waitFor(() => expect(cabinet.remote.rules[1]?.here?.on).toBe(true));
  });

  test("are set for a department as for the company: the place is chosen on the page", async () => {
    const cabinet = open("/rules");
    await screen.findByRole("list", { name: "Правила" });
    const place = screen.getByRole("combobox", { name: "Для чего" }) as HTMLInputElement;
    await waitFor(() => expect(place.value).toBe("Вся компания")); // the tree comes by itself
    fireEvent.click(place);
    fireEvent.click(await screen.findByRole("option", { name: "Казань / Центр", hidden: true }));
    await waitFor(() => expect(place.value).toBe("Казань / Центр"));
    const rules = within(await screen.findByRole("list", { name: "Правила" })).getAllByRole("listitem");
    fireEvent.click(within(rules[1] as HTMLElement).getByRole("button", { name: "Включить…" }));
    fireEvent.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Включить" }));
    await waitFor(() => expect(cabinet.remote.ruledAt).toBe("dep-2"));
  });

  test("who may not configure sees them and changes nothing", async () => {
    open("/rules", { permissions: ["tills:view"] });
    await screen.findByRole("list", { name: "Правила" });
    expect(screen.queryByRole("button", { name: /Включить|Изменить|Выключить/ })).toBeNull();
  });

  test("a time is read as people write it", () => {
    expect(clockOf(1430)).toBe("23:50");
    expect(clockOf(5)).toBe("00:05");
    expect(minuteOf(" 9:05 ")).toBe(545);
    for (const bad of ["", "24:00", "9:60", "9.30", "вечером"]) expect(minuteOf(bad)).toBeUndefined();
  });
});

describe("the thread of a till", () => {
  test("shows text as text, counts what is unread, and reads it by being opened", async () => {
    const cabinet = open("/notes", {}, full);
    const till = cabinet.tills[0];
    const list = await screen.findByRole("list", { name: "Переписка" });
    const link = await within(list).findByRole("link", { name: till?.name });
    expect(screen.getByText(/1 непрочитанное/)).toBeDefined();
    fireEvent.click(link);
    expect(await screen.findByText(/<b>Касса<\/b> с утра не печатает/)).toBeDefined();
    expect(document.querySelector(".thread b")).toBeNull();
    await waitFor(() => expect(cabinet.remote.read.get(till?.id ?? "")).toBe(cabinet.remote.notes[0]?.atMs));
    fireEvent.change(screen.getByLabelText("Сообщение"), { target: { value: " Спасибо, работает. " } });
    fireEvent.click(screen.getByRole("button", { name: "Отправить" }));
    expect(await screen.findByText("Спасибо, работает.")).toBeDefined();
  });

  test("tickets stand among the notes where their time puts them", () => {
    const note = (id: string, at: number) => create(NoteSchema, { id, atMs: BigInt(at) });
    const ticket = create(TicketCellSchema, { id: "t", openedMs: 15n, closedMs: 25n });
    const old = create(TicketCellSchema, { id: "o", openedMs: 1n });
    const keys = (more: boolean) =>
      entries([note("b", 20), note("a", 10)], more, [ticket, old]).map((e) => e.key);
    expect(keys(false)).toEqual(["o o", "n a", "o t", "n b", "c t"]);
    expect(keys(true)).toEqual(["n a", "o t", "n b", "c t"]);
  });
});
