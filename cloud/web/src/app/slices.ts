/**
 * Writes messages as bytes without holding up the page: the rows of a long list in slices, and a row that is still the same
 * one no second time.
 */
import { type DescMessage, type Message, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** Rows written at a time: a few milliseconds. */
export const SLICE = 100;

const written = new WeakMap<Message, Uint8Array>();

/** The message as bytes, as toBinary gives them. `rest` is waited for between slices. */
export async function toBytes<D extends DescMessage>(
  schema: D,
  message: MessageShape<D>,
  rest = () => new Promise<void>((next) => setTimeout(next)),
): Promise<Uint8Array> {
  const rowsOf = (name: string) => (message as unknown as Record<string, Message[]>)[name] ?? [];
  const list = schema.fields.find(
    (f) => f.fieldKind === "list" && f.listKind === "message" && rowsOf(f.localName).length > SLICE,
  );
  if (list?.fieldKind !== "list" || list.listKind !== "message") return toBinary(schema, message);
  const out = new BinaryWriter();
  let fresh = 0;
  for (const row of rowsOf(list.localName)) {
    let bytes = written.get(row);
    if (!bytes) {
      if (++fresh % SLICE === 0) await rest();
      bytes = toBinary(list.message, row);
      written.set(row, bytes);
    }
    out.tag(list.number, WireType.LengthDelimited).bytes(bytes);
  }
  // Fields may stand in any order.
  return out.raw(toBinary(schema, { ...message, [list.localName]: [] })).finish();
}
