import { createClient } from "@connectrpc/connect";
import { useInfiniteQuery, useTransport } from "@connectrpc/connect-query";
import { Title } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { Exports } from "../documents/Exports";
import { Filters } from "../documents/Filters";
import { useFilter, useTillOptions } from "../documents/inputs";
import { Listed, narrowedBy } from "../documents/lists";
import { MarkView } from "../documents/MarkView";
import { checkMark, kindKey } from "../documents/marks";
import { moment } from "../documents/period";
import { operationText } from "../documents/told";
import { actionKey } from "../fleet/actions";
import { useLang } from "../fleet/facts";
import { HistoryKind, type HistoryRow, HistoryService } from "../gen/cabinet/v1/history_pb";
import { money } from "../ui/format";
import { Forbidden, Nothing } from "../ui/Nothing";
import { useSaid } from "../ui/Spoken";
import { When } from "../ui/time";
import { ACTIONS, COMMAND_STATES, commandTone, KINDS, OPERATION_STATES, stateOf } from "./past";

const FIELDS = ["from", "to", "till", "what", "state"] as const;
type Field = (typeof FIELDS)[number];

/** «Операции»: what was done at the tills, by tills, people and rules, newest first? */
export default function PastPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const narrow = useNarrow();
  const transport = useTransport();
  const state = useFilter<Field>(FIELDS);
  const { chosen, drop } = state;
  const tills = useTillOptions();
  const what = chosen.what ?? "";
  const filter = {
    fromMs: moment(chosen.from),
    beforeMs: moment(chosen.to, true),
    tillId: chosen.till ?? "",
    what:
      what === "operations"
        ? HistoryKind.OPERATIONS
        : what === "commands"
          ? HistoryKind.COMMANDS
          : HistoryKind.UNSPECIFIED,
    kinds: what.startsWith("k") && KINDS.includes(Number(what.slice(1))) ? [Number(what.slice(1))] : [],
    actions: what.startsWith("a") && ACTIONS.includes(Number(what.slice(1))) ? [Number(what.slice(1))] : [],
    ...stateOf(chosen.state),
  };
  const list = useInfiniteQuery(
    HistoryService.method.listHistory,
    { filter, limit: 50, page: "" },
    {
      pageParamKey: "page",
      getNextPageParam: (last) => last.nextPage || undefined,
      placeholderData: keepPreviousData,
      enabled: can("documents:view"),
    },
  );
  if (!can("documents:view")) return <Forbidden needs="documents:view" />;
  const whats = [
    { value: "operations", label: t("past.operations") },
    ...KINDS.map((k) => ({ value: `k${k}`, label: t(kindKey(k)) })),
    { value: "commands", label: t("past.commands") },
    ...ACTIONS.map((a) => ({ value: `a${a}`, label: t(actionKey(a)) })),
  ];
  const states = [
    ...OPERATION_STATES.map((s) => ({ value: s, label: t(`past.states.${s}`) })),
    ...COMMAND_STATES.map((s) => ({ value: s, label: t(`past.states.${s}`) })),
  ];
  const rows = (list.data?.pages ?? []).flatMap((p) => p.rows);
  return (
    <>
      <div className="title">
        <Title order={1}>{t("past.title")}</Title>
        {rows.length > 0 && (
          <Exports
            make={(format) => createClient(HistoryService, transport).exportHistory({ filter, format })}
          />
        )}
      </div>
      <Filters
        state={state}
        inputs={[
          { field: "from", label: t("finder.fields.from") },
          { field: "to", label: t("finder.fields.to") },
          { field: "till", label: t("past.fields.till"), options: tills, width: 220 },
          { field: "what", label: t("past.fields.what"), options: whats, width: 220 },
          { field: "state", label: t("past.fields.state"), options: states, width: 190 },
        ]}
      />
      <Listed
        list={list}
        count={rows.length}
        narrowed={narrowedBy(state.set)}
        none={<Nothing title={t("operations.none")} text={t("operations.noneTodo")} />}
        onWiden={() => drop(["from", "to"])}
        onClear={() => drop(FIELDS)}
      >
        {narrow ? <Cards rows={rows} /> : <Table rows={rows} />}
      </Listed>
    </>
  );
}

const keyOf = (r: HistoryRow) =>
  r.what.case === "command" ? r.what.value.id : `${r.tillId} ${r.what.value?.operation?.key}`;

/** What was done, who asked for it, how it stands, and a word about it. */
function useTold() {
  const { t } = useTranslation();
  const lang = useLang();
  const said = useSaid();
  return (r: HistoryRow) => {
    if (r.what.case === "command") {
      const c = r.what.value;
      return {
        name: t(actionKey(c.action)),
        who: c.actor || (c.rule ? t("past.rule") : ""),
        text: [c.reason, said(c.run?.text ?? "")].filter(Boolean).join(" · "),
        mark: commandTone(c.state),
        to: `/tills/${encodeURIComponent(r.tillId)}`,
      };
    }
    const op = r.what.value?.operation;
    const d = op?.document;
    return {
      name: op ? t(kindKey(op.kind)) : "",
      who: op?.cashier?.name ?? "",
      text: op ? operationText(lang, op) : "",
      mark: op ? checkMark(op) : undefined,
      to: d?.fd
        ? `/tills/${encodeURIComponent(r.tillId)}/documents/${d.fn}/${d.fd}`
        : `/tills/${encodeURIComponent(r.tillId)}/operations`,
    };
  };
}

function Table({ rows }: { rows: readonly HistoryRow[] }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const told = useTold();
  return (
    <div className="tablebox">
      <table className="table" aria-label={t("past.title")}>
        <thead>
          <tr>
            <th scope="col">{t("operations.time")}</th>
            <th scope="col">{t("finder.till")}</th>
            <th scope="col">{t("operations.what")}</th>
            <th scope="col">{t("past.fields.state")}</th>
            {can("money:view") && (
              <th scope="col" className="right">
                {t("operations.sum")}
              </th>
            )}
            <th scope="col">{t("past.who")}</th>
            <th scope="col">{t("past.text")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((r) => {
            const x = told(r);
            const total =
              r.what.case === "operation" ? (r.what.value.operation?.document?.total ?? 0n) : undefined;
            return (
              <tr key={keyOf(r)}>
                <td className="nowrap">
                  <When ms={r.atMs} />
                </td>
                <td style={{ minWidth: 190 }}>
                  <Link to={`/tills/${encodeURIComponent(r.tillId)}`}>{r.till}</Link>
                  <div className="small quiet">{r.outlet}</div>
                </td>
                <td>
                  <Link to={x.to}>{x.name}</Link>
                  {r.what.case === "command" && <div className="small quiet">{t("past.command")}</div>}
                </td>
                <td>{x.mark && <MarkView mark={x.mark} track="" />}</td>
                {can("money:view") && <td className="right nowrap">{total ? money(total, lang) : "—"}</td>}
                <td>{x.who}</td>
                <td style={{ maxWidth: 340, overflowWrap: "anywhere" }}>{x.text}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Cards({ rows }: { rows: readonly HistoryRow[] }) {
  const { t } = useTranslation();
  const told = useTold();
  return (
    <ul className="cards" aria-label={t("past.title")}>
      {rows.map((r) => {
        const x = told(r);
        return (
          <li key={keyOf(r)}>
            <Link className="card" to={x.to}>
              <div style={{ display: "flex", justifyContent: "space-between", gap: 12 }}>
                <span className="strong">{x.name}</span>
                {x.mark && <MarkView mark={x.mark} track="" />}
              </div>
              <div className="quiet small">
                <When ms={r.atMs} /> · {r.till} · {r.outlet}
              </div>
              {(x.who || x.text) && <div className="small">{[x.who, x.text].filter(Boolean).join(": ")}</div>}
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
