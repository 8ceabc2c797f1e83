/** What the chapters of cabinet.e2e.ts have in common: one shop, one window at its cabinet, and how things are found in it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import type { Window } from "../browser";
import type { Shop } from "../shop";

/** The world of the story, filled before its first test. */
export const story = {} as {
  browser: Browser;
  shop: Shop;
  /** The administrator's window; chapters leave it where they like. */
  desk: Window;
};

/** What a program of Debian says of a file. */
export const read = async (program: string, ...args: string[]) =>
  (await promisify(execFile)(program, args)).stdout;

export const state = (page: Page) => page.getByRole("status", { name: "Состояние" });
export const row = (page: Page, till: string) => page.getByRole("row").filter({ hasText: till });

/** Reads the plan, and agrees. */
export async function consent(page: Page, act: string): Promise<void> {
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("list", { name: "Что будет сделано" }).getByRole("listitem").first().waitFor();
  await dialog.getByRole("button", { name: act }).click();
}
