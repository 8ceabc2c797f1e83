import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { ALL, FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { startWords } from "../words";
import { clockOf, minutesOf } from "./SettingsForm";
import { useTrouble } from "./words";

const NOW = Date.now();

function open(path: string, o: Partial<FakeOptions> = {}) {
  const cabinet = new FakeCabinet({ tills: [], now: NOW, ...o });
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  return cabinet;
}

const button = (name: string | RegExp, under: HTMLElement = document.body) =>
  within(under).getByRole("button", { name });
const plain = (e: Element) => (e.textContent ?? "").replace(/\u00a0/g, " ");

beforeEach(async () => {
  await startWords("ru");
});
afterEach(cleanup);

test("the feed says what was told, of which tills, and whether it arrived", async () => {
  open("/notifications");
  const table = await screen.findByRole("table", { name: "Уведомления" });
  const rows = within(table).getAllByRole("row").slice(1).map(plain);
  expect(rows).toHaveLength(4);
  expect(rows[0]).toContain("в кассе нет бумаги");
  expect(rows[0]).toContain("Telegram @anna не доставлено");
  expect(rows[0]).toContain("Адрес не принят: такого нет");
  expect(rows[0]).toContain("Ответ: «403 Forbidden: bot was blocked by the user»");
  expect(rows[1]).toContain("ОФД Такском, 40 касс");
  expect(rows[1]).toContain("и ещё 20");
  expect(rows[2]).toContain("Снова в норме");
  expect(rows[2]).toContain("Вам не отправлялось");
  expect(rows[3]).toContain("ждёт");
  const link = within(table).getByRole("link", { name: /в кассе нет бумаги/ });
  expect(link.getAttribute("href")).toBe("/tills/till-red");
});

test("the filter narrows, says when it lets nothing through, and is taken off", async () => {
  open("/notifications?event=clock");
  await screen.findByText("По отбору ничего не нашлось");
  fireEvent.click(button("Снять отбор"));
  await screen.findByRole("table", { name: "Уведомления" });
  fireEvent.click(screen.getByLabelText("Только то, что длится"));
  await waitFor(() => expect(screen.queryByText(/агент снова на связи/)).toBeNull());
  await screen.findByText(/40 касс:/);
});

test("an empty feed says when something will be there", async () => {
  open("/notifications", { empty: true });
  await screen.findByText("Уведомлений ещё не было");
});

test("a rule is made for a role, changed and taken away", async () => {
  const cabinet = open("/notifications?tab=rules");
  const table = await screen.findByRole("table", { name: "Правила" });
  expect(plain(table)).toMatch(/Мне.*Касса и бумага.*Telegram/);
  expect(plain(table)).toMatch(/Техник.*Обо всём.*По всем каналам.*Север/);
  fireEvent.click(button("Добавить правило"));
  const dialog = await screen.findByRole("dialog", { name: "Новое правило" });
  fireEvent.change(within(dialog).getByLabelText("Кому"), { target: { value: "accountant" } });
  fireEvent.click(within(dialog).getByLabelText("Нет документов"));
  fireEvent.click(within(dialog).getByLabelText("Почта"));
  fireEvent.change(within(dialog).getByLabelText("Где"), { target: { value: "shop" } });
  fireEvent.click(button("Сохранить", dialog));
  await waitFor(() => expect(cabinet.notify.rules).toHaveLength(4));
  expect(cabinet.notify.rules[3]).toMatchObject({
    own: false,
    role: "accountant",
    events: ["silence"],
    kinds: ["mail"],
    nodeId: "shop",
  });
  await screen.findByText("Мира, 5");
  fireEvent.click(within(table).getAllByRole("button", { name: "Удалить" })[0] as HTMLElement);
  fireEvent.click(button("Удалить", await screen.findByRole("dialog", { name: "Удалить правило?" })));
  await waitFor(() => expect(cabinet.notify.rules.map((r) => r.id)).toEqual(["r2", "r3", "r4"]));
});

test("who may not manage makes rules of their own and no others", async () => {
  const cabinet = open("/notifications?tab=rules", { permissions: ALL.filter((p) => p !== "notify:manage") });
  await screen.findByRole("table", { name: "Правила" });
  expect(screen.queryByText("Техник")).toBeNull();
  fireEvent.click(button("Добавить правило"));
  const dialog = await screen.findByRole("dialog", { name: "Новое правило" });
  expect(
    within(within(dialog).getByLabelText("Кому"))
      .getAllByRole("option")
      .map((o) => o.textContent),
  ).toEqual(["Мне"]);
  fireEvent.click(button("Сохранить", dialog));
  await waitFor(() =>
    expect(cabinet.notify.rules.at(-1)).toMatchObject({ own: true, events: [], kinds: [] }),
  );
});

test("a channel is added, confirmed by its code and tested", async () => {
  const cabinet = open("/notifications?tab=rules");
  await screen.findByRole("list", { name: "Каналы" });
  fireEvent.change(screen.getByLabelText("Адрес почты"), { target: { value: "nothing" } });
  fireEvent.click(button("Добавить"));
  await screen.findByText(/Это не похоже на адрес почты/);
  fireEvent.change(screen.getByLabelText("Адрес почты"), { target: { value: "boris@example.ru" } });
  fireEvent.click(button("Добавить"));
  await screen.findByText("boris@example.ru");
  const rows = within(screen.getByRole("list", { name: "Каналы" })).getAllByRole("listitem");
  const mine = rows.find((r) => r.textContent?.includes("boris")) as HTMLElement;
  fireEvent.change(within(mine).getByLabelText("Код из сообщения"), { target: { value: "000000" } });
  fireEvent.click(button("Подтвердить", mine));
  await within(mine).findByText(/Код не подошёл/);
  fireEvent.change(within(mine).getByLabelText("Код из сообщения"), { target: { value: "123456" } });
  fireEvent.click(button("Подтвердить", mine));
  fireEvent.click(await within(mine).findByRole("button", { name: "Отправить проверочное" }));
  await screen.findByText("Проверочное сообщение отправлено");
  cabinet.notify.test = { fault: "address", error: "550 no such mailbox" };
  fireEvent.click(button("Отправить проверочное", mine));
  await screen.findByText(
    "Не отправлено. Адрес не принят: такого нет, или получатель запретил ему писать. Ответ: «550 no such mailbox»",
  );
});

test("why a message did not go is said by its kind, and what was said stands as it came", async () => {
  const said: string[] = [];
  function Said() {
    const trouble = useTrouble();
    said.splice(
      0,
      said.length,
      trouble({ fault: "credentials", error: "535 <b>no</b>" }),
      trouble({ fault: "tls", error: "x509: unknown authority" }),
      trouble({ fault: "private", error: "private" }),
      trouble({ fault: "", error: "disk full" }),
      trouble({ fault: "said", error: "" }),
      trouble({ fault: "of tomorrow", error: "42" }),
      trouble({ fault: "answer", error: "502 bad gateway" }, true),
    );
    return null;
  }
  render(<Said />);
  expect(said).toEqual([
    "Нас не приняли: неверны имя, пароль или ключ в настройках кабинета. Ответ: «535 <b>no</b>»",
    "Соединение не защищено: сертификату нельзя доверять, или шифрования нет. Причина: «x509: unknown authority»",
    "Адрес ведёт во внутреннюю сеть: вебхуки уходят только на адреса, видные из интернета.",
    "Отправить не получилось. Причина: «disk full»",
    "Отправить не получилось.",
    "Отправить не получилось. Причина: «42»",
    "Сообщение не взяли.",
  ]);
});

test("Telegram is linked by a message to the bot", async () => {
  const cabinet = open("/notifications?tab=rules");
  await screen.findByRole("list", { name: "Каналы" });
  fireEvent.change(screen.getByLabelText("Канал"), { target: { value: "telegram" } });
  fireEvent.click(button("Добавить"));
  const link = await screen.findByRole("link", { name: /Начать/ });
  expect(link.getAttribute("href")).toBe("https://t.me/chekan_bot?start=k7qf2m9xt5wbq3r8");
  screen.getByText("/start k7qf2m9xt5wbq3r8");
  cabinet.notify.channels = cabinet.notify.channels.map((c) =>
    c.kind === "telegram" ? { ...c, confirmed: true } : c,
  );
  await screen.findByText("Канал подтверждён");
});

test("quiet hours and the summary are kept", async () => {
  const cabinet = open("/notifications?tab=rules");
  fireEvent.change(await screen.findByLabelText("Не беспокоить с"), { target: { value: "21:30" } });
  fireEvent.change(screen.getByLabelText("Сводка"), { target: { value: "2" } });
  fireEvent.change(screen.getByLabelText("Время сводки"), { target: { value: "08:15" } });
  fireEvent.click(button("Сохранить"));
  await screen.findByText("Настройки сохранены");
  expect(cabinet.notify.settings).toMatchObject({ quietFrom: 1290, quietTo: 480, digest: 2, digestAt: 495 });
});

test("a webhook is added, its secret is shown once, and a failed delivery is sent again", async () => {
  const cabinet = open("/integrations?tab=webhooks");
  fireEvent.click(await screen.findByRole("button", { name: "Добавить вебхук" }));
  const dialog = await screen.findByRole("dialog", { name: "Новый вебхук" });
  fireEvent.change(within(dialog).getByLabelText("Название"), { target: { value: "1С" } });
  fireEvent.change(within(dialog).getByLabelText(/Адрес/), { target: { value: "https://10.0.0.1/" } });
  fireEvent.click(button("Сохранить", dialog));
  expect(plain(await within(dialog).findByRole("alert"))).toContain("нужен https://");
  fireEvent.change(within(dialog).getByLabelText(/Адрес/), { target: { value: "https://example.ru/in" } });
  fireEvent.click(button("Сохранить", dialog));
  const secret = await screen.findByRole("dialog", { name: "Секрет подписи" });
  expect(plain(secret)).toContain("c2VjcmV0");
  fireEvent.click(within(secret).getByRole("button", { name: "Закрыть" }));
  expect(cabinet.notify.hooks).toHaveLength(3);
  fireEvent.click((await screen.findAllByRole("button", { name: "Журнал" }))[0] as HTMLElement);
  const list = await screen.findByRole("list", { name: "Доставки" });
  expect(plain(list)).toContain("502 311 ms Сообщение не взяли. bad gateway");
  expect(plain(list)).toContain("Связи нет: никто не ответил. Причина: «timeout»");
  fireEvent.click(button("Отправить ещё раз", list));
  await screen.findByText("отправлено");
  expect(cabinet.notify.deliveries[0]?.attempts).toHaveLength(3);
});

test("a delivery of tills that are not handed to the centre any more tells nothing, and is not sent again", async () => {
  const cabinet = open("/integrations?tab=webhooks");
  cabinet.notify.deliveries = cabinet.notify.deliveries.map((d) => ({ ...d, body: "" }));
  fireEvent.click((await screen.findAllByRole("button", { name: "Журнал" }))[0] as HTMLElement);
  const list = await screen.findByRole("list", { name: "Доставки" });
  expect(plain(list)).toContain("больше не переданы вам на обслуживание");
  expect(plain(list)).not.toContain("Тело запроса");
  expect((button("Отправить ещё раз", list) as HTMLButtonElement).disabled).toBe(true);
});

test("minutes and clock", () => {
  expect([0, 605, 1439].map(clockOf)).toEqual(["00:00", "10:05", "23:59"]);
  expect(["", "10:05", "23:59:00"].map(minutesOf)).toEqual([undefined, 605, 1439]);
});
