import { Code } from "@connectrpc/connect";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CommandState } from "../gen/cabinet/v1/commands_pb";
import { Light } from "../gen/cabinet/v1/light_pb";
import { Action } from "../gen/fiscal/v1/fiscal_pb";
import { FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { command, fleet, till } from "../testing/fleet";
import { setLang, startWords } from "../words";
import { App } from "./App";
import { queryClient } from "./queries";

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

const rows = () =>
  within(screen.getByRole("table", { name: "Кассы" }))
    .getAllByRole("row")
    .slice(1);

test("who is not signed in signs in, and sees the tills", async () => {
  open("/", { signedIn: false });
  fireEvent.change(await screen.findByLabelText("Телефон, e-mail или логин"), { target: { value: "admin" } });
  fireEvent.change(screen.getByLabelText("Пароль"), { target: { value: "wrong" } });
  fireEvent.click(screen.getByRole("button", { name: "Войти" }));
  expect((await screen.findByRole("alert")).textContent).toBe("Логин или пароль не подходит.");
  fireEvent.change(screen.getByLabelText("Пароль"), { target: { value: "secret" } });
  fireEvent.click(screen.getByRole("button", { name: "Войти" }));
  expect(await screen.findByRole("heading", { name: "Кассы" })).toBeTruthy();
  await screen.findByRole("table", { name: "Кассы" });
});

test("signing out brings the sign-in page back and forgets what was seen", async () => {
  open("/profile");
  fireEvent.click(await screen.findByRole("button", { name: "Выйти" }));
  expect(await screen.findByRole("button", { name: "Войти" })).toBeTruthy();
  expect(screen.queryByText("Анна Соколова")).toBeNull();
});

test("tills stand by attention, each state with its word", async () => {
  open("/tills");
  await screen.findByRole("table", { name: "Кассы" });
  expect(rows().map((r) => within(r).getAllByRole("cell")[0]?.querySelector(".state")?.textContent)).toEqual([
    "Остановлена",
    "Внимание",
    "Нет данных",
    "Работает",
    "Работает",
  ]);
  expect(rows()[0]?.textContent).toContain("В кассе нет бумаги.");
});

test("a change of the stream is on screen at once, and moves no row under the cursor", async () => {
  const cabinet = open("/tills");
  const table = await screen.findByRole("table", { name: "Кассы" });
  fireEvent.pointerEnter(table.parentElement?.parentElement as Element, { pointerType: "mouse" });
  await waitFor(() => expect(cabinet.listeners).toBe(1));
  cabinet.say({
    case: "till",
    value: till(now, { id: "till-red", name: "Касса 2", light: Light.GREEN, heardMs: BigInt(now + 1000) }),
  });
  await waitFor(() => expect(within(rows()[0] as HTMLElement).getByText("Работает")).toBeTruthy());
  expect(rows()[0]?.textContent).toContain("Касса 2");
});

test("no sums without the right to see them", async () => {
  open("/tills", { permissions: ["tills:view", "documents:view"] });
  await screen.findByRole("table", { name: "Кассы" });
  expect(document.body.textContent).not.toContain("₽");
  expect(screen.queryByRole("link", { name: "Подключить кассу" })).toBeNull();
});

test("who may configure tills is led to the way of a new one", async () => {
  open("/tills");
  const link = await screen.findByRole("link", { name: "Подключить кассу" });
  expect(link.getAttribute("href")).toBe("/connect");
});

test("the first till: a code, commands, and the till appears by itself", async () => {
  const cabinet = open("/tills", { tills: [] });
  fireEvent.change(await screen.findByLabelText("Торговая точка", { selector: "input" }), {
    target: { value: "Мира, 5" },
  });
  fireEvent.click(screen.getByRole("button", { name: "Получить код" }));
  await screen.findByText("K7QF-2M9X-T5WB");
  expect(screen.getByText(/enroll .*K7QF-2M9X-T5WB@/).textContent).toContain("https://cabinet.example:8443");
  await waitFor(() => expect(cabinet.listeners).toBe(1));
  cabinet.say({ case: "till", value: till(now) });
  await screen.findByRole("table", { name: "Кассы" });
  expect(rows()).toHaveLength(1);
});

test("the five ways to show nothing differ", async () => {
  open("/tills?q=zzz");
  await screen.findByText("По отбору ничего не нашлось");
  fireEvent.click(screen.getByRole("button", { name: "Снять отбор" }));
  await screen.findByRole("table", { name: "Кассы" });
  cleanup();
  open("/tills", { tills: [], permissions: ["tills:view"] });
  await screen.findByText("Касс пока нет");
  cleanup();
  open("/tills/absent");
  await screen.findByText("Такой записи нет, или она не для вас");
  cleanup();
  open("/tills", { trouble: Code.Internal });
  await screen.findByText("Прочитать не удалось: кабинет отказал");
  expect(screen.getByText(/internal/)).toBeTruthy();
  cleanup();
  open("/tills/till-1/operations", { empty: true });
  await screen.findByText("Операций ещё не было");
});

test("«Продолжить печать» runs step by step before one's eyes", async () => {
  const cabinet = open("/tills/till-red");
  const button = await screen.findByRole("button", { name: "Продолжить печать" });
  await waitFor(() => expect(cabinet.listeners).toBe(1));
  fireEvent.click(button);
  const consent = await screen.findByRole("dialog");
  const plan = await within(consent).findByRole("list", { name: "Что будет сделано" });
  expect(within(plan).getAllByRole("listitem")).toHaveLength(3);
  expect(cabinet.commands).toEqual([]);
  fireEvent.click(within(consent).getByRole("button", { name: "Продолжить печать" }));
  const progress = await screen.findByRole("region", { name: "Ход команды" });
  expect(progress.textContent).toContain("Ждёт агента");
  const { id } = cabinet.commands[0] ?? { id: "" };
  cabinet.say({
    case: "command",
    value: command(now, "till-red", id, Action.FINISH_PRINT, CommandState.RUNNING, 1),
  });
  await waitFor(() => expect(progress.textContent).toContain("Выполняется"));
  const steps = within(within(progress).getByRole("list", { name: "Шаги" })).getAllByRole("listitem");
  expect(steps.map((s) => s.querySelector(".hidden")?.textContent)).toEqual([
    ": Сделано",
    ": Идёт",
    ": Впереди",
  ]);
  cabinet.say({
    case: "command",
    value: command(now, "till-red", id, Action.FINISH_PRINT, CommandState.DONE, 3),
  });
  cabinet.say({
    case: "till",
    value: till(now, { id: "till-red", name: "Касса 2", light: Light.GREEN, heardMs: BigInt(now + 1000) }),
  });
  await waitFor(() => expect(progress.textContent).toContain("Печать закончена."));
  await waitFor(() => expect(screen.getByRole("status", { name: "Состояние" }).textContent).toBe("Работает"));
});

test("a reboot wants the name of the till", async () => {
  const cabinet = open("/tills/till-red");
  fireEvent.click(await screen.findByRole("button", { name: "Другие действия" }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Перезагрузить кассу…" }));
  const dialog = await screen.findByRole("dialog");
  const yes = within(dialog).getByRole("button", { name: "Перезагрузить кассу" }) as HTMLButtonElement;
  await within(dialog).findByRole("list", { name: "Что будет сделано" });
  expect(yes.disabled).toBe(true);
  fireEvent.change(within(dialog).getByRole("textbox", { name: /^Зачем/ }), {
    target: { value: "не отвечает" },
  });
  expect(yes.disabled).toBe(true);
  fireEvent.change(within(dialog).getByRole("textbox", { name: /Касса 2/ }), {
    target: { value: "Касса 2" },
  });
  expect(yes.disabled).toBe(false);
  fireEvent.click(yes);
  await waitFor(() => expect(cabinet.commands.map((c) => c.action)).toEqual([Action.REBOOT]));
});

test("a crash test is told in a line, and all of it on demand", async () => {
  open("/tills/till-red");
  const line = await screen.findByRole("button", { name: /1\s204 точки, 0 потерь, 0 дублей/ });
  fireEvent.click(line);
  const drawer = await screen.findByRole("dialog");
  await within(drawer).findByText("Пройдено");
  expect(drawer.textContent).toContain("6f2b91c4d5e8a703");
  const kinds = within(drawer).getByRole("table", { name: "По операциям" });
  expect(
    within(kinds)
      .getAllByRole("row")
      .map((r) => r.textContent),
  ).toEqual(["Продажа602 точки · цело", "Чек коррекции301 точка · цело", "tomorrow301 точка · цело"]);
  cleanup();
  open("/tills/till-yellow");
  fireEvent.click(await screen.findByRole("button", { name: /1 потеря/ }));
  const failed = await screen.findByRole("dialog");
  await within(failed).findByText("Не пройдено");
  expect(failed.textContent).toContain("1 нарушение");
  cleanup();
  open("/tills/till-1");
  await screen.findByText("ещё нет");
});

test("the language changes everywhere at once and is remembered", async () => {
  open("/tills");
  await screen.findByRole("table", { name: "Кассы" });
  await setLang("kk");
  expect(await screen.findByRole("heading", { name: "Кассалар" })).toBeTruthy();
  expect(screen.getByText("Кассада қағаз жоқ.")).toBeTruthy();
  expect(document.documentElement.lang).toBe("kk");
  expect(localStorage.getItem("chekan.lang")).toBe("kk");
});

test("`/` brings the cursor to the search", async () => {
  open("/tills");
  const search = await screen.findByRole("searchbox", { name: "Поиск кассы" });
  fireEvent.keyDown(document.body, { key: "/" });
  expect(document.activeElement).toBe(search);
});

test("without a stream the page says so and asks by itself", async () => {
  open("/tills", { deaf: true });
  await screen.findByText(/Нет живой связи с кабинетом/);
});

test("a cabinet that falls silent takes nothing off the screen, and its return is noticed", async () => {
  const cabinet = open("/tills");
  await screen.findByRole("table", { name: "Кассы" });
  await waitFor(() => expect(cabinet.listeners).toBe(1));
  cabinet.down = true;
  await screen.findByText(/Нет живой связи с кабинетом|Кабинет не отвечает/);
  await waitFor(() => expect(screen.getByText(/Кабинет не отвечает/)).toBeTruthy());
  expect(rows()).toHaveLength(5);
  cabinet.tills = [till(now)];
  cabinet.down = false;
  await waitFor(() => expect(rows()).toHaveLength(1));
  await waitFor(() => expect(screen.queryByText(/Кабинет не отвечает|Нет живой связи/)).toBeNull());
});

test("a cabinet that is silent from the start is asked again", async () => {
  const cabinet = new FakeCabinet({ tills: [], now });
  cabinet.down = true;
  render(
    <MemoryRouter>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  await screen.findByText("Прочитать не удалось: кабинет не ответил");
  cabinet.down = false;
  await screen.findByRole("heading", { name: "Кассы" });
});
