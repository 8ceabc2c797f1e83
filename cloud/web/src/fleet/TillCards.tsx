import type { RefObject } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { money } from "../ui/format";
import { AgentCell, FNCell, LastCell, ShiftCell, StateCell, StopCell, UnsentCell, useLang } from "./facts";
import { useRows } from "./useRows";

/** Height of a usual card, and the space between two (app.css), px. */
const CARD = 372;
const GAP = 8;

/** The tills as cards, for a phone. */
export function TillCards({ tills }: { tills: readonly Till[] }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const rows = useRows(tills.length, CARD, GAP);
  return (
    <ul
      className="cards"
      aria-label={t("tills.title")}
      ref={rows.box as RefObject<HTMLUListElement | null>}
      style={{ paddingTop: rows.before, paddingBottom: rows.after }}
    >
      {tills.slice(rows.first, rows.end).map((till, i) => (
        <li key={till.id} ref={rows.measure} data-index={rows.first + i}>
          <Link className="card" to={`/tills/${encodeURIComponent(till.id)}`}>
            <div style={{ display: "flex", justifyContent: "space-between", gap: 12 }}>
              <span className="strong">{till.name}</span>
              <span className="quiet" style={{ textAlign: "right" }}>
                {till.outlet}
              </span>
            </div>
            <div style={{ marginTop: 4 }}>
              <StateCell till={till} />
            </div>
            <dl className="pairs">
              <dt>{t("cols.model")}</dt>
              <dd>
                <div className="nowrap">{till.state?.model || "—"}</div>
                {till.state?.serial && (
                  <div className="small quiet nowrap">
                    {t("cols.serial")} {till.state.serial}
                  </div>
                )}
              </dd>
              <dt>{t("cols.fn")}</dt>
              <dd>
                <FNCell till={till} />
              </dd>
              <dt>{t("cols.shift")}</dt>
              <dd>
                <ShiftCell till={till} />
              </dd>
              {can("money:view") && (
                <>
                  <dt>{t("cols.revenue")}</dt>
                  <dd>
                    <div className="nowrap">{money(till.shiftTotal, lang)}</div>
                    <div className="small quiet nowrap">{t("receipts", { count: till.shiftReceipts })}</div>
                  </dd>
                </>
              )}
              <dt>{t("cols.last")}</dt>
              <dd>
                <LastCell till={till} />
              </dd>
              <dt>{t("cols.unsent")}</dt>
              <dd>
                <UnsentCell till={till} long />
              </dd>
              <dt>{t("cols.stop")}</dt>
              <dd>
                <StopCell till={till} />
              </dd>
              <dt>{t("cols.agent")}</dt>
              <dd>
                <AgentCell till={till} />
              </dd>
            </dl>
          </Link>
        </li>
      ))}
    </ul>
  );
}
