import { useInfiniteQuery, useQuery } from "@connectrpc/connect-query";
import { Loader, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { FoundCards, FoundTable } from "../documents/Found";
import { More } from "../documents/lists";
import { kindKey } from "../documents/marks";
import { useLang } from "../fleet/facts";
import { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import type { KindFigures, Shift } from "../gen/cabinet/v1/figures_pb";
import { money, ofCivil, whole } from "../ui/format";
import { IconBack } from "../ui/icons";
import { Forbidden, Nothing, Unread } from "../ui/Nothing";
import { TableBox } from "../ui/TableBox";
import { useNow, When } from "../ui/time";
import { StandingView } from "./ShiftsPage";
import { average, standingOf } from "./shift";

/** One shift: what it took by settlement and payment, whether the till counted the same and why not, and its documents. */
export default function ShiftPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const { fn = "", number = "" } = useParams();
  const n = /^\d{1,10}$/.test(number) ? Number(number) : 0;
  const shift = useQuery(
    DocumentsService.method.getShift,
    { fn, number: n },
    { enabled: can("documents:view") },
  );
  const now = useNow(60_000);
  const back = (
    <Link to="/shifts" className="quiet small back">
      <IconBack size={12} /> {t("shifts.title")}
    </Link>
  );
  if (!can("documents:view")) return <Forbidden needs="documents:view" />;
  if (shift.isPending) return <Loader aria-label={t("loading")} />;
  const s = shift.data?.shift;
  if (!s)
    return (
      <>
        {back}
        <Unread error={shift.error} onRetry={() => void shift.refetch()} />
      </>
    );
  return (
    <>
      {back}
      <div className="title" style={{ marginTop: 4 }}>
        <div>
          <Title order={1}>{t("shifts.one", { number: s.number })}</Title>
          <div className="quiet">
            {s.outlet ? `${s.outlet}: ${s.till}` : s.till} · {t("document.fn")} {s.fn}
          </div>
        </div>
        <div>
          <span className="quiet">{t("shifts.difference")}: </span>
          <StandingView standing={standingOf(s, now)} />
        </div>
      </div>
      <div
        style={{
          display: "grid",
          gap: 24,
          gridTemplateColumns: "repeat(auto-fit, minmax(min(100%, 340px), 1fr))",
          alignItems: "start",
          marginBottom: 24,
        }}
      >
        <div style={{ minWidth: 0 }}>
          {s.figures && <Kinds kinds={s.figures.kinds} />}
          <Difference shift={s} />
        </div>
        <Facts shift={s} />
      </div>
      <Content shift={s} />
    </>
  );
}

function Facts({ shift: s }: { shift: Shift }) {
  const { t } = useTranslation();
  const lang = useLang();
  return (
    <section className="panel" aria-label={t("document.facts")}>
      <Title order={2}>{t("document.facts")}</Title>
      <dl className="pairs">
        <dt>{t("shifts.opened")}</dt>
        <dd>{s.openedAt ? <When at={ofCivil(s.openedAt)} /> : "—"}</dd>
        <dt>{t("shifts.closed")}</dt>
        <dd>{s.closedAt ? <When at={ofCivil(s.closedAt)} /> : t("shifts.stillOpen")}</dd>
        {s.cashier && (
          <>
            <dt>{t("document.cashier")}</dt>
            <dd>{s.cashier}</dd>
          </>
        )}
        <dt>{t("home.receipts")}</dt>
        <dd className="num">{whole(s.receipts, lang)}</dd>
        {s.figures && (
          <>
            <dt>{t("shifts.revenue")}</dt>
            <dd className="num nowrap strong">{money(s.figures.revenue, lang)}</dd>
            <dt>{t("finder.cash")}</dt>
            <dd className="num nowrap">{money(s.figures.cash, lang)}</dd>
            <dt>{t("finder.cashless")}</dt>
            <dd className="num nowrap">{money(s.figures.cashless, lang)}</dd>
            <dt>{t("home.returns")}</dt>
            <dd className="num nowrap">{money(s.figures.returns, lang)}</dd>
            <dt>{t("home.average")}</dt>
            <dd className="num nowrap">{money(s.figures.average, lang)}</dd>
            <dt>{t("shifts.positions")}</dt>
            <dd className="num">{average(s.figures.positionsAverage, lang)}</dd>
          </>
        )}
      </dl>
    </section>
  );
}

function useKindName() {
  const { t } = useTranslation();
  return (k: { kind: KindFigures["kind"]; correction: boolean }) =>
    k.correction ? t("shifts.correction", { kind: t(kindKey(k.kind)) }) : t(kindKey(k.kind));
}

/** Settlement × payment. */
function Kinds({ kinds }: { kinds: readonly KindFigures[] }) {
  const { t } = useTranslation();
  const lang = useLang();
  const name = useKindName();
  if (kinds.length === 0) return <Nothing title={t("shifts.noReceipts")} />;
  const ways = (["cash", "electronic", "prepaid", "credit", "barter"] as const).filter(
    (w) => w === "cash" || w === "electronic" || kinds.some((k) => (k.payments?.[w] ?? 0n) !== 0n),
  );
  return (
    <section style={{ marginBottom: 16 }}>
      <Title order={2}>{t("shifts.byKind")}</Title>
      <TableBox>
        <table className="table" aria-label={t("shifts.byKind")}>
          <thead>
            <tr>
              <th scope="col">{t("finder.fields.kind")}</th>
              <th scope="col" className="right">
                {t("home.receipts")}
              </th>
              <th scope="col" className="right">
                {t("operations.sum")}
              </th>
              {ways.map((w) => (
                <th key={w} scope="col" className="right">
                  {t(`finder.payments.${w}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {kinds.map((k) => (
              <tr key={`${k.kind} ${k.correction}`}>
                <td>{name(k)}</td>
                <td className="right">{whole(k.receipts, lang)}</td>
                <td className="right nowrap strong">{money(k.total, lang)}</td>
                {ways.map((w) => (
                  <td key={w} className="right nowrap">
                    {money(k.payments?.[w] ?? 0n, lang)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </section>
  );
}

/** What the till counted otherwise, and what is known of why. */
function Difference({ shift: s }: { shift: Shift }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const name = useKindName();
  const missing = s.missing.reduce((n, m) => n + m.last - m.first + 1, 0);
  const rich = can("money:view");
  return (
    <section style={{ marginBottom: 16 }}>
      <Title order={2}>{t("shifts.counters")}</Title>
      {rich && s.differences.length > 0 && (
        <TableBox>
          <table className="table" aria-label={t("shifts.counters")}>
            <thead>
              <tr>
                <th scope="col">{t("finder.fields.kind")}</th>
                <th scope="col" className="right">
                  {t("shifts.tillReceipts")}
                </th>
                <th scope="col" className="right">
                  {t("shifts.ourReceipts")}
                </th>
                <th scope="col" className="right">
                  {t("shifts.tillSum")}
                </th>
                <th scope="col" className="right">
                  {t("shifts.ourSum")}
                </th>
                <th scope="col" className="right">
                  {t("shifts.difference")}
                </th>
              </tr>
            </thead>
            <tbody>
              {s.differences.map((d) => (
                <tr key={`${d.kind} ${d.correction}`}>
                  <td>{name(d)}</td>
                  <td className="right">{whole(d.receipts, lang)}</td>
                  <td className="right">{whole(d.ourReceipts, lang)}</td>
                  <td className="right nowrap">{money(d.total, lang)}</td>
                  <td className="right nowrap">{money(d.ourTotal, lang)}</td>
                  <td className="right nowrap strong">{money(d.total - d.ourTotal, lang)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableBox>
      )}
      <ul style={{ paddingLeft: 18, margin: "8px 0" }}>
        {!s.closedAt ? (
          <li>{t("shifts.why.open")}</li>
        ) : !s.counted ? (
          <li>{t("shifts.why.uncounted")}</li>
        ) : rich && s.differences.length === 0 ? (
          <li>{t("shifts.why.same")}</li>
        ) : null}
        {missing > 0 && (
          <li>
            {t("shifts.why.missing", { count: missing })}{" "}
            <span className="num">
              {s.missing.map((m) => (m.first === m.last ? `${m.first}` : `${m.first}–${m.last}`)).join(", ")}
            </span>
            . {t("shifts.why.missingTodo")}
          </li>
        )}
        {s.unread.length > 0 && (
          <li>
            {t("shifts.why.unread", { count: s.unread.length })}{" "}
            <span className="num">{s.unread.slice(0, 20).join(", ")}</span>
          </li>
        )}
        {rich && s.counted && s.differences.length > 0 && missing === 0 && s.unread.length === 0 && (
          <li>{t("shifts.why.unknown")}</li>
        )}
      </ul>
    </section>
  );
}

/** Its documents, newest first. */
function Content({ shift: s }: { shift: Shift }) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const list = useInfiniteQuery(
    DocumentsService.method.searchDocuments,
    { filter: { fn: s.fn, shift: s.number }, limit: 50, page: "" },
    { pageParamKey: "page", getNextPageParam: (last) => last.nextPage || undefined },
  );
  const found = (list.data?.pages ?? []).flatMap((p) => p.documents);
  return (
    <section>
      <Title order={2}>{t("tabs.documents")}</Title>
      {list.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !list.data ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : found.length === 0 ? (
        <Nothing title={t("documents.none")} text={t("documents.noneTodo")} />
      ) : (
        <>
          {narrow ? <FoundCards found={found} /> : <FoundTable found={found} />}
          <More
            shown={found.length}
            hasNext={list.hasNextPage}
            loading={list.isFetchingNextPage}
            onMore={() => void list.fetchNextPage()}
          />
        </>
      )}
    </section>
  );
}
