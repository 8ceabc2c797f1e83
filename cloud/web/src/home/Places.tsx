import { Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useNarrow } from "../app/Frame";
import { useLang } from "../fleet/facts";
import type { RevenueRow } from "../gen/cabinet/v1/figures_pb";
import { money, ofCivil, whole } from "../ui/format";
import { When } from "../ui/time";
import { change, type PlaceOrder, placesOf, sortPlaces } from "./figures";

const COLUMNS = [
  ["place", "front.outlet"],
  ["revenue", "shifts.revenue"],
  ["before", "home.before"],
  ["receipts", "home.receipts"],
  ["average", "home.average"],
  ["newest", "front.newest"],
] as const satisfies readonly (readonly [PlaceOrder, string])[];

/** Revenue by outlet, in whatever order one likes. */
export function Places(p: {
  places: readonly RevenueRow[];
  previous: readonly RevenueRow[];
  /** What else is chosen: the days, and a place they all are in. */
  within: { from: string; to: string; node?: string };
}) {
  const { t } = useTranslation();
  const lang = useLang();
  const narrow = useNarrow();
  const [order, setOrder] = useState<{ by: PlaceOrder; up: boolean }>({ by: "revenue", up: false });
  const rows = sortPlaces(placesOf(p.places, p.previous), order.by, order.up);
  if (rows.length === 0) return null;
  const to = (outlet: string) => `/documents?${new URLSearchParams({ outlet, ...p.within })}`;
  const percent = (now: bigint, before: bigint) => {
    const n = change(now, before);
    return n === undefined ? "" : ` (${n > 0 ? "+" : ""}${n} %)`;
  };
  return (
    <section>
      <Title order={3} size="h2">
        {t("front.outlets")}
      </Title>
      {narrow ? (
        <ul className="cards" aria-label={t("front.outlets")}>
          {rows.map((r) => (
            <li key={r.id}>
              <Link className="card" to={to(r.id)}>
                <div style={{ display: "flex", justifyContent: "space-between", gap: 12 }}>
                  <span className="strong">{r.name}</span>
                  <span className="num nowrap">{money(r.revenue, lang)}</span>
                </div>
                <div className="quiet small">
                  {t("home.receipts")}: {whole(r.receipts, lang)} · {t("home.average")}:{" "}
                  {money(r.average, lang)}
                  {percent(r.revenue, r.before)}
                </div>
                {r.newest && (
                  <div className="quiet small">
                    {t("front.newest")}: <When at={ofCivil(r.newest)} />
                  </div>
                )}
              </Link>
            </li>
          ))}
        </ul>
      ) : (
        <div className="tablebox">
          <table className="table" aria-label={t("front.outlets")}>
            <thead>
              <tr>
                {COLUMNS.map(([by, word]) => (
                  <th
                    key={by}
                    scope="col"
                    className={by === "place" || by === "newest" ? undefined : "right"}
                    aria-sort={order.by === by ? (order.up ? "ascending" : "descending") : undefined}
                  >
                    <button
                      type="button"
                      className="sort"
                      onClick={() => setOrder({ by, up: order.by === by ? !order.up : by === "place" })}
                      style={{
                        font: "inherit",
                        color: "inherit",
                        background: "none",
                        border: 0,
                        padding: 0,
                        cursor: "pointer",
                      }}
                    >
                      {t(word)}
                      {order.by === by && (order.up ? " ↑" : " ↓")}
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((r) => (
                <tr key={r.id}>
                  <td>
                    <Link to={to(r.id)}>{r.name}</Link>
                  </td>
                  <td className="right nowrap strong">{money(r.revenue, lang)}</td>
                  <td className="right nowrap">
                    {money(r.before, lang)}
                    {percent(r.revenue, r.before)}
                  </td>
                  <td className="right">{whole(r.receipts, lang)}</td>
                  <td className="right nowrap">{money(r.average, lang)}</td>
                  <td className="nowrap">{r.newest ? <When at={ofCivil(r.newest)} /> : "—"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
