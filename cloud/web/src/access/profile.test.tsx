import { create } from "@bufbuild/protobuf";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { PasskeySchema } from "../gen/cabinet/v1/access_pb";
import { CODE, type FakeAccess, RECOVERY } from "../testing/access";
import { FakeCabinet } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";

const now = Date.now();

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(cleanup);

async function open(prepare: (access: FakeAccess) => void = () => {}) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now });
  prepare(cabinet.access);
  render(
    <MemoryRouter initialEntries={["/profile"]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  await screen.findByRole("region", { name: "Контакты" });
  return cabinet.access;
}

const type = (label: string, value: string) =>
  fireEvent.change(screen.getByLabelText(label, { selector: "input" }), { target: { value } });
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

test("an act that wants proof asks for it, and goes on by itself", async () => {
  const access = await open((a) => {
    a.proven = false;
  });
  press("Подключить: Приложение с кодами");
  const ask = await screen.findByRole("dialog", { name: "Подтвердите, что это вы" });
  fireEvent.change(within(ask).getByLabelText("Пароль"), { target: { value: "wrong" } });
  fireEvent.click(within(ask).getByRole("button", { name: "Подтвердить" }));
  await within(ask).findByText("Пароль или код не подходит.");
  fireEvent.change(within(ask).getByLabelText("Пароль"), { target: { value: "secret" } });
  fireEvent.click(within(ask).getByRole("button", { name: "Подтвердить" }));
  const dialog = await screen.findByRole("dialog", { name: "Подключение приложения с кодами" });
  expect(access.calls.filter((c) => c === "beginTOTP")).toHaveLength(2);
  expect(within(dialog).getByRole("img", { name: "QR-код" }).getAttribute("src")).toContain(
    "data:image/svg+xml",
  );
  fireEvent.change(within(dialog).getByLabelText("Код из приложения"), { target: { value: CODE } });
  fireEvent.click(within(dialog).getByRole("button", { name: "Подключить" }));
  expect((await screen.findByRole("list", { name: "Коды восстановления" })).textContent).toContain(RECOVERY);
});

test("who would not prove themselves changes nothing, and is told nothing they know", async () => {
  const access = await open((a) => {
    a.proven = false;
  });
  press("Подключить: Приложение с кодами");
  const ask = await screen.findByRole("dialog", { name: "Подтвердите, что это вы" });
  fireEvent.click(within(ask).getByRole("button", { name: "Отмена" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(access.calls.filter((c) => c === "beginTOTP")).toHaveLength(1);
  expect(screen.queryByRole("alert")).toBeNull();
});

test("a session that ran out is renewed unseen", async () => {
  const access = await open();
  access.stale = true;
  type("Имя", "Анна Петрова");
  press("Сохранить");
  await screen.findByText("Сохранено.");
  expect(access.calls).toContain("refresh");
});

test("devices are signed out, one and all others", async () => {
  const access = await open();
  const table = await screen.findByRole("table", { name: "Устройства" });
  expect(within(table).getAllByRole("row")).toHaveLength(3);
  expect(within(table).getByText(/это устройство/)).toBeTruthy();
  press("Выйти: Chrome, Android");
  await waitFor(() => expect(within(table).getAllByRole("row")).toHaveLength(2));
  expect(access.devices.map((d) => d.id)).toEqual(["d1"]);
  expect(screen.queryByRole("button", { name: "Выйти на всех остальных" })).toBeNull();
});

test("a new phone wants codes from both; a lost one waits and can be stopped", async () => {
  const access = await open();
  press("Изменить: Телефон");
  await screen.findByRole("dialog", { name: "Смена телефона" });
  type("Новый телефон", "12");
  press("Отправить коды");
  await screen.findByText("Введите номер целиком, с кодом страны");
  type("Новый телефон", "+79161234568");
  press("Отправить коды");
  await screen.findByLabelText("Код с прежнего");
  type("Код с нового", CODE);
  type("Код с прежнего", "1");
  press("Подтвердить");
  await screen.findByText("Код не подходит. Проверьте его или запросите новый.");
  type("Код с прежнего", CODE);
  press("Подтвердить");
  await screen.findByText("Изменено.");
  press("Готово");
  await screen.findByText("+7 916 123-45-68");

  press("Изменить: E-mail");
  await screen.findByRole("dialog", { name: "Смена e-mail" });
  type("Новый e-mail", "new@romashka.example");
  fireEvent.click(screen.getByLabelText("Прежний больше не мой"));
  press("Отправить коды");
  await screen.findByLabelText("Код с нового");
  expect(screen.queryByLabelText("Код с прежнего")).toBeNull();
  type("Код с нового", CODE);
  press("Подтвердить");
  await screen.findByText(/^Смена вступит в силу /);
  press("Готово");
  await screen.findByText(/Сменится на new@romashka.example/);
  press("Отменить смену");
  await waitFor(() => expect(access.security.pending).toBeUndefined());
});

test("passkeys are named and removed, codes renewed, the application taken away", async () => {
  const access = await open((a) => {
    a.security.totpAt = 1n;
    a.security.recoveryCodes = 3;
    a.security.passkeys = [create(PasskeySchema, { id: "k1", name: "Телефон", createdAt: 1n })];
  });
  expect(screen.getByText("осталось 3")).toBeTruthy();
  press("Переименовать: Телефон");
  await screen.findByRole("dialog", { name: "Название ключа" });
  fireEvent.change(screen.getByRole("textbox", { name: "Название ключа" }), {
    target: { value: "Телефон Анны" },
  });
  fireEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Сохранить" }));
  await screen.findByText("Телефон Анны");
  press("Удалить: Телефон Анны");
  const sure = await screen.findByRole("dialog", { name: "Удалить «Телефон Анны»?" });
  fireEvent.click(within(sure).getByRole("button", { name: "Удалить" }));
  await waitFor(() => expect(access.security.passkeys).toEqual([]));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  press("Отключить");
  const remove = await screen.findByRole("dialog");
  fireEvent.click(within(remove).getByRole("button", { name: "Отключить" }));
  await waitFor(() => expect(access.security.totpAt).toBe(0n));
});

test("the password is changed, and each way it can be wrong has its words", async () => {
  await open();
  type("Текущий пароль", "wrong");
  type("Новый пароль", "Вишня-Парус-Молот-17");
  press("Сменить пароль");
  await screen.findByText("Текущий пароль не подходит.");
  type("Текущий пароль", "secret");
  type("Новый пароль", "short");
  press("Сменить пароль");
  await screen.findByText("Такой пароль слишком прост: возьмите другой.");
  type("Новый пароль", "Вишня-Парус-Молот-17");
  press("Сменить пароль");
  await screen.findByText("Пароль изменён. На других устройствах нужно войти заново.");
});
