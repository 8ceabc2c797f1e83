import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { useSession } from "../access/session";
import { useLang } from "../fleet/facts";
import { DocumentSource, type FoundDocument } from "../gen/cabinet/v1/documents_pb";
import { type Gap, GapCause } from "../gen/cabinet/v1/figures_pb";
import { money, ofCivil } from "../ui/format";
import { IconYellow } from "../ui/icons";
import { When } from "../ui/time";
import { useDocumentName } from "./Documents";
import { MarkView } from "./MarkView";
import { isReceiptForm, ofdMark, paperMark } from "./marks";

const pathOf = (x: FoundDocument) =>
  `/tills/${encodeURIComponent(x.document?.tillId ?? "")}/documents/${x.document?.document?.fn}/${x.document?.document?.fd}`;

/** Where a document is known from. */
export const SOURCES = {
  [DocumentSource.UNSPECIFIED]: "sales.sources.agent",
  [DocumentSource.AGENT]: "sales.sources.agent",
  [DocumentSource.FN]: "sales.sources.fn",
  [DocumentSource.OFD]: "sales.sources.ofd",
} as const;

const CAUSES = {
  [GapCause.UNSPECIFIED]: "sales.gaps.never",
  [GapCause.BEFORE_FIRST]: "sales.gaps.before",
  [GapCause.NOT_COPIED_YET]: "sales.gaps.coming",
  [GapCause.NEVER_CAME]: "sales.gaps.never",
} as const;

/** Numbers that are missing, and why. */
export function GapLine({ gap }: { gap: Gap }) {
  const { t } = useTranslation();
  return (
    <span className="mark">
      <IconYellow className={gap.cause === GapCause.NEVER_CAME ? "yellow" : "grey"} />
      <span>
        {t("sales.gaps.row", {
          numbers: gap.first === gap.last ? `${gap.first}` : `${gap.first}–${gap.last}`,
          fn: gap.fn,
        })}{" "}
        {t(CAUSES[gap.cause] ?? "sales.gaps.never")}
      </span>
    </span>
  );
}

/** Found documents as a table. */
export function FoundTable({ found, gaps = [] }: { found: readonly FoundDocument[]; gaps?: readonly Gap[] }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const navigate = useNavigate();
  const name = useDocumentName();
  const sums = can("money:view");
  const sourced = found.some((x) => x.sources.length > 0);
  return (
    <div className="tablebox">
      <table className="table wide" aria-label={t("finder.title")}>
        <thead>
          <tr>
            <th scope="col">{t("document.time")}</th>
            <th scope="col">{t("finder.till")}</th>
            <th scope="col">{t("document.shift")}</th>
            <th scope="col">
              {t("fd")}
              <div>{t("document.fp")}</div>
            </th>
            <th scope="col">{t("document.what")}</th>
            {sums && (
              <>
                <th scope="col" className="right">
                  {t("operations.sum")}
                </th>
                <th scope="col" className="right">
                  {t("finder.cash")}
                </th>
                <th scope="col" className="right">
                  {t("finder.cashless")}
                </th>
                <th scope="col">{t("document.cashier")}</th>
              </>
            )}
            {sourced && <th scope="col">{t("sales.source")}</th>}
            <th scope="col">{t("marks.paper.title")}</th>
            <th scope="col">{t("marks.ofd.title")}</th>
          </tr>
        </thead>
        <tbody>
          {found.map((x) => {
            const d = x.document?.document;
            if (!d) return null;
            const receipt = isReceiptForm(d.type);
            const cash = x.payments?.cash ?? 0n;
            const gap = gaps.find((g) => g.fn === d.fn && g.last + 1 === d.fd);
            return (
              <Fragment key={`${d.fn} ${d.fd}`}>
                <tr
                  className="link"
                  onClick={(e) => {
                    if (!(e.target as Element).closest("a, button") && !getSelection()?.toString())
                      navigate(pathOf(x));
                  }}
                >
                  <td className="nowrap">
                    <When at={ofCivil(d.at)} />
                  </td>
                  <td style={{ minWidth: 140 }}>
                    {x.till}
                    <div className="small quiet">{x.outlet}</div>
                  </td>
                  <td className="nowrap">
                    {d.shift > 0 ? `${d.shift}${d.receipt > 0 ? ` / ${d.receipt}` : ""}` : "—"}
                  </td>
                  <td>
                    <Link to={pathOf(x)}>{d.fd}</Link>
                    <div className="small quiet">{String(d.fp).padStart(10, "0")}</div>
                  </td>
                  <td>{name(d)}</td>
                  {sums && (
                    <>
                      <td className="right nowrap">{receipt ? money(d.total, lang) : "—"}</td>
                      <td className="right nowrap">{receipt && cash !== 0n ? money(cash, lang) : "—"}</td>
                      <td className="right nowrap">
                        {receipt && d.total !== cash ? money(d.total - cash, lang) : "—"}
                      </td>
                      <td>{x.cashier}</td>
                    </>
                  )}
                  {sourced && (
                    <td className="small">
                      {x.sources.map((s) => t(SOURCES[s] ?? "sales.sources.agent")).join(" · ") || "—"}
                    </td>
                  )}
                  <td>
                    <MarkView mark={paperMark(x.document?.paper ?? 0)} track={t("marks.paper.title")} />
                  </td>
                  <td>
                    <MarkView mark={ofdMark(x.document?.ofd ?? 0)} track={t("marks.ofd.title")} />
                  </td>
                </tr>
                {gap && (
                  <tr>
                    <td colSpan={(sums ? 11 : 7) + (sourced ? 1 : 0)} className="quiet">
                      <GapLine gap={gap} />
                    </td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Found documents on a phone. */
export function FoundCards({ found }: { found: readonly FoundDocument[] }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const name = useDocumentName();
  return (
    <ul className="cards" aria-label={t("finder.title")}>
      {found.map((x) => {
        const d = x.document?.document;
        if (!d) return null;
        return (
          <li key={`${d.fn} ${d.fd}`}>
            <Link className="card" to={pathOf(x)}>
              <div style={{ display: "flex", justifyContent: "space-between", gap: 12 }}>
                <span>
                  <span className="strong">{name(d)}</span>{" "}
                  <span className="quiet small">
                    {t("fd")} {d.fd}
                  </span>
                </span>
                {can("money:view") && isReceiptForm(d.type) && (
                  <span className="num nowrap">{money(d.total, lang)}</span>
                )}
              </div>
              <div className="quiet small">
                <When at={ofCivil(d.at)} /> · {x.till} · {x.outlet}
              </div>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
