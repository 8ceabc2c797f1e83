import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { FakeCabinet } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";
import { startDensity } from "./density";

beforeEach(() => {
  localStorage.clear();
  startDensity();
  void startWords("ru");
});
afterEach(() => {
  cleanup();
  localStorage.clear();
  startDensity();
});

const rows = () => document.documentElement.dataset.rows;

test("rows stand as this browser remembers", async () => {
  expect(rows()).toBe("comfortable");
  render(
    <MemoryRouter initialEntries={["/tills"]}>
      <App
        transport={new FakeCabinet({ tills: fleet(Date.now()) }).transport}
        queries={queryClient(() => {})}
      />
    </MemoryRouter>,
  );
  fireEvent.click(await screen.findByRole("button", { name: /^Вы вошли как/ }));
  const compact = await screen.findByRole("menuitemradio", { name: "Плотные", hidden: true });
  expect(compact.getAttribute("aria-checked")).toBe("false");
  fireEvent.click(compact);
  expect(rows()).toBe("compact");
  // Nothing has a size here, and the menu hides with what it hangs on; it is there all the same.
  const chosen = { name: "Плотные", hidden: true, checked: true };
  expect(screen.getByRole("menuitemradio", chosen)).toBeTruthy();
  // The next visit.
  delete document.documentElement.dataset.rows;
  startDensity();
  expect(rows()).toBe("compact");
});

test("what is remembered and is none is comfortable", () => {
  localStorage.setItem("chekan.rows", "huge");
  startDensity();
  expect(rows()).toBe("comfortable");
});
