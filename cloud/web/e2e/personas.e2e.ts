/**
 * Four people and what they come for: an owner who has just heard of the product, the administrator who shares the
 * work out, the accountant who looks for a receipt, and the technician of a service centre who mends a till and sees
 * no money.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectAccessible } from "./axe";
import { DESK, expectFits, openBrowser, openWindow, PHONE, shoot, signIn, type Window } from "./browser";
import { Letters, Newcomer } from "./newcomer";
import { listen, varint } from "./overhear";
import { artifacts, FIRST, SECOND, Shop } from "./shop";

let browser: Browser;
let shop: Shop;
let newcomer: Newcomer;
let letters: Letters;
/** The administrator of the demo's shop; his window stays open, for he takes back at the end what he gave. */
let administrator: Window;

const PASSWORD = "Лес-шумит-23-осенью";

beforeAll(async () => {
  [browser, shop, newcomer] = await Promise.all([openBrowser(), Shop.open(), Newcomer.open("Прилавок")]);
  letters = new Letters(join(shop.ready.sim_dir, "..", "cloud", "post"));
  administrator = await openWindow(browser, shop.ready.cabinet);
  await administrator.page.goto("/");
  await signIn(administrator.page, shop.ready.login, shop.ready.password);
  await sections(administrator.page).waitFor();
});

afterAll(async () => {
  await browser?.close();
  newcomer?.close();
  expect(await shop?.close()).toBe(0);
}, 60_000);

const sections = (page: Page) => page.getByRole("navigation", { name: "Разделы" });
const row = (page: Page, text: string) => page.getByRole("row").filter({ hasText: text });

/** The page at both widths: it fits, is kept as a picture, and axe has nothing serious. */
async function look(page: Page, name: string): Promise<void> {
  await expect.poll(() => page.getByLabel("Загружается").count()).toBe(0);
  for (const [width, viewport] of [
    ["360", PHONE],
    ["1440", DESK],
  ] as const) {
    await page.setViewportSize(viewport);
    await expectFits(page);
    await shoot(page, `${name}-${width}`, true);
    await expectAccessible(page);
  }
}

type Applicant = {
  kind: string;
  taxId: string;
  organisation: string;
  name: string;
  phone: string;
  email: string;
};

/** Signs an organisation up, with the codes from its telephone and its letters. */
async function signUp(page: Page, a: Applicant): Promise<void> {
  await page.goto("/");
  await page.getByRole("link", { name: "Зарегистрировать компанию" }).click();
  await page.getByText(a.kind, { exact: true }).click();
  await page.getByLabel("ИНН").fill(a.taxId);
  await page.getByLabel("Название компании").fill(a.organisation);
  await page.getByRole("button", { name: "Продолжить" }).click();
  await page.getByLabel("Ваше имя").fill(a.name);
  await page.getByLabel("Телефон").fill(a.phone);
  await page.getByLabel("E-mail").fill(a.email);
  await page.getByRole("button", { name: "Продолжить" }).click();
  await page.getByRole("textbox", { name: "Пароль", exact: true }).fill(PASSWORD);
  await page.getByLabel("Принимаю условия использования").check();
  await page.getByRole("button", { name: "Продолжить" }).click();
  await page.getByLabel("Код из SMS").waitFor();
  const phone = `+${a.phone.replace(/\D/g, "").replace(/^8/, "7")}`;
  await page.getByLabel("Код из SMS").fill(await letters.newest(phone, /\b\d{6}\b/));
  await page.getByLabel("Код из письма").fill(await letters.newest(a.email, /\b\d{6}\b/));
  await page.getByRole("button", { name: "Создать компанию" }).click();
  await sections(page).waitFor();
}

/** Joins by the link of the newest invitation to somebody, in a window of their own. */
async function joinBy(recipient: string, name: string): Promise<Window> {
  const link = await letters.newest(recipient, /https?:\/\/\S+\/invite\/\S+/);
  const window = await openWindow(browser, shop.ready.cabinet);
  const { page } = window;
  await page.goto(link);
  await page.getByLabel("Ваше имя").fill(name);
  await page.getByRole("textbox", { name: "Пароль", exact: true }).fill(PASSWORD);
  await page.getByLabel("Принимаю условия использования").check();
  await page.getByRole("button", { name: "Присоединиться" }).click();
  await sections(page).waitFor();
  return window;
}

/** Asks somebody to work in the demo's company. */
async function invite(page: Page, recipient: string, role: string, where?: string): Promise<Locator> {
  await sections(page).getByRole("link", { name: "Сотрудники" }).click();
  await page.getByRole("button", { name: "Пригласить" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Почта или телефон").fill(recipient);
  await dialog.getByLabel("Роль", { exact: true }).selectOption({ label: role });
  if (where) {
    await dialog.getByRole("combobox", { name: "Где" }).fill(where);
    await page.getByRole("option", { name: where }).click();
  }
  return dialog;
}

/** A sum with its kopecks, as a page or an office program writes it, in kopecks. */
function kopecksOf(text: string): number {
  expect(text).toMatch(/\d[.,]\d\d(\D*)$/);
  return Number(text.replaceAll(/\D/g, "")) * (/^[−-]/.test(text) ? -1 : 1);
}

test("an owner signs up, connects a till, finds his first receipt and sends it", async () => {
  const owner = await openWindow(browser, shop.ready.cabinet);
  const { page } = owner;
  await page.goto("/sign-up");
  await page.getByLabel("ИНН").fill("7707083894"); // the last digit is wrong
  await page.getByLabel("Название компании").fill("ООО «Лавка»");
  await page.getByRole("button", { name: "Продолжить" }).click();
  await page.getByText("Такого номера не бывает: проверьте цифры").waitFor();
  await look(page, "owner-signup");
  await signUp(page, {
    kind: "Компания с кассами",
    taxId: "7707083893",
    organisation: "ООО «Лавка»",
    name: "Ольга Лавкина",
    phone: "8 (916) 123-45-67",
    email: "olga@example.ru",
  });
  await page.getByRole("heading", { name: "Подключите первую кассу" }).waitFor();
  await look(page, "owner-empty");

  await sections(page).getByRole("link", { name: "Торговые точки" }).click();
  await page.getByRole("link", { name: "Подключить кассу" }).click();
  await page.getByRole("combobox", { name: "Торговая точка" }).fill("Лавка на Садовой, 7");
  await page.getByRole("button", { name: "Получить код" }).click();
  const command = (await page.locator("pre").filter({ hasText: "enroll" }).textContent()) ?? "";
  const [, cloud = "", code = ""] = /enroll --cloud (\S+) (\S+)/.exec(command) ?? [];
  await look(page, "owner-connect");
  await newcomer.enroll(cloud, code);
  const step = (name: string) => page.getByRole("listitem").filter({ hasText: name });
  await step("Агент на связи").getByText("готово").waitFor();
  await step("Касса найдена и отвечает").getByText("готово").waitFor();
  // The till has an operator already, who took the report of its registration.
  await step("Оператор фискальных данных выбран и отвечает").getByText("готово").waitFor();
  await page.getByRole("button", { name: "Напечатать пробный чек" }).click();
  await step("Пробный чек напечатан").getByText("готово").waitFor();
  await page.getByRole("status").filter({ hasText: "Касса подключена:" }).waitFor();
  await look(page, "owner-connected");

  const price = 249_900;
  await newcomer.submit({ key: "lavka-shift", kind: "KIND_OPEN_SHIFT" });
  await newcomer.submit({
    key: "lavka-1",
    kind: "KIND_SALE",
    receipt: {
      items: [{ name: "Самовар тульский", quantity: "1", price: String(price), vat: "22" }],
      payments: { electronic: String(price) },
    },
  });

  await sections(page).getByRole("link", { name: "Чеки" }).click();
  await page.getByRole("textbox", { name: "Товар" }).fill("самовар");
  const table = page.getByRole("table", { name: "Чеки" });
  await table.getByText("2 499,00 ₽").first().waitFor();
  await expect.poll(() => table.getByRole("row").count(), "the heading and the receipt").toBe(2);
  await look(page, "owner-found");
  const number = table.getByRole("row").nth(1).getByRole("cell").nth(3); // with the fiscal sign under it
  const fd = (await number.getByRole("link").textContent()) ?? "";
  const fp = ((await number.textContent()) ?? "").slice(fd.length);
  expect(fp).toMatch(/^\d{10}$/);
  await table.getByRole("link", { name: fd, exact: true }).click();
  await page.getByRole("region", { name: "Как на бумаге" }).getByText("Самовар тульский").waitFor();

  await page.getByRole("button", { name: "Чек покупателю" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Сделать ссылку" }).click();
  const link = (await dialog.locator("pre").textContent()) ?? "";
  await dialog.getByRole("img", { name: "QR-код ссылки" }).waitFor();
  await look(page, "owner-link");
  const buyer = await openWindow(browser, shop.ready.cabinet, PHONE);
  await readByBuyer(buyer, link, fd, fp);
  await look(buyer.page, "buyer");
  await buyer.context.close();

  await dialog.getByLabel("Почта или телефон покупателя").fill("pokupatel@example.ru");
  await dialog.getByLabel("Покупатель согласен получить чек на этот адрес").check();
  await dialog.getByRole("button", { name: "Отправить" }).click();
  await page.getByText("Чек отправлен:").waitFor();
  const sent = await letters.newest("pokupatel@example.ru", /https?:\/\/\S+\/r\/\S+/);
  expect(sent).not.toBe(link);
  const other = await openWindow(browser, shop.ready.cabinet);
  await readByBuyer(other, sent, fd, fp);
  await other.context.close();
  await look(page, "owner-links");
  expect(owner.faults).toEqual([]);
  await owner.context.close();
});

/** Opens the link of a receipt as somebody who has never been in the cabinet. */
async function readByBuyer({ page }: Window, link: string, fd: string, fp: string): Promise<void> {
  await page.goto(link);
  const said = (await page.locator("dl").innerText()).replaceAll(/\s+/g, " ");
  expect(said).toContain(`ФД ${fd}`);
  expect(said).toContain(`ФПД ${fp}`);
  expect(await page.getByText("Самовар тульский").count()).toBeGreaterThan(0);
}

test("an administrator shares the work out", async () => {
  const { page } = administrator;
  // The tree: a department, an outlet, and the shop moved by the keyboard.
  await sections(page).getByRole("link", { name: "Торговые точки" }).click();
  await page.getByRole("button", { name: "Создать отдел" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Название").fill("Северный отдел");
  await dialog.getByRole("button", { name: "Создать" }).click();
  await row(page, "Северный отдел").waitFor();
  await page.getByRole("button", { name: "Создать точку" }).click();
  await dialog.getByLabel("Название").fill("Киоск у вокзала");
  await dialog.getByRole("button", { name: "Создать" }).click();
  await row(page, "Киоск у вокзала").waitFor();
  const tree = page.getByRole("treegrid", { name: "Торговые точки" });
  await tree.getByRole("row").filter({ hasText: "Магазин на Ленина" }).focus();
  await page.keyboard.press("m");
  await dialog.getByLabel("Куда").selectOption({ label: "Северный отдел" });
  await look(page, "admin-move");
  await dialog.getByRole("button", { name: "Перенести" }).click();
  await expect
    .poll(() => tree.getByRole("row").filter({ hasText: "Магазин на Ленина" }).getAttribute("aria-level"))
    .toBe("3");
  await look(page, "admin-tree");

  // A till to the kiosk: from now on it counts there.
  await row(page, FIRST).focus();
  await page.keyboard.press("m");
  await dialog.getByLabel("Куда").selectOption({ label: "Киоск у вокзала" });
  await dialog.getByRole("button", { name: "Перенести" }).click();
  await dialog.waitFor({ state: "detached" });

  // A role of one's own, and somebody with it at the kiosk only.
  await sections(page).getByRole("link", { name: "Сотрудники" }).click();
  await page.getByRole("tab", { name: "Роли" }).click();
  await page.getByRole("button", { name: "Новая роль" }).click();
  await dialog.getByLabel("Название").fill("Старший смены");
  await dialog.getByLabel("Восстанавливать кассы").check();
  await dialog.getByLabel("Видеть документы").check();
  await look(page, "admin-role");
  await dialog.getByRole("button", { name: "Сохранить роль" }).click();
  await page.getByRole("cell", { name: /^Старший смены/ }).waitFor();
  await look(page, "admin-roles");
  const invitation = await invite(page, "starshij@example.ru", "Старший смены", "Киоск у вокзала");
  await look(page, "admin-invite");
  await invitation.getByRole("button", { name: "Отправить приглашение" }).click();
  await page.getByText("Приглашение отправлено: starshij@example.ru").waitFor();
  await look(page, "admin-staff");

  const senior = await joinBy("starshij@example.ru", "Семён Старший");
  await senior.page.goto("/tills");
  await row(senior.page, FIRST).waitFor();
  expect(await row(senior.page, SECOND).count(), "a till of another outlet is seen").toBe(0);
  expect(await sections(senior.page).getByRole("link", { name: "Сотрудники" }).count()).toBe(0);
  await senior.page.goto("/tree");
  await row(senior.page, "Киоск у вокзала").waitFor();
  expect(await row(senior.page, "Магазин на Ленина").count()).toBe(0);
  await look(senior.page, "senior-tree");
  await shop.sell(FIRST, "personas-kiosk", "Газета", 4_500); // earlier receipts belong to where the till stood
  await senior.page.goto("/documents");
  await senior.page.getByRole("table", { name: "Чеки" }).waitFor();
  expect(await senior.page.getByText("₽").count(), "money without the right to see it").toBe(0);
  expect(senior.faults).toEqual([]);
  await senior.context.close();

  // A limit of the kiosk, and of nothing else.
  await page.goto("/thresholds");
  const at = async (place: RegExp, typed: string) => {
    await page.getByRole("combobox", { name: "Где действуют" }).fill(typed);
    await page.getByRole("option", { name: place }).click();
  };
  await at(/Киоск у вокзала$/, "киоск");
  const rule = row(page, "Смена открыта");
  await rule.getByText("обычный").waitFor();
  await rule.getByRole("button").click();
  await dialog.getByLabel("Единица").selectOption("minutes");
  await dialog.getByLabel("Жёлтый").fill("600");
  await dialog.getByLabel("Красный").fill("700");
  await dialog.getByRole("button", { name: "Сохранить" }).click();
  await rule.getByText("10 ч").waitFor();
  await look(page, "admin-thresholds");
  await at(/^Вся компания$/, "вся");
  await rule.getByText("обычный").waitFor();
  await expect.poll(() => rule.getByText("10 ч").count()).toBe(0);
});

test("an accountant finds a receipt and takes the figures away", async () => {
  const { page: boss } = administrator;
  const dialog = await invite(boss, "buh@example.ru", "Бухгалтер");
  await dialog.getByRole("button", { name: "Отправить приглашение" }).click();
  await boss.getByText("Приглашение отправлено: buh@example.ru").waitFor();
  const accountant = await joinBy("buh@example.ru", "Белла Бухгалтер");
  const { page } = accountant;

  const sum = 1_234_50;
  await shop.sell(FIRST, "personas-1", "Кофе в зёрнах особый", sum);
  await sections(page).getByRole("link", { name: "Чеки" }).click();
  const table = page.getByRole("table", { name: "Чеки" });
  await page.getByRole("textbox", { name: "Сумма" }).fill("1234,50");
  await table.getByText("1 234,50 ₽").first().waitFor();
  await expect.poll(() => table.getByRole("row").count()).toBe(2);
  await page.getByRole("textbox", { name: "Сумма" }).fill("");
  await page.getByRole("textbox", { name: "Товар" }).fill("особый");
  await expect.poll(() => table.getByRole("row").count()).toBe(2);
  await table.getByText("1 234,50 ₽").first().waitFor();
  await look(page, "accountant-found");

  await sections(page).getByRole("link", { name: "Смены" }).click();
  const shifts = page.getByRole("table", { name: "Смены" });
  await shifts.getByRole("row").nth(1).waitFor();
  await look(page, "accountant-shifts");
  const rows = await shifts.getByRole("row").all();
  const revenues = await Promise.all(
    rows.slice(1).map(async (r) => kopecksOf((await r.getByRole("cell").nth(6).textContent()) ?? "")),
  );
  const shown = revenues.reduce((a, b) => a + b, 0);
  expect(shown).toBeGreaterThan(sum);
  await page.getByRole("button", { name: "Выгрузить" }).click();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: "XLSX" }).click(),
  ]);
  const told = await sheet(await save(file, "shifts.xlsx"));
  const heads = told[0] ?? [];
  const column = heads.indexOf("Выручка");
  expect(column, heads.join("|")).toBeGreaterThan(0);
  const taken = told.slice(1, 1 + revenues.length).map((r) => kopecksOf(r[column] ?? ""));
  expect(taken).toEqual(revenues);

  await shifts.getByRole("link").first().click();
  await page.getByRole("heading", { name: /^Смена \d/, level: 1 }).waitFor();
  await page.getByRole("region", { name: "Сведения" }).getByText("Выручка").waitFor();
  await look(page, "accountant-shift");
  expect(await sections(page).getByRole("link", { name: "Сотрудники" }).count()).toBe(0);
  expect(accountant.faults).toEqual([]);
  await accountant.context.close();
});

async function save(file: { saveAs(path: string): Promise<void> }, name: string): Promise<string> {
  const path = join(artifacts, name);
  await file.saveAs(path);
  return path;
}

/** A table as a program of the office reads it, row by row. */
async function sheet(path: string): Promise<string[][]> {
  const args = [
    "--headless",
    "--convert-to",
    "csv:Text - txt - csv (StarCalc):9,0,76,1",
    "--outdir",
    artifacts,
    path,
  ];
  const profile = `-env:UserInstallation=file://${join(artifacts, "office")}`;
  await promisify(execFile)("libreoffice", [profile, ...args]);
  const text = await readFile(path.replace(/xlsx$/, "csv"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
}

/** What must not come to a service centre: words of receipts and people, and a sum no other number is like. */
const SECRET = { item: "Телескоп зеркальный", sum: 987_654_321 };

test("a technician of a service centre mends a till and sees no money", async () => {
  await shop.sell(FIRST, "personas-secret", SECRET.item, SECRET.sum);
  const centre = await openWindow(browser, shop.ready.cabinet);
  const heard = await listen(centre.context);
  const { page } = centre;
  await signUp(page, {
    kind: "Сервисный центр",
    taxId: "500100732259",
    organisation: "ИП Мастеров",
    name: "Тимофей Мастеров",
    phone: "+7 926 765-43-21",
    email: "master@example.ru",
  });
  await sections(page).getByRole("link", { name: "Обслуживание" }).click();
  await page.getByText("Ваш код партнёра").waitFor();
  await page.getByText("Клиентов пока нет").waitFor();
  await look(page, "centre-code");
  const code = /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(await page.getByRole("main").innerText())?.[0] ?? "";
  expect(code).not.toBe("");

  const { page: boss } = administrator;
  await sections(boss).getByRole("link", { name: "Обслуживание" }).click();
  await boss.getByRole("button", { name: "Передать на обслуживание" }).click();
  const dialog = boss.getByRole("dialog");
  await dialog.getByLabel("Код партнёра").fill(code);
  await dialog.getByText("Это ИП Мастеров").waitFor();
  await dialog.getByLabel("На срок").selectOption("month");
  await look(boss, "admin-grant");
  await dialog.getByRole("button", { name: "Передать" }).click();
  await row(boss, "ИП Мастеров").getByText("Обслуживает").waitFor();
  await look(boss, "admin-granted");

  const before = await shop.documents(SECOND);
  expect((await shop.lastSlip(SECOND)).whole, "the morning must end with a torn slip").toBe(false);
  await page.goto("/tills");
  await row(page, FIRST).waitFor();
  await look(page, "centre-tills");
  await row(page, SECOND).getByRole("link", { name: SECOND }).click();
  await page.getByRole("button", { name: "Продолжить печать" }).click();
  const plan = page.getByRole("dialog");
  await plan.getByRole("list", { name: "Что будет сделано" }).getByRole("listitem").first().waitFor();
  await look(page, "centre-plan");
  await plan.getByRole("button", { name: "Продолжить печать" }).click();
  await page.getByRole("region", { name: "Ход команды" }).getByText("Выполнено").waitFor();
  await page.getByRole("status", { name: "Состояние" }).getByText("Работает").waitFor();
  expect((await shop.lastSlip(SECOND)).whole).toBe(true);
  expect(await shop.documents(SECOND)).toHaveLength(before.length);
  await look(page, "centre-mended");
  await page.getByRole("tab", { name: "Журнал команд" }).click();
  const record = page.getByRole("list", { name: "Журнал команд" }).getByRole("button").first();
  await record.getByText("Выполнено").waitFor();
  await record.click();
  await page.getByRole("tabpanel").getByRole("list", { name: "Шаги" }).waitFor();
  await look(page, "centre-record");

  // Everywhere he can go: no sum, no goods, no cashier, no buyer, on the page or in what came to it.
  const secrets = [SECRET.item, "Кофе", "Хлеб", "Молоко", "Иванова", "Смирнова", "Петрова", "Самовар"];
  const quiet = async (address: string) => {
    const text = await page.getByRole("main").innerText();
    for (const secret of [...secrets, "₽", "9876543,21", "9 876 543"]) {
      expect(text, `${secret} on ${address}`).not.toContain(secret);
    }
  };
  const card = new URL(page.url()).pathname.split("/").slice(0, 3).join("/");
  const ways = await sections(page).getByRole("link").all();
  const addresses = await Promise.all(ways.map((way) => way.getAttribute("href")));
  for (const tab of ["", "/operations", "/documents", "/commands", "/notes"]) addresses.push(`${card}${tab}`);
  for (const address of addresses) {
    if (!address) continue;
    await page.goto(address);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await expect.poll(() => page.getByLabel("Загружается").count()).toBe(0);
    await quiet(address);
  }
  const bytes = Buffer.concat(heard);
  expect(bytes.includes(SECOND), "nothing was heard").toBe(true);
  for (const secret of secrets) expect(bytes.includes(secret), `${secret} in an answer`).toBe(false);
  for (const sum of [varint(SECRET.sum), String(SECRET.sum)]) {
    expect(bytes.includes(sum), "the sum in an answer").toBe(false);
  }

  // The owner takes it back: the open page loses the till.
  await page.goto(card);
  await page.getByRole("heading", { name: SECOND, level: 1 }).waitFor();
  await row(boss, "ИП Мастеров")
    .getByRole("button", { name: /^Отозвать/ })
    .click();
  await dialog.getByRole("button", { name: "Отозвать" }).click();
  await boss.getByText("Обслуживание отозвано").waitFor();
  await page.getByRole("heading", { name: SECOND, level: 1 }).waitFor({ state: "detached" });
  await shoot(page, "centre-lost-1440");
  await page.goto("/tills");
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await expect.poll(() => page.getByLabel("Загружается").count()).toBe(0);
  expect(await page.getByText(SECOND).count()).toBe(0);
  expect(centre.faults).toEqual([]);
  expect(administrator.faults).toEqual([]);
  await centre.context.close();
});
