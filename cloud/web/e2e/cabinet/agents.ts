/** An agent that dies, one that is dismissed and comes back, and a release that is rolled out to it. */
import { describe, expect, test } from "vitest";
import { DESK, expectFits, openWindow, PHONE, shoot, signIn } from "../browser";
import { FIRST, SECOND } from "../shop";
import { row, story } from "./story";

export function agents(): void {
  describe("agents", () => {
    test("a dead agent is grey, and comes back", { timeout: 400_000 }, async () => {
      const { page } = story.desk;
      await page.goto("/tills");
      await row(page, FIRST).getByText("Работает").waitFor();
      story.shop.killAgent();
      // Its last will comes at once, its silence counts after a minute.
      await row(page, FIRST).getByText("связи нет").waitFor();
      await row(page, FIRST).getByText("Нет данных").waitFor({ timeout: 90_000 });
      await row(page, SECOND).getByText("Нет данных").waitFor();
      await shoot(page, "tills-grey-1440");
      await row(page, FIRST).getByText("Работает").waitFor({ timeout: 120_000 });
      await row(page, SECOND).getByText("Работает").waitFor();
    });

    test("a revoked agent sells on, and comes back by a code typed at the till", async () => {
      const boss = await openWindow(story.browser, story.shop.ready.cabinet);
      const { page } = boss;
      await page.goto("/");
      await signIn(page, story.shop.ready.login, story.shop.ready.password);
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
      await story.shop.sell(FIRST, "sold while revoked", "Чай", 7_700);

      await page.getByRole("button", { name: "Подключить агента" }).click();
      await dialog.getByRole("button", { name: "Получить код" }).click();
      const command = (await dialog.locator("pre").textContent()) ?? "";
      const code = command.split(" ").pop() ?? "";
      expect(code).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}/);
      await page.keyboard.press("Escape");

      const cashier = await openWindow(story.browser, story.shop.ready.pos);
      await cashier.page.goto(await story.shop.cashierLink());
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

    test("a signed release is rolled out from the cabinet, paused, and ended", async () => {
      const boss = await openWindow(story.browser, story.shop.ready.cabinet);
      const { page } = boss;
      await page.goto("/");
      await signIn(page, story.shop.ready.login, story.shop.ready.password);
      await page.getByRole("navigation").getByRole("link", { name: "Обновления" }).click();
      await page.getByText("Выпусков нет").waitFor();
      await page.getByText("Обновлений ещё не было").waitFor();
      await expectFits(page);
      await shoot(page, "updates-none-1440");

      const here = process.arch === "arm64" ? "linux-arm64" : "linux-amd64";
      const said = await story.shop.release(
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
  });
}
