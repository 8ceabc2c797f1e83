import { createClient } from "@connectrpc/connect";
import { useInfiniteQuery, useTransport } from "@connectrpc/connect-query";
import { Title } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import type { ParseKeys } from "i18next";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { Exports } from "../documents/Exports";
import { Filters } from "../documents/Filters";
import { useFilter } from "../documents/inputs";
import { Listed, narrowedBy } from "../documents/lists";
import { useLang } from "../fleet/facts";
import { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import type { Shift } from "../gen/cabinet/v1/figures_pb";
import { money, ofCivil, whole } from "../ui/format";
import { IconGreen, IconGrey, IconRed, IconYellow } from "../ui/icons";
import { Forbidden, Nothing } from "../ui/Nothing";
import { useNow, When } from "../ui/time";
import { average, dayAgo, pathOf, type Standing, standingOf } from "./shift";

const FIELDS = ["from", "to", "node", "till", "outlet", "only"] as const;
type Field = (typeof FIELDS)[number];

/** «Смены»: what did each shift take, and does the till say the same? */
export default function ShiftsPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const narrow = useNarrow();
  const transport = useTransport();
  const now = useNow(60_000);
  const state = useFilter<Field>(FIELDS);
  const { chosen, drop } = state;
  const rich = can("money:view");
  const only = [
    { value: "open", label: t("shifts.only.open") },
    { value: "late", label: t("shifts.only.late") },
    ...(rich ? [{ value: "different", label: t("shifts.only.different") }] : []),
  ];
  const filter = {
    from: chosen.from ?? "",
    to: chosen.to ?? "",
    tillIds: chosen.till ? [chosen.till] : [],
    nodeId: chosen.node ?? "",
    outletId: chosen.outlet ?? "",
    open: chosen.only === "open",
    openedBefore: chosen.only === "late" ? dayAgo(now) : "",
    different: rich && chosen.only === "different",
  };
  const list = useInfiniteQuery(
    DocumentsService.method.listShifts,
    { ...filter, limit: 50, page: "" },
    {
      pageParamKey: "page",
      getNextPageParam: (last) => last.nextPage || undefined,
      placeholderData: keepPreviousData,
      enabled: can("documents:view"),
    },
  );
  if (!can("documents:view")) return <Forbidden needs="documents:view" />;
  const shifts = (list.data?.pages ?? []).flatMap((p) => p.shifts);
  return (
    <>
      <div className="title">
        <Title order={1}>{t("shifts.title")}</Title>
        {rich && shifts.length > 0 && (
          <Exports
            make={(format) => createClient(DocumentsService, transport).exportShifts({ filter, format })}
          />
        )}
      </div>
      <Filters
        state={state}
        inputs={[
          { field: "from", label: t("finder.fields.from") },
          { field: "to", label: t("finder.fields.to") },
          { field: "node", label: t("finder.fields.node") },
          { field: "only", label: t("shifts.fields.only"), options: only, width: 200 },
        ]}
      />
      <Listed
        list={list}
        count={shifts.length}
        narrowed={narrowedBy(state.set)}
        none={<Nothing title={t("shifts.none")} text={t("shifts.noneTodo")} />}
        onWiden={() => drop(["from", "to"])}
        onClear={() => drop(FIELDS)}
      >
        {narrow ? <Cards shifts={shifts} /> : <Table shifts={shifts} />}
      </Listed>
    </>
  );
}

const STANDING = {
  open: [IconGrey, "grey"],
  late: [IconRed, "red"],
  uncounted: [IconGrey, "grey"],
  different: [IconYellow, "yellow"],
  same: [IconGreen, "green"],
} as const;

/** Whether the till counted the same, with a word and a picture. */
export function StandingView({ standing }: { standing: Standing }) {
  const { t } = useTranslation();
  const [Icon, colour] = STANDING[standing];
  return (
    <span className="mark">
      <Icon className={colour} />
      <span>{t(`shifts.standing.${standing}`)}</span>
    </span>
  );
}

function Table({ shifts }: { shifts: readonly Shift[] }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const navigate = useNavigate();
  const now = useNow(60_000);
  const rich = can("money:view");
  const right = (word: ParseKeys) => (
    <th scope="col" className="right">
      {t(word)}
    </th>
  );
  return (
    <div className="tablebox">
      <table className="table wide" aria-label={t("shifts.title")}>
        <thead>
          <tr>
            <th scope="col">№</th>
            <th scope="col">{t("finder.till")}</th>
            <th scope="col">{t("shifts.opened")}</th>
            <th scope="col">{t("shifts.closed")}</th>
            {rich && <th scope="col">{t("document.cashier")}</th>}
            {right("home.receipts")}
            {rich && (
              <>
                {right("shifts.revenue")}
                {right("finder.cash")}
                {right("finder.cashless")}
                {right("home.returns")}
                {right("home.average")}
                {right("shifts.positions")}
              </>
            )}
            <th scope="col">{t("shifts.difference")}</th>
          </tr>
        </thead>
        <tbody>
          {shifts.map((s) => (
            <tr
              key={`${s.fn} ${s.number}`}
              className="link"
              onClick={(e) => {
                if (!(e.target as Element).closest("a, button") && !getSelection()?.toString())
                  navigate(pathOf(s));
              }}
            >
              <td>
                <Link to={pathOf(s)}>{s.number}</Link>
              </td>
              <td style={{ minWidth: 108 }}>
                {s.till}
                <div className="small quiet">{s.outlet}</div>
              </td>
              <td>{s.openedAt ? <When at={ofCivil(s.openedAt)} /> : "—"}</td>
              <td>{s.closedAt ? <When at={ofCivil(s.closedAt)} /> : t("shifts.stillOpen")}</td>
              {rich && <td style={{ minWidth: 118 }}>{s.cashier}</td>}
              <td className="right">{whole(s.receipts, lang)}</td>
              {rich && (
                <>
                  <td className="right nowrap strong">{money(s.figures?.revenue ?? 0n, lang)}</td>
                  <td className="right nowrap">{money(s.figures?.cash ?? 0n, lang)}</td>
                  <td className="right nowrap">{money(s.figures?.cashless ?? 0n, lang)}</td>
                  <td className="right nowrap">{money(s.figures?.returns ?? 0n, lang)}</td>
                  <td className="right nowrap">{money(s.figures?.average ?? 0n, lang)}</td>
                  <td className="right">{average(s.figures?.positionsAverage ?? 0, lang)}</td>
                </>
              )}
              <td style={{ minWidth: 104 }}>
                <StandingView standing={standingOf(s, now)} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cards({ shifts }: { shifts: readonly Shift[] }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const now = useNow(60_000);
  return (
    <ul className="cards" aria-label={t("shifts.title")}>
      {shifts.map((s) => (
        <li key={`${s.fn} ${s.number}`}>
          <Link className="card" to={pathOf(s)}>
            <div style={{ display: "flex", justifyContent: "space-between", gap: 12 }}>
              <span className="strong">{t("shifts.one", { number: s.number })}</span>
              {can("money:view") && (
                <span className="num nowrap">{money(s.figures?.revenue ?? 0n, lang)}</span>
              )}
            </div>
            <div className="quiet small">
              {s.till} · {s.outlet}
            </div>
            <div className="quiet small">
              {s.openedAt ? <When at={ofCivil(s.openedAt)} /> : "—"}
              {" · "}
              {s.closedAt ? <When at={ofCivil(s.closedAt)} /> : t("shifts.stillOpen")}
            </div>
            <div className="small">
              <span className="quiet">{t("shifts.difference")}: </span>
              <StandingView standing={standingOf(s, now)} />
            </div>
          </Link>
        </li>
      ))}
    </ul>
  );
}
