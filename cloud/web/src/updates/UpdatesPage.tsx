import { createConnectQueryKey, useMutation, useQuery } from "@connectrpc/connect-query";
import { Alert, Button, Group, Loader, Modal, NumberInput, Title } from "@mantine/core";
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
import { anyTime, clockOf, isOpen, PART_COLOURS, partsOf, runsOf, standingOf } from "./rollout";
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
    <Button onClick={() => setStarting((list.find((r) => r.channel !== "beta") ?? list[0])?.version)}>
      {t("updates.start")}
    </Button>
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
          <Title order={2} mb="xs">
            {t("updates.rollouts")}
          </Title>
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
          <Title order={2} mt="lg" mb="xs">
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
  return (
    <>
      <div>
        {linked && (
          <Link className="strong rollname" to={`/updates/${encodeURIComponent(rollout.id)}`}>
            {t("updates.to", { version: rollout.version })}
          </Link>
        )}
        <Fact value={state}>
          <span className={state === "aborted" ? "strong red" : "strong"}>
            {t(`updates.states.${state}`)}
          </span>
        </Fact>
      </div>
      {rollout.text && <div role="note">{rollout.text}</div>}
      <div className="small quiet rollwho">
        <When ms={rollout.sinceMs} /> · {t("updates.by", { who: rollout.startedBy })}
      </div>
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
            <i className={PART_COLOURS[part]} aria-hidden="true" />
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
  const { t } = useTranslation();
  if (!error) return null;
  return (
    <Alert color="gray" variant="outline" role="alert" mt="md" mb="xs">
      {troubleOf(error) === "unreachable"
        ? t("nothing.unreachable")
        : t("nothing.refusedTodo", { code: codeOf(error) })}
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
              {(a.stage !== UpdateStage.UNSPECIFIED || standing === "ahead") && a.text && <div>{a.text}</div>}
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
