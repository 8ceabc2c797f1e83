import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { Factor, type StartSignUpRequest } from "../gen/cabinet/v1/access_pb";
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

function open(path: string, prepare: (access: FakeAccess) => void = () => {}) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now, signedIn: false });
  prepare(cabinet.access);
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  return cabinet.access;
}

const type = (label: string, value: string) =>
  fireEvent.change(screen.getByLabelText(label, { selector: "input" }), { target: { value } });
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));
const inside = () => screen.findByRole("heading", { name: "Кассы" });

test("the second factor is asked for after the password, and a recovery code does", async () => {
  const access = open("/", (a) => {
    a.factors = [Factor.TOTP, Factor.RECOVERY];
  });
  await screen.findByRole("button", { name: "Войти" });
  type("Телефон, e-mail или логин", "+7 916 123-45-67");
  type("Пароль", "secret");
  fireEvent.click(screen.getByLabelText("Запомнить это устройство"));
  press("Войти");
  await screen.findByRole("heading", { name: "Подтвердите, что это вы" });
  expect(access.last.signIn).toMatchObject({ login: "+7 916 123-45-67", remember: true });
  type("Код из приложения", "999999");
  press("Продолжить");
  expect((await screen.findByRole("alert")).textContent).toBe(
    "Код не подходит. Дождитесь следующего и введите его.",
  );
  press("Нет телефона: код восстановления");
  type("Код восстановления", RECOVERY);
  press("Продолжить");
  await inside();
});

test("ways in are offered as the cabinet has them", async () => {
  open("/", (a) => {
    a.oidc = "Ромашка ID";
    a.signUp = false;
  });
  const oidc = await screen.findByRole("link", { name: "Войти через Ромашка ID" });
  expect(oidc.getAttribute("href")).toBe("/oidc/start");
  expect(screen.queryByRole("link", { name: "Зарегистрировать компанию" })).toBeNull();
  // happy-dom knows no passkeys: what the browser cannot do is not offered.
  expect(screen.queryByRole("button", { name: "Войти по ключу доступа" })).toBeNull();
});

async function fillSignUp(phone = "+7 916 123-45-67") {
  await screen.findByRole("form", { name: "Компания" });
  type("ИНН", "7707083894");
  press("Продолжить");
  await screen.findByText("Такого номера не бывает: проверьте цифры");
  type("ИНН", "77 0708 3893");
  type("Название компании", "ООО «Лютик»");
  press("Продолжить");
  await screen.findByRole("form", { name: "Контакты" });
  type("Ваше имя", "Вера");
  type("Телефон", phone);
  type("E-mail", "vera");
  press("Продолжить");
  await screen.findByText("Такого адреса не бывает: проверьте его");
  type("E-mail", "vera@lutik.example");
  press("Продолжить");
  await screen.findByRole("form", { name: "Пароль" });
}

test("a company signs up: number, contacts, a made-up password, codes", async () => {
  const access = open("/sign-up");
  await fillSignUp();
  press("Сгенерировать пароль");
  await screen.findByText("Сохраните пароль: показать его второй раз нельзя.");
  await screen.findByText("Хороший");
  press("Продолжить");
  await screen.findByText("Без согласия с условиями зарегистрироваться нельзя");
  fireEvent.click(screen.getByLabelText("Принимаю условия использования"));
  type("Код сервисного центра", "SC-77");
  press("Продолжить");
  await screen.findByText("Отправили на +7 916 •••-••-67, a•••@romashka.example.");
  expect(access.last.startSignUp).toMatchObject({
    country: "ru",
    kind: "owner",
    taxId: "7707083893",
    organisation: "ООО «Лютик»",
    password: "Вишня-Парус-Молот-17",
    partnerCode: "SC-77",
    terms: "2026-11",
    language: "ru",
  } satisfies Partial<StartSignUpRequest>);
  expect((screen.getByRole("button", { name: "Отправить ещё раз" }) as HTMLButtonElement).disabled).toBe(
    true,
  );
  type("Код из SMS", "111111");
  type("Код из письма", CODE);
  press("Создать компанию");
  await screen.findByText("Код не подходит. Проверьте его или запросите новый.");
  type("Код из SMS", CODE);
  press("Создать компанию");
  await inside();
});

test("a weak password goes no further, and a refused field brings its step back", async () => {
  const access = open("/sign-up");
  await fillSignUp("+7 000 123-45-67");
  type("Пароль", "short");
  await screen.findByText("Очень слабый");
  fireEvent.click(screen.getByLabelText("Принимаю условия использования"));
  press("Продолжить");
  await screen.findByText("Пароль слишком слабый");
  expect(access.calls).not.toContain("startSignUp");
  press("Сгенерировать пароль");
  await screen.findByText("Хороший");
  press("Продолжить");
  await screen.findByRole("form", { name: "Контакты" });
  await screen.findByText("Нужен мобильный номер: на другой SMS не придёт.");
  expect(access.calls).toContain("startSignUp");
});

test("who came by the other sign-in gives the second factor, or hears that it did not work", async () => {
  const access = open("/sign-in?ticket=elsewhere", (a) => {
    a.factors = [Factor.TOTP, Factor.RECOVERY];
  });
  await screen.findByLabelText("Код из приложения");
  type("Код из приложения", CODE);
  press("Продолжить");
  await inside();
  expect(access.last.finishSignIn).toMatchObject({ ticket: "elsewhere" });
  cleanup();
  // Who has a passkey alone is not asked for a code.
  open("/sign-in?ticket=elsewhere", (a) => {
    a.factors = [Factor.PASSKEY];
  });
  await screen.findByRole("button", { name: "Ко входу" });
  expect(screen.queryByLabelText("Код из приложения")).toBeNull();
  expect(screen.queryByLabelText("Код восстановления")).toBeNull();
  cleanup();
  open("/sign-in?ticket=late");
  expect((await screen.findByRole("alert")).textContent).toBe("Время вышло. Войдите ещё раз.");
  expect(screen.getByRole("button", { name: "Войти" })).toBeTruthy();
  cleanup();
  open("/sign-in?error=oidc");
  await screen.findByText("Войти этим способом не удалось: здесь вас по нему не знают.");
});

test("a company that has a cabinet asks its administrators", async () => {
  open("/sign-up?ticket=signup", (a) => {
    a.taken = true;
  });
  await screen.findByLabelText("Код из SMS");
  type("Код из SMS", CODE);
  type("Код из письма", CODE);
  press("Создать компанию");
  await screen.findByText("Запрос отправлен администраторам");
});

test("a forgotten password is replaced by a code", async () => {
  open("/reset");
  await screen.findByRole("button", { name: "Отправить код" });
  type("Телефон или e-mail", "anna@romashka.example");
  press("Отправить код");
  await screen.findByText(/^Если такой вход есть, код уже отправлен\. Он действует до \d\d:\d\d\.$/);
  type("Код", "000000");
  type("Новый пароль", "Вишня-Парус-Молот-17");
  press("Сменить пароль");
  await screen.findByText("Код не подходит. Проверьте его или запросите новый.");
  type("Код", CODE);
  press("Сменить пароль");
  await screen.findByText("На всех устройствах нужно войти заново.");
});

test("an invitation: a new person takes a name and a password", async () => {
  const access = open("/invite/tok");
  await screen.findByText("Анна Соколова приглашает вас в «ООО «Ромашка»».");
  press("Присоединиться");
  expect(access.calls).not.toContain("acceptInvitation");
  type("Ваше имя", "Вера");
  type("Пароль", "Вишня-Парус-Молот-17");
  fireEvent.click(screen.getByLabelText("Принимаю условия использования"));
  press("Присоединиться");
  await inside();
  expect(access.last.acceptInvitation).toMatchObject({ token: "tok", name: "Вера", terms: "2026-11" });
});

test("an invitation: a known person gives the password, one who is here only agrees", async () => {
  open("/invite/tok", (a) => {
    a.invitation.known = true;
  });
  await screen.findByText("У вас уже есть вход: введите его пароль.");
  type("Пароль", "wrong");
  press("Присоединиться");
  expect((await screen.findByRole("alert")).textContent).toBe("Логин или пароль не подходит.");
  cleanup();
  const access = open("/invite/tok", (a) => {
    a.invitation.known = true;
    a.signedIn = true;
  });
  await screen.findByText("Вы присоединитесь как Анна Соколова.");
  press("Присоединиться");
  await inside();
  expect(access.last.acceptInvitation).toMatchObject({ password: "" });
});

test("an invitation can be taken by the other sign-in, where there is one", async () => {
  open("/invite/tok", (a) => {
    a.oidc = "Ромашка ID";
  });
  const link = await screen.findByRole("link", { name: "Войти через Ромашка ID" });
  expect(link.getAttribute("href")).toBe("/oidc/start?invitation=tok");
});

test("links that are no longer good say what to do", async () => {
  open("/invite/tok", (a) => {
    a.invitation.gone = true;
  });
  await screen.findByText("Приглашение недействительно");
  cleanup();
  const access = open("/cancel-change?token=gone");
  await screen.findByRole("button", { name: "Отменить смену" });
  // Opening the link does nothing by itself: previews of letters open links.
  expect(access.calls).not.toContain("cancelContactChange");
  press("Отменить смену");
  await screen.findByText("Отменять нечего");
});

test("new terms and a second factor that is due stand before everything else", async () => {
  const access = open("/tills", (a) => {
    a.signedIn = true;
    a.standing = { termsDue: "2026-12", factorDue: true };
  });
  await screen.findByRole("heading", { name: "Условия изменились" });
  press("Принимаю");
  await screen.findByRole("heading", { name: "Нужен второй фактор" });
  expect(access.last.acceptTerms).toMatchObject({ terms: "2026-12" });
  fireEvent.click(await screen.findByRole("button", { name: "Подключить: Приложение с кодами" }));
  const dialog = await screen.findByRole("dialog", { name: "Подключение приложения с кодами" });
  fireEvent.change(within(dialog).getByLabelText("Код из приложения"), { target: { value: CODE } });
  fireEvent.click(within(dialog).getByRole("button", { name: "Подключить" }));
  // The codes are shown once: the door must not open before they are kept.
  const codes = await screen.findByRole("list", { name: "Коды восстановления" });
  expect(codes.textContent).toContain(RECOVERY);
  expect((screen.getByRole("button", { name: "Готово" }) as HTMLButtonElement).disabled).toBe(true);
  fireEvent.click(screen.getByLabelText("Я сохранил коды"));
  press("Готово");
  await inside();
  await waitFor(() => expect(screen.queryByRole("list", { name: "Коды восстановления" })).toBeNull());
});
