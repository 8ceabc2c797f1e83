import { createClient } from "@connectrpc/connect";
import { useInfiniteQuery, useQuery, useTransport } from "@connectrpc/connect-query";
import { TextInput, Title } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import type { ParseKeys } from "i18next";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import type { Gap } from "../gen/cabinet/v1/figures_pb";
import { Nothing } from "../ui/Nothing";
import { Exports } from "./Exports";
import { FoundCards, FoundTable, GapLine } from "./Found";
import {
  FIELDS,
  type Field,
  FORM_WORDS,
  filterOf,
  KIND_WORDS,
  MONEY_FIELDS,
  OFD_WORDS,
  PAPER_WORDS,
  PAYMENT_WORDS,
} from "./filter";
import {
  Chips,
  Choice,
  Day,
  dayWord,
  type Option,
  useFilter,
  useOutletOptions,
  useTillOptions,
} from "./inputs";
import { Listed, narrowedBy } from "./lists";

/** What most searches need; the rest unfolds. */
const FIRST: readonly Field[] = ["from", "to", "outlet", "till", "sum", "fd", "product"];
const NUMBERS: readonly Field[] = ["fd", "fp", "shift"];

/** «Чеки»: any document of the organisation, by any of its attributes. The filter lives in the address. */
export default function SearchPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const narrow = useNarrow();
  const transport = useTransport();
  const { chosen, put, drop } = useFilter<Field>(FIELDS);
  const filter = filterOf(chosen);
  const may = can("documents:view");
  const list = useInfiniteQuery(
    DocumentsService.method.searchDocuments,
    { filter, limit: 50, page: "" },
    {
      pageParamKey: "page",
      getNextPageParam: (last) => last.nextPage || undefined,
      placeholderData: keepPreviousData,
      enabled: may,
    },
  );
  const gaps = useQuery(
    DocumentsService.method.listGaps,
    { tillId: chosen.till ?? "" },
    { enabled: may, staleTime: 60_000 },
  );
  const options = useOptions();
  if (!may)
    return (
      <Nothing title={t("nothing.forbidden")} text={t("nothing.forbiddenTodo", { code: "documents:view" })} />
    );
  const found = (list.data?.pages ?? []).flatMap((p) => p.documents);
  const any = list.data?.pages.some((p) => p.any) ?? false;
  const fields = FIELDS.filter((f) => can("money:view") || !MONEY_FIELDS.includes(f));
  const input = (field: Field) => (
    <FieldInput
      key={field}
      field={field}
      value={chosen[field] ?? ""}
      options={options[field]}
      onChange={(v) => put(field, v)}
    />
  );
  const picked = fields
    .filter((f) => chosen[f])
    .map((field) => ({
      field,
      label: t(`finder.fields.${field}`),
      value: options[field]?.find((x) => x.value === chosen[field])?.label ?? dayWord(chosen[field] ?? ""),
    }));
  const rest = fields.filter((f) => !FIRST.includes(f));
  return (
    <>
      <div className="title">
        <Title order={1}>{t("finder.title")}</Title>
        {can("money:view") && found.length > 0 && (
          <Exports
            make={(format) => createClient(DocumentsService, transport).exportDocuments({ filter, format })}
          />
        )}
      </div>
      <search>
        <div className="chips" style={{ alignItems: "end", marginBottom: 8 }}>
          {FIRST.filter((f) => fields.includes(f)).map(input)}
        </div>
        <details style={{ marginBottom: 12 }} open={rest.some((f) => chosen[f]) || undefined}>
          <summary style={{ cursor: "pointer", width: "fit-content" }}>{t("sales.more")}</summary>
          <div className="chips" style={{ alignItems: "end", marginTop: 8 }}>
            {rest.map(input)}
          </div>
        </details>
      </search>
      <Chips chosen={picked} onDrop={drop} />
      <Gaps gaps={gaps.data?.gaps ?? []} fn={chosen.fn} cut={gaps.data?.cut ?? false} />
      <Listed
        list={list}
        count={found.length}
        narrowed={any ? narrowedBy(FIELDS.filter((f) => chosen[f])) : "none"}
        none={<Nothing title={t("documents.none")} text={t("documents.noneTodo")} />}
        onWiden={() => drop(["from", "to"])}
        onClear={() => drop(FIELDS)}
      >
        {narrow ? <FoundCards found={found} /> : <FoundTable found={found} gaps={gaps.data?.gaps} />}
      </Listed>
    </>
  );
}

/** What there is to choose from. */
function useOptions(): Partial<Record<Field, readonly Option[]>> {
  const { t } = useTranslation();
  const tills = useTillOptions();
  const outlets = useOutletOptions();
  const of = (words: Record<string, ParseKeys>) =>
    Object.entries(words).map(([value, word]) => ({ value, label: t(word) }));
  return {
    till: tills,
    outlet: outlets,
    kind: of(KIND_WORDS),
    payment: of(PAYMENT_WORDS),
    form: of(FORM_WORDS),
    paper: of(PAPER_WORDS),
    ofd: of(OFD_WORDS),
  };
}

function FieldInput(p: {
  field: Field;
  value: string;
  options?: readonly Option[] | undefined;
  onChange: (value: string) => void;
}) {
  const { t } = useTranslation();
  const label = t(`finder.fields.${p.field}`);
  if (p.options)
    return (
      <Choice
        label={label}
        value={p.value}
        options={p.options}
        onChange={p.onChange}
        width={p.field === "till" || p.field === "outlet" ? 200 : 160}
      />
    );
  if (p.field === "from" || p.field === "to")
    return <Day label={label} value={p.value} onChange={p.onChange} />;
  return (
    <TextInput
      size="xs"
      w={p.field === "product" || p.field === "cashier" || p.field === "buyer" ? 180 : 140}
      label={label}
      inputMode={NUMBERS.includes(p.field) ? "numeric" : undefined}
      placeholder={p.field === "sum" ? "100–500" : undefined}
      value={p.value}
      onChange={(e) => p.onChange(e.currentTarget.value)}
    />
  );
}

/** Numbers that are missing among the documents of the chosen tills. */
function Gaps({ gaps, fn, cut }: { gaps: readonly Gap[]; fn?: string | undefined; cut: boolean }) {
  const { t } = useTranslation();
  const list = gaps.filter((g) => !fn || g.fn === fn);
  if (list.length === 0) return null;
  const count = list.reduce((n, g) => n + g.last - g.first + 1, 0);
  return (
    <details style={{ marginBottom: 12 }}>
      <summary style={{ cursor: "pointer", width: "fit-content" }}>
        {t("sales.gaps.title", { count })}
        {cut && "+"}
      </summary>
      <ul style={{ listStyle: "none", padding: 0, margin: "8px 0 0" }}>
        {list.slice(0, 50).map((g) => (
          <li key={`${g.fn} ${g.first}`} style={{ marginBottom: 4 }}>
            <span className="strong">{g.till}</span> <GapLine gap={g} />
          </li>
        ))}
      </ul>
    </details>
  );
}
