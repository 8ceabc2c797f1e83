import { useQuery } from "@connectrpc/connect-query";
import { Alert, Button, Loader, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import { type Release, type Rollout, RolloutState, UpdatesService } from "../gen/cabinet/v1/updates_pb";
import { Forbidden, Nothing, Unread } from "../ui/Nothing";
import { Spoken } from "../ui/Spoken";
import { Fact } from "../ui/State";
import { useNow, When } from "../ui/time";
import { anyTime, clockOf, PART_COLOURS, partsOf } from "./rollout";
import { StartDialog } from "./StartDialog";
import "./updates.css";

/** «Обновления»: which versions are there, and how do they get to the shops? */
export default function UpdatesPage() {
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
        <Forbidden needs="tills:view" />
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
      {release.notes && (
        <div className="releasenotes" lang="ru">
          {release.notes}
        </div>
      )}
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

export function RolloutHead({ rollout, linked = true }: { rollout: Rollout; linked?: boolean }) {
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
      {rollout.text && (
        <div role="note">
          <Spoken text={rollout.text} />
        </div>
      )}
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

export function Counts({ rollout }: { rollout: Rollout }) {
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
