import { Code } from "@connectrpc/connect";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { RolloutState } from "../gen/cabinet/v1/updates_pb";
import { agents } from "../testing/agents";
import { ALL, FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { releases, rollouts } from "../testing/updates";
import { startWords } from "../words";

const now = Date.now();

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function open(path: string, o: Partial<FakeOptions> = {}, prepare?: (cabinet: FakeCabinet) => void) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now, agents: agents(now), ...o });
  cabinet.updates.releases = releases(now);
  cabinet.updates.rollouts = rollouts(now);
  prepare?.(cabinet);
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  return cabinet;
}

const noRollouts = (c: FakeCabinet) => {
  c.updates.rollouts = [];
};
const plain = (e: Element | null | undefined) => (e?.textContent ?? "").replaceAll("\u00a0", " ");
const button = (name: string | RegExp, where: HTMLElement = document.body) =>
  within(where).getByRole("button", { name }) as HTMLButtonElement;
const fill = (where: HTMLElement, label: string | RegExp, value: string) =>
  fireEvent.change(within(where).getByLabelText(label), { target: { value } });
const list = async (name: string) =>
  within(await screen.findByRole("list", { name }))
    .getAllByRole("listitem")
    .filter((li) => li.matches(".panel, .card"));
const stateOf = (cabinet: FakeCabinet, id: string) =>
  cabinet.updates.rollouts.find((r) => r.id === id)?.state;

async function openStart() {
  fireEvent.click(await screen.findByRole("button", { name: "Начать обновление" }));
  return screen.findByRole("dialog", { name: "Новое обновление" });
}

test("rollouts say where they stand, and releases what they bring", async () => {
  open("/updates");
  const rows = (await list("Ход обновлений")).map(plain);
  expect(rows[0]).toMatch(/^Обновление до 0\.6\.0.*идёт/);
  expect(rows[0]).toContain("25 % агентов · не больше 10 в минуту · с 02:00 до 05:00");
  expect(rows[0]).toContain("обновились 26");
  expect(rows[0]).toContain("ещё впереди 162");
  expect(rows[1]).toMatch(/^Обновление до 0\.7\.0-beta\.2.*остановлено.*порог 20 %/);
  expect(rows[2]).toMatch(/завершено/);
  const offered = (await list("Выпуски")).map(plain);
  expect(offered).toHaveLength(3);
  expect(offered[0]).toContain("0.7.0-beta.2 пробный канал");
  expect(offered[1]).toContain("Кассы ищутся сами");
});

test("the dialog says what will happen, in the words of its fields", async () => {
  const cabinet = open("/updates", {}, noRollouts);
  const dialog = await openStart();
  // Nobody gets a version of the beta channel by leaving a field as it was.
  expect((within(dialog).getByRole("combobox", { name: "Версия" }) as HTMLInputElement).value).toBe(
    "0.6.0 · основной канал",
  );
  expect(plain(dialog)).toContain(
    "Версия 0.6.0 придёт на 10 % агентов. Каждый дождётся минуты без открытых чеков. В минуту начнут не больше 10. " +
      "Переключение в любое время суток. Если из закончивших (хотя бы 5) не обновятся 20 %, обновление остановится само.",
  );
  fill(dialog, "Доля агентов, %", "50");
  fill(dialog, /^В минуту не больше/, "0");
  fill(dialog, "Переключать с", "23:30");
  fill(dialog, "до", "05:00");
  fill(dialog, /^Остановить при неудачах/, "0");
  await waitFor(() => expect(plain(dialog)).toContain("придёт на 50 % агентов"));
  expect(plain(dialog)).toContain("Переключение только с 23:30 до 05:00. Само обновление не остановится.");
  expect(plain(dialog)).not.toContain("В минуту начнут");
  fireEvent.click(button("Начать", dialog));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect((await list("Ход обновлений")).map(plain)[0]).toContain("Обновление до 0.6.0");
  expect(cabinet.updates.rollouts[0]?.plan).toMatchObject({
    share: 50,
    perMinute: 0,
    windowFrom: 23 * 60 + 30,
    windowTo: 300,
    abortPercent: 0,
  });
});

test.each([
  ["Доля агентов, %", "0", "Целое число от 1 до 100"],
  ["Доля агентов, %", "101", "Целое число от 1 до 100"],
  ["Доля агентов, %", "", "Целое число от 1 до 100"],
  [/^В минуту не больше/, "1001", "Целое число от 0 до 1000"],
  [/^Остановить при неудачах/, "", "Целое число от 0 до 100"],
  ["Когда закончат хотя бы", "0", "Целое число от 1 до 1000000"],
  ["Переключать с", "25:00", "Укажите оба времени"],
  ["до", "5:00", "Укажите оба времени"],
])("the dialog refuses %s %j", async (label, value, why) => {
  const cabinet = open("/updates", {}, noRollouts);
  const dialog = await openStart();
  expect(button("Начать", dialog).disabled).toBe(false);
  fill(dialog, label, value);
  await waitFor(() => expect(plain(dialog)).toContain(why));
  expect(button("Начать", dialog).disabled).toBe(true);
  fireEvent.submit(within(dialog).getByRole("form"));
  expect(plain(dialog)).not.toContain("придёт на");
  expect(cabinet.updates.rollouts).toEqual([]);
});

test("one of a channel goes on at a time, and the dialog names the one in the way", async () => {
  const cabinet = open("/updates");
  const dialog = await openStart();
  expect(plain(within(dialog).getByRole("alert"))).toBe("Сначала завершите обновление до 0.6.0.");
  expect(button("Начать", dialog).disabled).toBe(true);
  expect(cabinet.updates.rollouts).toHaveLength(3);
});

test("a start that the cabinet refuses leaves the dialog, with the reason", async () => {
  const cabinet = open("/updates", {}, (c) => {
    noRollouts(c);
    c.updates.refuse = Code.FailedPrecondition;
  });
  const dialog = await openStart();
  fireEvent.click(button("Начать", dialog));
  expect(plain(await within(dialog).findByRole("alert"))).toContain("failed_precondition");
  expect(cabinet.updates.rollouts).toEqual([]);
});

test("a rollout is paused, goes on, and ends only when one agrees", async () => {
  const cabinet = open("/updates/going");
  fireEvent.click(await screen.findByRole("button", { name: "Приостановить" }));
  const go = await screen.findByRole("button", { name: "Продолжить" });
  expect(stateOf(cabinet, "going")).toBe(RolloutState.PAUSED);
  await screen.findByText("приостановлено");
  fireEvent.click(go);
  await screen.findByRole("button", { name: "Приостановить" });
  expect(stateOf(cabinet, "going")).toBe(RolloutState.RUNNING);

  fireEvent.click(button("Завершить"));
  let dialog = await screen.findByRole("dialog", { name: "Завершить обновление до 0.6.0?" });
  expect(plain(dialog)).toContain("Продолжить это обновление будет нельзя.");
  fireEvent.click(button("Отмена", dialog));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(stateOf(cabinet, "going")).toBe(RolloutState.RUNNING);
  fireEvent.click(button("Завершить"));
  dialog = await screen.findByRole("dialog", { name: "Завершить обновление до 0.6.0?" });
  fireEvent.click(button("Завершить", dialog));
  await screen.findByText("завершено");
  expect(stateOf(cabinet, "going")).toBe(RolloutState.ENDED);
  expect(screen.queryByRole("button", { name: /Приостановить|Продолжить|Завершить|Расширить/ })).toBeNull();
});

test("a share only grows", async () => {
  const cabinet = open("/updates/going");
  const widen = (await screen.findByRole("button", { name: "Расширить" })) as HTMLButtonElement;
  expect(widen.disabled).toBe(true);
  fireEvent.change(screen.getByLabelText("Доля агентов, %"), { target: { value: "20" } });
  expect(widen.disabled).toBe(true);
  fireEvent.change(screen.getByLabelText("Доля агентов, %"), { target: { value: "60" } });
  await waitFor(() => expect(widen.disabled).toBe(false));
  fireEvent.click(widen);
  await screen.findByText(/^60 % агентов/);
  expect(cabinet.updates.rollouts[0]?.plan).toMatchObject({ share: 60, perMinute: 10, windowFrom: 120 });
});

test("a change that the cabinet refuses is said", async () => {
  open("/updates/going", {}, (c) => {
    c.updates.refuse = Code.FailedPrecondition;
  });
  fireEvent.click(await screen.findByRole("button", { name: "Приостановить" }));
  expect(plain(await screen.findByRole("alert"))).toContain("failed_precondition");
});

test("each agent says where it stands, and those in trouble why", async () => {
  open("/updates/going", {}, (c) => {
    for (const a of c.agents) a.pinned = a.id === "agent-3" ? "0.4.2" : "";
  });
  await screen.findByText("Не обновляется: закреплён");
  const rows = (await list("Агенты")).map(plain);
  expect(rows[0]).toContain("Вернулась прежняя версия 0.5.1 → 0.6.0");
  expect(rows[0]).toContain("Версия 0.6.0 не видит кассу front");
  expect(rows[1]).toMatch(/Отказался.*На диске мало места/);
  expect(rows[2]).toContain("Проверяется");
  expect(rows[3]).toContain("Ждёт свободной минуты");
  expect(rows[4]).toContain("Скачивает 35 %");
  expect(rows[5]).toContain("Предложено");
  expect(rows[6]).toContain("Закреплён на 0.4.2");
  expect(rows[7]).toMatch(/^Компьютер без имени.*Ещё не предложено/);
  expect(rows[8]).toContain("Уже на этой версии или новее 0.6.0");
  expect(rows[9]).toContain("Обновлён");
});

test("an agent is pinned at the version that it runs, and freed again", async () => {
  const cabinet = open("/updates/going");
  const pins = () => Object.fromEntries(cabinet.agents.filter((a) => a.pinned).map((a) => [a.id, a.pinned]));
  // It has been updated: to pin it at the version before would say what is not so.
  fireEvent.click(await screen.findByRole("button", { name: "Закрепить на 0.6.0: KASSA-PC" }));
  const free = await screen.findByRole("button", { name: "Открепить: KASSA-PC" });
  expect(pins()).toEqual({ "agent-1": "0.6.0" });
  fireEvent.click(await screen.findByRole("button", { name: "Закрепить на 0.5.1: KASSA-2" }));
  await screen.findByText("Закреплён на 0.5.1");
  expect(pins()).toEqual({ "agent-1": "0.6.0", "agent-2": "0.5.1" });
  fireEvent.click(free);
  await screen.findByRole("button", { name: "Закрепить на 0.6.0: KASSA-PC" });
  expect(pins()).toEqual({ "agent-2": "0.5.1" });
});

test("a pin that the cabinet refuses is said", async () => {
  open("/updates/going", {}, (c) => {
    c.updates.refuse = Code.Unavailable;
  });
  fireEvent.click(await screen.findByRole("button", { name: "Закрепить на 0.6.0: KASSA-PC" }));
  await screen.findByRole("alert");
});

test.each(["/updates", "/updates/going"])(
  "who may not manage updates sees %s and no button",
  async (path) => {
    open(path, { permissions: ALL.filter((p) => p !== "updates:manage") });
    await screen.findByRole("list", { name: path === "/updates" ? "Выпуски" : "Агенты" });
    const main = screen.getByRole("main");
    expect(within(main).queryAllByRole("button")).toEqual([]);
    expect(plain(main)).toContain("Обновление до 0.6.0");
  },
);

test("nothing is released: who brings releases, and no start", async () => {
  open("/updates", {}, (c) => {
    noRollouts(c);
    c.updates.releases = [];
  });
  await screen.findByText("Выпусков нет");
  await screen.findByText(/chekan-cloud releases import/);
  await screen.findByText("Обновлений ещё не было");
  expect(screen.queryByRole("button", { name: "Начать обновление" })).toBeNull();
});

test("signatures that ran out: nothing is begun, and why", async () => {
  open("/updates", {}, (c) => {
    c.updates.expired = true;
  });
  expect(plain(await screen.findByRole("alert"))).toContain("Подписи выпусков просрочены");
  expect(screen.queryByRole("button", { name: "Начать обновление" })).toBeNull();
});

test("a rollout that concerns nobody", async () => {
  open("/updates/nobody", {}, (c) => {
    const [first] = c.updates.rollouts;
    if (first) c.updates.rollouts = [{ ...first, id: "nobody", counts: undefined }];
  });
  await screen.findByText("Подходящих агентов нет: не те точки, канал или система.");
});

test("without the right to see tills nothing is asked for", async () => {
  open("/updates", { permissions: ["documents:view"] });
  await screen.findByText("Такой записи нет, или она не для вас");
  expect(screen.queryByRole("list", { name: "Выпуски" })).toBeNull();
});

test.each([
  ["/updates", Code.Unavailable, "Прочитать не удалось: кабинет не ответил"],
  ["/updates", Code.PermissionDenied, "Такой записи нет, или она не для вас"],
  ["/updates/going", Code.Unavailable, "Прочитать не удалось: кабинет не ответил"],
  ["/updates/going", Code.PermissionDenied, "Такой записи нет, или она не для вас"],
])("%s that cannot be read says which of its troubles it is: %i", async (path, trouble, words) => {
  open(path, { trouble });
  await screen.findByText(words);
});

test.each([
  ["kk", "Жаңартулар", "0.6.0 нұсқасына жаңарту"],
  ["en", "Updates", "Update to 0.6.0"],
])("in %s", async (lang, title, name) => {
  await startWords(lang as "kk" | "en");
  open("/updates");
  await screen.findByRole("heading", { name: title, level: 1 });
  await screen.findByRole("link", { name });
});
