/**
 * The product's sentence in a browser: a receipt that paper ran out under is finished from the cabinet, and the till
 * turns green. One story in chapters (cabinet/) over one shop, for a shop takes a quarter of a minute to open. They
 * are told in this order, each where the one before has left off; `-t tills` tells the first one alone.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser, openWindow, shoot, signIn } from "./browser";
import { agents } from "./cabinet/agents";
import { receipts } from "./cabinet/receipts";
import { remote } from "./cabinet/remote";
import { story } from "./cabinet/story";
import { tills } from "./cabinet/tills";
import { Shop } from "./shop";

/** How long the demo lets the killed agent lie: the cabinet calls it away after a minute. */
const REVIVE = 100;

beforeAll(async () => {
  [story.browser, story.shop] = await Promise.all([openBrowser(), Shop.open("--revive", `${REVIVE}s`)]);
  const { cabinet, login, password } = story.shop.ready;
  story.desk = await openWindow(story.browser, cabinet);
  const { page } = story.desk;
  await page.goto("/");
  await signIn(page, login, password);
  await page.getByRole("heading", { name: "Кассы", level: 1 }).waitFor();
});

afterAll(async () => {
  await story.browser?.close();
  expect(await story.shop?.close(), "Ctrl-C did not stop everything cleanly").toBe(0);
  expect(story.desk?.faults ?? []).toEqual([]);
}, 60_000);

test("a wrong password is refused in words", async () => {
  const { context, page } = await openWindow(story.browser, story.shop.ready.cabinet);
  await page.goto("/");
  await signIn(page, story.shop.ready.login, "not the password");
  await page.getByRole("alert").getByText("Логин или пароль не подходит.").waitFor();
  await shoot(page, "signin-wrong-1440");
  await context.close();
});

tills();
receipts();
remote();
agents();
