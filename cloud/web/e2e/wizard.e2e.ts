/**
 * A till that nobody has written into any settings: the agent finds it, somebody takes it over in the cabinet with a
 * name and an outlet, says how its agent is to behave, and prints a test slip.
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

beforeAll(async () => {
  [browser, cabinet, newcomer] = await Promise.all([
    openBrowser(),
    emptyCabinet(),
    Newcomer.open("Прилавок", {}, false),
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

const step = (page: Page, name: string): Locator => page.getByRole("listitem").filter({ hasText: name });
const device = (page: Page) => step(page, "Касса найдена и отвечает");
const found = (page: Page) => page.getByRole("list", { name: "Найденные устройства" }).getByRole("listitem");

test("an agent without tills looks around as soon as it is enrolled, and tells what it found", async () => {
  const { page } = desk;
  await page.goto("/connect");
  await signIn(page, cabinet.login, cabinet.password);
  await page.getByRole("combobox", { name: "Торговая точка" }).fill("Магазин на Мира, 5");
  await page.getByRole("button", { name: "Получить код" }).click();
  const command = (await page.locator("pre").filter({ hasText: "enroll" }).textContent()) ?? "";
  const [, cloud = "", code = ""] = /enroll --cloud (\S+) (\S+)/.exec(command) ?? [];
  await newcomer.enroll(cloud, code);
  await found(page).getByText("зав. №").waitFor();
  expect(await found(page).count()).toBe(1);
  expect(await found(page).innerText()).toMatch(/127\.0\.0\.1:\d+/);
  await page.getByRole("button", { name: "Искать снова" }).waitFor();
  await look(page, "wizard-found");
});

test("somebody who asks has it look again", async () => {
  const { page } = desk;
  await page.getByRole("button", { name: "Искать снова" }).click();
  // The search is over in a moment; what is left is that it was asked for, and found the same.
  await page.getByRole("button", { name: "Искать снова", disabled: false }).waitFor();
  await found(page).getByText("зав. №").waitFor();
});

test("it is taken over once, with a name and an outlet", async () => {
  const { page } = desk;
  await found(page).getByRole("button", { name: "Взять в работу" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Название").fill("Касса у входа");
  await look(page, "wizard-take");
  await dialog.getByRole("button", { name: "Взять в работу" }).dblclick();
  await dialog.waitFor({ state: "detached" });
  await device(page).getByText("готово", { exact: true }).waitFor();
  const place = step(page, "Название и торговая точка");
  await place.getByText("готово", { exact: true }).waitFor();
  await expect.poll(() => place.getByLabel("Название").inputValue()).toBe("Касса у входа");
  // It is nobody's any more.
  await page.getByText("Новых касс агент не видит").waitFor();
  expect(await found(page).count()).toBe(0);
});

test("how its agent is to behave is chosen there too", async () => {
  const { page } = desk;
  const settings = page.getByRole("form", { name: "Настройки кассы у агента" });
  await settings.getByLabel("Не обновляться в часы").fill("с утра");
  await settings.getByRole("button", { name: "Сохранить" }).click();
  await settings.getByRole("alert").filter({ hasText: "Часы пишутся так: 08:00-22:00" }).waitFor();
  await settings.getByLabel("Не обновляться в часы").fill("8:00-22:00");
  await settings.getByLabel("Когда бумага вернулась").selectOption("ask");
  await settings.getByRole("button", { name: "Сохранить" }).click();
  await expect
    .poll(() => newcomer.settings())
    .toMatch(/rush_hours = "08:00-22:00"[\s\S]*title = "Касса у входа"[\s\S]*finish_print = "ask"/);
  await look(page, "wizard-settings");
});

test("the test slip comes out", async () => {
  const { page } = desk;
  // Its own link brings documents to the operator, who has the report of its registration.
  await step(page, "Оператор фискальных данных выбран и отвечает")
    .getByText("готово", { exact: true })
    .waitFor();
  const slip = step(page, "Пробный чек напечатан");
  await slip.getByRole("button", { name: "Напечатать пробный чек" }).click();
  await slip.getByText("готово", { exact: true }).waitFor();
  expect(await newcomer.paper()).toContain("НЕФИСКАЛЬНЫЙ ДОКУМЕНТ");
  await page.getByRole("status").filter({ hasText: "Касса подключена:" }).waitFor();
  await look(page, "wizard-done");
});
