/** Sentences that agents make in Russian are said in the language of the page, wherever they stand. */
import { create } from "@bufbuild/protobuf";
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CommandState, TicketCellSchema } from "../gen/cabinet/v1/commands_pb";
import { Action } from "../gen/fiscal/v1/fiscal_pb";
import { ALL, FakeCabinet } from "../testing/cabinet";
import { command, fleet, undecided } from "../testing/fleet";
import { releases, rollouts } from "../testing/updates";
import type { Lang } from "../ui/format";
import { inWords, startWords } from "../words";
import { App } from "./App";
import { queryClient } from "./queries";

beforeEach(() => localStorage.clear());
afterEach(async () => {
  cleanup();
  await startWords("ru");
});

function cabinet(): FakeCabinet {
  const now = Date.now();
  const fake = new FakeCabinet({ tills: fleet(now), permissions: ALL, undecided: undecided(now) });
  const done = command(now - 60_000, "till-red", "c1", Action.FINISH_PRINT, CommandState.FAILED, 2);
  if (done.run) {
    Object.assign(done.run, { ended: true, text: "В кассе нет бумаги. Вставьте рулон и закройте крышку." });
    done.run.steps.forEach((step, i) => {
      step.result =
        ["Смена 3 открыта, последний документ ФД 17, бумаги нет.", "Незавершённых операций нет."][i] ?? "";
    });
  }
  const newer = command(now - 90_000, "till-red", "c0", Action.CHECK, CommandState.DONE, 2);
  if (newer.run) Object.assign(newer.run, { ended: true, ok: true, text: NEWER });
  fake.commands = [done, newer];
  fake.tickets = [
    create(TicketCellSchema, {
      id: "7QF9",
      tillId: "till-red",
      text: "Порт кассы пропал.",
      openedMs: BigInt(now - 240_000),
    }),
  ];
  fake.updates.releases = releases(now);
  fake.updates.rollouts = rollouts(now);
  fake.remote.full();
  return fake;
}

/** What an agent newer than the page says. */
const NEWER = "Касса сама себя починила.";

/** Text nodes of the page with the language they are marked with. */
function texts(): { text: string; lang: string }[] {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const all: { text: string; lang: string }[] = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent?.trim() ?? "";
    if (text) all.push({ text, lang: node.parentElement?.closest("[lang]")?.getAttribute("lang") ?? "" });
  }
  return all;
}

// A page, a sentence of it in English, and one in Kazakh.
const PAGES: readonly (readonly [string, Record<Exclude<Lang, "ru">, string>])[] = [
  ["/tills", { en: "The till has no paper.", kk: "Кассада қағаз жоқ." }],
  ["/tills/till-red", { en: "Load a roll and close the cover.", kk: "Орам салып, қақпақты жабыңыз." }],
  ["/tills/till-red/operations", { en: "The receipt was made.", kk: "Чек соғылды." }],
  [
    "/tills/till-red/commands",
    {
      en: "Shift 3 is open, last document FD 17, no paper.",
      kk: "3-ауысым ашық, соңғы құжат ФҚ 17, қағаз жоқ.",
    },
  ],
  ["/decisions", { en: "form 3, sign 1", kk: "пішін 3, белгі 1" }],
  ["/works/w1", { en: "There are no unfinished operations.", kk: "Аяқталмаған операция жоқ." }],
  ["/updates/going", { en: "version 0.5.1 is back.", kk: "0.5.1 нұсқасы қайтты." }],
  ["/updates/stopped", { en: "Stopped: of 4 that ended", kk: "Тоқтатылды: аяқтаған 4" }],
];

for (const lang of ["en", "kk"] as const) {
  test.each(PAGES)(`${lang}: %s`, async (path, said) => {
    await startWords(lang);
    render(
      <MemoryRouter initialEntries={[path]}>
        <App transport={cabinet().transport} queries={queryClient(() => {})} />
      </MemoryRouter>,
    );
    await screen.findAllByRole("heading");
    // What is folded is unfolded: rows, steps, what was compared.
    await waitFor(() => {
      for (const folded of document.querySelectorAll<HTMLElement>(
        "main [aria-expanded=false]:not([aria-haspopup])",
      ))
        folded.click();
      expect(texts().some((x) => x.text.includes(said[lang]))).toBe(true);
    });
    const shown = texts();
    expect(shown.filter((x) => (inWords(lang, x.text) ?? x.text) !== x.text)).toEqual([]);
    expect(shown.filter((x) => x.lang === "ru" && x.text !== NEWER)).toEqual([]);
    if (path.endsWith("/commands")) expect(shown).toContainEqual({ text: NEWER, lang: "ru" });
  });
}
