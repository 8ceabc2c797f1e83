/** The list of tills and a till's card: who needs a person stands first, and a torn receipt is finished from here. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DESK, expectFits, PHONE, shoot } from "../browser";
import { artifacts, FIRST, SECOND } from "../shop";
import { consent, row, state, story } from "./story";

export function tills(): void {
  describe("tills", () => {
    test("the list shows the till that needs a person", async () => {
      const { page } = story.desk;
      await page.goto("/tills");
      await page.getByRole("heading", { name: "Кассы", level: 1 }).waitFor();
      const unfinished = row(page, SECOND);
      await unfinished.getByText("Внимание").waitFor();
      await unfinished.getByText("Бумага вставлена, касса ждёт продолжения печати.").waitFor();
      await row(page, FIRST).getByText("Работает").waitFor();
      // Those with problems stand first; rows change places while no pointer is among them.
      await page.mouse.move(0, 0);
      await expect.poll(() => page.getByRole("row").nth(1).textContent()).toContain(SECOND);
      await expectFits(page);
      await shoot(page, "tills-1440");
    });

    test("the same list fits a phone", async () => {
      const { page } = story.desk;
      await page.setViewportSize(PHONE);
      await page.getByRole("list", { name: "Кассы" }).getByRole("link").filter({ hasText: SECOND }).waitFor();
      await expectFits(page);
      await shoot(page, "tills-360", true);
      await page.setViewportSize(DESK);
    });

    test("the cabinet speaks Kazakh and English", async () => {
      const { page } = story.desk;
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
      const { page } = story.desk;
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
      const { page } = story.desk;
      const before = await story.shop.documents(SECOND);
      expect((await story.shop.lastSlip(SECOND)).whole, "the morning must end with a torn slip").toBe(false);

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

      // The till is in no hurry, so that what it does is seen.
      await story.shop.fault(SECOND, "B0", "after", "delay", "--for", "4s");
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
      const slip = await story.shop.lastSlip(SECOND);
      expect(slip.whole).toBe(true);
      const last = before.at(-1);
      expect(slip.lines.join("\n")).toMatch(new RegExp(`^ФД +${last?.fd}$`, "m"));
      expect(slip.lines.some((line) => line.startsWith("ИТОГ"))).toBe(true);
      expect(await story.shop.documents(SECOND)).toHaveLength(before.length);
    });

    test("the record of the command stays", async () => {
      const { page } = story.desk;
      await page.getByRole("tab", { name: "Журнал команд" }).click();
      const record = page.getByRole("list", { name: "Журнал команд" }).getByRole("button").first();
      await record.getByText("Продолжить печать").waitFor();
      await record.getByText("Выполнено").waitFor();
      await record.click();
      await page.getByRole("tabpanel").getByRole("list", { name: "Шаги" }).waitFor();
      await shoot(page, "commands-1440");
    });
  });
}
