import { createClient } from "@connectrpc/connect";
import { useQuery, useTransport } from "@connectrpc/connect-query";
import { Button, Drawer } from "@mantine/core";
import type { ParseKeys } from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNarrow } from "../app/Frame";
import { kindKey } from "../documents/marks";
import type { CertificateCell, Certificate as CertificateMessage } from "../gen/cabinet/v1/commands_pb";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { Kind } from "../gen/fiscal/v1/fiscal_pb";
import { ofMs, whole } from "../ui/format";
import { IconCross, IconTick } from "../ui/icons";
import { When } from "../ui/time";
import { useNotStarted } from "./Actions";
import { None, useLang } from "./facts";

/** Words of the kinds a crash test tries; a kind of a later agent is shown by its name. */
const KINDS: Record<string, ParseKeys> = {
  open_shift: kindKey(Kind.OPEN_SHIFT),
  cash_in: kindKey(Kind.CASH_IN),
  sale: kindKey(Kind.SALE),
  sale_return: kindKey(Kind.SALE_RETURN),
  correction: "forms.correction",
  cash_out: kindKey(Kind.CASH_OUT),
  close_shift: kindKey(Kind.CLOSE_SHIFT),
};

/** Sums of the cells of each kind, in the order they come. */
export function byKind(cells: readonly CertificateCell[]): { kind: string; points: number; bad: number }[] {
  const rows = new Map<string, { kind: string; points: number; bad: number }>();
  for (const c of cells) {
    const row = rows.get(c.kind) ?? { kind: c.kind, points: 0, bad: 0 };
    row.points += c.points;
    row.bad += c.lost + c.doubled + c.wrong + c.unsettled;
    rows.set(c.kind, row);
  }
  return [...rows.values()];
}

/** «Проверено на сбои»: in one line, and all of it in a drawer. */
export function CertificateFact({ tillId }: { tillId: string }) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const [open, setOpen] = useState(false);
  const answer = useQuery(
    FleetService.method.getCertificate,
    { tillId, withReport: false },
    { staleTime: 60_000 },
  );
  const c = answer.data?.certificate;
  if (!answer.data) return <None />;
  if (!c) return <span className="quiet">{t("certificate.none")}</span>;
  return (
    <>
      <button
        type="button"
        className="plain"
        style={{ width: "auto", justifyContent: "flex-start", gap: 6, alignItems: "flex-start" }}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <Passed c={c} />
        <span className="linkish">
          <Figures c={c} />, <When ms={c.endedMs} />
        </span>
      </button>
      <Drawer
        opened={open}
        onClose={() => setOpen(false)}
        position="right"
        size={narrow ? "100%" : 480}
        title={<span className="strong">{t("certificate.title")}</span>}
        closeButtonProps={{ "aria-label": t("close") }}
      >
        <Details c={c} tillId={tillId} />
      </Drawer>
    </>
  );
}

function Passed({ c }: { c: CertificateMessage }) {
  return (
    <span style={{ flex: "none", height: 18 }}>
      {c.passed ? <IconTick className="green" /> : <IconCross className="red" />}
    </span>
  );
}

function Figures({ c }: { c: CertificateMessage }) {
  const { t } = useTranslation();
  const lang = useLang();
  const total = c.total;
  return (
    <>
      {t("certificate.points", { count: total?.points ?? 0, number: whole(total?.points ?? 0, lang) })},{" "}
      {t("certificate.lost", { count: total?.lost ?? 0 })},{" "}
      {t("certificate.doubled", { count: total?.doubled ?? 0 })}
    </>
  );
}

function Details({ c, tillId }: { c: CertificateMessage; tillId: string }) {
  const { t } = useTranslation();
  const lang = useLang();
  const transport = useTransport();
  const refused = useNotStarted();
  const seconds = (ms: number) => {
    const figures = (ms / 1000).toFixed(1);
    return t("command.took", { seconds: lang === "en" ? figures : figures.replace(".", ",") });
  };
  const download = async () => {
    try {
      const got = await createClient(FleetService, transport).getCertificate({ tillId, withReport: true });
      if (!got.certificate) return;
      const url = URL.createObjectURL(
        new Blob([new Uint8Array(got.certificate.report)], { type: "application/json" }),
      );
      const link = document.createElement("a");
      link.href = url;
      link.download = `crashtest-${c.serial}-${(ofMs(c.endedMs) ?? new Date()).toISOString().slice(0, 10)}.json`;
      link.click();
      URL.revokeObjectURL(url);
    } catch (error) {
      refused(error);
    }
  };
  return (
    <>
      <div className={`state ${c.passed ? "green" : "red"}`} style={{ fontSize: "1rem" }}>
        {c.passed ? <IconTick size={20} /> : <IconCross size={20} />}
        <span>{t(c.passed ? "certificate.passed" : "certificate.failed")}</span>
      </div>
      <p style={{ margin: "8px 0 0" }}>{t("certificate.what")}</p>
      <dl className="pairs" style={{ marginTop: 16 }}>
        <dt>{t("certificate.result")}</dt>
        <dd>
          <Figures c={c} />
        </dd>
        <dt>{t("certificate.wrong")}</dt>
        <dd>{c.total?.wrong ?? 0}</dd>
        <dt>{t("certificate.unsettled")}</dt>
        <dd>{c.total?.unsettled ?? 0}</dd>
        <dt>{t("certificate.archive")}</dt>
        <dd>{t(c.archive ? "certificate.agrees" : "certificate.differs")}</dd>
        {!c.complete && (
          <>
            <dt>{t("certificate.end")}</dt>
            <dd>{t("certificate.broken")}</dd>
          </>
        )}
        <dt>{t("certificate.settling")}</dt>
        <dd>
          {t("certificate.times", { median: seconds(c.settleMedianMs), worst: seconds(c.settleWorstMs) })}
        </dd>
        <dt>{t("certificate.when")}</dt>
        <dd>
          <When ms={c.endedMs} />
        </dd>
        <dt>{t("cols.model")}</dt>
        <dd>
          {c.model}, {t("cols.serial")} {c.serial}
        </dd>
        <dt>{t("facts.firmware")}</dt>
        <dd>{c.firmware || <None />}</dd>
        <dt>{t("cols.fn")}</dt>
        <dd>
          {c.fn} · {t(c.debugFn ? "certificate.debug" : "certificate.serialFN")}
        </dd>
        <dt>{t("cols.agent")}</dt>
        <dd>{c.agent}</dd>
        <dt>{t("certificate.seed")}</dt>
        <dd className="mono">{String(c.seed)}</dd>
        <dt>{t("certificate.signature")}</dt>
        <dd>
          {t("certificate.signed")} <span className="mono">{c.key}</span>
        </dd>
      </dl>
      <table className="receipt" style={{ marginTop: 16 }} aria-label={t("certificate.kinds")}>
        <tbody>
          {byKind(c.cells).map((row) => {
            const word = KINDS[row.kind];
            return (
              <tr key={row.kind}>
                <td>{word ? t(word) : row.kind}</td>
                <td className="num nowrap">
                  {t("certificate.points", { count: row.points, number: whole(row.points, lang) })} ·{" "}
                  {row.bad === 0 ? t("certificate.whole") : t("certificate.bad", { count: row.bad })}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <Button variant="default" mt="lg" onClick={() => void download()}>
        {t("certificate.download")}
      </Button>
      <p className="quiet small">{t("certificate.verify")}</p>
    </>
  );
}
