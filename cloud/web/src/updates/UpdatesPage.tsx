import { createConnectQueryKey, useMutation, useQuery } from "@connectrpc/connect-query";
import { Alert, Button, Group, Loader, NumberInput, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { useSession } from "../access/session";
import { codeOf, troubleOf } from "../app/transport";
import {
  type AgentUpdate,
  FleetService,
  type Release,
  type Rollout,
  RolloutChange,
  RolloutState,
  UpdateStage,
  UpdatesService,
} from "../gen/cabinet/v1/cabinet_pb";
import { inputs } from "../live/merge";
import { Nothing, Unread } from "../ui/Nothing";
import { Fact } from "../ui/State";
import { Ago, useNow, When } from "../ui/time";
import { anyTime, clockOf, isOpen, PART_COLOURS, partsOf } from "./rollout";
import { StartDialog } from "./StartDialog";
import "./updates.css";

/** «Обновления»: which versions are there, and how do they get to the shops? */
export function UpdatesPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const may = can("tills:view");
  const releases = useQuery(UpdatesService.method.listReleases, {}, { enabled: may });
  const rollouts = useQuery(UpdatesService.method.listRollouts, {}, { enabled: may });
  const [starting, setStarting] = useState<string>();
  const now = useNow(60_000).getTime();
  const list = releases.data?.releases ?? [];
  const expired = list.length > 0 && Number(releases.data?.signedUntilMs ?? 0n) < now;
  const start = can("updates:manage") && list.length > 0 && !expired && (
    <Button onClick={() => setStarting(list[0]?.version)}>{t("updates.start")}</Button>
  );
  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("updates.title")}</Title>
          <div className="quiet">{t("updates.what")}</div>
        </div>
        {start}
      </div>
      {!may ? (
        <Nothing title={t("nothing.forbidden")} text={t("nothing.forbiddenTodo", { code: "tills:view" })} />
      ) : releases.isPending || rollouts.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !releases.data || !rollouts.data ? (
        <Unread
          error={releases.error ?? rollouts.error}
          onRetry={() => void Promise.all([releases.refetch(), rollouts.refetch()])}
        />
      ) : (
        <>
          {expired && (
            <Alert color="gray" variant="outline" role="alert" mb="md">
              {t("updates.expired")}
            </Alert>
          )}
          <Title order={2}>{t("updates.rollouts")}</Title>
          {rollouts.data.rollouts.length === 0 ? (
            <Nothing title={t("updates.noRollouts")} text={t("updates.noRolloutsTodo")} />
          ) : (
            <ul className="cards" aria-label={t("updates.rollouts")}>
              {rollouts.data.rollouts.map((r) => (
                <li key={r.id} className="panel">
                  <RolloutHead rollout={r} />
                </li>
              ))}
            </ul>
          )}
          <Title order={2} mt="lg">
            {t("updates.releases")}
          </Title>
          {list.length === 0 ? (
            <Nothing title={t("updates.noReleases")} text={t("updates.noReleasesTodo")} />
          ) : (
            <ul className="cards" aria-label={t("updates.releases")}>
              {list.map((r) => (
                <ReleaseCard key={r.version} release={r} />
              ))}
            </ul>
          )}
          {starting !== undefined && (
            <StartDialog
              releases={list}
              rollouts={rollouts.data.rollouts}
              version={starting}
              onClose={() => setStarting(undefined)}
            />
          )}
        </>
      )}
    </>
  );
}

function ReleaseCard({ release }: { release: Release }) {
  const { t } = useTranslation();
  return (
    <li className="panel">
      <div>
        <span className="strong num">{release.version}</span>{" "}
        <span className="quiet">
          {t(release.channel === "beta" ? "updates.beta" : "updates.stable")} ·{" "}
          <When ms={release.releasedMs} />
        </span>
      </div>
      <div className="small quiet">{release.platforms.join(", ")}</div>
      {release.notes && <div className="releasenotes">{release.notes}</div>}
    </li>
  );
}

const STATES = {
  [RolloutState.UNSPECIFIED]: "running",
  [RolloutState.RUNNING]: "running",
  [RolloutState.PAUSED]: "paused",
  [RolloutState.ABORTED]: "aborted",
  [RolloutState.DONE]: "done",
  [RolloutState.ENDED]: "ended",
} as const;

function RolloutHead({ rollout, linked = true }: { rollout: Rollout; linked?: boolean }) {
  const { t } = useTranslation();
  const state = STATES[rollout.state];
  const plan = rollout.plan;
  const name = t("updates.to", { version: rollout.version });
  return (
    <>
      <div>
        {linked ? (
          <Link className="strong" to={`/updates/${encodeURIComponent(rollout.id)}`}>
            {name}
          </Link>
        ) : (
          <span className="strong">{name}</span>
        )}{" "}
        <Fact value={state}>
          <span className={state === "aborted" ? "red" : "quiet"}>{t(`updates.states.${state}`)}</span>
        </Fact>{" "}
        <span className="small quiet">
          <Ago ms={rollout.sinceMs} /> · {t("updates.by", { who: rollout.startedBy })}
        </span>
      </div>
      {rollout.text && <div role="note">{rollout.text}</div>}
      {plan && (
        <div className="small quiet">
          {t("updates.share", { share: plan.share })}
          {plan.perMinute > 0 && ` · ${t("updates.rate", { count: plan.perMinute })}`}
          {!anyTime(plan) &&
            ` · ${t("updates.window", { from: clockOf(plan.windowFrom), to: clockOf(plan.windowTo) })}`}
          {plan.abortPercent > 0 &&
            ` · ${t("updates.abort", { percent: plan.abortPercent, after: Math.max(plan.abortAfter, 1) })}`}
        </div>
      )}
      <Counts rollout={rollout} />
    </>
  );
}

function Counts({ rollout }: { rollout: Rollout }) {
  const { t } = useTranslation();
  const parts = partsOf(rollout.counts);
  if (parts.length === 0) return <div className="quiet">{t("updates.nobody")}</div>;
  return (
    <>
      <div className="rollbar" aria-hidden="true">
        {parts.map(({ part, count }) => (
          <span key={part} className={PART_COLOURS[part]} style={{ flexGrow: count }} />
        ))}
      </div>
      <ul className="rollcounts" aria-label={t("updates.counts")}>
        {parts.map(({ part, count }) => (
          <li key={part}>
            {t(`updates.parts.${part}`)}{" "}
            <Fact value={count}>
              <span className="strong num">{count}</span>
            </Fact>
          </li>
        ))}
      </ul>
    </>
  );
}

/** One rollout: what to do with it, and where each agent stands, those in trouble first. */
export function RolloutPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const { id = "" } = useParams();
  const query = useQuery(UpdatesService.method.getRollout, { id });
  if (query.isPending) return <Loader aria-label={t("loading")} />;
  const { rollout, agents = [] } = query.data ?? {};
  if (!rollout) return <Unread error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <>
      <Link to="/updates">{t("updates.back")}</Link>
      <div className="title">
        <Title order={1}>{t("updates.to", { version: rollout.version })}</Title>
      </div>
      <RolloutHead rollout={rollout} linked={false} />
      {can("updates:manage") && rollout.state !== RolloutState.ENDED && <Steer rollout={rollout} />}
      <Title order={2} mt="lg">
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
  const paused = rollout.state === RolloutState.PAUSED || rollout.state === RolloutState.ABORTED;
  const act = (to: RolloutChange) => change.mutate({ id: rollout.id, change: to });
  const next = Number(share);
  return (
    <>
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
          <Button variant="default" loading={change.isPending} onClick={() => act(RolloutChange.END)}>
            {t("updates.end")}
          </Button>
        )}
        {(isOpen(rollout) || rollout.state === RolloutState.DONE) && (rollout.plan?.share ?? 100) < 100 && (
          <>
            <NumberInput
              label={t("updates.shareLabel")}
              value={share}
              onChange={setShare}
              min={rollout.plan?.share ?? 1}
              max={100}
              w={120}
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
          </>
        )}
      </Group>
      {change.error && (
        <Alert color="gray" variant="outline" role="alert" mt="md">
          {troubleOf(change.error) === "unreachable"
            ? t("nothing.unreachable")
            : t("nothing.refusedTodo", { code: codeOf(change.error) })}
        </Alert>
      )}
    </>
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

const STAGES = {
  [UpdateStage.UNSPECIFIED]: "ahead",
  [UpdateStage.OFFERED]: "offered",
  [UpdateStage.DOWNLOADING]: "downloading",
  [UpdateStage.WAITING]: "waiting",
  [UpdateStage.TRIAL]: "trial",
  [UpdateStage.HEALTHY]: "healthy",
  [UpdateStage.ROLLED_BACK]: "rolledBack",
  [UpdateStage.REFUSED]: "refused",
} as const;

function Agents({ agents }: { agents: readonly AgentUpdate[] }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const refresh = useRefresh();
  const known = useQuery(FleetService.method.listAgents, inputs.tills);
  const pin = useMutation(UpdatesService.method.pinAgent, { onSettled: refresh });
  return (
    <ul className="cards" aria-label={t("agents.title")}>
      {agents.map((a) => {
        const stage = STAGES[a.stage];
        const pinned = known.data?.agents.find((x) => x.id === a.agentId)?.pinned ?? "";
        return (
          <li key={a.agentId} className="card">
            <div style={{ display: "flex", justifyContent: "space-between", gap: 12, flexWrap: "wrap" }}>
              <span className="strong">{a.host || t("agents.unnamed")}</span>
              <span className="quiet">{a.outlet}</span>
            </div>
            <Fact value={stage}>
              <span className={PART_COLOURS[stage] === "none" ? "quiet" : PART_COLOURS[stage]}>
                {t(`updates.stages.${stage}`)}
              </span>
            </Fact>{" "}
            <span className="small quiet">
              {a.from && `${a.from} → ${a.version} `}
              {a.sinceMs > 0n && <Ago ms={a.sinceMs} />}
            </span>
            {a.text && <div>{a.text}</div>}
            {pinned !== "" && <div className="small">{t("updates.pinnedAt", { version: pinned })}</div>}
            {can("updates:manage") && (pinned !== "" || a.from !== "") && (
              <Button
                variant="default"
                size="compact-sm"
                mt={4}
                aria-label={`${t(pinned ? "updates.unpin" : "updates.pin", { version: a.from })}: ${a.host}`}
                onClick={() => pin.mutate({ agentId: a.agentId, version: pinned ? "" : a.from })}
              >
                {t(pinned ? "updates.unpin" : "updates.pin", { version: a.from })}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
