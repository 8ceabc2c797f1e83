import { createConnectQueryKey, useMutation, useQuery } from "@connectrpc/connect-query";
import { Alert, Button, Group, Loader, Modal, NumberInput, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useSession } from "../access/session";
import { type AgentUpdate, UpdateStage } from "../gen/cabinet/v1/agents_pb";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { type Rollout, RolloutChange, RolloutState, UpdatesService } from "../gen/cabinet/v1/updates_pb";
import { inputs } from "../live/merge";
import { NotDone, Nothing, Unread } from "../ui/Nothing";
import { Fact } from "../ui/State";
import { Ago } from "../ui/time";
import { isOpen, PART_COLOURS, runsOf, standingOf } from "./rollout";
import "./updates.css";

import { Spoken } from "../ui/Spoken";
import { RolloutHead } from "./UpdatesPage";

/** One rollout: what to do with it, and where each agent stands, those in trouble first. */
export default function RolloutPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const { id = "" } = useParams();
  const query = useQuery(UpdatesService.method.getRollout, { id });
  if (query.isPending) return <Loader aria-label={t("loading")} />;
  const { rollout, agents = [] } = query.data ?? {};
  if (!rollout) return <Unread error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <>
      <Link to="/updates" className="quiet small">
        {t("updates.back")}
      </Link>
      <div className="title">
        <Title order={1}>{t("updates.to", { version: rollout.version })}</Title>
      </div>
      <RolloutHead rollout={rollout} linked={false} />
      {can("updates:manage") && rollout.state !== RolloutState.ENDED && <Steer rollout={rollout} />}
      <Title order={2} mt="lg" mb="xs">
        {t("agents.title")}
      </Title>
      {agents.length === 0 ? (
        <Nothing title={t("updates.nobody")} text={t("updates.nobodyTodo")} />
      ) : (
        <Agents agents={agents} />
      )}
    </>
  );
}

function Steer({ rollout }: { rollout: Rollout }) {
  const { t } = useTranslation();
  const refresh = useRefresh();
  const [share, setShare] = useState<number | string>(rollout.plan?.share ?? 100);
  const change = useMutation(UpdatesService.method.changeRollout, { onSettled: refresh });
  // One that was through goes on when an agent has come or was freed since.
  const left = rollout.state === RolloutState.DONE && (rollout.counts?.ahead ?? 0) > 0;
  const paused = rollout.state === RolloutState.PAUSED || rollout.state === RolloutState.ABORTED || left;
  const act = (to: RolloutChange) => change.mutate({ id: rollout.id, change: to });
  const next = Number(share);
  const [ending, setEnding] = useState(false);
  return (
    <>
      {ending && (
        <Modal
          opened
          onClose={() => setEnding(false)}
          title={<span className="strong">{t("updates.endTitle", { version: rollout.version })}</span>}
          closeButtonProps={{ "aria-label": t("close") }}
        >
          <p className="endwhat">{t("updates.endWhat")}</p>
          <Group gap={8} mt="md" justify="flex-end">
            <Button variant="default" onClick={() => setEnding(false)}>
              {t("cancel")}
            </Button>
            <Button
              onClick={() => {
                setEnding(false);
                act(RolloutChange.END);
              }}
            >
              {t("updates.end")}
            </Button>
          </Group>
        </Modal>
      )}
      <Group gap={8} mt="md" align="end">
        {rollout.state === RolloutState.RUNNING && (
          <Button variant="default" loading={change.isPending} onClick={() => act(RolloutChange.PAUSE)}>
            {t("updates.pause")}
          </Button>
        )}
        {paused && (
          <Button loading={change.isPending} onClick={() => act(RolloutChange.RESUME)}>
            {t("updates.resume")}
          </Button>
        )}
        {rollout.state !== RolloutState.DONE && (
          <Button variant="default" loading={change.isPending} onClick={() => setEnding(true)}>
            {t("updates.end")}
          </Button>
        )}
        {(isOpen(rollout) || rollout.state === RolloutState.DONE) && (rollout.plan?.share ?? 100) < 100 && (
          <Group gap={8} align="end" wrap="nowrap">
            <NumberInput
              label={t("updates.shareLabel")}
              value={share}
              onChange={setShare}
              min={rollout.plan?.share ?? 1}
              max={100}
              allowDecimal={false}
              w={136}
            />
            <Button
              variant="default"
              loading={change.isPending}
              disabled={!(next > (rollout.plan?.share ?? 0) && next <= 100)}
              onClick={() =>
                rollout.plan && change.mutate({ id: rollout.id, plan: { ...rollout.plan, share: next } })
              }
            >
              {t("updates.widen")}
            </Button>
          </Group>
        )}
      </Group>
      <Refused error={change.error} />
    </>
  );
}

/** What was asked for was not done. */
function Refused({ error }: { error: unknown }) {
  if (!error) return null;
  return (
    <Alert color="gray" variant="outline" role="alert" mt="md" mb="xs">
      <NotDone error={error} />
    </Alert>
  );
}

/** Reads anew what a change of a rollout or a pin moves. */
function useRefresh() {
  const queries = useQueryClient();
  return () => {
    void queries.invalidateQueries({
      queryKey: createConnectQueryKey({ schema: UpdatesService, cardinality: undefined }),
    });
    void queries.invalidateQueries({
      queryKey: createConnectQueryKey({ schema: FleetService.method.listAgents, cardinality: undefined }),
    });
  };
}

function Agents({ agents }: { agents: readonly AgentUpdate[] }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const refresh = useRefresh();
  const known = useQuery(FleetService.method.listAgents, inputs.tills);
  const pin = useMutation(UpdatesService.method.pinAgent, { onSettled: refresh });
  return (
    <>
      <Refused error={pin.error} />
      <ul className="cards" aria-label={t("agents.title")}>
        {agents.map((a) => {
          const pinned = known.data?.agents.find((x) => x.id === a.agentId)?.pinned ?? "";
          const standing = standingOf(a, known.data && pinned);
          const colour = PART_COLOURS[standing];
          const runs = runsOf(a);
          const name = a.host || t("agents.unnamed");
          const label = pinned ? t("updates.unpin") : t("updates.pin", { version: runs });
          return (
            <li key={a.agentId} className="card rollagent">
              <div className="rollagent-head">
                <span className="strong">{name}</span>
                <span className="quiet">{a.outlet}</span>
              </div>
              <div>
                <Fact value={standing}>
                  <span className={colour === "none" ? "quiet" : colour}>
                    {t(`updates.stages.${standing}`)}
                  </span>
                </Fact>{" "}
                {standing === "downloading" && a.size > 0n && (
                  <span className="num">{Number((a.fetched * 100n) / a.size)} % </span>
                )}
                <span className="small quiet">
                  {a.from && (
                    <span className="nowrap">
                      {a.from === a.version ? a.from : `${a.from} → ${a.version}`}
                    </span>
                  )}
                  {a.sinceMs > 0n && (
                    <>
                      {a.from && " · "}
                      <Ago ms={a.sinceMs} />
                    </>
                  )}
                </span>
              </div>
              {(a.stage !== UpdateStage.UNSPECIFIED || standing === "ahead") && a.text && (
                <div>
                  <Spoken text={a.text} />
                </div>
              )}
              {pinned !== "" && <div className="small">{t("updates.pinnedAt", { version: pinned })}</div>}
              {can("updates:manage") && (pinned !== "" || runs !== "") && (
                <Button
                  variant="default"
                  size="compact-sm"
                  aria-label={`${label}: ${name}`}
                  loading={pin.isPending && pin.variables?.agentId === a.agentId}
                  onClick={() => pin.mutate({ agentId: a.agentId, version: pinned ? "" : runs })}
                >
                  {label}
                </Button>
              )}
            </li>
          );
        })}
      </ul>
    </>
  );
}
