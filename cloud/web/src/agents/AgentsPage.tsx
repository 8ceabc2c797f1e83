import { useQuery } from "@connectrpc/connect-query";
import { Button, Loader, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { EnrolDialog } from "../fleet/Enrol";
import type { Agent } from "../gen/cabinet/v1/agents_pb";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { inputs } from "../live/merge";
import { IconCross, IconGreen, IconGrey, IconYellow } from "../ui/icons";
import { Forbidden, Nothing, Unread } from "../ui/Nothing";
import { ActsHead, Over, RowAct } from "../ui/RowActs";
import { Fact } from "../ui/State";
import { Ago, useNow, When } from "../ui/time";
import { RevokeDialog } from "./RevokeDialog";
import "./agents.css";

/** Agents come and go a few times a day, and the stream does not tell of them. */
const EVERY = 5_000;

/** A certificate that is this near its end has not been renewed for days: it renews itself with five to nine days left. */
const ENDS_SOON = 4 * 86_400_000;

/** Of two programs the first speaks until it has been silent for so long (cloud/internal/fleet/programs.go). */
const HEIR_AFTER = 25 * 60_000;

export type Standing = "twins" | "revoked" | "online" | "offline" | "never";

/** What is to be said of an agent first. */
export function standing(agent: Agent): Standing {
  if (agent.revokedMs > 0n) return "revoked";
  if (agent.twins.length > 0) return "twins";
  if (agent.online) return "online";
  return agent.heardMs > 0n ? "offline" : "never";
}

/** «Агенты»: which computers speak for my tills, and is each one who it says it is? */
export default function AgentsPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const [enrolling, setEnrolling] = useState(false);
  const [revoking, setRevoking] = useState<Agent>();
  const may = can("tills:view");
  const list = useQuery(FleetService.method.listAgents, {}, { enabled: may, refetchInterval: EVERY });
  const tills = useQuery(FleetService.method.listTills, inputs.tills, { enabled: may });
  const agents = list.data?.agents;
  const present = agents?.filter((a) => a.revokedMs === 0n) ?? [];
  const revoked = agents?.filter((a) => a.revokedMs > 0n) ?? [];
  const enrol = can("tills:configure") && (
    <Button onClick={() => setEnrolling(true)}>{t("agents.enrol")}</Button>
  );
  const onRevoke = can("tills:configure") ? setRevoking : undefined;

  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("agents.title")}</Title>
          <div className="quiet">{t("agents.what")}</div>
        </div>
        {present.length > 0 && enrol}
      </div>
      {!may ? (
        <Forbidden needs="tills:view" />
      ) : list.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !agents ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <>
          {present
            .filter((a) => a.twins.length > 0)
            .map((a) => (
              <Conflict key={a.id} agent={a} onRevoke={onRevoke} />
            ))}
          {present.length === 0 ? (
            <Nothing title={t("agents.none")} text={t("agents.noneTodo")} act={enrol} />
          ) : (
            <Agents agents={present} label={t("agents.title")} onRevoke={onRevoke} />
          )}
          <Over title={t("agents.revokedOnes")} count={revoked.length}>
            <Agents agents={revoked} label={t("agents.revokedOnes")} />
          </Over>
        </>
      )}
      <EnrolDialog opened={enrolling} onClose={() => setEnrolling(false)} tills={tills.data?.tills ?? []} />
      {revoking && <RevokeDialog agent={revoking} onClose={() => setRevoking(undefined)} />}
    </>
  );
}

/** Two programs under one identity: both, and what to do. */
function Conflict({ agent, onRevoke }: { agent: Agent; onRevoke?: (agent: Agent) => void }) {
  const { t } = useTranslation();
  const now = useNow(60_000).getTime();
  const speaks = agent.twins.findIndex((twin) => now - Number(twin.heardMs) < HEIR_AFTER);
  return (
    <section className="panel conflict" aria-label={t("agents.conflict")}>
      <div className="conflict-head">
        <IconYellow size={18} className="yellow" />
        <span className="strong">{t("agents.conflict")}</span>
      </div>
      <p>{t("agents.conflictWhat")}</p>
      <ol className="twins" aria-label={t("agents.twins")}>
        {agent.twins.map((twin, i) => (
          <li key={`${twin.host} ${twin.address} ${i}`}>
            <div className="strong">{twin.host || t("agents.unnamed")}</div>
            <div className="mono small">{twin.address}</div>
            <div className="small quiet">
              {t("agents.spoke")} <Ago ms={twin.heardMs} />
            </div>
            <div className="small">{t(i === speaks ? "agents.first" : "agents.second")}</div>
          </li>
        ))}
      </ol>
      <div>{t("agents.conflictTodo")}</div>
      {onRevoke && (
        <Button variant="default" mt="sm" onClick={() => onRevoke(agent)}>
          {t("agents.revokeBoth")}
        </Button>
      )}
    </section>
  );
}

function Agents(p: { agents: readonly Agent[]; label: string; onRevoke?: (agent: Agent) => void }) {
  const narrow = useNarrow();
  return narrow ? <Cards {...p} /> : <Rows {...p} />;
}

function Rows(p: { agents: readonly Agent[]; label: string; onRevoke?: (agent: Agent) => void }) {
  const { t } = useTranslation();
  return (
    <div className="tablebox">
      <table className="table" aria-label={p.label}>
        <thead>
          <tr>
            <th scope="col" style={{ minWidth: 170 }}>
              {t("agents.state")}
            </th>
            <th scope="col" style={{ minWidth: 130 }}>
              {t("agents.computer")}
            </th>
            <th scope="col" style={{ minWidth: 130 }}>
              {t("cols.outlet")}
            </th>
            <th scope="col">{t("agents.tills")}</th>
            <th scope="col">{t("agents.version")}</th>
            <th scope="col">{t("agents.certificate")}</th>
            <th scope="col">{t("agents.enrolled")}</th>
            {p.onRevoke && <ActsHead />}
          </tr>
        </thead>
        <tbody>
          {p.agents.map((agent) => (
            <tr key={agent.id}>
              <td>
                <State agent={agent} />
              </td>
              <td>
                <div className="strong">{agent.host || t("agents.unnamed")}</div>
                <div className="small quiet nowrap">{agent.platform}</div>
              </td>
              <td>{agent.outlet}</td>
              <td>
                <Tills agent={agent} />
              </td>
              <td className="nowrap">{agent.version || "—"}</td>
              <td>
                <Certificate agent={agent} />
              </td>
              <td className="nowrap">
                <When ms={agent.enrolledMs} />
              </td>
              {p.onRevoke && (
                <td className="right">
                  <Revoke agent={agent} onRevoke={p.onRevoke} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cards(p: { agents: readonly Agent[]; label: string; onRevoke?: (agent: Agent) => void }) {
  const { t } = useTranslation();
  return (
    <ul className="cards" aria-label={p.label}>
      {p.agents.map((agent) => (
        <li key={agent.id} className="card">
          <div style={{ display: "flex", justifyContent: "space-between", gap: 12 }}>
            <span className="strong">{agent.host || t("agents.unnamed")}</span>
            <span className="quiet" style={{ textAlign: "right" }}>
              {agent.outlet}
            </span>
          </div>
          <div style={{ marginTop: 4 }}>
            <State agent={agent} />
          </div>
          <dl className="pairs">
            <dt>{t("agents.tills")}</dt>
            <dd>
              <Tills agent={agent} />
            </dd>
            <dt>{t("agents.version")}</dt>
            <dd>
              {agent.version || "—"} <span className="small quiet nowrap">{agent.platform}</span>
            </dd>
            <dt>{t("agents.certificate")}</dt>
            <dd>
              <Certificate agent={agent} />
            </dd>
            <dt>{t("agents.enrolled")}</dt>
            <dd>
              <When ms={agent.enrolledMs} />
            </dd>
          </dl>
          {p.onRevoke && <Revoke agent={agent} onRevoke={p.onRevoke} />}
        </li>
      ))}
    </ul>
  );
}

const ICONS = {
  twins: [IconYellow, "yellow"],
  revoked: [IconCross, "quiet"],
  online: [IconGreen, "green"],
  offline: [IconGrey, "grey"],
  never: [IconGrey, "grey"],
} as const;

function State({ agent }: { agent: Agent }) {
  const { t } = useTranslation();
  const is = standing(agent);
  const [Icon, colour] = ICONS[is];
  return (
    <Fact value={is}>
      <span className={`state ${colour}`}>
        <Icon /> <span>{t(`agents.states.${is}`)}</span>
      </span>
      <div className="small quiet">
        {is === "revoked" ? (
          <When ms={agent.revokedMs} />
        ) : is === "never" ? (
          t("agent.never")
        ) : (
          <>
            {t("agents.heard")} <Ago ms={agent.heardMs} />
          </>
        )}
      </div>
    </Fact>
  );
}

function Tills({ agent }: { agent: Agent }) {
  const { t } = useTranslation();
  if (agent.tills.length === 0) return <span className="quiet">{t("agents.noTills")}</span>;
  return <>{agent.tills.join(", ")}</>;
}

function Certificate({ agent }: { agent: Agent }) {
  const { t } = useTranslation();
  const now = useNow(60_000).getTime();
  const until = Number(agent.certificateUntilMs);
  if (until === 0 || agent.revokedMs > 0n) return <span className="quiet">—</span>;
  return (
    <>
      <span className="nowrap">
        <When ms={agent.certificateUntilMs} />
      </span>
      {until < now ? (
        <div className="small">{t("agents.certificateOver")}</div>
      ) : (
        until - now < ENDS_SOON && <div className="small">{t("agents.certificateSoon")}</div>
      )}
    </>
  );
}

function Revoke({ agent, onRevoke }: { agent: Agent; onRevoke: (agent: Agent) => void }) {
  const { t } = useTranslation();
  return (
    <RowAct word={t("agents.revoke")} of={agent.host} className="revoke" onClick={() => onRevoke(agent)} />
  );
}
