import { createClient } from "@connectrpc/connect";
import { useQuery, useTransport } from "@connectrpc/connect-query";
import { Loader, SegmentedControl, Title } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import { Exports } from "../documents/Exports";
import { PlaceField } from "../documents/Filters";
import { useFilter } from "../documents/inputs";
import { useParam } from "../documents/lists";
import { useLang } from "../fleet/facts";
import { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import { type Figures, Place, type RevenueRow, Span } from "../gen/cabinet/v1/figures_pb";
import { money, ofCivil, whole } from "../ui/format";
import { Forbidden, Nothing, NothingByFilter, Unread } from "../ui/Nothing";
import { useNow, When } from "../ui/time";
import { change, hoursOf, isoDay } from "./figures";
import { Places } from "./Places";
import { Technician } from "./Technician";

/** «Главная»: what needs somebody, for who keeps the tills; what came in, for who owns them. Each sees what they may. */
export default function HomePage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const tills = can("tills:view");
  const rich = can("money:view");
  if (!tills && !rich) return <Forbidden needs="tills:view" />;
  return (
    <>
      <div className="title">
        <Title order={1}>{t("nav.home")}</Title>
      </div>
      {tills && <Technician />}
      {rich && <Owner />}
    </>
  );
}

const SHOWN = ["today", "yesterday", "month"] as const;
type Shown = (typeof SHOWN)[number];

/** What came in today, yesterday and this month; by hour and by outlet. */
function Owner() {
  const { t } = useTranslation();
  const transport = useTransport();
  const now = useNow(60_000);
  const [text, show] = useParam("show");
  const place = useFilter<"node">(["node"]);
  const nodeId = place.chosen.node ?? "";
  const shown: Shown = SHOWN.find((x) => x === text) ?? "today";
  const day = (back: number) => isoDay(new Date(now.getFullYear(), now.getMonth(), now.getDate() - back));
  const often = { refetchInterval: 60_000 };
  const revenue = DocumentsService.method.getRevenue;
  const periods: Record<Shown, { from: string; to: string }> = {
    today: { from: day(0), to: day(0) },
    yesterday: { from: day(1), to: day(1) },
    month: { from: `${day(0).slice(0, 7)}-01`, to: day(0) },
  };
  const today = useQuery(revenue, { ...periods.today, nodeId, span: Span.HOUR }, often);
  const yesterday = useQuery(revenue, { ...periods.yesterday, nodeId, span: Span.HOUR }, often);
  const month = useQuery(revenue, { ...periods.month, nodeId, span: Span.DAY }, often);
  const asked = { ...periods[shown], nodeId, span: Span.HOUR, place: Place.OUTLET };
  const detail = useQuery(revenue, asked, { ...often, placeholderData: keepPreviousData });
  const from = detail.data?.previousFrom ?? "";
  const before = useQuery(
    revenue,
    { from, to: detail.data?.previousTo ?? "", nodeId, span: Span.HOUR },
    { enabled: from !== "", placeholderData: keepPreviousData },
  );
  const failed = [today, yesterday, month, detail].find((q) => q.error && !q.data);
  const everywhere = nodeId ? () => place.put("node", "") : undefined;
  if (failed)
    return <Unread error={failed.error} onClear={everywhere} onRetry={() => void failed.refetch()} />;
  if (!today.data || !yesterday.data || !month.data || !detail.data)
    return <Loader aria-label={t("loading")} />;
  const cards: [Shown, typeof today.data][] = [
    ["today", today.data],
    ["yesterday", yesterday.data],
    ["month", month.data],
  ];
  return (
    <section aria-label={t("home.title")} style={{ marginTop: 24 }}>
      <div className="title" style={{ alignItems: "end" }}>
        <Title order={2}>{t("home.title")}</Title>
        <PlaceField chosen={place.chosen} onChange={({ node }) => place.put("node", node)} />
        {today.data.newestAt && (
          <span className="quiet">
            {t("front.newest")}: <When at={ofCivil(today.data.newestAt)} />
          </span>
        )}
      </div>
      <div
        style={{
          display: "grid",
          gap: 12,
          gridTemplateColumns: "repeat(auto-fit, minmax(220px, 1fr))",
          marginBottom: 16,
        }}
      >
        {cards.map(([name, data]) => (
          <Card
            key={name}
            title={t(`home.${name}`)}
            now={data.total}
            before={data.previous}
            to={`?${new URLSearchParams({ ...place.chosen, ...periods[name] })}`}
          />
        ))}
      </div>
      <div className="title">
        <SegmentedControl
          size="xs"
          value={shown}
          onChange={(v) => show(v === "today" ? "" : v)}
          data={SHOWN.map((value) => ({ value, label: t(`home.${value}`) }))}
          aria-label={t("periods.title")}
        />
        <Exports
          make={(format) =>
            createClient(DocumentsService, transport).exportRevenue({
              request: { ...periods[shown], nodeId, span: Span.HOUR },
              format,
            })
          }
        />
      </div>
      <Hours
        now={detail.data.spans}
        before={before.data?.spans ?? []}
        title={t(`home.${shown}`)}
        onClear={everywhere}
      />
      <Places
        places={detail.data.places}
        previous={detail.data.previousPlaces}
        within={{ ...place.chosen, ...periods[shown] }}
      />
    </section>
  );
}

function Card(p: { title: string; now: Figures | undefined; before: Figures | undefined; to: string }) {
  const { t } = useTranslation();
  const lang = useLang();
  const sum = p.now?.revenue ?? 0n;
  const percent = change(sum, p.before?.revenue ?? 0n);
  return (
    <section className="panel" aria-label={p.title}>
      <div className="quiet">{p.title}</div>
      <div className="num nowrap" style={{ fontSize: 24, fontWeight: 600, margin: "4px 0" }}>
        {money(sum, lang)}
      </div>
      <dl className="pairs">
        <dt>{t("home.receipts")}</dt>
        <dd className="num">
          <Link to={`/documents${p.to}`}>{whole(p.now?.receipts ?? 0, lang)}</Link>
        </dd>
        <dt>{t("home.average")}</dt>
        <dd className="num nowrap">{money(p.now?.average ?? 0n, lang)}</dd>
        <dt>{t("finder.cash")}</dt>
        <dd className="num nowrap">{money(p.now?.cash ?? 0n, lang)}</dd>
        <dt>{t("home.returns")}</dt>
        <dd className="num nowrap">{money(p.now?.returns ?? 0n, lang)}</dd>
        <dt>{t("home.before")}</dt>
        <dd className="num">
          <span className="nowrap">{money(p.before?.revenue ?? 0n, lang)}</span>
          {percent !== undefined && (
            <>
              {" "}
              <span className="nowrap">
                ({percent > 0 ? "+" : ""}
                {percent} %)
              </span>
            </>
          )}
        </dd>
      </dl>
    </section>
  );
}

const HEIGHT = 120;

/** Says which bars a column is. */
const SWATCH = { display: "inline-block", width: 8, height: 8, marginRight: 6, borderRadius: 2 } as const;

/** Revenue by hour as bars and, with the same numbers, as a table. */
function Hours(p: {
  now: readonly RevenueRow[];
  before: readonly RevenueRow[];
  title: string;
  onClear: (() => void) | undefined;
}) {
  const { t } = useTranslation();
  const lang = useLang();
  const rows = hoursOf(p.now, p.before);
  if (rows.length === 0)
    return p.onClear ? (
      <NothingByFilter onClear={p.onClear} />
    ) : (
      <Nothing title={t("home.none")} text={t("home.noneTodo")} />
    );
  const most = rows.reduce((n, r) => Math.max(n, Number(r.today), Number(r.yesterday)), 1);
  const height = (sum: bigint) => Math.max(0, (Number(sum) / most) * HEIGHT);
  return (
    <section className="panel" style={{ marginBottom: 16 }}>
      <Title order={3} size="h2">
        {t("home.hours")}
      </Title>
      <div className="hours">
        <svg
          viewBox={`0 0 ${rows.length * 24} ${HEIGHT + 18}`}
          style={{
            width: "100%",
            maxWidth: rows.length * 48,
            height: "auto",
            maxHeight: 220,
            display: "block",
            margin: "8px 0",
          }}
          preserveAspectRatio="xMinYMid"
          aria-hidden="true"
        >
          {rows.map((r, i) => (
            <g key={r.hour} transform={`translate(${i * 24} 0)`}>
              <rect
                x="2"
                width="9"
                y={HEIGHT - height(r.yesterday)}
                height={height(r.yesterday)}
                fill="currentColor"
                opacity="0.25"
              />
              <rect
                x="12"
                width="9"
                y={HEIGHT - height(r.today)}
                height={height(r.today)}
                fill="var(--mantine-primary-color-filled)"
              />
              <text x="12" y={HEIGHT + 13} fontSize="9" textAnchor="middle" fill="currentColor">
                {r.hour}
              </text>
            </g>
          ))}
        </svg>
        <div className="tablebox">
          <table className="table" aria-label={t("home.hours")}>
            <thead>
              <tr>
                <th scope="col">{t("home.hour")}</th>
                <th scope="col" className="right">
                  <i
                    aria-hidden="true"
                    style={{ ...SWATCH, background: "var(--mantine-primary-color-filled)" }}
                  />
                  {p.title}
                </th>
                <th scope="col" className="right">
                  <i aria-hidden="true" style={{ ...SWATCH, background: "currentColor", opacity: 0.4 }} />
                  {t("home.before")}
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((r) => (
                <tr key={r.hour}>
                  <td className="num">{String(r.hour).padStart(2, "0")}:00</td>
                  <td className="right num nowrap">{money(r.today, lang)}</td>
                  <td className="right num nowrap">{money(r.yesterday, lang)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </section>
  );
}
