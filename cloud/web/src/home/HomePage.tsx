import { useQuery } from "@connectrpc/connect-query";
import { Loader, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import { useLang } from "../fleet/facts";
import { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import { type Figures, type RevenueRow, Span } from "../gen/cabinet/v1/figures_pb";
import { money, whole } from "../ui/format";
import { Nothing, Unread } from "../ui/Nothing";
import { useNow } from "../ui/time";
import { change, hoursOf, isoDay } from "./figures";

/** «Главная» of an owner: how much came in today, and is that much? */
export default function HomePage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const now = useNow(60_000);
  const day = (back: number) => isoDay(new Date(now.getFullYear(), now.getMonth(), now.getDate() - back));
  const may = { enabled: can("money:view"), refetchInterval: 60_000 };
  const revenue = DocumentsService.method.getRevenue;
  const today = useQuery(revenue, { from: day(0), to: day(0), span: Span.HOUR }, may);
  const yesterday = useQuery(revenue, { from: day(1), to: day(1), span: Span.HOUR }, may);
  const month = useQuery(revenue, { from: `${day(0).slice(0, 7)}-01`, to: day(0), span: Span.DAY }, may);
  if (!can("money:view"))
    return (
      <Nothing title={t("nothing.forbidden")} text={t("nothing.forbiddenTodo", { code: "money:view" })} />
    );
  const failed = [today, yesterday, month].find((q) => q.error && !q.data);
  return (
    <>
      <div className="title">
        <Title order={1}>{t("home.title")}</Title>
      </div>
      {failed ? (
        <Unread error={failed.error} onRetry={() => void failed.refetch()} />
      ) : !today.data || !yesterday.data || !month.data ? (
        <Loader aria-label={t("loading")} />
      ) : (
        <>
          <div
            style={{
              display: "grid",
              gap: 12,
              gridTemplateColumns: "repeat(auto-fit, minmax(220px, 1fr))",
              marginBottom: 16,
            }}
          >
            <Card
              title={t("home.today")}
              now={today.data.total}
              before={today.data.previous}
              to={`?from=${day(0)}&to=${day(0)}`}
            />
            <Card
              title={t("home.yesterday")}
              now={yesterday.data.total}
              before={yesterday.data.previous}
              to={`?from=${day(1)}&to=${day(1)}`}
            />
            <Card
              title={t("home.month")}
              now={month.data.total}
              before={month.data.previous}
              to={`?from=${day(0).slice(0, 7)}-01&to=${day(0)}`}
            />
          </div>
          <Hours today={today.data.spans} yesterday={yesterday.data.spans} />
        </>
      )}
    </>
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
function Hours({ today, yesterday }: { today: readonly RevenueRow[]; yesterday: readonly RevenueRow[] }) {
  const { t } = useTranslation();
  const lang = useLang();
  const rows = hoursOf(today, yesterday);
  if (rows.length === 0) return <Nothing title={t("home.none")} text={t("home.noneTodo")} />;
  const most = rows.reduce((n, r) => Math.max(n, Number(r.today), Number(r.yesterday)), 1);
  const height = (sum: bigint) => Math.max(0, (Number(sum) / most) * HEIGHT);
  return (
    <section className="panel">
      <Title order={2}>{t("home.hours")}</Title>
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
      <div className="tablebox" style={{ maxWidth: 520 }}>
        <table className="table" aria-label={t("home.hours")}>
          <thead>
            <tr>
              <th scope="col">{t("home.hour")}</th>
              <th scope="col" className="right">
                <i
                  aria-hidden="true"
                  style={{ ...SWATCH, background: "var(--mantine-primary-color-filled)" }}
                />
                {t("home.today")}
              </th>
              <th scope="col" className="right">
                <i aria-hidden="true" style={{ ...SWATCH, background: "currentColor", opacity: 0.4 }} />
                {t("home.yesterday")}
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
    </section>
  );
}
