/** A document with everything the cabinet has of it, for tests and for looking at pages by eye. */
import { create } from "@bufbuild/protobuf";
import {
  type GetDocumentResponse,
  GetDocumentResponseSchema,
  type SlipLine,
  SlipLineSchema,
  type Tag,
  TagSchema,
} from "../gen/cabinet/v1/documents_pb";
import { documents, operation } from "./fleet";

const bytes = (...b: number[]) => new Uint8Array(b);

const line = (
  left: string,
  right = "",
  more: { centred?: boolean; bold?: boolean; large?: boolean; rule?: boolean } = {},
) => create(SlipLineSchema, { left, right, ...more });

/** A code of 21 modules with its three corners, and a pattern for the rest. */
function code(): Uint8Array {
  const size = 21;
  const all = new Uint8Array(3 * size);
  const corner = (x: number, y: number) => {
    const edge = x === 0 || x === 6 || y === 0 || y === 6;
    return edge || (x > 1 && x < 5 && y > 1 && y < 5);
  };
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const dark =
        x < 7 && y < 7
          ? corner(x, y)
          : x > 13 && y < 7
            ? corner(x - 14, y)
            : x < 7 && y > 13
              ? corner(x, y - 14)
              : x > 7 && y > 7 && (x * 7 + y * 5 + x * y) % 3 === 0;
      if (dark) all[y * 3 + (x >> 3)] = (all[y * 3 + (x >> 3)] ?? 0) | (0x80 >> (x & 7));
    }
  }
  return all;
}

/** Slip of the receipts of `operation`. */
export function slip(fd: number, fp: number, qr: string): SlipLine[] {
  return [
    line("ООО «Ромашка»", "", { centred: true }),
    line("г. Москва, ул. Садовая, д. 5", "", { centred: true }),
    line("ИНН 7702203276", "", { centred: true }),
    line("КАССОВЫЙ ЧЕК", "", { centred: true, bold: true }),
    line("ПРИХОД", "", { centred: true }),
    line("", "", { rule: true }),
    line("Хлеб «Бородинский» нарезной 400 г"),
    line("2 x 64.90", "=129.80"),
    line("НДС 10%", "=11.80"),
    line("Сыр «Российский» весовой"),
    line("0.345 x 899.00", "=310.16"),
    line("НДС 10%", "=28.20"),
    line("Пакет-майка"),
    line("1 x 7.00", "=7.00"),
    line("НДС 22%", "=1.26"),
    line("", "", { rule: true }),
    line("ИТОГ", "=447.00", { bold: true, large: true }),
    line("НАЛИЧНЫМИ", "=500.00"),
    line("СДАЧА", "=53.00"),
    line("СУММА НДС 22%", "=1.26"),
    line("СУММА НДС 10%", "=40.00"),
    line("", "", { rule: true }),
    line("Кассир Иванова Мария Петровна"),
    line("СНО: УСН доход"),
    line(`N ФД: ${fd}`, `ФП: ${fp}`),
    line("Сайт ФНС", "www.nalog.gov.ru"),
    create(SlipLineSchema, { qr, qrModules: code(), qrSize: 21, centred: true }),
  ];
}

/** Tags of a receipt: plain ones, items, and one that no dictionary has. */
export function tags(fd: number): Tag[] {
  const tag = (number: number, name: string, value: string, raw = bytes(1), inside: Tag[] = []) =>
    create(TagSchema, { number, name, value, raw, tags: inside });
  const item = (name: string, price: string, amount: string, sum: string) =>
    tag(1059, "предмет расчёта", name, bytes(), [
      tag(1030, "наименование предмета расчёта", name),
      tag(1079, "цена за единицу предмета расчёта с учётом скидок и наценок", price),
      tag(1023, "количество предмета расчёта", amount),
      tag(1043, "стоимость предмета расчёта с учётом скидок и наценок", sum),
      tag(1199, "ставка НДС", "10 %", bytes(2)),
    ]);
  return [
    tag(1041, "номер ФН", "9999078900012345"),
    tag(1040, "номер ФД", String(fd), bytes(0xbd, 0x4f, 0, 0)),
    tag(1012, "дата, время", "04.03.2026 12:36"),
    tag(1054, "признак расчёта", "приход"),
    item("Хлеб «Бородинский» нарезной 400 г", "64,90", "2", "129,80"),
    item("Сыр «Российский» весовой", "899,00", "0,345", "310,16"),
    tag(1020, "сумма расчёта, указанного в чеке (БСО)", "1 234 447,00", bytes(0x9c, 0xae)),
    tag(1031, "сумма по чеку (БСО) наличными", "500,00"),
    tag(65000, "", "DE AD BE EF", bytes(0xde, 0xad, 0xbe, 0xef)),
  ];
}

/** What the cabinet tells of a document of `documents`; undefined when there is none. */
export function documentAnswer(
  now: number,
  fn: string,
  fd: number,
  poor = false,
): GetDocumentResponse | undefined {
  const document = documents(now, "till-red").find((d) => d.document?.fd === fd && d.document.fn === fn);
  if (!document?.document) return undefined;
  const { fp, qr } = document.document;
  const op = operation(now, "till-red", fd).operation;
  const mine = document.key !== "" && !poor;
  return create(GetDocumentResponseSchema, {
    document: poor ? { ...document, document: { ...document.document, total: 0n, qr: "" } } : document,
    receipt: mine ? op?.receipt : undefined,
    cashier: mine ? op?.cashier : undefined,
    hasCopy: true,
    slip: poor ? [] : slip(fd, fp, qr),
    tags: poor ? [] : tags(fd),
  });
}
