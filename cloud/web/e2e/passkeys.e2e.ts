/**
 * Passkeys with an authenticator that signs, beside the real cabinet: made, signed in with, asked for as the second
 * factor and as a proof, removed, and refused from then on. A cabinet that is tried on one's own computer has two
 * names; browsers give passkeys to localhost only, and the cabinet offers them there only.
 */
import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
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
import { emptyCabinet } from "./shop";

let browser: Browser;
let cabinet: Awaited<ReturnType<typeof emptyCabinet>>;
/** The cabinet by the name that passkeys belong to. */
let named: string;
let desk: Window;
let cdp: CDPSession;
let authenticatorId: string;

beforeAll(async () => {
  [browser, cabinet] = await Promise.all([openBrowser(), emptyCabinet()]);
  const address = new URL(cabinet.url);
  expect(address.hostname).toBe("127.0.0.1");
  address.hostname = "localhost";
  named = address.origin;
  // One answer is given in the cabinet's place, and what a worker fetches cannot be.
  desk = await openWindow(browser, named, DESK, { serviceWorkers: "block" });
  cdp = await desk.context.newCDPSession(desk.page);
  await cdp.send("WebAuthn.enable");
  // A telephone or a laptop with a finger print: https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/
  const added = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  authenticatorId = added.authenticatorId;
});

afterAll(async () => {
  await browser?.close();
  cabinet?.close();
  expect(desk?.faults ?? []).toEqual([]);
});

const sections = (page: Page) => page.getByRole("navigation", { name: "Разделы" });
const factors = (page: Page) => page.getByRole("region", { name: "Второй фактор" });
const byPasskey = (page: Page) => page.getByRole("button", { name: "Войти по ключу доступа" });
const refused = (page: Page) =>
  page.getByRole("alert").getByText("Ключ доступа не подошёл, или вход отменён.");

/** The keys the authenticator holds, with how often each has signed. */
const held = async () => (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials;

async function signOut(page: Page): Promise<void> {
  await page.goto("/profile");
  await page.getByRole("main").getByRole("button", { name: "Выйти", exact: true }).first().click();
  await page.getByLabel("Телефон, e-mail или логин").waitFor();
}

/** What the journal of acts says of coming in and proofs, newest first. */
async function acts(page: Page): Promise<string[]> {
  const { lines } = await call<{ lines: { act: string; new?: string }[] }>(
    page,
    "AuditService/ListAudit",
    {},
  );
  return lines.map((e) => `${e.act} ${e.new ?? ""}`.trim());
}

test("by a bare address there are none", async () => {
  const { context, page } = await openWindow(browser, cabinet.url);
  await page.goto("/");
  await signIn(page, cabinet.login, cabinet.password);
  await sections(page).waitFor();
  await page.goto("/profile");
  await factors(page).getByText("Этот браузер или адрес не умеет ключей доступа: нужен https.").waitFor();
  expect(await factors(page).getByRole("button", { name: "Добавить ключ" }).count()).toBe(0);
  await signOut(page);
  expect(await byPasskey(page).count()).toBe(0);
  await context.close();
});

test("a passkey is made, named, and comes with recovery codes", async () => {
  const { page } = desk;
  await page.goto("/");
  await signIn(page, cabinet.login, cabinet.password);
  await sections(page).waitFor();
  await page.goto("/profile");
  await factors(page).getByRole("button", { name: "Добавить ключ" }).click();
  const dialog = page.getByRole("dialog");
  const codes = dialog.getByRole("list", { name: "Коды восстановления" }).getByRole("listitem");
  await codes.first().waitFor();
  expect(await codes.count()).toBe(10);
  expect(await dialog.getByRole("button", { name: "Готово" }).isDisabled(), "codes nobody kept").toBe(true);
  await dialog.getByLabel("Я сохранил коды").check();
  await dialog.getByRole("button", { name: "Готово" }).click();
  await factors(page)
    .getByRole("button", { name: /^Переименовать/ })
    .click();
  await dialog.getByRole("textbox", { name: "Название ключа" }).fill("Ноутбук директора");
  await dialog.getByRole("button", { name: "Сохранить" }).click();
  await factors(page).getByText("Ноутбук директора").waitFor();
  await factors(page).getByText("ещё не входили").waitFor();
  await factors(page).getByText("осталось 10").waitFor();
  for (const [width, viewport] of [
    ["360", PHONE],
    ["1440", DESK],
  ] as const) {
    await page.setViewportSize(viewport);
    await expectFits(page);
    await shoot(page, `passkeys-${width}`, true);
    await expectAccessible(page);
  }

  // The key is this cabinet's and can be found without a name; the authenticator that has it makes no second one.
  const keys = await held();
  expect(keys).toMatchObject([{ rpId: "localhost", isResidentCredential: true }]);
  await factors(page).getByRole("button", { name: "Добавить ключ" }).click();
  await factors(page).getByRole("alert").getByText("Ключ этого устройства уже добавлен.").waitFor();
  expect(await held()).toHaveLength(1);
});

test("it signs in without a name and a password", async () => {
  const { page } = desk;
  await signOut(page);
  const [before] = await held();
  await byPasskey(page).click();
  await sections(page).waitFor();
  const [after] = await held();
  expect(after?.signCount, "the key has not signed").toBeGreaterThan(before?.signCount ?? 0);
  expect((await acts(page))[0]).toBe("person.signed_in passkey");
  await page.goto("/profile");
  await factors(page).getByText("входили", { exact: false }).waitFor();
  expect(await factors(page).getByText("ещё не входили").count()).toBe(0);
});

test("a finger that is not the owner's opens nothing", async () => {
  const { page } = desk;
  await signOut(page);
  await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await byPasskey(page).click();
  await refused(page).waitFor();
  await shoot(page, "passkeys-refused-1440");
  await cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
  expect(await sections(page).count()).toBe(0);
});

test("who comes by the password is asked for it too", async () => {
  const { page } = desk;
  await signIn(page, cabinet.login, cabinet.password);
  await page.getByRole("button", { name: "Подтвердить ключом доступа" }).waitFor();
  await shoot(page, "passkeys-second-1440");
  await page.reload();
  await page.getByLabel("Телефон, e-mail или логин").waitFor();
  expect(await sections(page).count(), "the password alone let in").toBe(0);
  await signIn(page, cabinet.login, cabinet.password);
  await page.getByRole("button", { name: "Подтвердить ключом доступа" }).click();
  await sections(page).waitFor();
});

test("it proves who one is before a dangerous act", async () => {
  const { page } = desk;
  await page.goto("/profile");
  // Signing in counts as a proof for ten minutes. A page of somebody who came in earlier is told so by the cabinet.
  let asked = 0;
  await page.route("**/cabinet.v1.AccessService/RenewRecoveryCodes", (route) =>
    asked++ > 0
      ? route.continue()
      : route.fulfill({
          status: 400,
          headers: { "Content-Type": "application/json", "Chekan-Reason": "prove" },
          body: JSON.stringify({ code: "failed_precondition", message: "prove who you are" }),
        }),
  );
  await factors(page).getByRole("button", { name: "Новые коды" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Новые коды" }).click();
  const proof = page.getByRole("dialog", { name: "Подтвердите, что это вы" });
  await proof.getByRole("button", { name: "Подтвердить ключом доступа" }).waitFor();
  await shoot(page, "passkeys-proof-1440");
  await proof.getByRole("button", { name: "Подтвердить ключом доступа" }).click();
  const dialog = page.getByRole("dialog", { name: "Коды восстановления" });
  await dialog.getByLabel("Я сохранил коды").check();
  await dialog.getByRole("button", { name: "Готово" }).click();
  expect(asked, "the act was not done after the proof").toBe(2);
  expect((await acts(page)).slice(0, 2).at(-1)).toBe("person.proven passkey");
});

test("one that was removed opens nothing any more", async () => {
  const { page } = desk;
  await page.goto("/profile");
  await factors(page).getByRole("button", { name: "Удалить: Ноутбук директора" }).click();
  const dialog = page.getByRole("dialog", { name: "Удалить «Ноутбук директора»?" });
  await dialog.getByRole("button", { name: "Удалить" }).click();
  await factors(page).getByText("Ноутбук директора").waitFor({ state: "detached" });
  await signOut(page);
  expect(await held(), "the authenticator has it still").toHaveLength(1);
  await byPasskey(page).click();
  await refused(page).waitFor();
  expect(await sections(page).count()).toBe(0);
  // It was the only second factor: the password is enough again.
  await signIn(page, cabinet.login, cabinet.password);
  await sections(page).waitFor();
});
