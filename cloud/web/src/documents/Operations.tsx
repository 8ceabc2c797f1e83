import { useInfiniteQuery } from "@connectrpc/connect-query";
import { Loader } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { useLang } from "../fleet/facts";
import { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import { OFDTrack, type Operation, PaperTrack } from "../gen/fiscal/v1/fiscal_pb";
import { HelpLink } from "../help/HelpLink";
import { inputs } from "../live/merge";
import { money, ofMs, plainly } from "../ui/format";
import { IconDown } from "../ui/icons";
import { Nothing, Unread } from "../ui/Nothing";
import { Spoken } from "../ui/Spoken";
import { useAge, useNow, When } from "../ui/time";
import { langOfSaid } from "../words";
import { Held, Listed, PeriodSwitch, useHeld, useParam, usePeriod } from "./lists";
import { MarkView } from "./MarkView";
import { CLOUD_MARK, checkMark, FILTERS, kindKey, ofdMark, paperMark, passes, sumOf } from "./marks";
import { within } from "./period";
import { operationText } from "./told";

/** Operations of a till, newest first: one row each, with its four marks. */
export function Operations({ tillId }: { tillId: string }) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const { period, from, set: setPeriod } = usePeriod();
  const [filterText, setFilter] = useParam("filter");
  const filter = FILTERS.find((f) => f === filterText);
  const list = useInfiniteQuery(DocumentsService.method.listOperations, inputs.operations(tillId), {
    pageParamKey: "page",
    getNextPageParam: (last) => last.nextPage || undefined,
  });
  const all = (list.data?.pages ?? []).flatMap((p) => p.operations.flatMap((v) => v.operation ?? []));
  const inPeriod = within(all, (op) => ofMs(op.acceptedMs), from);
  const found = filter ? inPeriod.rows.filter((op) => passes(op, filter)) : inPeriod.rows;
  const held = useHeld(found, (op) => op.key);
  const hasNext = list.hasNextPage && inPeriod.open;

  if (list.isPending) return <Loader aria-label={t("loading")} />;
  if (!list.data) return <Unread error={list.error} onRetry={() => void list.refetch()} />;
  if (all.length === 0) return <Nothing title={t("operations.none")} text={t("operations.noneTodo")} />;

  return (
    <>
      <div className="chips">
        <PeriodSwitch period={period} onChange={setPeriod} />
        {FILTERS.map((f) => (
          <button
            key={f}
            type="button"
            className="chip"
            aria-pressed={filter === f}
            onClick={() => setFilter(filter === f ? "" : f)}
          >
            {t(`operations.filters.${f}`)}
          </button>
        ))}
      </div>
      <Listed
        list={{ ...list, hasNextPage: hasNext }}
        count={found.length}
        narrowed={filter ? "filter" : "days"}
        none={null}
        onWiden={() => setPeriod("all")}
        onClear={() => setFilter("")}
      >
        <Held held={held}>
          {narrow ? (
            <OperationCards operations={held.rows} tillId={tillId} />
          ) : (
            <OperationTable operations={held.rows} tillId={tillId} />
          )}
        </Held>
      </Listed>
    </>
  );
}

function useOpen() {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string) =>
    setOpen((old) => {
      const next = new Set(old);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  return { open, toggle };
}

/** Table of operations; also shown short, on the till's first tab. */
export function OperationTable({ operations, tillId }: { operations: readonly Operation[]; tillId: string }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const { open, toggle } = useOpen();
  const name = useOperationName();
  const columns = can("money:view") ? 7 : 6;
  return (
    <div className="tablebox">
      <table className="table" aria-label={t("tabs.operations")}>
        <thead>
          <tr>
            <th scope="col">{t("operations.time")}</th>
            <th scope="col">{t("operations.what")}</th>
            {can("money:view") && (
              <th scope="col" className="right">
                {t("operations.sum")}
              </th>
            )}
            <th scope="col">{t("marks.check.title")}</th>
            <th scope="col">{t("marks.paper.title")}</th>
            <th scope="col">{t("marks.ofd.title")}</th>
            <th scope="col">{t("marks.cloud.title")}</th>
          </tr>
        </thead>
        {operations.map((op) => {
          const sum = sumOf(op);
          return (
            <tbody key={op.key}>
              <tr>
                <td className="nowrap">
                  <When ms={op.acceptedMs} />
                </td>
                <td>
                  <button
                    type="button"
                    className="plain"
                    style={{ justifyContent: "flex-start", gap: 6, width: "auto" }}
                    aria-expanded={open.has(op.key)}
                    onClick={() => toggle(op.key)}
                  >
                    <span className="strong">{name(op)}</span>
                    <IconDown size={12} className={open.has(op.key) ? "up quiet" : "quiet"} />
                  </button>
                </td>
                {can("money:view") && (
                  <td className="right nowrap">
                    {sum === undefined ? (
                      <span className="quiet">—</span>
                    ) : (
                      money(sum, lang, op.receipt?.currency)
                    )}
                  </td>
                )}
                <Marks op={op} cell={(mark, track) => <td key={track}>{mark}</td>} />
              </tr>
              {open.has(op.key) && (
                <tr>
                  <td colSpan={columns} style={{ background: "var(--raised)" }}>
                    <OperationDetail op={op} tillId={tillId} />
                  </td>
                </tr>
              )}
            </tbody>
          );
        })}
      </table>
    </div>
  );
}

function OperationCards({ operations, tillId }: { operations: readonly Operation[]; tillId: string }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const { open, toggle } = useOpen();
  const name = useOperationName();
  return (
    <ul className="cards" aria-label={t("tabs.operations")}>
      {operations.map((op) => {
        const sum = sumOf(op);
        return (
          <li key={op.key} className="card">
            <button
              type="button"
              className="plain"
              aria-expanded={open.has(op.key)}
              onClick={() => toggle(op.key)}
            >
              <span>
                <span className="strong">{name(op)}</span>{" "}
                <span className="quiet small">
                  <When ms={op.acceptedMs} />
                </span>
              </span>
              {can("money:view") && sum !== undefined && (
                <span className="num nowrap">{money(sum, lang, op.receipt?.currency)}</span>
              )}
            </button>
            <dl className="pairs" style={{ gridTemplateColumns: "repeat(2, max-content minmax(0, 1fr))" }}>
              <Marks
                op={op}
                cell={(mark, track) => (
                  <div key={track} style={{ display: "contents" }}>
                    <dt>{track}</dt>
                    <dd>{mark}</dd>
                  </div>
                )}
                bare
              />
            </dl>
            {open.has(op.key) && <OperationDetail op={op} tillId={tillId} />}
          </li>
        );
      })}
    </ul>
  );
}

/** Name of an operation; a correction says so before what it corrects. */
function useOperationName(): (op: Operation) => string {
  const { t } = useTranslation();
  return (op) => {
    const kind = t(kindKey(op.kind));
    return op.receipt?.correction ? `${t("forms.correction")}: ${kind}` : kind;
  };
}

function Marks(p: {
  op: Operation;
  cell: (mark: React.ReactNode, track: string) => React.ReactNode;
  /** The name of the track already stands beside the mark. */
  bare?: boolean;
}) {
  const { t } = useTranslation();
  const lang = useLang();
  const age = useAge();
  const now = useNow(60_000);
  const { op } = p;
  const ended = op.endedMs || op.acceptedMs;
  const since = t("marks.already", { age: age(now.getTime() - Number(ended)) });
  const took = op.endedMs > 0n ? age(Number(op.endedMs - op.acceptedMs)) : undefined;
  const check = t("marks.check.title");
  const paper = t("marks.paper.title");
  const ofd = t("marks.ofd.title");
  const cloud = t("marks.cloud.title");
  const label = (track: string) => (p.bare ? "" : track);
  return (
    <>
      {p.cell(
        <MarkView
          mark={checkMark(op)}
          track={label(check)}
          hint={[operationText(lang, op), took && t("marks.took", { age: took })].filter(Boolean).join(" ")}
        />,
        check,
      )}
      {p.cell(
        <MarkView
          mark={paperMark(op.paper)}
          track={label(paper)}
          hint={op.paper === PaperTrack.OWED ? `${t("marks.paper.owedHint")} ${since}.` : undefined}
        />,
        paper,
      )}
      {p.cell(
        <MarkView
          mark={ofdMark(op.ofd)}
          track={label(ofd)}
          hint={op.ofd === OFDTrack.OFD_TRACK_QUEUED ? `${t("marks.ofd.queuedHint")} ${since}.` : undefined}
        />,
        ofd,
      )}
      {p.cell(<MarkView mark={CLOUD_MARK} track={label(cloud)} />, cloud)}
    </>
  );
}

/** What the operation was, what became of it and how we know. */
function OperationDetail({ op, tillId }: { op: Operation; tillId: string }) {
  const { t } = useTranslation();
  const lang = useLang();
  const d = op.document;
  const text = operationText(lang, op);
  return (
    <div>
      {text && (
        <div>
          <span lang={langOfSaid(lang, text, op.text)}>{text}</span> <HelpLink code={op.reason} />
        </div>
      )}
      <dl className="pairs">
        {d && d.fd > 0 && (
          <>
            <dt>{t("operations.document")}</dt>
            <dd>
              <Link to={`/tills/${encodeURIComponent(tillId)}/documents/${d.fn}/${d.fd}`}>
                {t("fd")} {d.fd}
              </Link>
            </dd>
          </>
        )}
        {op.cashier?.name && (
          <>
            <dt>{t("document.cashier")}</dt>
            <dd>{op.cashier.name}</dd>
          </>
        )}
        <dt>{t("operations.key")}</dt>
        <dd className="mono">{op.key}</dd>
        {op.attempt > 0 && (
          <>
            <dt>{t("operations.attempts")}</dt>
            <dd>{op.attempt + 1}</dd>
          </>
        )}
        {op.duplicateOf && (
          <>
            <dt>{t("operations.twin")}</dt>
            <dd className="mono">{op.duplicateOf}</dd>
          </>
        )}
        {op.evidence.length > 0 && (
          <>
            <dt>{t("operations.evidence")}</dt>
            <dd>
              {op.evidence.map((line, i) => (
                <div key={`${i} ${line}`} className="mono" style={{ display: "block" }}>
                  <Spoken text={line} write={plainly} />
                </div>
              ))}
            </dd>
          </>
        )}
      </dl>
    </div>
  );
}
