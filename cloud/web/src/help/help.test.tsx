import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Code } from "@connectrpc/connect";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { App } from "../app/App";
import { queryClient } from "../app/queries";
import { FakeCabinet } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";
import baseEn from "../words/en/base.json";
import baseKk from "../words/kk/base.json";
import baseRu from "../words/ru/base.json";
import { ANSWERS, CHECKS, DEVICE, PROBLEMS } from "./catalogue";
import { entriesOf, found } from "./entries";
import en from "./words/en.json";
import kk from "./words/kk.json";
import ru from "./words/ru.json";

// Go is the source: a code that is declared there and told nowhere here would leave a person alone with a word.
const repository = (path: string) => readFileSync(resolve(import.meta.dirname, "../../../..", path), "utf8");
const codes = (path: string, pattern: RegExp) =>
  [...repository(path).matchAll(pattern)].map((m) => m[1] ?? "").filter(Boolean);

const CONSTANTS = /\bCode\w+\s*=\s*"(\w+)"/g;

const declared = {
  drivers: codes("drivers/driver.go", CONSTANTS),
  health: [
    ...codes("agent/internal/health/health.go", CONSTANTS),
    ...codes("agent/internal/health/health.go", /^\t"(\w+)":\s*\{/gm),
  ],
  update: codes("agent/internal/update/report.go", CONSTANTS),
  rules: codes("cloud/internal/light/rules.go", /\bMetric = "(\w+)"/g),
  light: codes("cloud/internal/light/light.go", /\bCode: "(\w+)"/g),
};

describe("the catalogue knows", () => {
  test.each(Object.entries(declared))("every code of %s", (_, list) => {
    expect(list.length).toBeGreaterThan(2);
    expect(list.filter((code) => !(code in PROBLEMS))).toEqual([]);
  });

  test("every answer a call can have", () => {
    const names = Object.values(Code)
      .filter((c) => typeof c === "string")
      .map((c) => c.replace(/(?!^)([A-Z])/g, "_$1").toLowerCase());
    expect(names.length).toBe(16);
    expect(names.filter((c) => !(c in ANSWERS))).toEqual([]);
  });

  test("every word a door says", () => {
    const words = [
      ...codes("agent/internal/uplink/program.go", /\breason\w+\s*=\s*"([a-z]+)"/g),
      ...codes("proto/cabinet/v1/access.proto", /^\/\/ "(\w+)" \(/gm),
    ];
    expect(words.length).toBeGreaterThan(3);
    expect(words.filter((c) => !(c in ANSWERS))).toEqual([]);
  });

  test("every check of the doctor, in its order", () => {
    expect(codes("agent/internal/doctor/doctor.go", /^\t\t\{"(\w+)", "[^"]+", \(\*Exam\)/gm)).toEqual([
      ...CHECKS,
    ]);
  });

  test("what every byte of a SHTRIH-M till means, as its driver does", () => {
    const source = repository("drivers/shtrih/errors.go");
    const named = new Map(
      [...source.matchAll(/(err\w+)\s+shtrih\.ErrorCode = (0x\w\w)/g)].map((m) => [m[1] ?? "", Number(m[2])]),
    );
    const constants = new Map(
      [...repository("drivers/driver.go").matchAll(/\b(Code\w+)\s*=\s*"(\w+)"/g)].map((m) => [
        m[1] ?? "",
        m[2] ?? "",
      ]),
    );
    const body = source.slice(source.indexOf("func codeOf"), source.indexOf("func inconclusive"));
    const meant: Record<string, number[]> = {};
    for (const m of body.matchAll(/case ([^:]+):\s+return drivers\.(Code\w+)/g)) {
      const bytes = (m[1] ?? "").split(",").map((x) => named.get(x.trim()) ?? Number(x.trim()));
      meant[constants.get(m[2] ?? "") ?? ""] = bytes.sort((a, b) => a - b);
    }
    const told = Object.entries(DEVICE).map(([code, bytes]) => [code, [...bytes].sort((a, b) => a - b)]);
    expect(Object.fromEntries(told)).toEqual(meant);
  });
});

describe.each([
  ["ru", ru, baseRu],
  ["kk", kk, baseKk],
  ["en", en, baseEn],
] as const)("%s", (_, words, base) => {
  const problems: Record<string, { text: string; todo: string }> = base.problems;

  test("has all words of every entry, and none to spare", () => {
    expect(Object.keys(words.causes).sort()).toEqual(Object.keys(PROBLEMS).sort());
    expect(Object.keys(words.answers).sort()).toEqual(Object.keys(ANSWERS).sort());
    expect(Object.keys(words.checks).sort()).toEqual([...CHECKS].sort());
    expect(Object.keys(words.terms)).toEqual(Object.keys(ru.terms));
    for (const e of entriesOf(problems, words)) {
      expect([e.id, e.text.trim() !== "", e.todo.trim() !== ""]).toEqual([e.id, true, true]);
      expect(`${e.text} ${e.todo} ${e.cause}`).not.toContain("{{");
    }
    expect(Object.keys(problems).filter((code) => !(code in PROBLEMS))).toEqual([]);
  });
});

test("an anchor means one thing", () => {
  const ids = entriesOf(baseRu.problems, ru).map((e) => e.id);
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
});

test("every word that is looked for has to be there", () => {
  const ids = (q: string) => found(entriesOf(baseRu.problems, ru), q).map((e) => e.id);
  expect(ids("no_paper")).toEqual(["no_paper"]);
  expect(ids("Рулон датчик")).toEqual(["no_paper"]);
  expect(ids("рулон абракадабра")).toEqual([]);
});

describe("the page", () => {
  beforeEach(() => {
    localStorage.clear();
    void startWords("ru");
  });
  afterEach(cleanup);

  const open = (path: string, o: { signedIn?: boolean; trouble?: Code } = {}) =>
    render(
      <MemoryRouter initialEntries={[path]}>
        <App
          transport={new FakeCabinet({ tills: fleet(Date.now()), ...o }).transport}
          queries={queryClient(() => {})}
        />
      </MemoryRouter>,
    );

  test("an anchor brings one to the code", async () => {
    open("/help#no_paper");
    const entry = await screen.findByRole("article", { name: "В кассе нет бумаги." });
    expect(within(entry).getByText("Не нужно: продолжится само.")).toBeTruthy();
    await waitFor(() => expect(document.activeElement).toBe(entry));
  });

  test("a code nobody knows is said to be one", async () => {
    open("/help#brand_new");
    await screen.findByText("Такого кода здесь нет: brand_new");
  });

  test("the search narrows the list", async () => {
    open("/help");
    await screen.findByRole("article", { name: "Смена закрыта." });
    fireEvent.change(screen.getByRole("searchbox", { name: "Код или слова" }), {
      target: { value: "чужой" },
    });
    await waitFor(() => expect(screen.queryByRole("article", { name: "Смена закрыта." })).toBeNull());
    expect(screen.getByRole("article", { name: /появился чужой документ/ })).toBeTruthy();
  });

  test("a trouble of a till leads to its entry", async () => {
    open("/tills/till-red");
    const [link] = await screen.findAllByRole("link", { name: "Что значит код no_paper" });
    fireEvent.click(link as HTMLElement);
    await screen.findByRole("article", { name: "В кассе нет бумаги." });
  });

  test("a list that was not read leads to its code", async () => {
    open("/tills", { trouble: Code.Internal });
    fireEvent.click(await screen.findByRole("link", { name: "Что значит код internal" }));
    await screen.findByRole("article", { name: "Ошибка в самом кабинете. Она записана." });
  });

  test("terms are read before one comes in", async () => {
    open("/terms", { signedIn: false });
    await screen.findByRole("heading", { name: "Условия использования" });
    await screen.findByText(/Данные принадлежат вашей компании/);
  });
});
