import { create } from "@bufbuild/protobuf";
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { App } from "../app/App";
import { OUTSIDE, PAGES } from "../app/pages";
import { queryClient } from "../app/queries";
import { ContactsSchema } from "../gen/cabinet/v1/organisation_pb";
import { FakeCabinet, type FakeOptions } from "../testing/cabinet";
import { fleet } from "../testing/fleet";
import { startWords } from "../words";
import base from "../words/ru/base.json";
import people from "../words/ru/people.json";
import { entriesOf } from "./entries";
import { PAGE_CODES, PAGE_HELP, pageOf } from "./pages";
import en from "./pages/en.json";
import kk from "./pages/kk.json";
import ru from "./pages/ru.json";
import words from "./words/ru.json";

test("every page there is has help", () => {
  expect(Object.keys(PAGE_HELP).sort()).toEqual([...PAGES, ...OUTSIDE].map((p) => p.path).sort());
});

describe.each(Object.entries({ ru, kk, en }))("in %s", (_, texts) => {
  test("every page is told about, and none to spare", () => {
    expect(Object.keys(texts).sort()).toEqual([...new Set([...Object.values(PAGE_HELP), "dues"])].sort());
  });

  test("each text is three to six sentences, none of them empty", () => {
    for (const [key, text] of Object.entries(texts)) {
      expect([key, ...Object.keys(text)]).toEqual([key, "title", "what", "marks", "first"]);
      const parts = [text.what, text.marks, text.first];
      for (const part of parts) expect([key, part]).toEqual([key, expect.stringMatching(/^\S.*[.?]$/)]);
      const sentences = parts.flatMap((part) => part.split(/[.?]»?(?:\s|$)/).filter(Boolean));
      expect([key, sentences.length >= 3 && sentences.length <= 8]).toEqual([key, true]);
    }
  });
});

test("every code that is named on a page is in the catalogue", () => {
  const known = new Set(entriesOf(base.problems, words, people.people.reasons).map((e) => e.id));
  const named = Object.values(PAGE_CODES).flat();
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((code) => !known.has(code ?? ""))).toEqual([]);
});

test("an address has the help of its own page", () => {
  expect(
    ["/tills", "/tills/7/notes", "/tills/7/documents/99/12", "/works/1", "/invite/x", "/nowhere"].map(pageOf),
  ).toEqual(["tills", "till", "document", "work", "invite", undefined]);
});

describe("the window", () => {
  beforeEach(() => {
    localStorage.clear();
    void startWords("ru");
  });
  afterEach(cleanup);

  function open(path: string, o: Partial<FakeOptions> = {}, arrange: (c: FakeCabinet) => void = () => {}) {
    const cabinet = new FakeCabinet({ tills: fleet(Date.now()), ...o });
    arrange(cabinet);
    render(
      <MemoryRouter initialEntries={[path]}>
        <App transport={cabinet.transport} queries={queryClient(() => {})} />
      </MemoryRouter>,
    );
    return cabinet;
  }

  const ask = async () => fireEvent.click(await screen.findByRole("button", { name: "Помощь" }));

  test("tells of the page one stands on, and leads to its codes", async () => {
    open("/shifts");
    await ask();
    const help = await screen.findByRole("dialog", { name: "Помощь: Смены" });
    expect(within(help).getByText(ru.shifts.first)).toBeTruthy();
    fireEvent.click(within(help).getByRole("link", { name: base.problems.shift_expired.text }));
    await screen.findByRole("article", { name: base.problems.shift_expired.text });
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  test("names the service centre and who keeps the cabinet, with ways to them", async () => {
    open("/tills", {}, (c) => {
      c.access.support = create(ContactsSchema, { name: "Поддержка", email: "help@chekan.example" });
    });
    await ask();
    const help = await screen.findByRole("dialog", { name: "Помощь: Кассы" });
    const call = await within(help).findByRole("link", { name: /200-10-20/ });
    expect(call.getAttribute("href")).toBe("tel:+78432001020");
    expect(within(help).getByText("Обслуживает: Север")).toBeTruthy();
    expect(within(help).getByText(/сб 10:00–14:00/)).toBeTruthy();
    const write = await within(help).findByRole("link", { name: "help@chekan.example" });
    expect(write.getAttribute("href")).toBe("mailto:help@chekan.example");
    // Offered and revoked ones are nobody to call.
    expect(help.textContent).not.toContain("Мастер касс");
    expect(help.textContent).not.toContain("ИП Петров");
  });

  test("names nobody where nobody is known", async () => {
    open("/tills", {}, (c) => {
      c.people.grants = [];
    });
    await ask();
    const help = await screen.findByRole("dialog", { name: "Помощь: Кассы" });
    await within(help).findByRole("link", { name: "Все коды и причины" });
    expect(within(help).queryByRole("heading", { name: "Кто поможет" })).toBeNull();
    expect(within(help).queryByRole("heading", { name: "Поддержка кабинета" })).toBeNull();
  });

  test("is there before one has come in, without pages that are not open yet", async () => {
    open("/tills", { signedIn: false }, (c) => {
      c.access.support = create(ContactsSchema, { phone: "+78432001020" });
    });
    await ask();
    const help = await screen.findByRole("dialog", { name: "Помощь: Вход" });
    await within(help).findByRole("link", { name: /200-10-20/ });
    expect(within(help).getAllByRole("link")).toHaveLength(1);
  });
});

test("the page of a till says who looks after it, and only of that till", async () => {
  localStorage.clear();
  void startWords("ru");
  const tills = fleet(Date.now());
  for (const till of tills) till.organisationId = "o1";
  const cabinet = new FakeCabinet({ tills });
  const served = tills.find((x) => x.id === "till-red")?.outletId ?? "";
  const other = tills.find((x) => x.outletId !== served);
  for (const g of cabinet.people.grants) g.nodeId = served;
  const show = (id: string) =>
    render(
      <MemoryRouter initialEntries={[`/tills/${id}`]}>
        <App transport={cabinet.transport} queries={queryClient(() => {})} />
      </MemoryRouter>,
    );
  show("till-red");
  const panel = await screen.findByRole("region", { name: "Кто поможет" });
  expect(within(panel).getByText("ООО «КассСервис»")).toBeTruthy();
  expect(within(panel).getByRole("link", { name: /200-10-20/ })).toBeTruthy();
  expect(
    within(panel)
      .getByRole("link", { name: /переписке/ })
      .getAttribute("href"),
  ).toBe("/tills/till-red/notes");
  cleanup();
  show(other?.id ?? "");
  await screen.findByRole("heading", { name: "Касса и агент" });
  expect(screen.queryByRole("region", { name: "Кто поможет" })).toBeNull();
  cleanup();
});
