/** Shifts, operations of all tills and links of the cabinet in memory. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { CommandState } from "../gen/cabinet/v1/commands_pb";
import type { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import {
  GapCause,
  type Product,
  ProductSchema,
  type Shift,
  ShiftSchema,
  TableFormat,
} from "../gen/cabinet/v1/figures_pb";
import type { HistoryService } from "../gen/cabinet/v1/history_pb";
import { type LinksService, type ReceiptLink, ReceiptLinkSchema } from "../gen/cabinet/v1/links_pb";
import { Action, Kind } from "../gen/fiscal/v1/fiscal_pb";
import { command, operations } from "./fleet";

const FN = "9999078900012345";

/** A shift with its figures; `poor` has none. */
export function shift(
  now: number,
  number: number,
  more: Omit<MessageInitShape<typeof ShiftSchema>, "$typeName"> = {},
  poor = false,
): Shift {
  const at = (hours: number) => {
    const d = new Date(now - (120 - number) * 86_400_000 + hours * 3_600_000);
    const two = (n: number) => String(n).padStart(2, "0");
    return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`;
  };
  return create(ShiftSchema, {
    fn: FN,
    number,
    tillId: "till-red",
    till: "Касса 1",
    outlet: "Казань, ул. Баумана, 12",
    openedAt: at(-12),
    closedAt: at(0),
    day: at(-12).slice(0, 10),
    receipts: 214,
    counted: true,
    openedFd: 20_000,
    closedFd: 20_216,
    ...(poor
      ? {}
      : {
          cashier: "Иванова Мария Петровна",
          figures: {
            revenue: 184_532_50n,
            cash: 51_200_00n,
            cashless: 133_332_50n,
            returns: 2_450_00n,
            receipts: 214,
            positions: 503n,
            average: 873_85n,
            positionsAverage: 235,
            kinds: [
              {
                kind: Kind.SALE,
                receipts: 211,
                total: 186_982_50n,
                payments: { cash: 52_400_00n, electronic: 134_582_50n },
              },
              {
                kind: Kind.SALE_RETURN,
                receipts: 3,
                total: 2_450_00n,
                payments: { cash: 1_200_00n, electronic: 1_250_00n },
              },
            ],
          },
        }),
    ...more,
  });
}

export class FakeSales {
  links: ReceiptLink[] = [];
  #made = 0;

  constructor(
    readonly now: number,
    readonly poor: boolean,
    readonly empty: boolean,
  ) {}

  shifts(): Shift[] {
    if (this.empty) return [];
    const difference = {
      kind: Kind.SALE,
      receipts: 212,
      total: 187_582_50n,
      ourReceipts: 211,
      ourTotal: 186_982_50n,
    };
    return [
      shift(this.now, 120, { closedAt: "", closedFd: 0, counted: false }, this.poor),
      shift(
        this.now,
        119,
        {
          differences: this.poor ? [] : [difference],
          missing: [{ first: 20_114, last: 20_114 }],
        },
        this.poor,
      ),
      shift(this.now, 118, {}, this.poor),
      shift(this.now, 117, { counted: false }, this.poor),
      shift(this.now, 99, { closedAt: "", closedFd: 0, counted: false, till: "Касса 2" }, this.poor),
    ];
  }

  products(): Product[] {
    if (this.empty) return [];
    return [
      ["Молоко «Домик в деревне» 3,2 % 930 мл", "1204.5", 184_532_50n, 4120, "A"],
      ["Хлеб «Бородинский» нарезка 400 г", "2310", 138_600_00n, 3094, "A"],
      ["Сыр «Российский» весовой, кг", "61.274", 55_146_60n, 1231, "B"],
      ["Пакет-майка", "-2", -10_00n, 0, "C"],
    ].map(([name, quantity, revenue, share, abc]) =>
      create(ProductSchema, {
        name: String(name),
        quantity: String(quantity),
        revenue: BigInt(revenue ?? 0),
        sold: BigInt(revenue ?? 0) > 0n ? BigInt(revenue ?? 0) + 2_450_00n : 0n,
        returned: BigInt(revenue ?? 0) > 0n ? 2_450_00n : 10_00n,
        lines: 812n,
        share: Number(share),
        abc: String(abc),
      }),
    );
  }

  #file(name: string, format: TableFormat) {
    const ending = format === TableFormat.CSV ? "csv" : "xlsx";
    return { file: new Uint8Array([1]), name: `${name}.${ending}`, rows: 1 };
  }

  documents(
    door: () => void,
    holds: (node: string, till: string) => boolean,
  ): Partial<ServiceImpl<typeof DocumentsService>> {
    return {
      listShifts: ({ open, openedBefore, different, nodeId }) => {
        door();
        return {
          shifts: this.shifts().filter(
            (s) =>
              holds(nodeId, s.tillId) &&
              (!open || !s.closedAt) &&
              (!openedBefore || (!s.closedAt && s.openedAt < openedBefore)) &&
              (!different || s.differences.length > 0),
          ),
        };
      },
      getShift: ({ number }) => {
        door();
        const found = this.shifts().find((s) => s.number === number);
        if (!found) throw new ConnectError("none", Code.NotFound);
        return { shift: found };
      },
      exportShifts: ({ format }) => {
        door();
        return this.#file("shifts", format);
      },
      listProducts: ({ name, least, limit, page, nodeId }) => {
        door();
        const all = this.products().filter(
          (p) => holds(nodeId, "till-red") && p.name.toLowerCase().includes(name.toLowerCase()),
        );
        if (least) all.reverse();
        const from = Number(page || 0);
        const to = from + (limit || 50);
        return {
          products: all.slice(from, to),
          count: all.length,
          revenue: all.reduce((sum, p) => sum + p.revenue, 0n),
          nextPage: to < all.length ? String(to) : "",
        };
      },
      exportProducts: ({ format }) => {
        door();
        return this.#file("chekan-goods", format);
      },
      exportRevenue: ({ format }) => {
        door();
        return this.#file("revenue", format);
      },
      listGaps: () => {
        door();
        return this.empty
          ? {}
          : { gaps: [{ fn: FN, till: "Касса 1", first: 20_114, last: 20_114, cause: GapCause.NEVER_CAME }] };
      },
    };
  }

  history(door: () => void): ServiceImpl<typeof HistoryService> {
    return {
      listHistory: ({ filter }) => {
        door();
        if (this.empty) return {};
        const commands = [
          command(this.now - 60_000, "till-red", "c9", Action.FINISH_PRINT, CommandState.DONE, 2),
          command(this.now - 7_200_000, "till-red", "c8", Action.CLOSE_SHIFT, CommandState.EXPIRED, 0),
        ];
        const rows = [
          ...commands.map((c) => ({ atMs: c.createdMs, what: { case: "command" as const, value: c } })),
          ...operations(this.now, "till-red")
            .slice(0, 12)
            .map((o) => ({
              atMs: o.operation?.acceptedMs ?? 0n,
              what: { case: "operation" as const, value: o },
            })),
        ]
          .filter((r) => !filter?.what || (filter.what === 2) === (r.what.case === "command"))
          .map((r) => ({
            ...r,
            tillId: "till-red",
            till: "Касса 1",
            outlet: "Казань, ул. Баумана, 12",
          }));
        return { rows: rows.sort((a, b) => Number(b.atMs - a.atMs)) };
      },
      exportHistory: ({ format }) => {
        door();
        return this.#file("operations", format);
      },
    };
  }

  #link(more: Pick<Partial<ReceiptLink>, "way" | "sentTo">): ReceiptLink {
    const link = create(ReceiptLinkSchema, {
      id: `link-${++this.#made}`,
      createdMs: BigInt(this.now),
      expiresMs: BigInt(this.now + 30 * 86_400_000),
      person: "admin",
      ...more,
    });
    this.links = [link, ...this.links];
    return link;
  }

  service(door: () => void): ServiceImpl<typeof LinksService> {
    return {
      createLink: () => {
        door();
        return {
          link: this.#link({}),
          url: "https://cabinet.example/r/u7Hq2mZ0cK1vYx9TnPbA4wEeR6sLdFgJhQ",
          qrModules: new Uint8Array(63).map((_, i) => (i * 73) & 0xff),
          qrSize: 21,
        };
      },
      sendLink: ({ to, consent }) => {
        door();
        if (!consent) throw new ConnectError("consent", Code.InvalidArgument);
        const way = to.includes("@") ? "mail" : "sms";
        return { link: this.#link({ way, sentTo: way === "mail" ? "i…@example.com" : "+7…4567" }) };
      },
      listLinks: () => {
        door();
        return { links: this.links };
      },
      revokeLink: ({ id }) => {
        door();
        const link = this.links.find((x) => x.id === id);
        if (!link) throw new ConnectError("none", Code.NotFound);
        link.revokedMs = BigInt(this.now);
        return { link };
      },
    };
  }
}
