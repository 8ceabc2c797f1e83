import { type RefObject, useId } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import type { Column } from "./columns";
import { useRows } from "./useRows";

/** Height of a usual row, px; the real one is measured when it comes near the screen. */
const ROW = 74;

/** The tills as a table; of thousands only the rows near the screen are drawn. */
export function TillTable(p: {
  tills: readonly Till[];
  columns: readonly Column[];
  byStop: boolean;
  onSort: () => void;
}) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const name = useId();
  const rows = useRows(p.tills.length, ROW);
  const gap = (height: number) =>
    height > 0 && (
      <tr>
        <td colSpan={p.columns.length} style={{ height, padding: 0, border: 0 }} />
      </tr>
    );
  return (
    <div className="tablebox">
      <table className="table wide" aria-label={t("tills.title")} aria-rowcount={p.tills.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {p.columns.map((c) => (
              <th
                key={c.id}
                id={`${name}-${c.id}`}
                scope="col"
                className={c.right ? "right" : undefined}
                style={{ minWidth: c.minWidth }}
                aria-sort={c.id === "stop" && p.byStop ? "ascending" : undefined}
              >
                {c.id === "stop" ? (
                  <button
                    type="button"
                    className="sort"
                    title={t(p.byStop ? "stop.usual" : "stop.sort")}
                    onClick={p.onSort}
                  >
                    {t(c.label)} <span aria-hidden>{p.byStop ? "↑" : "↕"}</span>
                  </button>
                ) : (
                  t(c.label)
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={rows.box as RefObject<HTMLTableSectionElement | null>}>
          {gap(rows.before)}
          {p.tills.slice(rows.first, rows.end).map((till, i) => (
            <tr
              key={till.id}
              ref={rows.measure}
              data-index={rows.first + i}
              aria-rowindex={rows.first + i + 2}
              className="link"
              onClick={(e) => {
                // The name is the link; the rest of the row only helps the mouse.
                const target = e.target as Element;
                // A dialog of the row's menu is elsewhere on the page, and its clicks come here all the same.
                if (!e.currentTarget.contains(target)) return;
                if (!target.closest("a, button, input, label") && !getSelection()?.toString())
                  navigate(`/tills/${encodeURIComponent(till.id)}`);
              }}
            >
              {p.columns.map(({ id, right, Cell }) => (
                <td key={id} className={right ? "right" : undefined}>
                  <Cell till={till} />
                </td>
              ))}
            </tr>
          ))}
          {gap(rows.after)}
        </tbody>
      </table>
    </div>
  );
}
