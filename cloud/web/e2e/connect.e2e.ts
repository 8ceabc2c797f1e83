/**
 * The first till of a cabinet that nobody has connected anything to, step by step: the code, the agent, the operator
 * of fiscal data chosen from the directory and tried, the test slip, and the first document that the operator took.
 */
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectAccessible } from "./axe";
import { DESK, expectFits, openBrowser, openWindow, PHONE, shoot, signIn, type Window } from "./browser";
import { Newcomer } from "./newcomer";
import { emptyCabinet } from "./shop";

let browser: Browser;
let cabinet: Awaited<ReturnType<typeof emptyCabinet>>;
let newcomer: Newcomer;
let desk: Window;

/** What the till is registered with, and another one that nobody has a contract with. Addresses are the directory's. */
const OURS = { name: "Первый ОФД", address: "k-server.1-ofd.ru:7777" };
const OTHER = { name: "Такском", address: "f1.taxcom.ru:7777" };

beforeAll(async () => {
  [browser, cabinet, newcomer] = await Promise.all([
    openBrowser(),
    emptyCabinet(),
    Newcomer.open("Прилавок", { [OURS.address]: true, [OTHER.address]: false }),
  ]);
  desk = await openWindow(browser, cabinet.url);
});

afterAll(async () => {
  await browser?.close();
  newcomer?.close();
  cabinet?.close();
  expect(desk?.faults ?? []).toEqual([]);
});

/** The page at both widths. */
async function look(page: Page, name: string): Promise<void> {
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

/** A step of the way by its name; only the one whose turn it is is the current one. */
const step = (page: Page, name: string): Locator => page.getByRole("listitem").filter({ hasText: name });
const operator = (page: Page) => step(page, "Оператор фискальных данных выбран и отвечает");
const choice = (page: Page) => operator(page).getByRole("combobox", { name: "Оператор" });
const turn = (page: Page) => page.locator("li[aria-current=step]");

test("a new cabinet asks to connect the first till", async () => {
  const { page } = desk;
  await page.goto("/");
  await signIn(page, cabinet.login, cabinet.password);
  await page.getByRole("heading", { name: "Подключите первую кассу" }).waitFor();
  await page.getByRole("combobox", { name: "Торговая точка" }).fill("Магазин на Мира, 5");
  await page.getByRole("button", { name: "Получить код" }).click();
  await page.getByText("chekan-agent enroll").first().waitFor();
  await look(page, "enrol");
});

test("a code typed at the shop brings the agent and its till", async () => {
  const { page } = desk;
  await page.goto("/connect");
  await page.getByRole("combobox", { name: "Торговая точка" }).fill("мира");
  await page.getByRole("option", { name: "Магазин на Мира, 5" }).click();
  await page.getByRole("button", { name: "Получить код" }).click();
  const command = (await page.locator("pre").filter({ hasText: "enroll" }).textContent()) ?? "";
  const [, cloud = "", code = ""] = /enroll --cloud (\S+) (\S+)/.exec(command) ?? [];
  await newcomer.enroll(cloud, code);
  await step(page, "Касса найдена и отвечает").getByText("готово", { exact: true }).waitFor();
  // The till has never met its operator: the report of its registration lies in its memory.
  await operator(page).getByText("сейчас", { exact: true }).waitFor();
  await operator(page).getByText("Выберите оператора, с которым заключён договор.").waitFor();
  expect(await turn(page).count()).toBe(1);
  const options = choice(page).getByRole("option");
  await expect.poll(() => options.allTextContents()).toContain(OURS.name);
  const offered = await options.allTextContents();
  expect(offered).not.toContain("Казахтелеком");
  expect(offered.at(-1)).toBe("Касса передаёт сама, по своему договору");
  expect(await newcomer.taken()).not.toContain("FD 1 ");
  await look(page, "connect-operator");
});

test("an operator the till is not registered with is told, and does not answer", async () => {
  const { page } = desk;
  await choice(page).selectOption({ label: OTHER.name });
  const drift = operator(page).getByRole("alert").filter({ hasText: "В кассе записан другой ОФД" });
  await drift.waitFor();
  expect(await drift.innerText()).toMatch(/Первый ОФД.* ≠ Такском 7704211201/);
  await operator(page).getByText(OTHER.address).first().waitFor();
  await operator(page).getByRole("button", { name: "Проверить связь" }).click();
  await operator(page).getByText("не получилось", { exact: true }).waitFor();
  await operator(page).getByText("не принимает соединени").waitFor();
  await look(page, "connect-other");
});

test("the right one answers, and the slip comes out without being a document", async () => {
  const { page } = desk;
  // For now it takes documents without a word, so that the steps are seen one after the other.
  await newcomer.operator("silent");
  await choice(page).selectOption({ label: OURS.name });
  await operator(page).getByText(OURS.address).first().waitFor();
  await operator(page)
    .getByRole("alert")
    .filter({ hasText: "В кассе записан другой ОФД" })
    .waitFor({ state: "detached" });
  await operator(page).getByText("Адрес известен. Проверьте, что агент до него достаёт.").waitFor();
  await operator(page).getByRole("button", { name: "Проверить связь" }).click();
  await operator(page).getByText("готово", { exact: true }).waitFor();

  const slip = step(page, "Пробный чек напечатан");
  const before = await newcomer.documents();
  expect(await newcomer.paper()).not.toContain("НЕФИСКАЛЬНЫЙ ДОКУМЕНТ");
  await slip.getByText("сейчас", { exact: true }).waitFor();
  await slip.getByRole("button", { name: "Напечатать пробный чек" }).click();
  await slip.getByText("готово", { exact: true }).waitFor();
  expect(await newcomer.paper()).toContain("НЕФИСКАЛЬНЫЙ ДОКУМЕНТ");
  expect(await newcomer.documents(), "a test slip became a document").toBe(before);
});

test("the first document is waited for until the operator has it", async () => {
  const { page } = desk;
  const last = step(page, "Первый документ принят ОФД");
  await last.getByText("Документ есть, ОФД его ещё не подтвердил.").waitFor();
  await look(page, "connect-waits");
  await newcomer.operator("accept");
  await newcomer.restart(); // or else it would wait five minutes for the operator's word
  await page.getByRole("status").filter({ hasText: "Касса подключена:" }).waitFor();
  expect(await newcomer.taken()).toContain("FD 1 form 1 "); // the report of registration
  expect(await turn(page).count()).toBe(0);
  await look(page, "connect-done");
  await page.getByRole("status").getByRole("link", { name: newcomer.till }).click();
  await page.getByRole("heading", { name: newcomer.till, level: 1 }).waitFor();
  await page.getByRole("status", { name: "Состояние" }).waitFor();
});
