import { createClient } from "@connectrpc/connect";
import { useInfiniteQuery, useTransport } from "@connectrpc/connect-query";
import { Button, Loader, NativeSelect, TextInput, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { keepPreviousData, useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { codeOf } from "../app/transport";
import { useLang } from "../fleet/facts";
import { DocumentsService, type FoundDocument } from "../gen/cabinet/v1/documents_pb";
import { TableFormat } from "../gen/cabinet/v1/figures_pb";
import { money, ofCivil } from "../ui/format";
import { Nothing, NothingByFilter, NothingInPeriod, Unread } from "../ui/Nothing";
import { When } from "../ui/time";
import { useDocumentName } from "./Documents";
import { FIELDS, type Field, filterOf, KIND_WORDS, MONEY_FIELDS, PAYMENT_WORDS, readFilter } from "./filter";
import { More } from "./lists";
import { MarkView } from "./MarkView";
import { isReceiptForm, ofdMark, paperMark } from "./marks";
import { save } from "./save";

const pathOf = (x: FoundDocument) =>
  `/tills/${encodeURIComponent(x.document?.tillId ?? "")}/documents/${x.document?.document?.fn}/${x.document?.document?.fd}`;

/** «Чеки»: any document of the organisation, by any of its attributes. The filter lives in the address. */
export default function SearchPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const narrow = useNarrow();
  const [params, setParams] = useSearchParams();
  const chosen = readFilter(params);
  const filter = filterOf(chosen);
  const list = useInfiniteQuery(
    DocumentsService.method.searchDocuments,
    { filter, limit: 50, page: "" },
    {
      pageParamKey: "page",
      getNextPageParam: (last) => last.nextPage || undefined,
      placeholderData: keepPreviousData,
      enabled: can("documents:view"),
    },
  );
  const put = (field: Field, value: string) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        if (value) next.set(field, value);
        else next.delete(field);
        return next;
      },
      { replace: true },
    );
  const drop = (fields: readonly Field[]) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        for (const field of fields) next.delete(field);
        return next;
      },
      { replace: true },
    );
  if (!can("documents:view"))
    return (
      <Nothing title={t("nothing.forbidden")} text={t("nothing.forbiddenTodo", { code: "documents:view" })} />
    );
  const found = (list.data?.pages ?? []).flatMap((p) => p.documents);
  const any = list.data?.pages.some((p) => p.any) ?? false;
  const onlyPeriod = FIELDS.every((f) => f === "from" || f === "to" || !chosen[f]);
  const fields = FIELDS.filter((f) => can("money:view") || !MONEY_FIELDS.includes(f));
  return (
    <>
      <div className="title">
        <Title order={1}>{t("finder.title")}</Title>
        {can("money:view") && found.length > 0 && <Exports filter={filter} />}
      </div>
      <search className="chips" style={{ alignItems: "end", marginBottom: 12 }}>
        {fields.map((field) => (
          <FieldInput key={field} field={field} value={chosen[field] ?? ""} onChange={(v) => put(field, v)} />
        ))}
        {Object.values(chosen).some(Boolean) && (
          <Button variant="subtle" size="xs" onClick={() => drop(FIELDS)}>
            {t("nothing.filterAct")}
          </Button>
        )}
      </search>
      {list.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !list.data || list.error ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : found.length === 0 ? (
        !any ? (
          <Nothing title={t("documents.none")} text={t("documents.noneTodo")} />
        ) : onlyPeriod ? (
          <NothingInPeriod onWiden={() => drop(["from", "to"])} />
        ) : (
          <NothingByFilter onClear={() => drop(FIELDS)} />
        )
      ) : (
        <>
          {narrow ? <Cards found={found} /> : <Table found={found} />}
          <More
            shown={found.length}
            hasNext={list.hasNextPage}
            loading={list.isFetchingNextPage}
            onMore={() => void list.fetchNextPage()}
          />
        </>
      )}
    </>
  );
}

function FieldInput(p: { field: Field; value: string; onChange: (value: string) => void }) {
  const { t } = useTranslation();
  const label = t(`finder.fields.${p.field}`);
  if (p.field === "kind" || p.field === "payment") {
    const words = p.field === "kind" ? KIND_WORDS : PAYMENT_WORDS;
    return (
      <NativeSelect
        size="xs"
        w={150}
        label={label}
        value={p.value}
        onChange={(e) => p.onChange(e.currentTarget.value)}
        data={[
          { value: "", label: t("finder.every") },
          ...Object.entries(words).map(([value, word]) => ({ value, label: t(word) })),
        ]}
      />
    );
  }
  return (
    <TextInput
      size="xs"
      w={p.field === "product" || p.field === "cashier" ? 170 : 130}
      label={label}
      type={p.field === "from" || p.field === "to" ? "date" : "text"}
      inputMode={p.field === "fd" || p.field === "fp" ? "numeric" : undefined}
      placeholder={p.field === "sum" ? "100–500" : undefined}
      value={p.value}
      onChange={(e) => p.onChange(e.currentTarget.value)}
    />
  );
}

/** Files of exactly what is found. */
function Exports({ filter }: { filter: ReturnType<typeof filterOf> }) {
  const { t } = useTranslation();
  const transport = useTransport();
  const file = useMutation({
    mutationFn: (format: TableFormat) =>
      createClient(DocumentsService, transport).exportDocuments({ filter, format }),
    onSuccess: (res) => {
      save(res.file, res.name, res.name.endsWith(".csv") ? "text/csv" : "application/vnd.ms-excel");
      if (res.cut) notifications.show({ message: t("finder.cut", { count: res.rows }) });
    },
    onError: (error) =>
      notifications.show({ color: "red", message: t("finder.unsaved", { code: codeOf(error) }) }),
  });
  return (
    <div style={{ display: "flex", gap: 8 }}>
      <Button variant="default" loading={file.isPending} onClick={() => file.mutate(TableFormat.XLSX)}>
        XLSX
      </Button>
      <Button variant="default" loading={file.isPending} onClick={() => file.mutate(TableFormat.CSV)}>
        CSV
      </Button>
    </div>
  );
}

function Table({ found }: { found: readonly FoundDocument[] }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const navigate = useNavigate();
  const name = useDocumentName();
  const sums = can("money:view");
  return (
    <div className="tablebox">
      <table className="table" aria-label={t("finder.title")}>
        <thead>
          <tr>
            <th scope="col">{t("document.time")}</th>
            <th scope="col">{t("finder.till")}</th>
            <th scope="col">{t("document.shift")}</th>
            <th scope="col">{t("fd")}</th>
            <th scope="col">{t("document.fp")}</th>
            <th scope="col">{t("document.what")}</th>
            {sums && (
              <>
                <th scope="col" className="right">
                  {t("operations.sum")}
                </th>
                <th scope="col" className="right">
                  {t("finder.cash")}
                </th>
                <th scope="col" className="right">
                  {t("finder.cashless")}
                </th>
                <th scope="col">{t("document.cashier")}</th>
              </>
            )}
            <th scope="col">{t("marks.paper.title")}</th>
            <th scope="col">{t("marks.ofd.title")}</th>
          </tr>
        </thead>
        <tbody>
          {found.map((x) => {
            const d = x.document?.document;
            if (!d) return null;
            const receipt = isReceiptForm(d.type);
            const cash = x.payments?.cash ?? 0n;
            return (
              <tr
                key={`${d.fn} ${d.fd}`}
                className="link"
                onClick={(e) => {
                  if (!(e.target as Element).closest("a, button") && !getSelection()?.toString())
                    navigate(pathOf(x));
                }}
              >
                <td className="nowrap">
                  <When at={ofCivil(d.at)} />
                </td>
                <td>
                  {x.till}
                  <div className="small quiet">{x.outlet}</div>
                </td>
                <td className="nowrap">
                  {d.shift > 0 ? `${d.shift}${d.receipt > 0 ? ` / ${d.receipt}` : ""}` : "—"}
                </td>
                <td>
                  <Link to={pathOf(x)}>{d.fd}</Link>
                </td>
                <td>{String(d.fp).padStart(10, "0")}</td>
                <td>{name(d)}</td>
                {sums && (
                  <>
                    <td className="right nowrap">{receipt ? money(d.total, lang) : "—"}</td>
                    <td className="right nowrap">{receipt && cash !== 0n ? money(cash, lang) : "—"}</td>
                    <td className="right nowrap">
                      {receipt && d.total !== cash ? money(d.total - cash, lang) : "—"}
                    </td>
                    <td>{x.cashier}</td>
                  </>
                )}
                <td>
                  <MarkView mark={paperMark(x.document?.paper ?? 0)} track={t("marks.paper.title")} />
                </td>
                <td>
                  <MarkView mark={ofdMark(x.document?.ofd ?? 0)} track={t("marks.ofd.title")} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Cards({ found }: { found: readonly FoundDocument[] }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const name = useDocumentName();
  return (
    <ul className="cards" aria-label={t("finder.title")}>
      {found.map((x) => {
        const d = x.document?.document;
        if (!d) return null;
        return (
          <li key={`${d.fn} ${d.fd}`}>
            <Link className="card" to={pathOf(x)}>
              <div style={{ display: "flex", justifyContent: "space-between", gap: 12 }}>
                <span>
                  <span className="strong">{name(d)}</span>{" "}
                  <span className="quiet small">
                    {t("fd")} {d.fd}
                  </span>
                </span>
                {can("money:view") && isReceiptForm(d.type) && (
                  <span className="num nowrap">{money(d.total, lang)}</span>
                )}
              </div>
              <div className="quiet small">
                <When at={ofCivil(d.at)} /> · {x.till} · {x.outlet}
              </div>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
