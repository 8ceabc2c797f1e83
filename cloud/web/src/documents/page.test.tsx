import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";

const now = Date.now();
const RECEIPT = "/tills/till-red/documents/9999078900012345/20412";

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function open(path: string, o: Partial<FakeOptions> = {}, copies: FakeCabinet["copies"] = () => {}) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now, ...o });
  cabinet.copies = copies;
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  return cabinet;
}

test("a receipt is shown as its slip, with its code, beside its facts", async () => {
  open(RECEIPT);
  await screen.findByRole("heading", { name: "Продажа", level: 1 });
  const slip = screen.getByRole("region", { name: "Как на бумаге" });
  expect(within(slip).getByText("КАССОВЫЙ ЧЕК")).toBeTruthy();
  expect(within(slip).getByText("=447.00").parentElement?.className).toBe("bold large");
  expect(within(slip).getByRole("img").getAttribute("aria-label")).toContain("QR-код: t=");
  const facts = screen.getByRole("region", { name: "Сведения" });
  expect(facts.textContent).toContain("есть в кабинете");
  expect(facts.textContent).toContain("Иванова Мария Петровна");
});

test("tags are searched, opened to their bytes, and closed", async () => {
  open(`${RECEIPT}?tab=tags`);
  const table = await screen.findByRole("table", { name: "Теги" });
  expect(within(table).getByText("признак расчёта")).toBeTruthy();
  expect(within(table).getByText("нет в словаре")).toBeTruthy();
  fireEvent.change(screen.getByRole("searchbox", { name: "Номер, название, значение" }), {
    target: { value: "1040" },
  });
  expect(within(table).getAllByRole("row")).toHaveLength(2);
  fireEvent.click(screen.getByRole("button", { name: "Байты" }));
  expect(within(table).getByText("BD 4F 00 00")).toBeTruthy();
  fireEvent.change(screen.getByRole("searchbox", { name: "Номер, название, значение" }), {
    target: { value: "" },
  });
  const before = within(table).getAllByRole("row").length;
  fireEvent.click(screen.getByRole("button", { name: "Свернуть всё" }));
  expect(within(table).getAllByRole("row").length).toBe(before - 10);
});

test("the file comes under the name the cabinet gives it", async () => {
  const url = vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:document");
  const names: string[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    names.push(this.download);
  });
  open(RECEIPT);
  fireEvent.click(await screen.findByRole("button", { name: "PDF" }));
  await waitFor(() => expect(names).toEqual(["9999078900012345-20412.pdf"]));
  expect(url).toHaveBeenCalledOnce();
});

test("while no copy has come the page says so and shows what was asked for", async () => {
  open(RECEIPT, {}, (answer) => {
    answer.hasCopy = false;
    answer.slip = [];
    answer.tags = [];
  });
  await screen.findByText("Копия документа ещё не пришла из кассы");
  const items = screen.getByRole("table", { name: "Позиции" });
  expect(items.textContent?.replaceAll("\u00a0", " ")).toContain("310,16 ₽");
  expect(screen.queryByRole("tab", { name: "Теги" })).toBeNull();
  expect(screen.queryByRole("button", { name: "PDF" })).toBeNull();
  expect(screen.getByRole("button", { name: "Скопировать ссылку" })).toBeTruthy();
});

test("what cannot be believed is said above", async () => {
  open(RECEIPT, {}, (answer) => {
    answer.copyContradicted = true;
    answer.copyDamaged = true;
    answer.slip = [];
  });
  await screen.findByText(/она противоречит первой/);
  expect(screen.getByText(/не разбирается как фискальный документ/)).toBeTruthy();
  expect(screen.getByText("Чек по этой копии не построить")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Печать" })).toBeNull();
});

test("who may not see sums sees neither slip nor tags", async () => {
  open(RECEIPT, { permissions: ["tills:view", "documents:view"] });
  await screen.findByText("Чек и теги скрыты");
  expect(screen.getByRole("region", { name: "Сведения" })).toBeTruthy();
  expect(screen.queryByRole("region", { name: "Как на бумаге" })).toBeNull();
  expect(screen.queryByRole("button", { name: "PDF" })).toBeNull();
});

test("the list is narrowed to a kind, and the address keeps it", async () => {
  open("/tills/till-red/documents");
  const table = await screen.findByRole("table", { name: "Документы" });
  const all = within(table).getAllByRole("row").length;
  fireEvent.change(screen.getByRole("combobox", { name: "Вид документов" }), { target: { value: "shifts" } });
  await waitFor(() => {
    const left = screen.queryByRole("table", { name: "Документы" });
    expect(left ? within(left).getAllByRole("row").length : 0).toBeLessThan(all);
  });
  fireEvent.change(screen.getByRole("combobox", { name: "Вид документов" }), { target: { value: "" } });
  await waitFor(() =>
    expect(within(screen.getByRole("table", { name: "Документы" })).getAllByRole("row").length).toBe(all),
  );
});
