import { Title } from "@mantine/core";
import type { ParseKeys } from "i18next";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { Paper } from "../gen/fiscal/v1/fiscal_pb";
import { money, ofCivil } from "../ui/format";
import { Fact } from "../ui/State";
import { Ago, When } from "../ui/time";
import { Aspects } from "./Aspects";
import { CertificateFact } from "./Certificate";
import { ContractFact } from "./Contract";
import { AgentCell, FNCell, LastCell, None, ShiftCell, StopCell, UnsentCell, useLang } from "./facts";

const PAPERS: Record<Paper, ParseKeys> = {
  [Paper.UNSPECIFIED]: "papers.unknown",
  [Paper.READY]: "papers.ready",
  [Paper.PRINTING]: "papers.printing",
  [Paper.OUT]: "papers.out",
  [Paper.COVER]: "papers.cover",
  [Paper.CONTINUE]: "papers.continue",
  [Paper.ABSENT]: "papers.absent",
};

/** Everything the agent last said of the till, and how old it is. */
export function TillFacts({ till }: { till: Till }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const s = till.state;
  return (
    <>
      <div className="facts">
        <Aspects till={till} />
        <section className="panel">
          <Title order={2}>{t("facts.now")}</Title>
          <dl className="pairs">
            <dt>{t("facts.device")}</dt>
            <dd>{s ? t(s.online ? "facts.answers" : "facts.silent") : <None />}</dd>
            <dt>{t("facts.paper")}</dt>
            <dd>
              <Fact value={s?.paper ?? 0}>
                {t(PAPERS[s?.paper ?? Paper.UNSPECIFIED] ?? "papers.unknown")}
              </Fact>
            </dd>
            <dt>{t("cols.shift")}</dt>
            <dd>
              <ShiftCell till={till} />
            </dd>
            {can("money:view") && (
              <>
                <dt>{t("cols.revenue")}</dt>
                <dd className="num">
                  <div>
                    <Fact value={till.shiftTotal}>{money(till.shiftTotal, lang)}</Fact>
                  </div>
                  <div className="small quiet nowrap">{t("receipts", { count: till.shiftReceipts })}</div>
                </dd>
              </>
            )}
            <dt>{t("cols.last")}</dt>
            <dd>
              <LastCell till={till} />
            </dd>
            <dt>{t("facts.unfinished")}</dt>
            <dd>
              {s && s.unfinished > 0 ? (
                <Link to={`/tills/${encodeURIComponent(till.id)}/operations?filter=unfinished`}>
                  {s.unfinished}
                </Link>
              ) : (
                <span className="quiet">{t("facts.nothing")}</span>
              )}
            </dd>
            <dt>{t("facts.clock")}</dt>
            <dd>{s && ofCivil(s.clock) ? <When at={ofCivil(s.clock)} /> : <None />}</dd>
          </dl>
        </section>
        <section className="panel">
          <Title order={2}>{t("facts.fn")}</Title>
          <dl className="pairs">
            <dt>{t("cols.fn")}</dt>
            <dd>
              <FNCell till={till} />
            </dd>
            <dt>{t("cols.unsent")}</dt>
            <dd>
              <UnsentCell till={till} long />
            </dd>
            <dt>{t("contract.fact")}</dt>
            <dd>
              <ContractFact till={till} />
            </dd>
            <dt>{t("cols.stop")}</dt>
            <dd>
              <StopCell till={till} />
            </dd>
            <dt>{t("facts.rnm")}</dt>
            <dd>{s?.rnm || <None />}</dd>
            <dt>{t("facts.inn")}</dt>
            <dd>{s?.inn || <None />}</dd>
            <dt>{t("facts.ffd")}</dt>
            <dd>{s?.ffd || <None />}</dd>
          </dl>
        </section>
        <section className="panel">
          <Title order={2}>{t("facts.deviceTitle")}</Title>
          <dl className="pairs">
            <dt>{t("cols.model")}</dt>
            <dd>{s?.model || <None />}</dd>
            <dt>{t("cols.serial")}</dt>
            <dd>{s?.serial || <None />}</dd>
            <dt>{t("facts.firmware")}</dt>
            <dd>{s?.firmware || <None />}</dd>
            <dt>{t("facts.raw")}</dt>
            <dd>{s?.raw ? <span className="mono">{s.raw}</span> : <None />}</dd>
            <dt>{t("certificate.fact")}</dt>
            <dd>
              <CertificateFact tillId={till.id} />
            </dd>
            <dt>{t("cols.agent")}</dt>
            <dd>
              <AgentCell till={till} />
            </dd>
            <dt>{t("facts.host")}</dt>
            <dd>{till.host || <None />}</dd>
          </dl>
        </section>
      </div>
      <p className="small quiet" style={{ margin: "12px 0 0" }}>
        {t("facts.read")} {s ? <Ago ms={s.readMs} /> : "—"}. {t("facts.zone")}
      </p>
    </>
  );
}
