import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { agentText, inWords, langOfSaid, setLang, startWords } from ".";
import en from "./en/said.json";
import kk from "./kk/said.json";
import baseRu from "./ru/base.json";
import verdicts from "./ru/verdicts.json";
import { interpreter } from "./sayings";

const repository = (path: string) => readFileSync(resolve(import.meta.dirname, "../../../..", path), "utf8");

// Everything in Go that makes sentences people read in the cabinet, with none of what only the computer beside the
// till shows: a sentence added or changed there has to be in the tables.
const SOURCES = [
  "agent/internal/till/hands.go",
  "agent/internal/till/decide.go",
  "agent/internal/till/suspend.go",
  "agent/internal/till/quiet.go",
  "agent/internal/till/settling.go",
  "agent/internal/till/orphan.go",
  "agent/internal/settle/settle.go",
  "agent/internal/health/health.go",
  "agent/internal/health/answer.go",
  "agent/internal/recovery/recovery.go",
  "agent/internal/errand/errand.go",
  "agent/internal/errand/devices.go",
  "agent/internal/errand/configure.go",
  "agent/internal/uplink/consent.go",
  "agent/internal/uplink/commands.go",
  "agent/internal/uplink/rules.go",
  "agent/internal/uplink/tickets.go",
  "agent/internal/ofdlink/resend.go",
  "agent/internal/ofdlink/probe.go",
  "agent/internal/network/network.go",
  "agent/internal/network/targets.go",
  "agent/internal/network/tls.go",
  "agent/internal/network/tunnel.go",
  "agent/internal/policy/policy.go",
  "agent/internal/discovery/discovery.go",
  "agent/internal/discovery/told.go",
  "agent/internal/discovery/look.go",
  "agent/internal/discovery/places.go",
  "agent/internal/discovery/adopt.go",
  "agent/internal/config/overlay.go",
  "agent/internal/config/adopted.go",
  "agent/internal/update/decide.go",
  "agent/internal/update/download.go",
  "agent/internal/update/errand.go",
  "agent/internal/update/launch.go",
  "agent/internal/update/lock.go",
  "agent/internal/update/metadata.go",
  "agent/internal/update/trial.go",
  "agent/internal/update/update.go",
  "cloud/internal/updates/decide.go",
  "cloud/internal/updates/rollouts.go",
  "cloud/internal/people/organisations.go",
  "cloud/internal/remote/rules.go",
  "cloud/internal/light/light.go",
  "cloud/internal/light/rules.go",
];

// What these sources say elsewhere than in the cabinet.
const ELSEWHERE: readonly RegExp[] = [
  /testSlip|ПРОБНЫЙ ЧЕК|"ЗН ККТ"/, // on paper
  /"# /, // heads of files that the agent writes
];

/** Literals of a Go source with Cyrillic in them, whole. */
function literals(source: string): string[] {
  const found: string[] = [];
  for (const line of source.split("\n")) {
    if (/^\s*\/\//.test(line) || ELSEWHERE.some((x) => x.test(line))) continue;
    for (const m of line.matchAll(/"((?:[^"\\]|\\.)*)"/g)) {
      const text = (m[1] ?? "").replaceAll('\\"', '"');
      if (/[А-Яа-яЁё]{2}/.test(text)) found.push(text);
    }
  }
  return found;
}

const VERB = /%(%|\d*[a-zA-Z])|\{\w+\}/g;

/** A literal as it may come: with values in it. */
const sample = (literal: string) =>
  literal.replace(VERB, (verb, kind) => (verb === "%%" ? "%" : kind === "d" ? "7" : "x7"));

/** A pattern or a literal with nothing left of its values, to find one in the other. */
const bones = (text: string) =>
  text
    .replace(/%%/g, "§")
    .replace(VERB, "◦")
    .replace(/\{+\w+\}+/g, "◦")
    .replace(/§/g, "%")
    .trim();

/** Sentences of what is put together of several, without the end of the one before. */
const sentences = (text: string) =>
  text
    .split(/(?<=\.) /)
    .map((x) => x.replace(/^(◦ )+|^\. ?/, "").trim())
    .filter(Boolean);

function leaves(words: object): string[] {
  return Object.values(words).flatMap((v) => (typeof v === "string" ? [v] : leaves(v)));
}

beforeAll(async () => {
  await startWords("ru");
  await setLang("kk");
  await setLang("en");
});

test("Kazakh and English know the same sentences, with the same values", () => {
  expect(Object.keys(kk)).toEqual(Object.keys(en));
  const holes = (s: string) => [...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
  for (const words of [kk, en])
    for (const [russian, said] of Object.entries(words))
      expect([russian, said.trim() !== "", holes(said)]).toEqual([russian, true, holes(russian)]);
});

test("English has no Russian left in it", () => {
  expect(Object.values(en).filter((said) => /[А-Яа-яЁё]/.test(said))).toEqual([]);
});

describe("every sentence that is made", () => {
  const known = [
    ...Object.keys(en),
    ...leaves(verdicts.verdicts),
    ...leaves(baseRu.problems),
    ...leaves(baseRu.steps),
  ].map(bones);
  const pieces = known.join("\n");

  test.each(SOURCES)("in %s", (path) => {
    const made = literals(repository(path));
    const missing = made.filter((literal) => {
      const whole = /^[А-ЯЁ].*[.!]$/.test(literal);
      if (whole && inWords("en", sample(literal)) && inWords("kk", sample(literal))) return false;
      return !sentences(bones(literal)).every((piece) => pieces.includes(piece));
    });
    expect(missing).toEqual([]);
  });

  test("is looked for where sentences are", () => {
    expect(SOURCES.filter((path) => literals(repository(path)).length === 0)).toEqual([]);
  });
});

// As agents put them together: pieces, values, sentences inside of others.
const COMPOSED: readonly (readonly [string, string])[] = [
  ["Чек пробит.", "The receipt was made."],
  [
    "Чек НЕ пробит. В кассе нет бумаги. Вставьте рулон и закройте крышку.",
    "The receipt was NOT made. The till has no paper. Load a roll and close the cover.",
  ],
  [
    "Касса отказала. (код 107, 6Bh) Исправьте операцию и повторите.",
    "The till refused. (code 107, 6Bh) Correct the operation and try again.",
  ],
  [
    "Смена 5 открыта, последний документ ФД 1204, бумага есть.",
    "Shift 5 is open, last document FD 1204, paper is there.",
  ],
  [
    "На экране кассира: В кассе нет бумаги. Вставьте рулон краем наружу и закройте крышку до щелчка.",
    "On the cashier's screen: The till has no paper. Put the roll in with its edge outwards and close the cover until it clicks.",
  ],
  [
    "Не помогло. Заявка № K7 ждёт обслуживания. Пока попробуйте сами: Перезагрузите кассу вручную: держите боковые кнопки 3–5 секунд; если не поможет, обратитесь в обслуживание.",
    "It did not help. Ticket No. K7 waits for service. Meanwhile try yourself: Reboot the till by hand: hold the side buttons for 3–5 seconds; if that does not help, call service.",
  ],
  ["Решение не понадобилось. Чек пробит.", "No decision was needed. The receipt was made."],
  [
    "Порт открыт заново, касса не отвечает: Порт кассы пропал.",
    "The port is open anew, the till does not answer: The port of the till is gone.",
  ],
  [
    "Не проходит шагов: 3. Первый: До ofd.example:7777 нет пути: сеть недоступна.",
    "Steps that fail: 3. The first: There is no way to ofd.example:7777: the network is unreachable.",
  ],
  [
    "Адрес a.example узнать не удалось: timeout. Проверьте интернет и сетевой экран.",
    "The address of a.example is not known: timeout. Check the internet and the firewall.",
  ],
  [
    "Настройки записаны, но перезапустить агента нельзя: на кассе front идёт операция, на кассе back выясняется чек. Они подействуют после его следующего запуска.",
    "The settings are kept, but the agent cannot restart: at till front: an operation goes on, at till back a receipt is being settled. They will hold after its next start.",
  ],
  [
    'Касса не принята, ничего не изменено: касса с заводским № 0123 уже есть, имя "front".',
    'The till was not taken over, nothing has changed: there is a till with factory No. 0123 already, named "front".',
  ],
  ["Порт /dev/ttyACM0: занят другой программой", "Port /dev/ttyACM0: held by another program"],
  ["Порт COM3: Штрих-М, скорость 57600", "Port COM3: SHTRIH-M, speed 57600"],
  ["Порт COM3: занят кассой Касса 5", "Port COM3: held by till Касса 5"],
  ["ждём: на кассе front печатается документ", "waits: at till front a document is being printed"],
  ["ждём: обновляться можно с 02:00 до 05:00", "waits: updates are allowed from 02:00 to 05:00"],
  [
    "Файл версии 1.4.0 пропал или повреждён: вернулась версия из пакета, 1.3.0.",
    "The file of version 1.4.0 is gone or damaged: the version of the package, 1.3.0, is back.",
  ],
  [
    "Версия 1.4.0 за 15 мин не достучалась до кабинета, версия 1.3.0 была на связи: вернулась версия 1.3.0.",
    "Version 1.4.0 did not reach the cabinet in 15 min, version 1.3.0 had: version 1.3.0 is back.",
  ],
  [
    "до операции: ФН 9999078900001234, ФД 12, смена 3; сейчас: ФН 9999078900001234, ФД 13, смена 3",
    "before the operation: FN 9999078900001234, FD 12, shift 3; now: FN 9999078900001234, FD 13, shift 3",
  ],
  [
    "ФД 13: форма 3, признак 1, сумма 7654.32, 2026-03-04T05:06, метка abc",
    "FD 13: form 3, sign 1, sum 7654.32, 2026-03-04T05:06, mark abc",
  ],
  ["внесений было 2, стало 3", "cash in: was 2, is 3"],
  [
    "решил Иван («на ленте есть»): наш документ ФД 13",
    "decided by Иван («на ленте есть»): our document is FD 13",
  ],
  ["ОФД Такском: соединение с f1.example:7777", "Operator Такском: connection to f1.example:7777"],
  ["Вход агентов в кабинет: имя agents.example", "Agents' door of the cabinet: name agents.example"],
  ["Перезагрузить кассу", "Reboot the till"],
  ["включено, 23:00, без чеков 30 мин", "on, 23:00, 30 min without receipts"],
  ["название: Кабинет", "name: Кабинет"],
  ["Передано сейчас: 3, ждут: 0.", "Sent now: 3, waiting: 0."],
  [
    "Сертификат a.example кончается 01.02.2027 10:00. Скажите тому, кто ведёт кабинет: сертификат пора продлить.",
    "The certificate of a.example ends on 01.02.2027 10:00. Tell who runs the cabinet: it is time to renew the certificate.",
  ],
  [
    "Остановлено: из 10 закончивших не обновились 3 (30 %; вернулись 2, отказались 1), порог 20 %.",
    "Stopped: of 10 that ended 3 did not update (30 %; went back 2, refused 1), limit 20 %.",
  ],
];

test.each(COMPOSED)("«%s»", (russian, english) => {
  expect(inWords("en", russian)).toBe(english);
  expect(inWords("kk", russian)).toBeTruthy();
  expect(inWords("kk", russian)).not.toBe(russian);
  expect(inWords("ru", russian)).toBe(russian);
});

describe("what nobody put in words", () => {
  test("stays as it came and is said to be Russian", () => {
    expect(inWords("en", "Касса улетела.")).toBeUndefined();
    expect(inWords("en", "Чек пробит. Касса улетела.")).toBeUndefined();
    expect(inWords("kk", "Порт открыт заново, касса не отвечает: Она улетела.")).toBeUndefined();
    expect(langOfSaid("en", "Касса улетела.", "Касса улетела.")).toBe("ru");
    expect(langOfSaid("kk", "Касса улетела.", "Касса улетела.")).toBe("ru");
    expect(langOfSaid("en", "The receipt was made.", "Чек пробит.")).toBeUndefined();
    expect(langOfSaid("en", "chekan", "chekan")).toBeUndefined();
    expect(langOfSaid("ru", "Чек пробит.", "Чек пробит.")).toBeUndefined();
  });

  test("costs little, however long it is", () => {
    expect(inWords("en", "на кассе ".repeat(2000))).toBeUndefined();
  });
});

test("a hole takes what its name allows, and the nearer pattern holds", () => {
  const say = interpreter({
    "Порт {at} ждёт {n} с.": "Port {at} waits {n} s.",
    "Порт {any}.": "Port: {any}.",
  });
  expect(say("Порт COM1 ждёт 5 с.")).toBe("Port COM1 waits 5 s.");
  expect(say("Порт COM 1 ждёт пять с.")).toBe("Port: COM 1 ждёт пять с.");
});

test("values of a code are put in words too", () => {
  const args = { what: "Подпись обновления неверна: оно выпущено не теми ключами." };
  expect(agentText("en", "problems.update_refused.text", "…", args)).toBe(
    "The agent's update was refused. The signature of the update is wrong: other keys made it.",
  );
  expect(
    agentText("en", "problems.suspended.text", "…", { reason: "причина не указана", by: "человек у кассы" }),
  ).toBe("The till is suspended: no reason given (by the person at the till).");
});
