import { useInfiniteQuery } from "@connectrpc/connect-query";
import { Loader, NativeSelect, TextInput } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useNavigate, useSearchParams } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { useLang } from "../fleet/facts";
import { DocumentsService, type DocumentView } from "../gen/cabinet/v1/documents_pb";
import type { Document } from "../gen/fiscal/v1/fiscal_pb";
import { inputs } from "../live/merge";
import { money, ofCivil } from "../ui/format";
import { IconSearch } from "../ui/icons";
import { Nothing, Unread } from "../ui/Nothing";
import { When } from "../ui/time";
import { Held, Listed, PeriodSwitch, useHeld, useParam, usePeriod } from "./lists";
import { MarkView } from "./MarkView";
import {
  formKey,
  GROUPS,
  type Group,
  groupOf,
  isReceipt,
  isReceiptForm,
  kindKey,
  ofdMark,
  paperMark,
} from "./marks";
import { within } from "./period";

/** Name of a document: what was settled, or its form. */
export function useDocumentName(): (d: Document) => string {
  const { t } = useTranslation();
  return (d) => {
    if (d.type === 3 && isReceipt(d.kind)) return t(kindKey(d.kind));
    const form = t(formKey(d.type), { number: d.type });
    return d.type === 31 && isReceipt(d.kind) ? `${form}: ${t(kindKey(d.kind))}` : form;
  };
}

/** Somebody else's: a till is registered by hand, and nobody wonders at that. */
function isForeign(v: DocumentView): boolean {
  return !v.key && !GROUPS.registration.some((form) => form === v.document?.type);
}

const keyOf = (v: DocumentView) => `${v.document?.fn} ${v.document?.fd}`;

/** Fiscal documents of a till, newest first. */
export function Documents({ tillId }: { tillId: string }) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const { period, from, set: setPeriod } = usePeriod();
  const [fd, setFd] = useParam("fd");
  const [kind, setKind] = useParam("kind");
  const group = groupOf(kind);
  const types = group ? [...GROUPS[group]] : [];
  const list = useInfiniteQuery(DocumentsService.method.listDocuments, inputs.documents(tillId, types), {
    pageParamKey: "page",
    getNextPageParam: (last) => last.nextPage || undefined,
    placeholderData: keepPreviousData,
  });
  const all = (list.data?.pages ?? []).flatMap((p) => p.documents.filter((v) => v.document));
  const inPeriod = within(all, (v) => ofCivil(v.document?.at ?? ""), from);
  const found = fd ? inPeriod.rows.filter((v) => String(v.document?.fd).includes(fd)) : inPeriod.rows;
  const held = useHeld(found, keyOf);
  const hasNext = list.hasNextPage && inPeriod.open;
  const [, setParams] = useSearchParams();
  const clear = () =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        next.delete("fd");
        next.delete("kind");
        return next;
      },
      { replace: true },
    );

  if (list.isPending) return <Loader aria-label={t("loading")} />;
  if (!list.data) return <Unread error={list.error} onRetry={() => void list.refetch()} />;
  if (all.length === 0 && !group)
    return <Nothing title={t("documents.none")} text={t("documents.noneTodo")} />;
  return (
    <>
      <div className="chips">
        <PeriodSwitch period={period} onChange={setPeriod} />
        <NativeSelect
          size="xs"
          w={190}
          value={group ?? ""}
          onChange={(e) => setKind(e.currentTarget.value)}
          data={[
            { value: "", label: t("documents.kinds.all") },
            ...(Object.keys(GROUPS) as Group[]).map((g) => ({ value: g, label: t(`documents.kinds.${g}`) })),
          ]}
          aria-label={t("documents.kinds.title")}
        />
        <TextInput
          size="xs"
          w={150}
          inputMode="numeric"
          value={fd}
          onChange={(e) => setFd(e.currentTarget.value.replace(/\D/g, ""))}
          leftSection={<IconSearch size={14} />}
          placeholder={t("documents.find")}
          aria-label={t("documents.find")}
        />
      </div>
      <Listed
        list={{ ...list, hasNextPage: hasNext }}
        count={found.length}
        narrowed={fd || group ? "filter" : "days"}
        none={null}
        onWiden={() => setPeriod("all")}
        onClear={clear}
      >
        <Held held={held}>
          {narrow ? (
            <Cards documents={held.rows} tillId={tillId} />
          ) : (
            <Table documents={held.rows} tillId={tillId} />
          )}
        </Held>
      </Listed>
    </>
  );
}

type ListProps = { documents: readonly DocumentView[]; tillId: string };

function pathOf(tillId: string, d: Document) {
  return `/tills/${encodeURIComponent(tillId)}/documents/${d.fn}/${d.fd}`;
}

function Table({ documents, tillId }: ListProps) {
  const { t } = useTranslation();
  const { can } = useSession();
  const { search } = useLocation();
  const lang = useLang();
  const navigate = useNavigate();
  const name = useDocumentName();
  return (
    <div className="tablebox">
      <table className="table" aria-label={t("tabs.documents")}>
        <thead>
          <tr>
            <th scope="col">{t("fd")}</th>
            <th scope="col">{t("document.time")}</th>
            <th scope="col">{t("document.what")}</th>
            {can("money:view") && (
              <th scope="col" className="right">
                {t("operations.sum")}
              </th>
            )}
            <th scope="col">{t("document.shift")}</th>
            <th scope="col">{t("document.fp")}</th>
            <th scope="col">{t("marks.paper.title")}</th>
            <th scope="col">{t("marks.ofd.title")}</th>
          </tr>
        </thead>
        <tbody>
          {documents.map((v) => {
            const d = v.document;
            if (!d) return null;
            const to = { pathname: pathOf(tillId, d), search };
            return (
              <tr
                key={keyOf(v)}
                className="link"
                onClick={(e) => {
                  if (!(e.target as Element).closest("a, button") && !getSelection()?.toString())
                    navigate(to);
                }}
              >
                <td>
                  <Link to={to}>{d.fd}</Link>
                </td>
                <td className="nowrap">
                  <When at={ofCivil(d.at)} />
                </td>
                <td>
                  {name(d)}
                  {isForeign(v) && <div className="small quiet">{t("document.foreign")}</div>}
                </td>
                {can("money:view") && (
                  <td className="right nowrap">
                    {isReceiptForm(d.type) ? money(d.total, lang) : <span className="quiet">—</span>}
                  </td>
                )}
                <td className="nowrap">
                  {d.shift > 0 ? `${d.shift}${d.receipt > 0 ? ` / ${d.receipt}` : ""}` : "—"}
                </td>
                <td>{String(d.fp).padStart(10, "0")}</td>
                <td>
                  <MarkView mark={paperMark(v.paper)} track={t("marks.paper.title")} />
                </td>
                <td>
                  <MarkView mark={ofdMark(v.ofd)} track={t("marks.ofd.title")} />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Cards({ documents, tillId }: ListProps) {
  const { t } = useTranslation();
  const { can } = useSession();
  const { search } = useLocation();
  const lang = useLang();
  const name = useDocumentName();
  return (
    <ul className="cards" aria-label={t("tabs.documents")}>
      {documents.map((v) => {
        const d = v.document;
        if (!d) return null;
        return (
          <li key={keyOf(v)}>
            <Link className="card" to={{ pathname: pathOf(tillId, d), search }}>
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
                <When at={ofCivil(d.at)} />
                {isForeign(v) && <> · {t("document.foreign")}</>}
              </div>
              <dl className="pairs" style={{ gridTemplateColumns: "repeat(2, max-content minmax(0, 1fr))" }}>
                <dt>{t("marks.paper.title")}</dt>
                <dd>
                  <MarkView mark={paperMark(v.paper)} track="" />
                </dd>
                <dt>{t("marks.ofd.title")}</dt>
                <dd>
                  <MarkView mark={ofdMark(v.ofd)} track="" />
                </dd>
              </dl>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
