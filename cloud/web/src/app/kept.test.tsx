import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeCabinet } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";
import { App } from "./App";
import { KEPT, keepAnswers } from "./kept";
import { queryClient } from "./queries";
import { MOST, memoryShelf, shelf } from "./shelf";

const now = Date.now();
let stop: () => Promise<unknown> = async () => {};

beforeEach(() => {
  localStorage.clear();
  void startWords("ru");
});
afterEach(async () => {
  vi.useRealTimers();
  cleanup();
  await stop();
  await shelf().clear();
});

/** A browser opens the page: a client of its own, and the shelf it had before. */
function open(path: string, cabinet: FakeCabinet) {
  const queries = queryClient(() => {});
  stop = keepAnswers(queries, shelf(), { pause: 0 });
  render(
    <MemoryRouter initialEntries={[path]}>
      <App transport={cabinet.transport} queries={queries} />
    </MemoryRouter>,
  );
}

async function leave() {
  cleanup();
  await stop();
}

/** Something of this method lies on the shelf. */
const lies = (method: string) => async () =>
  expect(await shelf().get(`p1 o1 ${method} ["finite",{}]`), `${method} is not kept`).toBeTruthy();

const TILLS = "cabinet.v1.FleetService/ListTills";

test("what was read stands there without a connection, with its age", async () => {
  vi.setSystemTime(new Date(2026, 2, 4, 10, 15)); // at midnight it would be of yesterday before one looks
  const cabinet = new FakeCabinet({ tills: fleet(now), now });
  open("/tills", cabinet);
  await screen.findByRole("table", { name: "Кассы" });
  await waitFor(lies(TILLS));
  await leave();

  cabinet.down = true;
  open("/tills", cabinet);
  await screen.findByRole("table", { name: "Кассы" });
  expect(screen.getAllByText("Касса 2").length).toBeGreaterThan(0);
  const strip = await screen.findByText(/Данные на/);
  expect(strip.textContent).toMatch(/Данные на сегодня 10:15/);
});

test("signing out wipes it, though the cabinet does not hear", async () => {
  const cabinet = new FakeCabinet({ tills: fleet(now), now });
  open("/tills", cabinet);
  await screen.findByRole("table", { name: "Кассы" });
  await waitFor(lies(TILLS));
  cabinet.down = true;
  fireEvent.click(screen.getByRole("button", { name: /Вы вошли как/ }));
  fireEvent.click(await screen.findByRole("menuitem", { name: "Выйти" }));
  await screen.findByText("Прочитать не удалось: кабинет не ответил");
  expect(await shelf().get("who")).toBeUndefined();
  await leave();
  open("/tills", cabinet);
  await screen.findByText("Прочитать не удалось: кабинет не ответил");
  expect(document.body.textContent).not.toContain("Касса 2");
});

test("a session that is over wipes it", async () => {
  const cabinet = new FakeCabinet({ tills: fleet(now), now });
  open("/tills", cabinet);
  await screen.findByRole("table", { name: "Кассы" });
  await waitFor(lies(TILLS));
  await leave();
  cabinet.signedIn = false;
  open("/tills", cabinet);
  await screen.findByRole("button", { name: "Войти" });
  await waitFor(async () => expect(await shelf().get("who")).toBeUndefined());
});

test("who lost a right loses what was read under it", async () => {
  const cabinet = new FakeCabinet({ tills: fleet(now), now });
  open("/tills", cabinet);
  await screen.findByRole("table", { name: "Кассы" });
  await waitFor(lies(TILLS));
  await leave();
  const poorer = new FakeCabinet({ tills: fleet(now), now, permissions: ["documents:view"] });
  open("/help", poorer);
  await waitFor(async () => expect(await shelf().get(`p1 o1 ${TILLS} ["finite",{}]`)).toBeUndefined());
});

test("only readings are kept", () => {
  for (const method of KEPT) {
    expect([method.name, method.methodKind, method.idempotency]).toEqual([
      method.name,
      "unary",
      MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS,
    ]);
  }
});

test("the oldest gives way", async () => {
  const s = memoryShelf();
  for (let i = 0; i < MOST + 3; i++) {
    await s.put([{ key: `k${i}`, at: i, bytes: new Uint8Array() }]);
  }
  expect([await s.get("k0"), await s.get("k2")]).toEqual([undefined, undefined]);
  expect(await s.get("k3")).toBeTruthy();
});
