/** Tills, operations and documents for tests and for the page of fakes: a small chain with every kind of trouble. */
import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type Certificate,
  CertificateSchema,
  type Command,
  CommandSchema,
  CommandState,
} from "../gen/cabinet/v1/commands_pb";
import {
  type DocumentView,
  DocumentViewSchema,
  type OperationView,
  OperationViewSchema,
} from "../gen/cabinet/v1/documents_pb";
import { type Till, TillSchema } from "../gen/cabinet/v1/fleet_pb";
import { Light, ThresholdLevel, TillAspect, type TillCellSchema } from "../gen/cabinet/v1/light_pb";
import {
  Action,
  Kind,
  OFDTrack,
  type OperationSchema,
  Outcome,
  Paper,
  PaperTrack,
  type Run,
  RunSchema,
  Severity,
  Stage,
  StepState,
  type TillStateSchema,
} from "../gen/fiscal/v1/fiscal_pb";

const MINUTE = 60_000;

const ms = (n: number) => BigInt(Math.floor(n));

/** Civil time of a till at a moment of ours. */
export function civil(at: number): string {
  const d = new Date(at);
  const two = (n: number) => n.toString().padStart(2, "0");
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`;
}

type Plain<T extends DescMessage> = Exclude<MessageInitShape<T>, { $typeName: string }>;

export function till(
  now: number,
  init: Omit<Plain<typeof TillSchema>, "state"> & { state?: Plain<typeof TillStateSchema> } = {},
): Till {
  const { state, ...rest } = init;
  return create(TillSchema, {
    id: "till-1",
    name: "Касса 1",
    outlet: "Магазин на Мира, 5",
    light: Light.GREEN,
    agentId: "agent-1",
    host: "KASSA-PC",
    agentVersion: "0.1.0",
    agentOnline: true,
    heardMs: ms(now - 4000),
    reportedMs: ms(now - 4000),
    shiftTotal: 4_856_790n,
    shiftReceipts: 41,
    shiftOpenedAt: civil(now - 5 * 60 * MINUTE),
    state: {
      till: "kassa1",
      driver: "shtrih",
      model: "ШТРИХ-М-01Ф",
      serial: "0012345678",
      rnm: "0000000001012345",
      inn: "7701234567",
      fn: "9999078900012345",
      fnRoom: 201_340,
      fnExpiry: `${new Date(now).getFullYear() + 1}-05-01`,
      firmware: "C.1 8214",
      ffd: "1.2",
      online: true,
      shift: 118,
      shiftOpen: true,
      receipt: 41,
      lastFd: 20417,
      lastAt: civil(now - 6 * MINUTE),
      paper: Paper.READY,
      clock: civil(now),
      readMs: ms(now - 4000),
      raw: "mode 2 submode 0",
      abilities: ["copy", "clock"],
      ...state,
    },
    ...rest,
    cells: cellsOf(now, rest.light ?? Light.GREEN, (rest.cells ?? []) as Cell[]),
  });
}

/** Cells of every aspect: those told, and the rest green, or grey when the till is. */
function cellsOf(now: number, light: Light, told: readonly Cell[]): Cell[] {
  const away = light === Light.GREY;
  return [1, 2, 3, 4, 5, 6, 7, 8].map(
    (aspect) =>
      told.find((c) => c.aspect === aspect) ?? {
        aspect,
        light: away ? Light.GREY : Light.GREEN,
        code: away ? (aspect === TillAspect.AGENT ? "away" : "stale") : "",
        text: away && aspect === TillAspect.AGENT ? "Агент не на связи." : "",
        sinceMs: away ? ms(now - 95 * MINUTE) : 0n,
      },
  );
}

type Cell = Plain<typeof TillCellSchema>;

/** A fleet with every state. */
export function fleet(now: number): Till[] {
  return [
    till(now, {
      id: "till-red",
      name: "Касса 2",
      light: Light.RED,
      shiftTotal: 1_234_567_89n,
      shiftReceipts: 112,
      outletId: "outlet-1",
      stop: { atMs: ms(now + 5 * 60 * MINUTE), cause: "shift" },
      cells: [
        {
          aspect: TillAspect.DEVICE,
          light: Light.RED,
          code: "no_paper",
          text: "В кассе нет бумаги.",
          todo: "Вставьте рулон и закройте крышку.",
          sinceMs: ms(now - 12 * MINUTE),
        },
        {
          aspect: TillAspect.OFD,
          light: Light.YELLOW,
          code: "ofd_age",
          metric: "ofd_age",
          text: "Не передано в ОФД: 3, самый старый документ ждёт 26 ч.",
          todo: "Проверьте интернет кассы и договор с ОФД. Через 30 дней касса остановится.",
          args: { seconds: "93600", count: "3" },
          sinceMs: ms(now - 2 * 60 * MINUTE),
          value: 93_600n,
          limit: 86_400n,
          level: ThresholdLevel.OUTLET,
        },
      ],
      state: {
        serial: "0012345679",
        paper: Paper.OUT,
        paperOwed: true,
        unsent: 3,
        unsentFrom: civil(now - 26 * 60 * MINUTE),
        raw: "mode 8.0 submode 2",
        problems: [
          {
            code: "no_paper",
            severity: Severity.CRITICAL,
            text: "В кассе нет бумаги.",
            todo: "Вставьте рулон и закройте крышку.",
            sinceMs: ms(now - 12 * MINUTE),
          },
          {
            code: "paper_owed",
            severity: Severity.WARNING,
            text: "Чек пробит, но не допечатан.",
            todo: "Вставьте бумагу и нажмите «Продолжить печать». Второй раз чек не бейте.",
            sinceMs: ms(now - 12 * MINUTE),
          },
        ],
      },
    }),
    till(now, {
      id: "till-yellow",
      name: "Касса 3 (экспресс)",
      light: Light.YELLOW,
      outlet: "Торговый центр «Северное сияние», второй этаж",
      outletId: "outlet-2",
      ofdContract: civil(now + 200 * 24 * 60 * MINUTE).slice(0, 10),
      stop: { atMs: ms(now + 12 * 24 * 60 * MINUTE), cause: "fn_term" },
      cells: [
        {
          aspect: TillAspect.FN,
          light: Light.YELLOW,
          code: "fn_term",
          metric: "fn_term",
          text: "Срок фискального накопителя: осталось 12 дн.",
          todo: "Закажите замену накопителя и закройте его архив до конца срока.",
          args: { seconds: "1036800" },
          sinceMs: ms(now - 18 * 24 * 60 * MINUTE),
          value: 1_036_800n,
          limit: 2_592_000n,
        },
      ],
      state: {
        serial: "0098700011",
        fn: "9999078900054321",
        fnExpiry: civil(now + 12 * 24 * 60 * MINUTE).slice(0, 10),
        problems: [
          {
            code: "fn_expiring",
            severity: Severity.WARNING,
            text: "Срок фискального накопителя кончается 12.10.2026.",
            todo: "Закажите замену накопителя.",
            sinceMs: ms(now - 3 * 24 * 60 * MINUTE),
            args: { date: "12.10.2026" },
          },
        ],
      },
    }),
    till(now, {
      id: "till-grey",
      name: "Касса 1",
      light: Light.GREY,
      outlet: "Киоск у вокзала",
      host: "KIOSK",
      agentOnline: false,
      heardMs: ms(now - 95 * MINUTE),
      reportedMs: ms(now - 95 * MINUTE),
      shiftReceipts: 1,
      state: { serial: "0012300001", readMs: ms(now - 95 * MINUTE), lastAt: civil(now - 100 * MINUTE) },
    }),
    till(now),
    till(now, {
      id: "till-new",
      name: "Новая касса",
      outlet: "",
      light: Light.GREEN,
      shiftTotal: 0n,
      shiftReceipts: 0,
      state: {
        fn: "",
        fnExpiry: "",
        shift: 0,
        shiftOpen: false,
        lastFd: 0,
        lastAt: "",
        serial: "0000000042",
        rnm: "",
      },
    }),
  ];
}

export function operation(
  now: number,
  tillId: string,
  fd: number,
  init: Plain<typeof OperationSchema> = {},
): OperationView {
  const at = now - (20417 - fd) * 6 * MINUTE - 6 * MINUTE;
  return create(OperationViewSchema, {
    tillId,
    operation: {
      key: `sale-${fd}`,
      till: "kassa1",
      kind: Kind.SALE,
      receipt: {
        items: [
          { name: "Хлеб «Бородинский» нарезной 400 г", quantity: "2", price: 6490n, vat: "10" },
          { name: "Сыр «Российский» весовой", quantity: "0.345", price: 89_900n, vat: "10" },
          { name: "Пакет-майка", quantity: "1", price: 700n, vat: "22" },
        ],
        payments: { cash: 50_000n },
        rounding: 96n,
      },
      cashier: { name: "Иванова Мария Петровна, кассир" },
      stage: Stage.ENDED,
      outcome: Outcome.DONE,
      document: document(now, fd),
      text: "Чек пробит.",
      paper: PaperTrack.PRINTED,
      ofd: OFDTrack.OFD_TRACK_DELIVERED,
      inCloud: true,
      acceptedMs: ms(at),
      endedMs: ms(at + 2100),
      revision: 3,
      change: 5300n,
      ...init,
    },
  });
}

function document(now: number, fd: number) {
  const at = now - (20417 - fd) * 6 * MINUTE - 6 * MINUTE;
  return {
    fn: "9999078900012345",
    fd,
    fp: (fd * 104_729) % 4_294_967_296,
    type: 3,
    at: civil(at),
    kind: Kind.SALE,
    total: 44_700n,
    shift: 118,
    receipt: fd - 20376,
    qr: `t=${civil(at).replaceAll(/[-:]/g, "")}&s=447.00&fn=9999078900012345&i=${fd}&fp=${(fd * 104_729) % 4_294_967_296}&n=1`,
    ticket: true,
  };
}

/** A morning of operations, newest first. */
export function operations(now: number, tillId: string): OperationView[] {
  const list = [
    operation(now, tillId, 20417, {
      paper: PaperTrack.OWED,
      ofd: OFDTrack.OFD_TRACK_QUEUED,
      text: "Чек пробит. В кассе нет бумаги.",
    }),
    operation(now, tillId, 20416, {
      key: "sale-unknown",
      stage: Stage.SETTLING,
      outcome: Outcome.UNKNOWN,
      document: undefined,
      endedMs: 0n,
      paper: PaperTrack.UNSPECIFIED,
      ofd: OFDTrack.OFD_TRACK_UNSPECIFIED,
      reason: "unfinished",
      text: "Выясняем, пробит ли чек. Не бейте ещё раз.",
      evidence: [
        "до операции: ФН 9999078900012345, ФД 20415, смена 118; сейчас: ФН 9999078900012345, ФД 20415, смена 118",
        "касса ещё печатает",
      ],
    }),
    operation(now, tillId, 20415, {
      key: "sale-refused",
      outcome: Outcome.NOT_DONE,
      document: undefined,
      paper: PaperTrack.UNSPECIFIED,
      ofd: OFDTrack.OFD_TRACK_UNSPECIFIED,
      reason: "no_paper",
      text: "Чек НЕ пробит. В кассе нет бумаги. Вставьте рулон и закройте крышку.",
    }),
    operation(now, tillId, 20414, { kind: Kind.SALE_RETURN, ofd: OFDTrack.OFD_TRACK_QUEUED }),
    operation(now, tillId, 20413, {
      key: "cash-1",
      kind: Kind.CASH_IN,
      receipt: undefined,
      document: undefined,
      amount: 500_000n,
      ofd: OFDTrack.OFD_TRACK_UNSPECIFIED,
      text: "Внесение выполнено.",
    }),
  ];
  for (let fd = 20412; fd > 20380; fd--) list.push(operation(now, tillId, fd));
  list.push(
    operation(now, tillId, 20377, {
      key: "open-118",
      kind: Kind.OPEN_SHIFT,
      receipt: undefined,
      document: { ...document(now, 20377), type: 2, kind: Kind.UNSPECIFIED, total: 0n, receipt: 0, qr: "" },
      text: "Смена открыта.",
    }),
  );
  return list;
}

/** Documents of those operations, and one of somebody else. */
export function documents(now: number, tillId: string): DocumentView[] {
  const list = operations(now, tillId).flatMap((v) => {
    const op = v.operation;
    if (!op?.document) return [];
    return create(DocumentViewSchema, {
      tillId,
      document: op.document,
      key: op.key,
      storedMs: op.endedMs + 400n,
      paper: op.paper,
      ofd: op.ofd,
    });
  });
  list.splice(
    2,
    0,
    create(DocumentViewSchema, {
      tillId,
      document: document(now, 20413),
      storedMs: ms(now - 20 * MINUTE),
      paper: PaperTrack.UNSPECIFIED,
      ofd: OFDTrack.OFD_TRACK_QUEUED,
    }),
  );
  return list;
}

const STEPS: Record<number, readonly [string, string][]> = {
  [Action.CHECK]: [
    ["read_status", "Прочитать состояние кассы"],
    ["settle", "Выяснить судьбу незавершённой операции"],
  ],
  [Action.FINISH_PRINT]: [
    ["read_status", "Прочитать состояние кассы"],
    ["settle", "Выяснить судьбу незавершённой операции"],
    ["finish_print", "Продолжить печать"],
  ],
  [Action.RESTART_AGENT]: [
    ["agent_stop", "Закончить начатое и остановить агента"],
    ["agent_start", "Запустить агента заново"],
  ],
  [Action.COLLECT_BUNDLE]: [
    ["collect_bundle", "Собрать файл для разбора: без сумм, имён и покупателей"],
    ["give_bundle", "Передать файл в кабинет"],
  ],
  [Action.CHECK_NETWORK]: [
    ["check_cabinet", "Кабинет: имя, соединение, сертификат"],
    ["check_agents", "Вход агентов в кабинет: имя, соединение, сертификат"],
    ["check_broker", "Брокер команд: имя, соединение, сертификат"],
    ["check_ofd", "Операторы фискальных данных: имя, соединение, ответ"],
  ],
  [Action.LOG_LEVEL]: [["log_level", "Сменить подробность журнала работы на час"]],
  [Action.DECIDE]: [
    ["read_status", "Прочитать состояние кассы"],
    ["recheck", "Сверить операцию с фискальным накопителем ещё раз"],
    ["decide", "Записать решение человека"],
  ],
  [Action.CLOSE_SHIFT]: [
    ["read_status", "Прочитать состояние кассы"],
    ["close_shift", "Закрыть смену"],
  ],
};

/** What a crash test found. */
export function certificate(now: number, passed: boolean, withReport = false): Certificate {
  const lost = passed ? 0 : 1;
  return create(CertificateSchema, {
    sha256: "c0ffee",
    key: "6f2b91c4d5e8a703",
    endedMs: ms(now - 26 * 60 * MINUTE),
    receivedMs: ms(now - 25 * 60 * MINUTE),
    driver: "shtrih",
    model: "ШТРИХ-М-01Ф",
    serial: "0012345679",
    firmware: "C.1 8214",
    fn: "9999078902000001",
    debugFn: true,
    agent: "0.1.0",
    seed: 20_260_304n,
    total: { points: 1204, lost },
    cells: [
      { kind: "sale", trouble: "answer_lost", points: 301, lost },
      { kind: "sale", trouble: "killed_after", points: 301 },
      { kind: "correction", trouble: "answer_lost", points: 301 },
      { kind: "tomorrow", trouble: "answer_lost", points: 301 },
    ],
    complete: true,
    archive: passed,
    passed,
    settleMedianMs: 420,
    settleWorstMs: 6100,
    report: withReport ? new TextEncoder().encode("{}") : undefined,
  });
}

/** The plan of an action, nothing of it begun. */
export function planOf(action: Action): Run {
  return create(RunSchema, {
    action,
    steps: (STEPS[action] ?? STEPS[Action.CHECK] ?? []).map(([code, title]) => ({
      code,
      title,
      fiscal: code === "close_shift" || code === "decide",
      state: StepState.PLANNED,
    })),
  });
}

/** Operations that need a person: two receipts that fit, a memory that was replaced, and cash counted twice. */
export function undecided(now: number): OperationView[] {
  const waits = {
    stage: Stage.NEEDS_PERSON,
    outcome: Outcome.UNKNOWN,
    document: undefined,
    endedMs: 0n,
    change: 0n,
    paper: PaperTrack.UNSPECIFIED,
    ofd: OFDTrack.OFD_TRACK_UNSPECIFIED,
  };
  const seen =
    "до операции: ФН 9999078900012345, ФД 20411, смена 118; сейчас: ФН 9999078900012345, ФД 20413, смена 118";
  const sale = { ...document(now, 20412), total: 31_016n };
  return [
    operation(now, "till-red", 20412, {
      ...waits,
      key: "sale-doubt",
      reason: "candidates",
      text: "Выясняем, пробит ли чек.",
      acceptedMs: ms(now - 40 * MINUTE),
      evidence: [
        seen,
        `ФД 20412: форма 3, признак 1, сумма 310.16, ${civil(now - 40 * MINUTE)}`,
        `ФД 20413: форма 3, признак 1, сумма 310.16, ${civil(now - 39 * MINUTE)}`,
        "подходят 2 документа: какой из них наш, решает человек",
      ],
      receipt: {
        items: [{ name: "Сыр «Российский» весовой", quantity: "0.345", price: 89_900n, vat: "10" }],
        payments: { cash: 50_000n },
      },
      candidates: [sale, { ...sale, fd: 20413, fp: 2_718_281_828, at: civil(now - 39 * MINUTE) }],
    }),
    operation(now, "till-yellow", 20100, {
      ...waits,
      key: "cash-doubt",
      kind: Kind.CASH_IN,
      receipt: undefined,
      amount: 500_000n,
      reason: "counters",
      text: "Выясняем, внесены ли деньги. Не повторяйте.",
      acceptedMs: ms(now - 20 * MINUTE),
      evidence: [seen, "внесений было 4, стало 6", "на кассе работал кто-то ещё"],
    }),
    operation(now, "till-grey", 20411, {
      ...waits,
      key: "sale-replaced",
      reason: "fn_replaced",
      text: "Выясняем, пробит ли чек.",
      acceptedMs: ms(now - 10 * MINUTE),
      evidence: [seen, "фискальный накопитель другой: судьбу документа покажет только прежний"],
    }),
  ];
}

/** A command with `done` of its steps behind it; `state` DONE or FAILED ends it. */
export function command(
  now: number,
  tillId: string,
  id: string,
  action: Action,
  state: CommandState,
  done: number,
): Command {
  const steps = STEPS[action] ?? STEPS[Action.CHECK] ?? [];
  const ended = state === CommandState.DONE || state === CommandState.FAILED;
  const began = state === CommandState.RUNNING || ended;
  return create(CommandSchema, {
    id,
    tillId,
    action,
    state,
    actor: "admin",
    createdMs: ms(now),
    expiresMs: ms(now + 15 * MINUTE),
    endedMs: ended ? ms(now + 4000) : 0n,
    run: began
      ? {
          id,
          till: "kassa1",
          action,
          ended,
          ok: state === CommandState.DONE,
          text:
            state === CommandState.DONE
              ? "Печать закончена."
              : state === CommandState.FAILED
                ? "Касса не ответила."
                : "",
          steps: steps.map(([code, title], i) => ({
            code,
            title,
            fiscal: code === "close_shift",
            beganMs: i <= done && (i < done || !ended) ? ms(now + i * 900) : 0n,
            endedMs: i < done ? ms(now + i * 900 + 700) : 0n,
            result:
              i < done
                ? [
                    "Смена 118 открыта, последний документ ФД 20415, бумаги нет.",
                    "Незавершённых операций нет.",
                    "Документ допечатан.",
                  ][i]
                : "",
            state:
              i < done
                ? state === CommandState.FAILED && i === done - 1
                  ? StepState.FAILED
                  : StepState.DONE
                : i === done && !ended
                  ? StepState.RUNNING
                  : StepState.PLANNED,
          })),
        }
      : undefined,
  });
}
