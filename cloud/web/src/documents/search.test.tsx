import { Code } from "@connectrpc/connect";
import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";

const now = Date.now();

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(cleanup);

function open(path: string, o: Partial<FakeOptions> = {}) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now, ...o });
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
}

test("receipts of all tills stand with their sums, and open", async () => {
  open("/documents");
  const table = await screen.findByRole("table", { name: "Чеки" });
  const rows = within(table).getAllByRole("row").slice(1);
  expect(rows.length).toBeGreaterThan(0);
  expect(rows[0]?.textContent).toContain("Касса 1");
  expect(rows[0]?.textContent).toContain("₽");
  expect(
    within(rows[0] as HTMLElement)
      .getByRole("link")
      .getAttribute("href"),
  ).toMatch(/^\/tills\/.*\/documents\//);
  expect(screen.getByRole("button", { name: "Выгрузить" })).toBeTruthy();
});

test("the five ways to show no receipt differ", async () => {
  open("/documents?fd=99999");
  await screen.findByText("По отбору ничего не нашлось");
  fireEvent.click(screen.getAllByRole("button", { name: "Снять отбор" })[0] as HTMLElement);
  await screen.findByRole("table", { name: "Чеки" });
  cleanup();
  open("/documents?from=2999-01-01");
  await screen.findByText("За этот срок ничего нет");
  cleanup();
  open("/documents", { empty: true });
  await screen.findByText("Документов ещё нет");
  cleanup();
  open("/documents", { trouble: Code.Internal });
  await screen.findByText("Прочитать не удалось: кабинет отказал");
  cleanup();
  open("/documents", { permissions: ["tills:view"] });
  await screen.findByText("Такой записи нет, или она не для вас");
});

test("who may not see sums looks for none and sees none", async () => {
  open("/documents", { permissions: ["tills:view", "documents:view"] });
  await screen.findByRole("table", { name: "Чеки" });
  expect(document.body.textContent).not.toContain("₽");
  expect(screen.queryByLabelText("Сумма")).toBeNull();
  expect(screen.queryByLabelText("Кассир")).toBeNull();
  expect(screen.queryByRole("button", { name: "Выгрузить" })).toBeNull();
});

test("the owner's page shows revenue and the same numbers as a table", async () => {
  open("/home");
  const table = await screen.findByRole("table", { name: "Выручка по часам" });
  expect(within(table).getAllByRole("row")).toHaveLength(11);
  expect(screen.getByRole("region", { name: "Сегодня" }).textContent).toContain("58\u00a0123,50\u00a0₽");
  cleanup();
  open("/home", { permissions: ["tills:view"] });
  await screen.findByText("Виды проблем");
  expect(document.body.textContent).not.toContain("₽");
});

test("a receipt is given to a buyer who agreed, and taken back", async () => {
  open("/tills/till-red/documents/9999078900012345/20417");
  fireEvent.click(await screen.findByRole("button", { name: "Чек покупателю" }));
  const send = await screen.findByRole("button", { name: "Отправить" });
  fireEvent.change(screen.getByLabelText("Почта или телефон покупателя"), {
    target: { value: "ivan@example.com" },
  });
  expect((send as HTMLButtonElement).disabled).toBe(true);
  fireEvent.click(screen.getByLabelText("Покупатель согласен получить чек на этот адрес"));
  fireEvent.click(send);
  await screen.findByText("Почта: i…@example.com");
  const given = screen.getByText("Почта: i…@example.com").closest("tr, li") as HTMLElement;
  fireEvent.click(within(given).getByRole("button", { name: "Закрыть" }));
  await screen.findByText("закрыта");
});

test("shifts and operations stand with their filters as chips", async () => {
  open("/shifts?only=different");
  await screen.findByRole("table", { name: "Смены" });
  expect(screen.getAllByRole("row")).toHaveLength(2);
  fireEvent.click(screen.getByRole("button", { name: "Убрать: Только: С расхождением" }));
  await screen.findByText("118");
  cleanup();
  open("/operations?what=commands");
  const table = await screen.findByRole("table", { name: "Операции" });
  expect(within(table).getAllByRole("row")).toHaveLength(3);
});
