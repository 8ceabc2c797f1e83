/** Work from afar: the cashier is asked, the agent looks at its network, limits, and all of it by a phone. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DESK, expectFits, openWindow, PHONE, shoot, signIn } from "../browser";
import { artifacts, FIRST, SECOND } from "../shop";
import { consent, row, state, story } from "./story";

export function remote(): void {
  describe("remote", () => {
    test("the cashier is asked first, and allows it on his own page", async () => {
      const { page } = story.desk;
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
      await story.shop.sell(FIRST, "e2e-meanwhile", "Кофе, пока спрашивают", 15000);

      const cashier = await openWindow(story.browser, story.shop.ready.pos);
      await cashier.page.goto(await story.shop.cashierLink());
      await cashier.page.getByText(`${story.shop.ready.login} просит: проверить кассу`).waitFor();
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

    test("the agent itself checks the network and gives a bundle", async () => {
      const { page } = story.desk;
      await page.goto("/");
      await row(page, FIRST).getByRole("link", { name: FIRST }).click();
      const part = page.getByRole("region", { name: "Агент" });
      await part.getByRole("button", { name: "Проверить сеть" }).click();
      await consent(page, "Проверить сеть");
      const now = page.getByRole("region", { name: "Ход команды" });
      await now.getByText("Сеть в порядке").first().waitFor();
      await now.getByText("Вход агентов в кабинет: шифрование и сертификат").first().waitFor();
      await expectFits(page);
      await shoot(page, "agent-network-1440", true);
      await part.getByRole("button", { name: "Собрать файл для разбора" }).click();
      await consent(page, "Собрать файл для разбора");
      const download = now.getByRole("button", { name: "Скачать файл" });
      await download.waitFor();
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

    test("a limit of one till colours that till and no other", async () => {
      const { page } = story.desk;
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
      await story.shop.paperIn(SECOND, 8);
      await story.shop.sell(SECOND, "e2e-phone-1", "Чай чёрный листовой 100 г", 15_990);
      await expect.poll(async () => (await story.shop.lastSlip(SECOND)).whole).toBe(false);

      const phone = await openWindow(story.browser, story.shop.ready.cabinet, PHONE);
      const { page } = phone;
      await page.goto("/");
      await signIn(page, story.shop.ready.login, story.shop.ready.password);
      const card = page.getByRole("list", { name: "Кассы" }).getByRole("link").filter({ hasText: SECOND });
      await card.getByText("В кассе нет бумаги.").waitFor();
      await card.getByText("Остановлена").waitFor();
      await story.shop.paperIn(SECOND);
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
      expect((await story.shop.lastSlip(SECOND)).whole).toBe(true);
      expect(phone.faults).toEqual([]);
      await phone.context.close();
    });
  });
}
