import { createClient } from "@connectrpc/connect";
import { useInfiniteQuery, useQuery, useTransport } from "@connectrpc/connect-query";
import { Title } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import type { ParseKeys } from "i18next";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import type { Gap } from "../gen/cabinet/v1/figures_pb";
import { Forbidden, Nothing } from "../ui/Nothing";
import { Exports } from "./Exports";
import { Filters, type Input } from "./Filters";
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
import { type Option, useFilter } from "./inputs";
import { Listed, narrowedBy } from "./lists";

/** What most searches need; the rest unfolds. */
const FIRST: readonly Field[] = ["from", "to", "node", "sum", "fd", "product"];
const NUMBERS: readonly Field[] = ["fd", "fp", "shift"];
const TEXTS: readonly Field[] = ["product", "cashier", "buyer"];

/** Outlet and till are in addresses alone: one chooses them as places. */
const INPUTS = FIELDS.filter((f) => f !== "outlet" && f !== "till");

/** «Чеки»: any document of the organisation, by any of its attributes. The filter lives in the address. */
export default function SearchPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const narrow = useNarrow();
  const transport = useTransport();
  const state = useFilter<Field>(FIELDS);
  const { chosen, drop } = state;
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
    { tillId: chosen.till ?? "", nodeId: chosen.node ?? chosen.outlet ?? "" },
    { enabled: may, staleTime: 60_000 },
  );
  const inputs = useInputs();
  if (!may) return <Forbidden needs="documents:view" />;
  const found = (list.data?.pages ?? []).flatMap((p) => p.documents);
  const any = list.data?.pages.some((p) => p.any) ?? false;
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
      <Filters
        state={state}
        inputs={FIRST.flatMap((f) => inputs.filter((i) => i.field === f))}
        more={inputs.filter((i) => !FIRST.includes(i.field))}
      />
      <Gaps gaps={gaps.data?.gaps ?? []} fn={chosen.fn} cut={gaps.data?.cut ?? false} />
      <Listed
        list={list}
        count={found.length}
        narrowed={any || list.error ? narrowedBy(state.set) : "none"}
        none={<Nothing title={t("documents.none")} text={t("documents.noneTodo")} />}
        onWiden={() => drop(["from", "to"])}
        onClear={() => drop(FIELDS)}
      >
        {narrow ? <FoundCards found={found} /> : <FoundTable found={found} gaps={gaps.data?.gaps} />}
      </Listed>
    </>
  );
}

/** Every input of the page, in the order of the fields. */
function useInputs(): Input<Field>[] {
  const { t } = useTranslation();
  const { can } = useSession();
  const of = (words: Record<string, ParseKeys>) =>
    Object.entries(words).map(([value, word]) => ({ value, label: t(word) }));
  const options: Partial<Record<Field, readonly Option[]>> = {
    kind: of(KIND_WORDS),
    payment: of(PAYMENT_WORDS),
    form: of(FORM_WORDS),
    paper: of(PAPER_WORDS),
    ofd: of(OFD_WORDS),
  };
  return INPUTS.filter((f) => can("money:view") || !MONEY_FIELDS.includes(f)).map((field) => ({
    field,
    label: t(`finder.fields.${field}`),
    ...(options[field] ? { options: options[field], width: 160 } : {}),
    ...(TEXTS.includes(field) ? { width: 180 } : {}),
    ...(field === "sum" ? { placeholder: "100–500" } : {}),
    numeric: NUMBERS.includes(field),
  }));
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
