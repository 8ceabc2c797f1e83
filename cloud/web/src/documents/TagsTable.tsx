import { Button, TextInput } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Tag } from "../gen/cabinet/v1/documents_pb";
import { useCopied } from "../ui/Copy";
import { IconCopy, IconDown, IconSearch, IconTick } from "../ui/icons";
import { NothingByFilter } from "../ui/Nothing";
import { found, hex, open, type Row, rowsOf, sheetOf } from "./tags";

/** Every tag of a document with its official name; groups open and close. */
export function TagsTable({ tags }: { tags: readonly Tag[] }) {
  const { t } = useTranslation();
  const rows = useMemo(() => rowsOf(tags), [tags]);
  const [text, setText] = useState("");
  const [bytes, setBytes] = useState(false);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const { copied, copy } = useCopied();
  const hits = found(rows, text);
  const shown = text ? hits : open(hits, closed);
  const groups = rows.filter((r) => r.group).map((r) => r.key);

  const toggle = (key: string) =>
    setClosed((old) => {
      const next = new Set(old);
      if (!next.delete(key)) next.add(key);
      return next;
    });

  return (
    <>
      <div className="chips">
        <TextInput
          size="xs"
          w={220}
          type="search"
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          leftSection={<IconSearch size={14} />}
          placeholder={t("tags.find")}
          aria-label={t("tags.find")}
        />
        <button type="button" className="chip" aria-pressed={bytes} onClick={() => setBytes(!bytes)}>
          {t("tags.bytes")}
        </button>
        {groups.length > 0 && !text && (
          <button
            type="button"
            className="chip"
            onClick={() => setClosed(closed.size > 0 ? new Set() : new Set(groups))}
          >
            {t(closed.size > 0 ? "tags.open" : "tags.close")}
          </button>
        )}
        <Button
          size="xs"
          variant="default"
          leftSection={copied ? <IconTick size={14} /> : <IconCopy size={14} />}
          onClick={() => void copy(sheetOf(hits, bytes))}
        >
          {copied ? t("copied") : t("tags.copy")}
        </Button>
      </div>
      {shown.length === 0 ? (
        <NothingByFilter onClear={() => setText("")} />
      ) : (
        <div className="tablebox">
          <table className="table tags" aria-label={t("document.tags")}>
            <thead>
              <tr>
                <th scope="col">{t("tags.number")}</th>
                <th scope="col">{t("tags.name")}</th>
                <th scope="col">{t("tags.value")}</th>
                {bytes && <th scope="col">{t("tags.bytes")}</th>}
              </tr>
            </thead>
            <tbody>
              {shown.map((row) => (
                <TagRow
                  key={row.key}
                  row={row}
                  bytes={bytes}
                  closed={!text && closed.has(row.key)}
                  onToggle={text ? undefined : () => toggle(row.key)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function TagRow({
  row: { tag, depth, group },
  bytes,
  closed,
  onToggle,
}: {
  row: Row;
  bytes: boolean;
  closed: boolean;
  onToggle?: () => void;
}) {
  const { t } = useTranslation();
  const name = tag.name || <span className="quiet">{t(tag.number > 0 ? "tags.unknown" : "tags.whole")}</span>;
  return (
    <tr className={group ? "group" : undefined}>
      <td className="num">{tag.number > 0 ? tag.number : ""}</td>
      <td>
        <div style={{ paddingLeft: `calc(var(--nested) * ${depth})` }}>
          {group && onToggle ? (
            <button type="button" className="plain fold" aria-expanded={!closed} onClick={onToggle}>
              <span className={closed ? "shut" : "wide"}>
                <IconDown size={12} />
              </span>
              {name}
            </button>
          ) : (
            name
          )}
        </div>
      </td>
      <td className={tag.name && !isBytes(tag) ? undefined : "mono"}>{tag.value}</td>
      {bytes && <td className="mono">{hex(tag.raw)}</td>}
    </tr>
  );
}

/** The value is nothing but the bytes again. */
function isBytes(tag: Tag): boolean {
  return tag.raw.length > 0 && tag.value === hex(tag.raw);
}
