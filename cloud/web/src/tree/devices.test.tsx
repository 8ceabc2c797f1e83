import { create } from "@bufbuild/protobuf";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeAll, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { CommandState } from "../gen/cabinet/v1/commands_pb";
import { AdoptionSchema } from "../gen/cabinet/v1/connect_pb";
import { SearchSchema } from "../gen/fiscal/v1/devices_pb";
import { agents } from "../testing/agents";
import { FakeCabinet } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";
import { portOf } from "./Devices";

beforeAll(() => startWords("ru"));
afterEach(cleanup);

async function open(change: (cabinet: FakeCabinet) => void = () => {}) {
  const cabinet = new FakeCabinet({ tills: fleet(Date.now()) });
  change(cabinet);
  render(
    <MemoryRouter initialEntries={["/connect/agent-new"]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  await screen.findByText("Касса найдена и отвечает");
  return cabinet;
}

const finds = (cabinet: FakeCabinet) => {
  const f = cabinet.tree.newcomer.finds;
  if (!f) throw new Error("no finds");
  return f;
};

/** Sends the form of a window, as its button and the key Enter do. */
function send(within: HTMLElement) {
  const form = within.matches("form") ? within : within.querySelector("form");
  if (!form) throw new Error("no form");
  fireEvent.submit(form);
}

/** A find by what it is called. */
async function find(name: string) {
  const list = await screen.findByLabelText("Найденные устройства");
  const item = within(list).getByText(name).closest("li");
  if (!item) throw new Error(`no find ${name}`);
  return item;
}

test("ports are called as people call them", () => {
  expect(portOf("serial://COM3?baud=115200")).toBe("COM3");
  expect(portOf("serial:///dev/ttyACM0?baud=9600")).toBe("ttyACM0");
  expect(portOf("serial:///dev/serial/by-id/usb-Shtrih_01-if00")).toBe("usb-Shtrih_01-if00");
  expect(portOf("tcp://192.168.1.20:7778")).toBe("192.168.1.20:7778");
});

test("a device is taken over with a name and an outlet; what is a till already says so", async () => {
  const cabinet = await open();
  const till = await find("ШТРИХ-М-01Ф");
  expect(within(till).getByText("зав. № 0000000000005001 · COM3")).toBeTruthy();
  expect(within(await find("ШТРИХ-ЛАЙТ-01Ф")).getByText("уже в работе: Касса 1")).toBeTruthy();
  expect(within(await find("ШТРИХ-ЛАЙТ-01Ф")).queryByText("Взять в работу")).toBeNull();
  expect(screen.queryByText("TM-T20")).toBeNull(); // half a till
  fireEvent.click(within(till).getByText("Взять в работу"));
  const dialog = await screen.findByRole("dialog");
  fireEvent.change(within(dialog).getByLabelText(/Название/), { target: { value: " Касса у входа " } });
  cabinet.tree.refuse = "find_none";
  send(dialog);
  expect(await within(dialog).findByText(/Агент такого устройства больше не показывает/)).toBeTruthy();
  send(dialog);
  await waitFor(() =>
    expect(cabinet.tree.asked).toEqual(["adopt agent-new serial://COM3?baud=115200 Касса у входа outlet-1"]),
  );
  expect(await screen.findByText("Агент проверяет кассу и берёт её в работу.")).toBeTruthy();
});

test("a fiscal memory wants its printer, or none", async () => {
  const cabinet = await open();
  fireEvent.click(within(await find("ФН-1.2")).getByText("Взять в работу"));
  const dialog = await screen.findByRole("dialog");
  const act = within(dialog).getByText("Взять в работу").closest("button");
  expect(act?.disabled).toBe(true);
  fireEvent.change(within(dialog).getByLabelText(/Принтер чеков/), {
    target: { value: "serial://COM6?baud=9600" },
  });
  send(dialog);
  await waitFor(() =>
    expect(cabinet.tree.asked[0]).toContain(
      "adopt agent-new serial://COM5?baud=115200 serial://COM6?baud=9600",
    ),
  );
});

test("a search shows how far it is, and an empty one what to check", async () => {
  const cabinet = await open((c) => {
    finds(c).devices = [];
    finds(c).search = create(SearchSchema, {
      running: true,
      tried: 1,
      places: 4,
      step: "Порт COM3: Штрих-М",
    });
  });
  expect(await screen.findByText("Ищем кассы: осмотрено мест 1 из 4")).toBeTruthy();
  expect(screen.getByText(/Порт COM3: Штрих-М/)).toBeTruthy();
  expect(screen.queryByText(/Касса не найдена/)).toBeNull();
  cleanup();
  await open((c) => {
    finds(c).devices = [];
  });
  expect(await screen.findByText("Касса не найдена. Проверьте и поищите снова:")).toBeTruthy();
  expect(screen.getByText(/в диспетчере устройств/)).toBeTruthy();
  expect(screen.getByText("Не трогали 2 порта")).toBeTruthy();
  expect(screen.getByText(/chekan-agent till adopt 1/)).toBeTruthy();
  expect(cabinet.tree.asked).toEqual([]);
});

test("a search is asked for, and a refusal of the agent is its own sentence", async () => {
  const cabinet = await open((c) => {
    const [first] = finds(c).devices;
    if (first)
      first.adoption = create(AdoptionSchema, {
        state: CommandState.FAILED,
        title: "Касса у входа",
        text: "Касса не принята, ничего не изменено: устройство больше не отвечает.",
      });
  });
  const till = await find("ШТРИХ-М-01Ф");
  expect(within(till).getByText(/устройство больше не отвечает/)).toBeTruthy();
  fireEvent.click(within(till).getByText("Повторить"));
  const dialog = await screen.findByRole("dialog");
  expect((within(dialog).getByLabelText(/Название/) as HTMLInputElement).value).toBe("Касса у входа");
  fireEvent.click(within(dialog).getByText("Отмена"));
  fireEvent.click(await screen.findByText("Искать снова"));
  await waitFor(() => expect(cabinet.tree.asked).toEqual(["find agent-new"]));
  expect(await screen.findByText("Просим агента поискать кассы…")).toBeTruthy();
});

test("who may not adopt sees no acts, and an old agent has lines to copy", async () => {
  await open((c) => {
    finds(c).mayAdopt = false;
  });
  await find("ШТРИХ-М-01Ф");
  expect(screen.queryByText("Взять в работу")).toBeNull();
  expect(screen.queryByText("Искать снова")).toBeNull();
  cleanup();
  await open((c) => {
    finds(c).able = false;
  });
  expect(await screen.findByText(/chekan-agent till find/)).toBeTruthy();
  expect(screen.queryByText("Взять в работу")).toBeNull();
});

test("name, printing on and hours are chosen in the step of the place", async () => {
  const cabinet = new FakeCabinet({ tills: fleet(Date.now()) });
  render(
    <MemoryRouter initialEntries={["/connect/till-green"]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  const form = await screen.findByLabelText("Настройки кассы у агента");
  const hours = within(form).getByLabelText(/Не обновляться в часы/) as HTMLInputElement;
  expect(hours.value).toBe("10:00-20:00");
  fireEvent.change(within(form).getByLabelText(/Название/), { target: { value: "Касса у входа" } });
  fireEvent.change(within(form).getByLabelText(/Когда бумага вернулась/), { target: { value: "ask" } });
  fireEvent.change(hours, { target: { value: "" } });
  send(form);
  await waitFor(() => expect(cabinet.tree.asked).toEqual(["settings Касса у входа ask -"]));
});

test("a second till begins at the agent that is there", async () => {
  const cabinet = new FakeCabinet({ tills: fleet(Date.now()), agents: agents(Date.now()) });
  render(
    <MemoryRouter initialEntries={["/connect"]}>
      <App transport={cabinet.transport} queries={queryClient(() => {})} />
    </MemoryRouter>,
  );
  const table = await screen.findByLabelText("Ещё касса там, где агент уже стоит");
  const links = [...table.querySelectorAll("a")].map((a) => a.getAttribute("href"));
  const here = cabinet.agents.filter((a) => a.online && a.revokedMs === 0n && a.id !== "agent-1");
  expect(here.length).toBeGreaterThan(0);
  expect(links).toEqual(here.map((a) => `/connect/${a.id}`));
});
