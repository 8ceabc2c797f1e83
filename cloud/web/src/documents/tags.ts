/** The tags of a document as rows of a table: what is shown, what is found, what is copied. */
import type { Tag } from "../gen/cabinet/v1/documents_pb";

export interface Row {
  /** Place in the tree: "3.0". */
  key: string;
  tag: Tag;
  depth: number;
  /** It has tags inside. */
  group: boolean;
  /** What it stands in, from the outside. */
  above: readonly string[];
}

/** All rows, from the outside in. */
export function rowsOf(tags: readonly Tag[], above: readonly string[] = []): Row[] {
  return tags.flatMap((tag, i) => {
    const key = above.length > 0 ? `${above.at(-1)}.${i}` : String(i);
    const row: Row = { key, tag, depth: above.length, group: tag.tags.length > 0, above };
    return [row, ...rowsOf(tag.tags, [...above, key])];
  });
}

/** Bytes by twos. */
export function hex(bytes: Uint8Array): string {
  return [...bytes].map((b) => b.toString(16).padStart(2, "0").toUpperCase()).join(" ");
}

/** Sums are found however their spaces and their comma are typed, letters in either case, ё as е. */
export function fold(text: string): string {
  return text
    .toLowerCase()
    .replaceAll("ё", "е")
    .replaceAll(/[\s\u00a0\u202f]+/g, "")
    .replaceAll(",", ".");
}

/** Rows with the text in number, name or value; what they stand in and what stands in them stay with them. */
export function found(rows: readonly Row[], text: string): Row[] {
  const want = fold(text);
  if (want === "") return [...rows];
  const hits = new Set<string>();
  for (const { key, tag } of rows) {
    if ([String(tag.number), tag.name, tag.value].some((s) => fold(s).includes(want))) hits.add(key);
  }
  const keep = new Set<string>();
  for (const row of rows) {
    if (!hits.has(row.key) && !row.above.some((k) => hits.has(k))) continue;
    keep.add(row.key);
    for (const k of row.above) keep.add(k);
  }
  return rows.filter((r) => keep.has(r.key));
}

/** Rows of which no group around is closed. */
export function open(rows: readonly Row[], closed: ReadonlySet<string>): Row[] {
  return rows.filter((r) => !r.above.some((k) => closed.has(k)));
}

/** The rows as a spreadsheet takes them: columns by tabs, depth by leading spaces of the name. */
export function sheetOf(rows: readonly Row[], bytes: boolean): string {
  const cell = (s: string) => s.replaceAll(/[\t\r\n]+/g, " ");
  return rows
    .map(({ tag, depth }) =>
      [
        tag.number > 0 ? String(tag.number) : "",
        "  ".repeat(depth) + cell(tag.name),
        cell(tag.value).replaceAll("\u00a0", ""), // a spreadsheet takes "1 234,56" for text
        ...(bytes ? [hex(tag.raw)] : []),
      ].join("\t"),
    )
    .join("\n");
}
