import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { FakeCabinet } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";

const now = Date.now();

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
  // There is no layout here: every row is as high as the list takes it to be.
  vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(74);
  const cabinet = new FakeCabinet({ tills: fleet(now), now });
  render(
    <MemoryRouter initialEntries={["/tills"]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});

const answer = async (name: RegExp) => {
  const table = await screen.findByRole("table", { name: "Кассы" });
  return within(table).getAllByRole("button", { name })[0] as HTMLElement;
};

test("what is wrong, since when and what to do come to the pointer and go with it", async () => {
  const why = await answer(/бумаг/i);
  fireEvent.pointerEnter(why, { pointerType: "mouse" });
  const dialog = await screen.findByRole("dialog");
  expect(dialog.querySelectorAll("li").length).toBeGreaterThan(0);
  fireEvent.pointerLeave(why, { pointerType: "mouse" });
  await waitFor(() => expect(screen.queryByRole("dialog", { hidden: true })).toBeNull());
});

test("a finger and Enter hold the answer, and Escape lets it go", async () => {
  const why = await answer(/бумаг/i);
  fireEvent.click(why);
  await screen.findByRole("dialog");
  fireEvent.pointerLeave(why, { pointerType: "mouse" });
  // Without a layout its button counts as scrolled away, and hides it.
  const dialog = screen.getByRole("dialog", { hidden: true });
  expect(why.getAttribute("aria-expanded")).toBe("true");
  fireEvent.keyDown(dialog, { key: "Escape" });
  await waitFor(() => expect(screen.queryByRole("dialog", { hidden: true })).toBeNull());
});

test("a grey till says that its agent is away", async () => {
  fireEvent.click(await answer(/Последняя связь/));
  const dialog = await screen.findByRole("dialog");
  expect(dialog.textContent).toMatch(/Агент/);
});
