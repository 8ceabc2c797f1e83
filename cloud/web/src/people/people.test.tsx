import { Code } from "@connectrpc/connect";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { ALL, FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { refused } from "../testing/people";
import { startWords } from "../words";
import { chosenOrganisation } from "./organisation";

const now = Date.now();

beforeEach(async () => {
  localStorage.clear();
  sessionStorage.clear();
  await startWords("ru");
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

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

const plain = (e: Element | undefined) => (e?.textContent ?? "").replace(/\u00a0/g, " ");
const type = (label: string | RegExp, value: string, within_: HTMLElement) =>
  fireEvent.change(within(within_).getByLabelText(label), { target: { value } });

test("people with what they may and where, and open invitations", async () => {
  open("/staff");
  const rows = within(await screen.findByRole("table", { name: "Сотрудники" }))
    .getAllByRole("row")
    .slice(1);
  expect(rows.map(plain)).toEqual([
    expect.stringContaining("это выanna@romashka.exampleАдминистратор · вся компания"),
    expect.stringContaining("Бухгалтер · вся компанияСтарший смены · Мира, 5"),
    expect.stringMatching(/Техник · Севери права в других местах.*Заблокирован/),
  ]);
  const invitations = screen.getByRole("table", { name: "Приглашения" });
  expect(plain(invitations)).toContain("Управляющий · Южная, 12 (торговый центр)");
  expect(plain(invitations)).toContain("Не отправлено");
});

test("somebody is found by parts of name and login", async () => {
  open("/staff?q=иль+БОР");
  const table = await screen.findByRole("table", { name: "Сотрудники" });
  expect(within(table).getAllByRole("row")).toHaveLength(2);
  fireEvent.change(screen.getByRole("searchbox", { name: "Поиск по имени и логину" }), {
    target: { value: "нет таких" },
  });
  await screen.findByText("По отбору ничего не нашлось");
});

test("an invitation carries whom, the role and where", async () => {
  const cabinet = open("/staff");
  fireEvent.click(await screen.findByRole("button", { name: "Пригласить" }));
  const dialog = await screen.findByRole("dialog", { name: "Пригласить сотрудника" });
  const send = within(dialog).getByRole("button", { name: "Отправить приглашение" }) as HTMLButtonElement;
  await within(dialog).findByLabelText("Роль");
  expect(send.disabled).toBe(true);
  type("Почта или телефон", "dasha@example.ru", dialog);
  type("Роль", "accountant", dialog);
  expect(plain(dialog)).toContain("Можно: видеть документы, видеть деньги, видеть кассы");
  fireEvent.click(within(dialog).getByRole("combobox", { name: "Где" }));
  fireEvent.click(await screen.findByRole("option", { name: "Мира, 5", hidden: true }));
  fireEvent.click(send);
  await waitFor(() => expect(cabinet.people.last.invitePerson).toBeDefined());
  expect(cabinet.people.last.invitePerson).toMatchObject({
    recipient: "dasha@example.ru",
    lang: "ru",
    assignments: [{ role: "accountant", nodeId: "shop" }],
  });
  await screen.findByText("dasha@example.ru");
});

test("a refusal is a sentence with the names of the rights", async () => {
  const cabinet = open("/staff?person=p2");
  const drawer = await screen.findByRole("dialog", { name: "Борис Ильин" });
  const roles = await within(drawer).findAllByLabelText("Роль");
  fireEvent.change(roles[0] as HTMLElement, { target: { value: "administrator" } });
  cabinet.people.refuse = refused(Code.PermissionDenied, "beyond", { permissions: "money:view api:manage" });
  fireEvent.click(within(drawer).getByRole("button", { name: "Сохранить права" }));
  const alert = await within(drawer).findByRole("alert");
  expect(plain(alert)).toBe(
    "Нельзя распоряжаться правами, которых там нет у вас самих: «Видеть деньги», «Управлять интеграциями».",
  );
  fireEvent.click(within(drawer).getByRole("button", { name: "Сохранить права" }));
  await waitFor(() => expect(within(drawer).queryByRole("alert")).toBeNull());
  expect(cabinet.people.people[1]?.assignments[0]?.role).toBe("administrator");
});

test("the last administrator and oneself are not offered to be removed", async () => {
  open("/staff?person=p1");
  const drawer = await screen.findByRole("dialog", { name: "Анна Соколова" });
  expect(within(drawer).queryByRole("button", { name: "Убрать из компании" })).toBeNull();
  expect(plain(drawer)).toContain("Последний администратор");
});

test("somebody is removed after a question", async () => {
  const cabinet = open("/staff?person=p2");
  const drawer = await screen.findByRole("dialog", { name: "Борис Ильин" });
  fireEvent.click(within(drawer).getByRole("button", { name: "Убрать из компании" }));
  const dialog = await screen.findByRole("dialog", { name: "Убрать Борис Ильин из компании?" });
  fireEvent.click(within(dialog).getByRole("button", { name: "Убрать из компании" }));
  await waitFor(() => expect(cabinet.people.people.map((m) => m.id)).toEqual(["p1", "p3"]));
});

test("a role of their own is made of permissions in words", async () => {
  const cabinet = open("/staff?tab=roles");
  fireEvent.click(await screen.findByRole("button", { name: "Новая роль" }));
  const dialog = await screen.findByRole("dialog", { name: "Новая роль" });
  type("Название", "Ревизор", dialog);
  fireEvent.click(within(dialog).getByRole("checkbox", { name: /Видеть деньги/ }));
  fireEvent.click(within(dialog).getByRole("button", { name: "Сохранить роль" }));
  await screen.findByText("Ревизор");
  expect(cabinet.people.last.putRole).toMatchObject({
    role: { name: "Ревизор", permissions: ["tills:view", "money:view"] },
  });
  expect(screen.queryByRole("button", { name: "Удалить: Администратор" })).toBeNull();
});

test("tills are handed to a centre whose name is shown before", async () => {
  const cabinet = open("/service");
  fireEvent.click(await screen.findByRole("button", { name: "Передать на обслуживание" }));
  const dialog = await screen.findByRole("dialog", { name: "Передать на обслуживание" });
  const give = within(dialog).getByRole("button", { name: "Передать" }) as HTMLButtonElement;
  type("Код партнёра", "zzzz zzzz", dialog);
  await within(dialog).findByText(/Сервисного центра с таким кодом нет/);
  expect(give.disabled).toBe(true);
  type("Код партнёра", "k7qf-2m9x", dialog);
  await within(dialog).findByText(/Это ЦТО «Мастер касс»/);
  type("На срок", "none", dialog);
  await waitFor(() => expect(give.disabled).toBe(false));
  fireEvent.click(give);
  await waitFor(() => expect(cabinet.people.last.giveGrant).toMatchObject({ nodeId: "", endsMs: 0n }));
});

test("an offer waits for the owner; who may not manage people answers none", async () => {
  open("/service");
  await screen.findByRole("button", { name: "Принять: ЦТО «Мастер касс»" });
  cleanup();
  open("/service", { permissions: ALL.filter((p) => p !== "people:manage") });
  await screen.findByRole("table", { name: "Обслуживание" });
  expect(screen.queryByRole("button", { name: /Принять|Отозвать|Передать/ })).toBeNull();
});

test("a service centre sees its clients and its own code", async () => {
  open("/service", {}, (c) => c.people.centre());
  await screen.findByText("K7QF-2M9X");
  expect(plain(screen.getByRole("table"))).toContain("ТОО «Дәмді нан»Север");
});

test("a key is shown once", async () => {
  open("/integrations");
  fireEvent.click(await screen.findByRole("button", { name: "Создать ключ" }));
  const dialog = await screen.findByRole("dialog", { name: "Создать ключ" });
  await within(dialog).findByLabelText("Роль");
  type("Название", "Склад", dialog);
  fireEvent.click(within(dialog).getByRole("button", { name: "Создать" }));
  const made = await screen.findByRole("dialog", { name: "Ключ «Склад» создан" });
  expect(plain(made)).toContain("chk_Zm9yIHRlc3Rz");
  fireEvent.click(within(made).getByRole("button", { name: "Ключ сохранён у меня" }));
  await waitFor(() => expect(document.body.textContent).not.toContain("chk_Zm9yIHRlc3Rz"));
  await screen.findByText("chk_…wXyZ");
});

test("a wrong tax number says which digit", async () => {
  const cabinet = open("/company");
  fireEvent.click(await screen.findByRole("button", { name: "Изменить" }));
  const dialog = await screen.findByRole("dialog", { name: "Компания" });
  type("ИНН", "7707083894", dialog);
  cabinet.people.refuse = refused(Code.InvalidArgument, "taxid_check", {
    place: "10",
    name: "ИНН",
    typed: "4",
    right: "3",
  });
  fireEvent.click(within(dialog).getByRole("button", { name: "Сохранить" }));
  expect(plain(await within(dialog).findByRole("alert"))).toContain(
    "10-я цифра ИНН: введена 4, а по остальным должна быть 3",
  );
});

test("companies with their own money; the choice of one is this tab's", async () => {
  open("/companies", {}, (c) => c.people.several());
  const rows = within(await screen.findByRole("table", { name: "Все компании" }))
    .getAllByRole("row")
    .slice(1)
    .map(plain);
  expect(rows[0]).toContain("58 123,50 ₽");
  expect(rows[1]).toContain("180 000,00 ₸");
  expect(rows[2]).toContain("———");
  expect(rows[3]).toContain("Прочитать не удалось");
  expect(rows.join()).not.toMatch(/Итого|Всего/);
  fireEvent.click(screen.getByRole("button", { name: /^Перейти: ТОО/ }));
  await waitFor(() => expect(chosenOrganisation()).toBe("o2"));
  await screen.findByRole("heading", { name: "Кассы" });
});

test("one company needs no switcher, several have one", async () => {
  open("/company");
  await screen.findByRole("button", { name: "Изменить" });
  expect(screen.queryByRole("button", { name: /Сменить/ })).toBeNull();
  cleanup();
  open("/company", {}, (c) => c.people.several());
  fireEvent.click(await screen.findByRole("button", { name: "Компания: ООО «Ромашка». Сменить" }));
  const here = await screen.findByRole("menuitem", { name: "ООО «Ромашка»" });
  expect(here.getAttribute("aria-current")).toBe("true");
});

test("who may not manage people is told so", async () => {
  open("/staff", { permissions: ["tills:view"] });
  await screen.findByText("Такой записи нет, или она не для вас");
});

test.each([
  ["kk", "Қызметкерлер", "Бухгалтер · бүкіл компания"],
  ["en", "People", "Accountant · whole company"],
])("in %s", async (lang, title, rights) => {
  await startWords(lang as "kk" | "en");
  open("/staff");
  expect(plain(await screen.findByRole("table", { name: title }))).toContain(rights);
});
