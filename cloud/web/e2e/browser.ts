/** Debian's chromium, headless, with nothing of its own to say to the network. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { expect } from "vitest";
import { artifacts } from "./shop";

export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 360, height: 740 };

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? PLACES.find((path) => existsSync(path));
  if (!executablePath) throw new Error("no chromium here: apt-get install chromium, or set CHROMIUM");
  return chromium.launch({
    executablePath,
    timeout: 120_000,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A person's window; their mistakes and the page's are collected in `faults`. */
export interface Window {
  context: BrowserContext;
  page: Page;
  faults: string[];
}

export async function openWindow(
  browser: Browser,
  url: string,
  viewport = DESK,
  more: BrowserContextOptions = {},
): Promise<Window> {
  const context = await browser.newContext({
    viewport,
    locale: "ru-RU",
    colorScheme: "light",
    // What fades has other colours for a moment, which neither a picture nor axe should meet.
    reducedMotion: "reduce",
    baseURL: url,
    ...more,
  });
  const page = await context.newPage();
  // A crowded computer is slow, not wrong: only a failure takes so long.
  page.setDefaultTimeout(60_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    // What the network refused is said by the browser itself, and is the subject of some tests.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      faults.push(message.text());
    }
  });
  return { context, page, faults };
}

export async function signIn(page: Page, login: string, password: string): Promise<void> {
  await page.getByLabel("Телефон, e-mail или логин").fill(login);
  await page.getByLabel("Пароль", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Войти", exact: true }).click();
}

export async function shoot(page: Page, name: string, fullPage = false): Promise<void> {
  await page.screenshot({ path: join(artifacts, `${name}.png`), fullPage, animations: "disabled" });
}

/** Nothing sticks out of the window to the side, once what moves has come to rest. */
export async function expectFits(page: Page): Promise<void> {
  const excess = () =>
    page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  await expect.poll(excess, { message: "the page scrolls sideways" }).toBeLessThanOrEqual(0);
}

/** Calls a method of the cabinet as the page itself would, for what a test needs and another test has clicked. */
export async function call<T>(page: Page, method: string, request: object): Promise<T> {
  const { ok, text } = await page.evaluate(
    async ([path, body]) => {
      const headers = { "Content-Type": "application/json", "Connect-Protocol-Version": "1" };
      const answer = await fetch(`/${path}`, { method: "POST", headers, body });
      return { ok: answer.ok, text: await answer.text() };
    },
    [`cabinet.v1.${method}`, JSON.stringify(request)] as const,
  );
  if (!ok) throw new Error(`${method}: ${text}`);
  return JSON.parse(text) as T;
}
