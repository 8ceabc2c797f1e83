import { create } from "@bufbuild/protobuf";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { TillMaintenanceSchema } from "../gen/cabinet/v1/fleet_pb";
import { Light, TillAspect } from "../gen/cabinet/v1/light_pb";
import { FakeCabinet } from "../testing/cabinet";
import { till } from "../testing/fleet";
import { startWords } from "../words";
import { endFor } from "./MaintenanceDialog";
import { until } from "./upkeep";

const now = Date.now();
// In a month: whenever this runs, it is not today, and the till is under maintenance.
const work = create(TillMaintenanceSchema, {
  untilMs: BigInt(now + 29 * 86_400_000),
  sinceMs: BigInt(now),
  actor: "Иванов",
  reason: "замена ФН",
});
const cells = [{ aspect: TillAspect.FN, light: Light.RED, code: "fn_blocked", text: "ФН заблокирован." }];
const tills = () => [
  till(now, { id: "t1", name: "Касса 1", light: Light.RED, cells, maintenance: work }),
  till(now, { id: "t2", name: "Касса 2", light: Light.RED, cells }),
  till(now, { id: "t3", name: "Касса 3", light: Light.GREEN }),
];

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
  // There is no layout here: every row is as high as the list takes it to be.
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(74);
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

function open(path: string) {
  const cabinet = new FakeCabinet({ tills: tills(), now });
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  return cabinet;
}

test.each([
  ["hour", "", new Date(2026, 2, 4, 12, 0), new Date(2026, 2, 4, 13, 0)],
  ["day", "", new Date(2026, 2, 4, 12, 0), new Date(2026, 2, 4, 23, 59)],
  ["day", "", new Date(2026, 2, 31, 23, 59), new Date(2026, 3, 1, 23, 59)],
  ["date", "2026-03-04", new Date(2026, 2, 4, 12, 0), new Date(2026, 2, 4, 23, 59)],
  ["date", "2026-04-02", new Date(2026, 2, 4, 12, 0), new Date(2026, 3, 2, 23, 59)],
  ["date", "2026-04-04", new Date(2026, 2, 4, 12, 0), undefined],
  ["date", "2026-03-03", new Date(2026, 2, 4, 12, 0), undefined],
  ["date", "", new Date(2026, 2, 4, 12, 0), undefined],
] as const)("%s %s ends when it says", (term, date, at, end) => {
  expect(endFor(term, date, at)).toEqual(end);
});

test("an end of today is a time, another one has its day", () => {
  const at = new Date(2026, 2, 4, 12, 0);
  expect(until(new Date(2026, 2, 4, 18, 0), "ru", at)).toBe("18:00");
  expect(until(new Date(2026, 2, 5, 18, 0), "ru", at)).toBe("завтра 18:00");
});

test("the list says who works on a till, keeps its colour, and is narrowed to those and to the others", async () => {
  open("/tills");
  const table = await screen.findByRole("table", { name: "Кассы" });
  const row = (await within(table).findByRole("link", { name: "Касса 1" })).closest("tr") as HTMLElement;
  expect(row.textContent).toContain("Остановлена");
  expect(row.textContent).toMatch(/на обслуживании до .+, Иванов: замена ФН/);
  fireEvent.click(screen.getByRole("button", { name: "На обслуживании 1" }));
  await screen.findByText("Показано 1 из 3");
  fireEvent.click(screen.getByRole("button", { name: "На обслуживании 1" }));
  await screen.findByText("Показано 3 из 3");
  cleanup();
  open("/tills?aspect=fn&service=no");
  await screen.findByText("Показано 1 из 3");
  expect(screen.getByRole("button", { name: "Не на обслуживании" }).getAttribute("aria-pressed")).toBe(
    "true",
  );
});

test("«Главная» counts them by themselves", async () => {
  open("/home");
  const problems = await screen.findByRole("table", { name: "Виды проблем" });
  const link = within(problems).getByRole("link", { name: "Фискальный накопитель" });
  expect(link.getAttribute("href")).toBe("/tills?aspect=fn&service=no");
  expect(link.closest("tr")?.textContent).toMatch(/1$/);
  expect(screen.getByRole("link", { name: "На обслуживании 1" }).getAttribute("href")).toBe(
    "/tills?service=yes",
  );
});

test("a person puts a till under maintenance with a reason, and ends it", async () => {
  const cabinet = open("/tills/t2");
  const menu = async () => {
    fireEvent.click(await screen.findByRole("button", { name: "Другие действия" }));
    // Without a layout the menu takes its button to be out of sight, and hides.
    fireEvent.click(await screen.findByRole("menuitem", { name: "На обслуживание…", hidden: true }));
    return await screen.findByRole("dialog", { name: "Обслуживание кассы" });
  };
  let dialog = await menu();
  expect(within(dialog).queryByRole("button", { name: "Закончить сейчас" })).toBeNull();
  fireEvent.change(await within(dialog).findByLabelText("Зачем (не обязательно)"), {
    target: { value: "проверка принтера" },
  });
  fireEvent.click(within(dialog).getByRole("button", { name: "Поставить" }));
  await screen.findByText(/на обслуживании до/);
  await screen.findByText("Иванов: проверка принтера");
  const ms = Number(cabinet.tills.find((x) => x.id === "t2")?.maintenance?.untilMs);
  expect(ms).toBeGreaterThan(now + 3_500_000);
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  dialog = await menu();
  fireEvent.click(within(dialog).getByRole("button", { name: "Закончить сейчас" }));
  await waitFor(() => expect(screen.queryByText(/на обслуживании до/)).toBeNull());
  expect(cabinet.tills.find((x) => x.id === "t2")?.maintenance).toBeUndefined();
});
