/**
 * The product's sentence in a browser: a receipt that paper ran out under is finished from the cabinet, and the till
 * turns green. The tests are one story and run in their order.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DESK, expectFits, openBrowser, openWindow, PHONE, shoot, signIn, type Window } from "./browser";
import { artifacts, emptyCabinet, FIRST, SECOND, Shop } from "./shop";

/** How long the demo lets the killed agent lie: the cabinet calls it away after a minute. */
const REVIVE = 85;

let browser: Browser;
let shop: Shop;
let desk: Window;

/** What a program of Debian says of a file. */
const read = async (program: string, ...args: string[]) => (await promisify(execFile)(program, args)).stdout;

const state = (page: Page) => page.getByRole("status", { name: "Состояние" });
const row = (page: Page, till: string) => page.getByRole("row").filter({ hasText: till });

/** Reads the plan, and agrees. */
async function consent(page: Page, act: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("list", { name: "Что будет сделано" }).getByRole("listitem").first().waitFor();
  await dialog.getByRole("button", { name: act }).click();
}

beforeAll(async () => {
  [browser, shop] = await Promise.all([openBrowser(), Shop.open("--revive", `${REVIVE}s`)]);
  desk = await openWindow(browser, shop.ready.cabinet);
});

afterAll(async () => {
  await browser?.close();
  expect(await shop?.close(), "Ctrl-C did not stop everything cleanly").toBe(0);
  expect(desk?.faults ?? []).toEqual([]);
}, 60_000);

test("a wrong password is refused in words", async () => {
  const { page } = desk;
  await page.goto("/");
  await signIn(page, shop.ready.login, "not the password");
  await page.getByRole("alert").getByText("Логин или пароль не подходит.").waitFor();
  await shoot(page, "signin-wrong-1440");
});

test("the list shows the till that needs a person", async () => {
  const { page } = desk;
  await signIn(page, shop.ready.login, shop.ready.password);
  await page.getByRole("heading", { name: "Кассы", level: 1 }).waitFor();
  const unfinished = row(page, SECOND);
  await unfinished.getByText("Внимание").waitFor();
  await unfinished.getByText("Бумага вставлена, касса ждёт продолжения печати.").waitFor();
  await row(page, FIRST).getByText("Работает").waitFor();
  // Those with problems stand first.
  expect(await page.getByRole("row").nth(1).textContent()).toContain(SECOND);
  await expectFits(page);
  await shoot(page, "tills-1440");
});

test("the same list fits a phone", async () => {
  const { page } = desk;
  await page.setViewportSize(PHONE);
  await page.getByRole("list", { name: "Кассы" }).getByRole("link").filter({ hasText: SECOND }).waitFor();
  await expectFits(page);
  await shoot(page, "tills-360", true);
  await page.setViewportSize(DESK);
});

test("the cabinet speaks Kazakh and English", async () => {
  const { page } = desk;
  const language = page.getByRole("combobox").filter({ hasText: "Русский" });
  await language.selectOption("kk");
  await page.getByRole("heading", { name: "Кассалар", level: 1 }).waitFor();
  await row(page, SECOND).waitFor();
  await expectFits(page);
  await shoot(page, "tills-kk-1440");
  await page.setViewportSize(PHONE);
  await expectFits(page);
  await shoot(page, "tills-kk-360", true);
  await page.setViewportSize(DESK);
  await page.getByRole("combobox").filter({ hasText: "Русский" }).selectOption("en");
  await page.getByRole("heading", { name: "Tills", level: 1 }).waitFor();
  await shoot(page, "tills-en-1440");
  await page.getByRole("combobox").filter({ hasText: "Русский" }).selectOption("ru");
  await page.getByRole("heading", { name: "Кассы", level: 1 }).waitFor();
});

test("what is empty says why", async () => {
  const { page } = desk;
  await page.getByRole("searchbox", { name: "Поиск кассы" }).fill("такой кассы нет");
  await page.getByText("По отбору ничего не нашлось").waitFor();
  await page.getByRole("button", { name: "Снять отбор" }).click();
  await row(page, FIRST).getByRole("link", { name: FIRST }).click();
  await page.getByRole("tab", { name: "Журнал команд" }).click();
  await page.getByText("Команд ещё не было").waitFor();
  await shoot(page, "commands-none-1440");
  await page.goto("/no/such/page");
  await page.getByText("Такой страницы нет").waitFor();
});

test("the receipt is finished from the till's card", async () => {
  const { page } = desk;
  const before = await shop.documents(SECOND);
  expect((await shop.lastSlip(SECOND)).whole, "the morning must end with a torn slip").toBe(false);

  await page.goto("/tills");
  await row(page, SECOND).getByRole("link", { name: SECOND }).click();
  await page.getByRole("heading", { name: SECOND, level: 1 }).waitFor();
  await state(page).getByText("Внимание").waitFor();
  const problems = page.getByRole("region", { name: "Неисправности" });
  await problems.getByText("Чек пробит, но не допечатан.").waitFor();
  await expectFits(page);
  await shoot(page, "till-state-1440");
  await page.getByRole("tab", { name: "Операции" }).click();
  const owed = page.getByRole("table", { name: "Операции" }).getByText("Не допечатан");
  await owed.waitFor();
  await expectFits(page);
  await shoot(page, "till-unfinished-1440");

  await page.getByRole("button", { name: "Продолжить печать" }).click();
  await consent(page, "Продолжить печать");
  const run = page.getByRole("region", { name: "Ход команды" });
  await run.getByText("Выполняется").waitFor();
  const steps = run.getByRole("list", { name: "Шаги" }).getByRole("listitem");
  await steps.filter({ hasText: "Продолжить печать" }).filter({ hasText: "Идёт" }).waitFor();
  await shoot(page, "till-running-1440");
  await page.screenshot({
    path: join(artifacts, "cabinet.png"),
    clip: { x: 0, y: 0, width: 1440, height: 700 },
  });
  await run.getByText("Выполнено").waitFor();
  await steps.filter({ hasText: "Продолжить печать" }).filter({ hasText: "Сделано" }).waitFor();
  await state(page).getByText("Работает").waitFor();
  await problems.waitFor({ state: "detached" });
  await owed.waitFor({ state: "detached" });
  await expectFits(page);
  await shoot(page, "till-finished-1440");

  // The slip is whole, it shows the receipt that was owed, and there is no second document.
  const slip = await shop.lastSlip(SECOND);
  expect(slip.whole).toBe(true);
  const last = before.at(-1);
  expect(slip.lines.join("\n")).toMatch(new RegExp(`^ФД +${last?.fd}$`, "m"));
  expect(slip.lines.some((line) => line.startsWith("ИТОГ"))).toBe(true);
  expect(await shop.documents(SECOND)).toHaveLength(before.length);
});

test("the record of the command stays", async () => {
  const { page } = desk;
  await page.getByRole("tab", { name: "Журнал команд" }).click();
  const record = page.getByRole("list", { name: "Журнал команд" }).getByRole("button").first();
  await record.getByText("Продолжить печать").waitFor();
  await record.getByText("Выполнено").waitFor();
  await record.click();
  await page.getByRole("tabpanel").getByRole("list", { name: "Шаги" }).waitFor();
  await shoot(page, "commands-1440");
});

test("a sale made outside appears while the page is open", async () => {
  const { page } = desk;
  await page.goto("/tills");
  await row(page, FIRST).getByRole("link", { name: FIRST }).click();
  await page.getByRole("tab", { name: "Операции" }).click();
  const table = page.getByRole("table", { name: "Операции" });
  await table.getByText("Открытие смены").waitFor();
  const sum = table.getByText("1 234,50 ₽");
  expect(await sum.count()).toBe(0);
  await page.mouse.move(0, 0); // rows wait while the pointer is among them
  const operation = await shop.sell(FIRST, "e2e-live-1", "Кофе в зёрнах", 123_450);
  const began = Date.now();
  await sum.waitFor();
  expect(Date.now() - began, "the row came too late to be called live").toBeLessThan(5_000);
  expect(operation).toMatchObject({ text: "Чек пробит." });

  await page.getByRole("tab", { name: "Документы" }).click();
  await page.getByText("1 234,50 ₽").click();
  await page.getByRole("heading", { name: "Продажа", level: 1 }).waitFor();
});

test("the receipt is read as it lies in the shop", async () => {
  const { page } = desk;
  // The agent reads it back from the fiscal memory by itself, and the open page shows it when it is here.
  const slip = page.getByRole("region", { name: "Как на бумаге" });
  await slip.getByText("КАССОВЫЙ ЧЕК").waitFor();
  const paper = (await slip.innerText()).replaceAll(/\s+/g, " ");
  const held = (await shop.documents(FIRST)).at(-1);
  expect(held?.total).toBe(123_450);
  for (const words of ["Кофе в зёрнах", "=1234.50", "ИТОГ", String(held?.fd)]) expect(paper).toContain(words);
  await expectFits(page);
  await shoot(page, "document-1440", true);

  // An independent reader takes the code off the screen.
  const code = join(artifacts, "document-qr.png");
  await slip.getByRole("img").screenshot({ path: code });
  expect(await read("zbarimg", "--quiet", "--raw", code)).toMatch(
    new RegExp(`^t=\\d{8}T\\d{4}&s=1234\\.50&fn=\\d{16}&i=${held?.fd}&fp=\\d+&n=1\\s*$`),
  );

  await page.setViewportSize(PHONE);
  await slip.waitFor();
  await expectFits(page);
  await shoot(page, "document-360", true);
  await page.setViewportSize(DESK);
});

test("its tags are found by their words, and its file has every figure of the slip", async () => {
  const { page } = desk;
  const slip = page.getByRole("region", { name: "Как на бумаге" });
  const figures = new Set((await slip.innerText()).match(/\d[\d.:,]*\d|\d/g));
  expect(figures.size).toBeGreaterThan(10);

  await page.getByRole("tab", { name: "Теги" }).click();
  const table = page.getByRole("table", { name: "Теги" });
  await table.getByText("ФП документа (ФПД)").waitFor();
  await expectFits(page);
  await shoot(page, "tags-1440", true);
  await page.setViewportSize(PHONE);
  await expectFits(page);
  await shoot(page, "tags-360", true);
  await page.setViewportSize(DESK);
  await page.getByRole("searchbox", { name: "Номер, название, значение" }).fill("1234,50");
  await table.getByRole("cell", { name: "1020", exact: true }).waitFor();
  expect(await table.getByRole("cell", { name: "1021", exact: true }).count()).toBe(0);
  await page.getByRole("button", { name: "Байты" }).click();
  await table.getByText("3A E2 01").first().waitFor(); // 123 450 kopecks

  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "PDF" }).click(),
  ]);
  expect(file.suggestedFilename()).toMatch(/^\d{16}-\d+\.pdf$/);
  const path = join(artifacts, "document.pdf");
  await file.saveAs(path);
  const text = await read("pdftotext", "-layout", path, "-");
  for (const figure of figures) expect(text).toContain(figure);
});

test("the printer gets the slip and nothing else", async () => {
  const { page } = desk;
  await page.getByRole("tab", { name: "Чек" }).click();
  const slip = page.getByRole("region", { name: "Как на бумаге" });
  await slip.waitFor();
  await page.emulateMedia({ media: "print" });
  await shoot(page, "document-print", true);
  const printed = join(artifacts, "document-print.pdf");
  await page.pdf({ path: printed, format: "A4" });
  await page.emulateMedia({ media: null });
  const text = await read("pdftotext", "-layout", printed, "-");
  expect(text).toContain("=1234.50");
  for (const word of ["Кассы", "Сведения", "Скопировать ссылку", "Чекан", "Теги"])
    expect(text).not.toContain(word);
  expect(text.trim().split("\f")).toHaveLength(1);
});

test("documents of every form are listed, and narrowed to a kind", async () => {
  const { page } = desk;
  await page.getByRole("link", { name: /Документы/ }).click();
  const table = page.getByRole("table", { name: "Документы" });
  await table.getByText("Отчёт о регистрации").waitFor(); // nobody asked the agent for it: its copy tells of it
  await page.getByRole("combobox", { name: "Вид документов" }).selectOption("registration");
  await expect.poll(() => table.getByRole("row").count()).toBe(2);
  await shoot(page, "documents-1440");
  await table.getByText("Отчёт о регистрации").click();
  await page.getByRole("heading", { name: "Отчёт о регистрации", level: 1 }).waitFor();
  await page.getByText("Документ сделан не через агента").waitFor();
  await page.getByRole("tab", { name: "Документ" }).waitFor();
  await page.getByRole("region", { name: "Как на бумаге" }).getByText("ОТЧЁТ О РЕГИСТРАЦИИ").waitFor();
  await expectFits(page);
  await shoot(page, "registration-1440", true);
});

test("a receipt that only a person can tell from another is decided from the cabinet", async () => {
  const { page } = desk;
  const before = await shop.documents(FIRST);
  // The till's answer is lost for good, and a second program makes an equal receipt right behind ours.
  await shop.fault(FIRST, "FF45", "after", "foreign", 44);
  await shop.fault(FIRST, "FF45", "after", "forget_answer");
  const asked = shop.submit(FIRST, "e2e-doubt-1", "Чай чёрный листовой 100 г", 4_400);

  await page.goto("/tills");
  const way = page
    .getByRole("navigation", { name: "Разделы" })
    .getByRole("link", { name: "Требуют решения" });
  await way.getByText("1").waitFor();
  await way.click();
  const list = page.getByRole("list", { name: "Требуют решения" });
  await list.getByText("В накопителе несколько похожих документов.").waitFor();
  const fits = list.getByRole("list", { name: "Подходящие документы в накопителе" }).getByRole("listitem");
  await expect.poll(() => fits.count()).toBe(2);
  await expectFits(page);
  await shoot(page, "decisions-1440", true);
  await page.setViewportSize(PHONE);
  await expectFits(page);
  await shoot(page, "decisions-360", true);
  await page.setViewportSize(DESK);

  const held = await shop.documents(FIRST);
  expect(held).toHaveLength(before.length + 2);
  const ours = held.at(-2)?.fd; // the other program came second
  await page.getByRole("button", { name: `Это наш документ ФД ${ours}` }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Записать решение человека").waitFor();
  await dialog.getByLabel("Почему так").fill("на ленте наш чай");
  await dialog.getByLabel(/Введите название кассы/).fill(FIRST);
  await shoot(page, "decision-1440");
  await dialog.getByRole("button", { name: `Это наш документ ФД ${ours}` }).click();
  const record = page.getByRole("region", { name: "Ход команды" });
  await record.getByText("Выполнено").waitFor();
  await record.getByText("на ленте наш чай").waitFor();
  await page.getByText("Решать нечего").waitFor();
  await shoot(page, "decided-1440");
  await way.getByText("1").waitFor({ state: "detached" });

  expect(await asked).toMatchObject({ key: "e2e-doubt-1" });
  expect(await shop.submit(FIRST, "e2e-doubt-1", "Чай чёрный листовой 100 г", 4_400)).toMatchObject({
    outcome: "OUTCOME_DONE",
    document: { fd: ours },
  });
  expect(await shop.documents(FIRST)).toHaveLength(held.length);
});

test("the cashier is asked first, and allows it on his own page", async () => {
  const { page } = desk;
  await page.goto("/tills");
  await row(page, FIRST).getByRole("link", { name: FIRST }).click();
  await page.getByRole("button", { name: "Проверить", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("list", { name: "Что будет сделано" }).getByRole("listitem").first().waitFor();
  await dialog.getByRole("checkbox", { name: "Спросить разрешения у кассира" }).check();
  await dialog.getByRole("button", { name: "Проверить", exact: true }).click();
  const progress = page.getByRole("region", { name: "Ход команды" });
  await progress.getByText("Ждём ответа кассира").waitFor();
  await shoot(page, "consent-asked-1440");
  await shop.sell(FIRST, "e2e-meanwhile", "Кофе, пока спрашивают", 15000);

  const cashier = await openWindow(browser, shop.ready.pos);
  await cashier.page.goto(await shop.cashierLink());
  await cashier.page.getByText(`${shop.ready.login} просит: проверить кассу`).waitFor();
  await shoot(cashier.page, "consent-cashier-1440");
  await cashier.page.keyboard.press("F9");
  await cashier.page.getByText("Разрешено, выполняю").waitFor();
  await cashier.page.getByText("Разрешить?").waitFor({ state: "hidden" });
  expect(cashier.faults).toEqual([]);
  await cashier.context.close();

  await progress.getByText("Кассир разрешил.").waitFor();
  await progress.getByText("Выполнено").waitFor();
  await expectFits(page);
  await shoot(page, "consent-given-1440");
});

test("the agent itself checks the network and gives a bundle", { timeout: 180_000 }, async () => {
  const { page } = desk;
  await page.goto("/");
  await row(page, FIRST).getByRole("link", { name: FIRST }).click();
  const part = page.getByRole("region", { name: "Агент" });
  await part.getByRole("button", { name: "Проверить сеть" }).click();
  await consent(page, "Проверить сеть");
  const now = page.getByRole("region", { name: "Ход команды" });
  await now.getByText("Сеть в порядке").first().waitFor({ timeout: 60_000 });
  await now.getByText("Вход агентов в кабинет: шифрование и сертификат").first().waitFor();
  await expectFits(page);
  await shoot(page, "agent-network-1440", true);
  await part.getByRole("button", { name: "Собрать файл для разбора" }).click();
  await consent(page, "Собрать файл для разбора");
  const download = now.getByRole("button", { name: "Скачать файл" });
  await download.waitFor({ timeout: 60_000 });
  const [file] = await Promise.all([page.waitForEvent("download"), download.click()]);
  expect(file.suggestedFilename()).toMatch(/^chekan-.*\.zip$/);
  const saved = join(artifacts, "bundle.zip");
  await file.saveAs(saved);
  expect((await readFile(saved)).subarray(0, 2).toString()).toBe("PK");
  await page.setViewportSize(PHONE);
  await expectFits(page);
  await shoot(page, "agent-network-360", true);
  await page.setViewportSize(DESK);
  await page.goto("/");
});

test("a limit of one till colours that till and no other", { timeout: 180_000 }, async () => {
  const { page } = desk;
  await page.goto("/tills");
  await row(page, FIRST).getByRole("link", { name: FIRST }).click();
  const aspects = page.getByRole("list", { name: "Состояния" });
  await expect.poll(() => aspects.getByRole("listitem").count()).toBe(8);
  await page.getByRole("link", { name: "Пороги" }).click();
  await page.getByRole("heading", { name: "Пороги", level: 1 }).waitFor();
  const rule = page.getByRole("row").filter({ hasText: "Смена открыта" });
  await rule.getByText("обычный").waitFor();
  await expectFits(page);
  await shoot(page, "thresholds-1440");
  await rule.getByRole("button").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Единица").selectOption("minutes");
  await dialog.getByLabel("Жёлтый").fill("10");
  await dialog.getByLabel("Красный").fill("5");
  await dialog.getByText("Красный порог должен наступать после жёлтого.").waitFor();
  await dialog.getByLabel("Жёлтый").fill("1");
  await dialog.getByLabel("Красный").fill("0");
  await dialog.getByRole("button", { name: "Сохранить" }).click();
  await rule.getByText("кассы").waitFor();
  await page.setViewportSize(PHONE);
  await page.getByRole("list", { name: "Пороги" }).getByText("Смена открыта").waitFor();
  await expectFits(page);
  await shoot(page, "thresholds-360", true);
  await page.setViewportSize(DESK);

  await page.goto("/tills?aspect=shift");
  await row(page, FIRST).getByText("Внимание").waitFor({ timeout: 90_000 });
  expect(await row(page, SECOND).count(), "the other till's shift is as old").toBe(0);
  await page.goto("/tills?sort=stop");
  await row(page, FIRST).getByText("смена длиннее 24 часов").waitFor();
  await shoot(page, "tills-limit-1440");
  await row(page, FIRST).getByRole("link", { name: FIRST }).click();
  await aspects.getByText("порог кассы: 1 мин").waitFor();
  await page.getByRole("link", { name: "Пороги" }).click();
  await rule.getByRole("button").click();
  await dialog.getByRole("button", { name: "Вернуть порог выше" }).click();
  await rule.getByText("обычный").waitFor();
  await page.goto("/tills");
  await row(page, FIRST).getByText("Работает").waitFor();
});

test("a phone will do", async () => {
  await shop.paperIn(SECOND, 8);
  await shop.sell(SECOND, "e2e-phone-1", "Чай чёрный листовой 100 г", 15_990);
  await expect.poll(async () => (await shop.lastSlip(SECOND)).whole, { timeout: 20_000 }).toBe(false);

  const phone = await openWindow(browser, shop.ready.cabinet, PHONE);
  const { page } = phone;
  await page.goto("/");
  await signIn(page, shop.ready.login, shop.ready.password);
  const card = page.getByRole("list", { name: "Кассы" }).getByRole("link").filter({ hasText: SECOND });
  await card.getByText("В кассе нет бумаги.").waitFor();
  await card.getByText("Остановлена").waitFor();
  await shop.paperIn(SECOND);
  await card.getByText("Внимание").waitFor();
  await card.click();
  await state(page).getByText("Внимание").waitFor();
  await expectFits(page);
  await shoot(page, "till-unfinished-360", true);
  await page.getByRole("button", { name: "Продолжить печать" }).click();
  await consent(page, "Продолжить печать");
  await page.getByRole("region", { name: "Ход команды" }).getByText("Выполнено").waitFor();
  await state(page).getByText("Работает").waitFor();
  await expectFits(page);
  await shoot(page, "till-finished-360", true);
  await page.getByRole("tab", { name: "Операции" }).click();
  await page.getByRole("list", { name: "Операции" }).getByText("159,90 ₽").waitFor();
  await expectFits(page);
  await shoot(page, "operations-360", true);
  expect((await shop.lastSlip(SECOND)).whole).toBe(true);
  expect(phone.faults).toEqual([]);
  await phone.context.close();
});

test("a dead agent is grey, and comes back", { timeout: 240_000 }, async () => {
  const { page } = desk;
  await page.goto("/tills");
  await row(page, FIRST).getByText("Работает").waitFor();
  shop.killAgent();
  // Its last will comes at once, its silence counts after a minute.
  await row(page, FIRST).getByText("связи нет").waitFor({ timeout: 30_000 });
  await row(page, FIRST).getByText("Нет данных").waitFor({ timeout: 90_000 });
  await row(page, SECOND).getByText("Нет данных").waitFor();
  await shoot(page, "tills-grey-1440");
  await row(page, FIRST).getByText("Работает").waitFor({ timeout: 90_000 });
  await row(page, SECOND).getByText("Работает").waitFor({ timeout: 30_000 });
});

test("a revoked agent sells on, and comes back by a code typed at the till", {
  timeout: 120_000,
}, async () => {
  const boss = await openWindow(browser, shop.ready.cabinet);
  const { page } = boss;
  await page.goto("/");
  await signIn(page, shop.ready.login, shop.ready.password);
  await page.getByRole("navigation").getByRole("link", { name: "Агенты" }).click();
  const agents = page.getByRole("table", { name: "Агенты" });
  await agents.getByText("На связи").waitFor();
  await expectFits(page);
  await shoot(page, "agents-1440");
  await page.setViewportSize(PHONE);
  await page.getByRole("list", { name: "Агенты" }).getByText("На связи").waitFor();
  await expectFits(page);
  await shoot(page, "agents-360", true);
  await page.setViewportSize(DESK);

  await agents.getByRole("button", { name: /^Отозвать/ }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("Кассы продолжат пробивать чеки").waitFor();
  const word = (await dialog.locator("label").textContent())?.split(": ").pop() ?? "";
  await dialog.getByRole("textbox").fill(word);
  await shoot(page, "agents-revoke-1440");
  await dialog.getByRole("button", { name: "Отозвать" }).click();
  await page.getByText("Агентов пока нет").waitFor();
  await page.getByText("Отозванные").waitFor();
  await shop.sell(FIRST, "sold while revoked", "Чай", 7_700);

  await page.getByRole("button", { name: "Подключить агента" }).click();
  await dialog.getByRole("button", { name: "Получить код" }).click();
  const command = (await dialog.locator("pre").textContent()) ?? "";
  const code = command.split(" ").pop() ?? "";
  expect(code).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/);
  await page.keyboard.press("Escape");

  const cashier = await openWindow(browser, shop.ready.pos);
  await cashier.page.goto(await shop.cashierLink());
  await cashier.page.getByRole("button", { name: /F6/ }).waitFor();
  await cashier.page.keyboard.press("F6");
  await cashier.page.getByText("Кабинет отозвал этого агента.").waitFor();
  await cashier.page.getByLabel("Код").fill("AAAA-BBBB-CCCC");
  await cashier.page.getByRole("button", { name: "Подключить" }).click();
  await cashier.page.getByText("кабинет не принял код").waitFor();
  await cashier.page.getByLabel("Код").fill(code);
  await cashier.page.getByRole("button", { name: "Подключить" }).click();
  await cashier.page.getByText(/^Подключён: .*\.$/).waitFor();
  await shoot(cashier.page, "cashier-join-1440");
  expect(cashier.faults).toEqual([]);
  await cashier.context.close();

  await agents.getByText("На связи").waitFor();
  await page.getByRole("navigation").getByRole("link", { name: "Кассы" }).click();
  await row(page, FIRST).getByRole("link", { name: FIRST }).click();
  await page.getByRole("tab", { name: "Операции" }).click();
  await page.getByText("77,00 ₽").first().waitFor();
  expect(boss.faults).toEqual([]);
  await boss.context.close();
});

test("a signed release is rolled out from the cabinet, paused, and ended", { timeout: 120_000 }, async () => {
  const boss = await openWindow(browser, shop.ready.cabinet);
  const { page } = boss;
  await page.goto("/");
  await signIn(page, shop.ready.login, shop.ready.password);
  await page.getByRole("navigation").getByRole("link", { name: "Обновления" }).click();
  await page.getByText("Выпусков нет").waitFor();
  await page.getByText("Обновлений ещё не было").waitFor();
  await expectFits(page);
  await shoot(page, "updates-none-1440");

  const here = process.arch === "arm64" ? "linux-arm64" : "linux-amd64";
  const said = await shop.release(
    { version: "9.0.0", platform: "windows-386", notes: "Только для касс на Windows." },
    { version: "9.1.0", platform: here, notes: "Для этой кассы." },
  );
  expect(said).toContain("Выпусков: 2");
  await page.reload(); // the running cabinet has noticed by itself
  const releases = page.getByRole("list", { name: "Выпуски" }).getByRole("listitem");
  await releases.filter({ hasText: "9.1.0" }).getByText("Для этой кассы.").waitFor();

  const begin = async (version: string, share: string) => {
    await page.getByRole("button", { name: "Начать обновление" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("combobox", { name: "Версия" }).click();
    await page.getByRole("option", { name: version }).click();
    await dialog.getByLabel("Доля агентов, %").fill(share);
    await dialog.getByText(`Версия ${version} придёт на ${share} % агентов.`).waitFor();
    return dialog;
  };
  const dialog = await begin("9.0.0", "50");
  await dialog.getByLabel("Переключать с").fill("02:00");
  await dialog.getByText("Укажите оба времени").waitFor();
  expect(await dialog.getByRole("button", { name: "Начать" }).isDisabled()).toBe(true);
  await dialog.getByLabel("до", { exact: true }).fill("05:00");
  await dialog.getByText("Переключение только с 02:00 до 05:00.").waitFor();
  await shoot(page, "updates-start-1440");
  await page.setViewportSize(PHONE);
  await expectFits(page);
  await shoot(page, "updates-start-360");
  await page.setViewportSize(DESK);
  await dialog.getByRole("button", { name: "Начать" }).click();

  const rollout = page.getByRole("list", { name: "Ход обновлений" }).getByRole("listitem");
  await rollout.filter({ hasText: "9.0.0" }).getByText("идёт").waitFor();
  await page.getByRole("link", { name: "Обновление до 9.0.0" }).click();
  await page.getByRole("button", { name: "Приостановить" }).click();
  await page.getByText("приостановлено").waitFor();
  await page.getByRole("button", { name: "Продолжить" }).waitFor();
  await expectFits(page);
  await shoot(page, "rollout-paused-1440");
  await page.setViewportSize(PHONE);
  await expectFits(page);
  await shoot(page, "rollout-paused-360", true);
  await page.setViewportSize(DESK);
  await page.getByRole("button", { name: "Завершить" }).click();
  await page.getByRole("dialog").getByText("Продолжить это обновление будет нельзя.").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Завершить" }).click();
  await page.getByText("завершено").waitFor();
  expect(await page.getByRole("button", { name: "Продолжить" }).count()).toBe(0);

  // The next one concerns the shop's own agent; whether it asks for it depends on how it was built.
  await page.getByRole("link", { name: "Все обновления" }).click();
  await (await begin("9.1.0", "100")).getByRole("button", { name: "Начать" }).click();
  await page.getByRole("link", { name: "Обновление до 9.1.0" }).click();
  const agent = page.getByRole("list", { name: "Агенты", exact: true }).getByRole("listitem").first();
  await agent.getByRole("button", { name: /^Закрепить на / }).click();
  await agent.getByText(/^Закреплён на /).waitFor();
  await expectFits(page);
  await shoot(page, "rollout-pinned-1440");
  await agent.getByRole("button", { name: /^Открепить/ }).click();
  await agent.getByRole("button", { name: /^Закрепить на / }).waitFor();
  await page.getByRole("link", { name: "Все обновления" }).click();
  await rollout.filter({ hasText: "9.1.0" }).waitFor();
  await shoot(page, "updates-1440");
  await page.setViewportSize(PHONE);
  await expectFits(page);
  await shoot(page, "updates-360", true);
  expect(boss.faults).toEqual([]);
  await boss.context.close();
});

test("a new cabinet asks to connect the first till", async () => {
  const empty = await emptyCabinet();
  try {
    const { context, page } = await openWindow(browser, empty.url);
    await page.goto("/");
    await signIn(page, empty.login, empty.password);
    await page.getByRole("heading", { name: "Подключите первую кассу" }).waitFor();
    await page.getByRole("combobox", { name: "Торговая точка" }).fill("Магазин на Мира, 5");
    await page.getByRole("button", { name: "Получить код" }).click();
    await page.getByText("chekan-agent enroll").first().waitFor();
    await shoot(page, "enrol-1440");
    await page.setViewportSize(PHONE);
    await expectFits(page);
    await shoot(page, "enrol-360", true);
    await context.close();
  } finally {
    empty.close();
  }
});
