import { useQuery } from "@connectrpc/connect-query";
import { Drawer, Loader } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { useLang } from "../fleet/facts";
import { DocumentsService, type GetDocumentResponse, type Till } from "../gen/cabinet/v1/cabinet_pb";
import type { Receipt } from "../gen/fiscal/v1/fiscal_pb";
import { CopyBlock } from "../ui/Copy";
import { money, ofCivil, quantity } from "../ui/format";
import { Nothing, Unread } from "../ui/Nothing";
import { When } from "../ui/time";
import { hasSum, useDocumentName } from "./Documents";
import { MarkView } from "./MarkView";
import { ofdMark, paperMark } from "./marks";

/** One document over its list; its address is its own. */
export function DocumentDrawer(p: { till: Till; at?: { fn: string; fd: number }; onClose: () => void }) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  return (
    <Drawer
      opened={p.at !== undefined}
      onClose={p.onClose}
      position="right"
      size={narrow ? "100%" : 480}
      title={
        <span className="strong">
          {t("document.title")} {t("fd")} {p.at?.fd}
        </span>
      }
      closeButtonProps={{ "aria-label": t("close") }}
    >
      {p.at && <Content till={p.till} fn={p.at.fn} fd={p.at.fd} />}
    </Drawer>
  );
}

function Content({ till, fn, fd }: { till: Till; fn: string; fd: number }) {
  const { t } = useTranslation();
  const document = useQuery(DocumentsService.method.getDocument, { fn, fd });
  if (document.isPending) return <Loader aria-label={t("loading")} />;
  if (!document.data) return <Unread error={document.error} onRetry={() => void document.refetch()} />;
  return <Paper till={till} answer={document.data} />;
}

function Paper({ till, answer }: { till: Till; answer: GetDocumentResponse }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const name = useDocumentName();
  const view = answer.document;
  const d = view?.document;
  if (!view || !d) return <Nothing title={t("nothing.forbidden")} />;
  return (
    <>
      <div style={{ display: "flex", justifyContent: "space-between", gap: 12 }}>
        <span className="strong" style={{ fontSize: "1rem" }}>
          {name(d)}
        </span>
        {can("money:view") && hasSum(d) && (
          <span className="strong num nowrap" style={{ fontSize: "1rem" }}>
            {money(d.total, lang, answer.receipt?.currency)}
          </span>
        )}
      </div>
      <div className="quiet">
        <When at={ofCivil(d.at)} /> · {till.name}
      </div>
      {!view.key && <p style={{ margin: "8px 0 0" }}>{t("document.foreignTodo")}</p>}

      {answer.receipt && <ReceiptBody receipt={answer.receipt} total={d.total} />}

      <dl className="pairs" style={{ marginTop: 16 }}>
        <dt>{t("marks.paper.title")}</dt>
        <dd>
          <MarkView mark={paperMark(view.paper)} track="" />
        </dd>
        <dt>{t("marks.ofd.title")}</dt>
        <dd>
          <MarkView mark={ofdMark(view.ofd)} track="" />
        </dd>
        <dt>{t("marks.cloud.title")}</dt>
        <dd>
          {t("marks.cloud.stored")}
          {view.storedMs > 0n && (
            <span className="quiet">
              {" "}
              <When ms={view.storedMs} />
            </span>
          )}
        </dd>
        {answer.cashier?.name && (
          <>
            <dt>{t("document.cashier")}</dt>
            <dd>{answer.cashier.name}</dd>
          </>
        )}
        {d.shift > 0 && (
          <>
            <dt>{t("document.shift")}</dt>
            <dd>{d.receipt > 0 ? `${d.shift} / ${d.receipt}` : d.shift}</dd>
          </>
        )}
        <dt>{t("document.fn")}</dt>
        <dd>{d.fn}</dd>
        <dt>{t("fd")}</dt>
        <dd>{d.fd}</dd>
        <dt>{t("document.fp")}</dt>
        <dd>{String(d.fp).padStart(10, "0")}</dd>
        {view.key && (
          <>
            <dt>{t("operations.key")}</dt>
            <dd className="mono">{view.key}</dd>
          </>
        )}
      </dl>
      {d.qr && (
        <div style={{ marginTop: 16 }}>
          <div className="quiet" style={{ marginBottom: 4 }}>
            {t("document.qr")}
          </div>
          <CopyBlock text={d.qr} label={t("document.qr")} />
        </div>
      )}
    </>
  );
}

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

function vatWord(t: ReturnType<typeof useTranslation>["t"], rate: string): string {
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
