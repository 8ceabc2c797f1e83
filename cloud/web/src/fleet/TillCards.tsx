import type { RefObject } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { Pair } from "../ui/Pair";
import { RowMenu } from "./Actions";
import {
  AgentCell,
  FNCell,
  LastCell,
  OutletCell,
  RevenueCell,
  ShiftCell,
  StateCell,
  StopCell,
  UnsentCell,
} from "./facts";
import { useRows } from "./useRows";

/** Height of a usual card, and the space between two (app.css), px. */
const CARD = 372;
const GAP = 8;

/** The tills as cards, for a phone. */
export function TillCards({ tills }: { tills: readonly Till[] }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const may = can("tills:recover");
  const rows = useRows(tills.length, CARD, GAP);
  return (
    <ul
      className="cards"
      aria-label={t("tills.title")}
      ref={rows.box as RefObject<HTMLUListElement | null>}
      style={{ paddingTop: rows.before, paddingBottom: rows.after }}
    >
      {tills.slice(rows.first, rows.end).map((till, i) => (
        <li
          key={till.id}
          ref={rows.measure}
          data-index={rows.first + i}
          className={may ? "withmenu" : undefined}
        >
          <Link className="card" to={`/tills/${encodeURIComponent(till.id)}`}>
            <div className="cardhead">
              <span className="strong">{till.name}</span>
              <span className="quiet" style={{ textAlign: "right" }}>
                <OutletCell till={till} />
              </span>
            </div>
            <div style={{ marginTop: 4 }}>
              <StateCell till={till} linked />
            </div>
            <dl className="pairs">
              <Pair name={t("cols.model")}>
                <div className="nowrap">{till.state?.model || "—"}</div>
                {till.state?.serial && (
                  <div className="small quiet nowrap">
                    {t("cols.serial")} {till.state.serial}
                  </div>
                )}
              </Pair>
              <Pair name={t("cols.fn")}>
                <FNCell till={till} />
              </Pair>
              <Pair name={t("cols.shift")}>
                <ShiftCell till={till} />
              </Pair>
              {can("money:view") && (
                <Pair name={t("cols.revenue")}>
                  <RevenueCell till={till} />
                </Pair>
              )}
              <Pair name={t("cols.last")}>
                <LastCell till={till} />
              </Pair>
              <Pair name={t("cols.unsent")}>
                <UnsentCell till={till} long />
              </Pair>
              <Pair name={t("cols.stop")}>
                <StopCell till={till} />
              </Pair>
              <Pair name={t("cols.agent")}>
                <AgentCell till={till} />
              </Pair>
            </dl>
          </Link>
          <RowMenu till={till} />
        </li>
      ))}
    </ul>
  );
}
