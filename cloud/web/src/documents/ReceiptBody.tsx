import { useTranslation } from "react-i18next";
import { useLang } from "../fleet/facts";
import type { Receipt } from "../gen/fiscal/v1/fiscal_pb";
import { money, quantity } from "../ui/format";
import type { Say } from "../words";

/** What was bought and how it was paid. */
export function ReceiptBody({ receipt, total }: { receipt: Receipt; total: bigint }) {
  const { t } = useTranslation();
  const lang = useLang();
  const sum = (n: bigint) => money(n, lang, receipt.currency);
  const p = receipt.payments;
  const payments = p
    ? ([
        ["cash", p.cash],
        ["electronic", p.electronic],
        ["prepaid", p.prepaid],
        ["credit", p.credit],
        ["barter", p.barter],
      ] as const)
    : [];
  const paid = payments.reduce((n, [, x]) => n + x, 0n);
  const c = receipt.correction;
  return (
    <div style={{ marginTop: 16 }}>
      {c && (
        <dl className="pairs" style={{ marginBottom: 12 }}>
          <dt>{t("document.correction")}</dt>
          <dd>{t(c.byOrder ? "document.byOrder" : "document.ownWill")}</dd>
          {c.reason && (
            <>
              <dt>{t("document.reason")}</dt>
              <dd>{c.reason}</dd>
            </>
          )}
          <dt>{t("document.corrected")}</dt>
          <dd>
            {c.date.slice(0, 10).split("-").reverse().join(".")}
            {c.number && ` · № ${c.number}`}
          </dd>
        </dl>
      )}
      <table className="receipt" aria-label={t("document.items")}>
        <tbody>
          {receipt.items.map((item, i) => (
            <tr key={`${i} ${item.name}`}>
              <td>
                {item.name}
                <div className="small quiet">
                  {quantity(item.quantity, lang)} × {sum(item.price)} · {vatWord(t, item.vat)}
                </div>
              </td>
              <td className="num">
                {item.sum > 0n ? sum(item.sum) : product(item.quantity, item.price, sum)}
              </td>
            </tr>
          ))}
          {receipt.rounding > 0n && (
            <tr>
              <td>{t("document.rounding")}</td>
              <td className="num">{sum(-receipt.rounding)}</td>
            </tr>
          )}
          <tr className="total">
            <td>{t("document.total")}</td>
            <td className="num">{sum(total)}</td>
          </tr>
          {payments
            .filter(([, n]) => n > 0n)
            .map(([name, n]) => (
              <tr key={name}>
                <td>{t(`payments.${name}`)}</td>
                <td className="num">{sum(n)}</td>
              </tr>
            ))}
          {paid > total && (
            <tr>
              <td>{t("document.change")}</td>
              <td className="num">{sum(paid - total)}</td>
            </tr>
          )}
        </tbody>
      </table>
      {receipt.customer && (
        <dl className="pairs">
          <dt>{t("document.customer")}</dt>
          <dd>{receipt.customer}</dd>
        </dl>
      )}
    </div>
  );
}

function vatWord(t: Say, rate: string): string {
  if (rate === "" || rate === "none") return t("vat.none");
  return rate.includes("/") ? t("vat.rate", { rate }) : t("vat.percent", { rate });
}

/** Price × quantity to a whole minor unit, half up, as the till counts; exact. */
export function lineSum(q: string, price: bigint): bigint | undefined {
  const m = /^(\d+)(?:\.(\d{1,6}))?$/.exec(q);
  if (!m) return undefined;
  const millionths = BigInt(m[1] ?? 0) * 1_000_000n + BigInt((m[2] ?? "").padEnd(6, "0"));
  return (millionths * price + 500_000n) / 1_000_000n;
}

function product(q: string, price: bigint, show: (n: bigint) => string): string {
  const n = lineSum(q, price);
  return n === undefined ? "" : show(n);
}
