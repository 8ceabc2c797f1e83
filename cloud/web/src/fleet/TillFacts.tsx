import { Title } from "@mantine/core";
import type { ParseKeys } from "i18next";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { Paper } from "../gen/fiscal/v1/fiscal_pb";
import { TillHelpers } from "../help/Helpers";
import { ofCivil } from "../ui/format";
import { Pair } from "../ui/Pair";
import { Fact } from "../ui/State";
import { Ago, When } from "../ui/time";
import { Aspects } from "./Aspects";
import { CertificateFact } from "./Certificate";
import { ContractFact } from "./Contract";
import { AgentCell, FNCell, LastCell, None, RevenueCell, ShiftCell, StopCell, UnsentCell } from "./facts";

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
  const s = till.state;
  return (
    <>
      <div className="facts">
        <Aspects till={till} />
        <section className="panel">
          <Title order={2}>{t("facts.now")}</Title>
          <dl className="pairs">
            <Pair name={t("facts.device")}>
              {s ? t(s.online ? "facts.answers" : "facts.silent") : <None />}
            </Pair>
            <Pair name={t("facts.paper")}>
              <Fact value={s?.paper ?? 0}>
                {t(PAPERS[s?.paper ?? Paper.UNSPECIFIED] ?? "papers.unknown")}
              </Fact>
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
            <Pair name={t("facts.unfinished")}>
              {s && s.unfinished > 0 ? (
                <Link to={`/tills/${encodeURIComponent(till.id)}/operations?filter=unfinished`}>
                  {s.unfinished}
                </Link>
              ) : (
                <span className="quiet">{t("facts.nothing")}</span>
              )}
            </Pair>
            <Pair name={t("facts.clock")}>
              {s && ofCivil(s.clock) ? <When at={ofCivil(s.clock)} /> : <None />}
            </Pair>
          </dl>
        </section>
        <section className="panel">
          <Title order={2}>{t("facts.fn")}</Title>
          <dl className="pairs">
            <Pair name={t("cols.fn")}>
              <FNCell till={till} />
            </Pair>
            <Pair name={t("cols.unsent")}>
              <UnsentCell till={till} long />
            </Pair>
            <Pair name={t("contract.fact")}>
              <ContractFact till={till} />
            </Pair>
            <Pair name={t("cols.stop")}>
              <StopCell till={till} />
            </Pair>
            <Pair name={t("facts.rnm")}>{s?.rnm || <None />}</Pair>
            <Pair name={t("facts.inn")}>{s?.inn || <None />}</Pair>
            <Pair name={t("facts.ffd")}>{s?.ffd || <None />}</Pair>
          </dl>
        </section>
        <section className="panel">
          <Title order={2}>{t("facts.deviceTitle")}</Title>
          <dl className="pairs">
            <Pair name={t("cols.model")}>{s?.model || <None />}</Pair>
            <Pair name={t("cols.serial")}>{s?.serial || <None />}</Pair>
            <Pair name={t("facts.firmware")}>{s?.firmware || <None />}</Pair>
            <Pair name={t("facts.raw")}>{s?.raw ? <span className="mono">{s.raw}</span> : <None />}</Pair>
            <Pair name={t("certificate.fact")}>
              <CertificateFact tillId={till.id} />
            </Pair>
            <Pair name={t("cols.agent")}>
              <AgentCell till={till} />
            </Pair>
            <Pair name={t("facts.host")}>{till.host || <None />}</Pair>
          </dl>
        </section>
        <TillHelpers till={till} />
      </div>
      <p className="small quiet" style={{ margin: "12px 0 0" }}>
        {t("facts.read")} {s ? <Ago ms={s.readMs} /> : "—"}. {t("facts.zone")}
      </p>
    </>
  );
}
