/** Documents: a sale appears while one looks, is read as it lies in the fiscal memory, printed, found, and decided about. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DESK, expectFits, PHONE, shoot } from "../browser";
import { artifacts, FIRST } from "../shop";
import { read, row, story } from "./story";

export function receipts(): void {
  describe("receipts", () => {
    test("a sale made outside appears while the page is open", async () => {
      const { page } = story.desk;
      await page.goto("/tills");
      await row(page, FIRST).getByRole("link", { name: FIRST }).click();
      await page.getByRole("tab", { name: "Операции" }).click();
      const table = page.getByRole("table", { name: "Операции" });
      await table.getByText("Открытие смены").waitFor();
      const sum = table.getByText("1 234,50 ₽");
      expect(await sum.count()).toBe(0);
      await page.mouse.move(0, 0); // rows wait while the pointer is among them
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      const operation = await story.shop.sell(FIRST, "e2e-live-1", "Кофе в зёрнах", 123_450);
      await sum.waitFor();
      page.removeAllListeners("request");
      const lists = asked.filter((url) => url.includes("ListOperations"));
      expect(lists, "the row was asked for, and did not come by itself").toEqual([]);
      expect(operation).toMatchObject({ text: "Чек пробит." });

      await page.getByRole("tab", { name: "Документы" }).click();
      await page.getByText("1 234,50 ₽").click();
      await page.getByRole("heading", { name: "Продажа", level: 1 }).waitFor();
    });

    test("the receipt is read as it lies in the shop", async () => {
      const { page } = story.desk;
      // The agent reads it back from the fiscal memory by itself, and the open page shows it when it is here.
      const slip = page.getByRole("region", { name: "Как на бумаге" });
      await slip.getByText("КАССОВЫЙ ЧЕК").waitFor();
      const paper = (await slip.innerText()).replaceAll(/\s+/g, " ");
      const held = (await story.shop.documents(FIRST)).at(-1);
      expect(held?.total).toBe(123_450);
      for (const words of ["Кофе в зёрнах", "=1234.50", "ИТОГ", String(held?.fd)])
        expect(paper).toContain(words);
      await expectFits(page);
      await shoot(page, "document-1440", true);

      // An independent reader takes the code off the screen.
      const code = join(artifacts, "document-qr.png");
      await slip.getByRole("img").screenshot({ path: code });
      expect(await read("zbarimg", "--quiet", "--raw", code)).toMatch(
        new RegExp(`^t=\\d{8}T\\d{4}&s=1234\\.50&fn=\\d{16}&i=${held?.fd}&fp=\\d+&n=1\\s*$`),
      );

      await page.setViewportSize(PHONE);
      await slip.waitFor();
      await expectFits(page);
      await shoot(page, "document-360", true);
      await page.setViewportSize(DESK);
    });

    test("its tags are found by their words, and its file has every figure of the slip", async () => {
      const { page } = story.desk;
      const slip = page.getByRole("region", { name: "Как на бумаге" });
      const figures = new Set((await slip.innerText()).match(/\d[\d.:,]*\d|\d/g));
      expect(figures.size).toBeGreaterThan(10);

      await page.getByRole("tab", { name: "Теги" }).click();
      const table = page.getByRole("table", { name: "Теги" });
      await table.getByText("ФП документа (ФПД)").waitFor();
      await expectFits(page);
      await shoot(page, "tags-1440", true);
      await page.setViewportSize(PHONE);
      await expectFits(page);
      await shoot(page, "tags-360", true);
      await page.setViewportSize(DESK);
      await page.getByRole("searchbox", { name: "Номер, название, значение" }).fill("1234,50");
      await table.getByRole("cell", { name: "1020", exact: true }).waitFor();
      await expect.poll(() => table.getByRole("cell", { name: "1021", exact: true }).count()).toBe(0);
      await page.getByRole("button", { name: "Байты" }).click();
      await table.getByText("3A E2 01").first().waitFor(); // 123 450 kopecks

      const [file] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "PDF" }).click(),
      ]);
      expect(file.suggestedFilename()).toMatch(/^\d{16}-\d+\.pdf$/);
      const path = join(artifacts, "document.pdf");
      await file.saveAs(path);
      const text = await read("pdftotext", "-layout", path, "-");
      for (const figure of figures) expect(text).toContain(figure);
    });

    test("the printer gets the slip and nothing else", async () => {
      const { page } = story.desk;
      await page.getByRole("tab", { name: "Чек" }).click();
      const slip = page.getByRole("region", { name: "Как на бумаге" });
      await slip.waitFor();
      await page.emulateMedia({ media: "print" });
      await shoot(page, "document-print", true);
      const printed = join(artifacts, "document-print.pdf");
      await page.pdf({ path: printed, format: "A4" });
      await page.emulateMedia({ media: null });
      const text = await read("pdftotext", "-layout", printed, "-");
      expect(text).toContain("=1234.50");
      for (const word of ["Кассы", "Сведения", "Скопировать ссылку", "Чекан", "Теги"])
        expect(text).not.toContain(word);
      expect(text.trim().split("\f")).toHaveLength(1);
    });

    test("documents of every form are listed, and narrowed to a kind", async () => {
      const { page } = story.desk;
      await page.getByRole("link", { name: /Документы/ }).click();
      const table = page.getByRole("table", { name: "Документы" });
      await table.getByText("Отчёт о регистрации").waitFor(); // nobody asked the agent for it: its copy tells of it
      await page.getByRole("combobox", { name: "Вид документов" }).selectOption("registration");
      await expect.poll(() => table.getByRole("row").count()).toBe(2);
      await shoot(page, "documents-1440");
      await table.getByText("Отчёт о регистрации").click();
      await page.getByRole("heading", { name: "Отчёт о регистрации", level: 1 }).waitFor();
      await page.getByText("Документ сделан не через агента").waitFor();
      await page.getByRole("tab", { name: "Документ" }).waitFor();
      await page.getByRole("region", { name: "Как на бумаге" }).getByText("ОТЧЁТ О РЕГИСТРАЦИИ").waitFor();
      await expectFits(page);
      await shoot(page, "registration-1440", true);
    });

    test("a receipt that only a person can tell from another is decided from the cabinet", async () => {
      const { page } = story.desk;
      const before = await story.shop.documents(FIRST);
      // The till's answer is lost for good, and a second program makes an equal receipt right behind ours.
      await story.shop.fault(FIRST, "FF45", "after", "foreign", "--code", "44");
      await story.shop.fault(FIRST, "FF45", "after", "forget_answer");
      const asked = story.shop.submit(FIRST, "e2e-doubt-1", "Чай чёрный листовой 100 г", 4_400);

      await page.goto("/tills");
      const way = page
        .getByRole("navigation", { name: "Разделы" })
        .getByRole("link", { name: "Требуют решения" });
      await way.getByText("1").waitFor();
      await way.click();
      const list = page.getByRole("list", { name: "Требуют решения" });
      await list.getByText("В накопителе несколько похожих документов.").waitFor();
      const fits = list
        .getByRole("list", { name: "Подходящие документы в накопителе" })
        .getByRole("listitem");
      await expect.poll(() => fits.count()).toBe(2);
      await expectFits(page);
      await shoot(page, "decisions-1440", true);
      await page.setViewportSize(PHONE);
      await expectFits(page);
      await shoot(page, "decisions-360", true);
      await page.setViewportSize(DESK);

      const held = await story.shop.documents(FIRST);
      expect(held).toHaveLength(before.length + 2);
      const ours = held.at(-2)?.fd; // the other program came second
      await page.getByRole("button", { name: `Это наш документ ФД ${ours}` }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText("Записать решение человека").waitFor();
      await dialog.getByLabel("Почему так").fill("на ленте наш чай");
      await dialog.getByLabel(/Введите название кассы/).fill(FIRST);
      await shoot(page, "decision-1440");
      await dialog.getByRole("button", { name: `Это наш документ ФД ${ours}` }).click();
      const record = page.getByRole("region", { name: "Ход команды" });
      await record.getByText("Выполнено").waitFor();
      await record.getByText("на ленте наш чай").waitFor();
      await page.getByText("Решать нечего").waitFor();
      await shoot(page, "decided-1440");
      await way.getByText("1").waitFor({ state: "detached" });

      expect(await asked).toMatchObject({ key: "e2e-doubt-1" });
      expect(await story.shop.submit(FIRST, "e2e-doubt-1", "Чай чёрный листовой 100 г", 4_400)).toMatchObject(
        {
          outcome: "OUTCOME_DONE",
          document: { fd: ours },
        },
      );
      expect(await story.shop.documents(FIRST)).toHaveLength(held.length);
    });
  });
}
