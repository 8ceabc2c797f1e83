/**
 * Every page of the table of pages, at a desk and on a phone, in the light and in the dark: it opens, fits, says
 * nothing to the console, has nothing serious for axe, and leaves its picture.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PAGES } from "../src/app/pages";
import { expectAccessible } from "./axe";
import {
  call,
  DESK,
  expectFits,
  openBrowser,
  openWindow,
  PHONE,
  shoot,
  signIn,
  type Window,
} from "./browser";
import { FIRST, Shop } from "./shop";

let browser: Browser;
let shop: Shop;
let window: Window;

/** What stands in the holes of an address; a page with a hole that is not here fails. */
const holes: Record<string, () => Promise<string>> = {
  "/tills/:id/*": () => tableLink("/tills", FIRST),
  "/tills/:id/documents/:fn/:fd": () => tableLink("/documents"),
  "/connect/:id": async () => {
    const made = await call<{ id: string }>(window.page, "TreeService/CreateConnection", {
      outlet: "Новая точка",
    });
    return `/connect/${made.id}`;
  },
  "/shifts/:fn/:number": () => tableLink("/shifts"),
  "/works/:id": async () => {
    const tillIds = [(await tableLink("/tills", FIRST)).split("/").pop()];
    const order = { action: "ACTION_CHECK", tillIds, reason: "посмотреть на страницу" };
    const id = crypto.randomUUID();
    await call(window.page, "RemoteService/StartWork", { id, order });
    return `/works/${id}`;
  },
  "/updates/:id": async () => {
    await shop.release({ version: "9.0.0", platform: "windows-386", notes: "Только для касс на Windows." });
    const id = crypto.randomUUID();
    const plan = { share: 50 };
    await call(window.page, "UpdatesService/StartRollout", { id, version: "9.0.0", plan });
    return `/updates/${id}`;
  },
};

/** Addresses without holes: both looks at a page are at the same thing. */
const filled = new Map<string, string>();

async function addressOf(path: string): Promise<string> {
  const known = filled.get(path);
  if (known) return known;
  const hole = holes[path];
  if (path.includes(":") && !hole) throw new Error(`nobody says what stands in ${path}`);
  const address = hole ? await hole() : path;
  filled.set(path, address);
  return address;
}

/** Where the first link of a page's table leads, or the one of this name. */
async function tableLink(list: string, name?: string): Promise<string> {
  await window.page.goto(list);
  const table = window.page.getByRole("table").first();
  const link = name ? table.getByRole("link", { name }) : table.getByRole("row").getByRole("link").first();
  return (await link.getAttribute("href")) ?? "";
}

beforeAll(async () => {
  [browser, shop] = await Promise.all([openBrowser(), Shop.open()]);
  window = await openWindow(browser, shop.ready.cabinet);
  await window.page.goto("/");
  await signIn(window.page, shop.ready.login, shop.ready.password);
  await window.page.getByRole("navigation", { name: "Разделы" }).waitFor();
});

afterAll(async () => {
  await browser?.close();
  expect(await shop?.close()).toBe(0);
}, 60_000);

const LOOKS = [
  { name: "1440", viewport: DESK, scheme: "light" },
  { name: "360", viewport: PHONE, scheme: "dark" },
] as const;

/** The first parts of all keys of words: a key on screen is a word that is missing. */
const subjects = readdirSync(join(import.meta.dirname, "../src/words/ru"))
  .filter((name) => name.endsWith(".json"))
  .flatMap((name) =>
    Object.keys(JSON.parse(readFileSync(join(import.meta.dirname, "../src/words/ru", name), "utf8"))),
  );
const keys = new RegExp(`(^|\\s)(${subjects.join("|")})(\\.\\w+)+(\\s|$)`);

describe.each(PAGES.filter((p) => p.path !== "/"))("$path", ({ path }) => {
  test.each(LOOKS)("at $name", async ({ name, viewport, scheme }) => {
    const { page, faults } = window;
    await page.setViewportSize(DESK);
    const address = await addressOf(path);
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme: scheme });
    await page.goto(address);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    expect(await page.getByRole("button", { name: "Войти", exact: true }).count(), "signed out").toBe(0);
    await expect.poll(() => page.getByLabel("Загружается").count()).toBe(0);
    await expectFits(page);
    expect(await page.locator("body").innerText()).not.toMatch(keys);
    await shoot(page, `page${path.replaceAll(/\W+/g, "-").replace(/-$/, "")}-${name}`, true);
    await expectAccessible(page);
    expect(faults).toEqual([]);
  });
});

/** Kazakh words are longer, and a phone is narrow: the pages one opens every day. */
test.each(["/home", "/tills", "/tills/:id/*", "/documents", "/shifts"])(
  "%s in Kazakh fits a phone",
  async (path) => {
    const { page, faults } = window;
    await page.setViewportSize(DESK);
    const address = await addressOf(path);
    await page.setViewportSize(PHONE);
    await page.evaluate(() => localStorage.setItem("chekan.lang", "kk"));
    await page.goto(address);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await expect.poll(() => page.getByLabel("Жүктелуде").count()).toBe(0);
    expect(await page.locator("html").getAttribute("lang")).toBe("kk");
    await expectFits(page);
    expect(await page.locator("body").innerText()).not.toMatch(keys);
    await shoot(page, `page${path.replaceAll(/\W+/g, "-").replace(/-$/, "")}-kk-360`, true);
    await page.evaluate(() => localStorage.removeItem("chekan.lang"));
    expect(faults).toEqual([]);
  },
);
