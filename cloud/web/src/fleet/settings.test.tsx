import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
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

function open(o: Partial<FakeOptions> = {}) {
  const cabinet = new FakeCabinet({ tills: fleet(now), now, ...o });
  render(
    <MemoryRouter initialEntries={["/tills/till-red"]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  return cabinet;
}

test("the till's page says what was chosen, what the till has, and both where they differ", async () => {
  const cabinet = open();
  const part = await screen.findByRole("region", { name: "ОФД и настройки" });
  await within(part).findByText("Платформа ОФД 9715260691");
  expect(
    within(part).getByText(/В кассе записан другой ОФД: Такском 7704211201 ≠ Платформа ОФД/),
  ).toBeTruthy();
  expect(within(part).getByText("выбрана 1, у агента 1")).toBeTruthy();
  expect(within(part).getByText("допечатывает сам")).toBeTruthy();
  fireEvent.click(within(part).getByRole("button", { name: "Изменить" }));
  const dialog = await screen.findByRole("dialog", { name: "ОФД и настройки" });
  const operator = await within(dialog).findByLabelText<HTMLSelectElement>("Оператор");
  await within(dialog).findByRole("option", { name: "Такском" });
  expect(operator.value).toBe("9715260691");
  fireEvent.change(within(dialog).getByLabelText("Когда бумага вернулась"), { target: { value: "ask" } });
  fireEvent.click(within(dialog).getByRole("button", { name: "Сохранить" }));
  await waitFor(() => expect(cabinet.tree.asked).toContain("settings ask"));
});

test("who may not arrange the till sees the same and changes nothing", async () => {
  open({ permissions: ["tills:view", "documents:view"] });
  const part = await screen.findByRole("region", { name: "ОФД и настройки" });
  await within(part).findByText("выбрана 1, у агента 1");
  expect(within(part).queryByRole("button", { name: "Изменить" })).toBeNull();
});
