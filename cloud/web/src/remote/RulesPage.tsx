import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Group, Loader, Modal, NumberInput, TextInput, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useSession } from "../access/session";
import { troubleOf } from "../app/transport";
import { PlacePick } from "../fleet/PlacePick";
import { type NodeRule, RemoteService, type RuleSetting } from "../gen/cabinet/v1/remote_pb";
import { TreeService } from "../gen/cabinet/v1/tree_pb";
import { IconDash, IconTick } from "../ui/icons";
import { NotDone, Nothing, Unread } from "../ui/Nothing";
import { When } from "../ui/time";
import "./remote.css";

const NAMES = ["finish_print", "reopen_port", "close_shift", "sync_clock"] as const;
type Name = (typeof NAMES)[number];

function isName(word: string): word is Name {
  return (NAMES as readonly string[]).includes(word);
}

/** What a person sets: without the wrapping of a message. */
type Setting = Pick<RuleSetting, "on" | "atMinute" | "idleMinutes" | "seconds">;

const plain = (s: RuleSetting | undefined): Setting => ({
  on: s?.on ?? false,
  atMinute: s?.atMinute ?? 0,
  idleMinutes: s?.idleMinutes ?? 0,
  seconds: s?.seconds ?? 0,
});

/** Minute of the day as people write it, and back; undefined when it is no time. */
export function clockOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}
export function minuteOf(text: string): number | undefined {
  const m = /^(\d{1,2}):(\d{2})$/.exec(text.trim());
  const [h, min] = [Number(m?.[1]), Number(m?.[2])];
  return m && h < 24 && min < 60 ? h * 60 + min : undefined;
}

/** «Правила»: what do agents do by themselves, and where? */
export default function RulesPage() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const nodeId = params.get("node") ?? "";
  const rules = useQuery(RemoteService.method.listNodeRules, { nodeId });
  const tree = useQuery(TreeService.method.getTree, {});
  const data = rules.data;
  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("remote.rules.title")}</Title>
          <p className="quiet" style={{ margin: "4px 0 0", maxWidth: 760 }}>
            {t("remote.rules.what")}
          </p>
        </div>
      </div>
      <PlacePick
        label={t("remote.rules.node")}
        nodes={tree.data?.nodes ?? []}
        value={nodeId}
        name={data?.node?.name}
        onChange={(id) => setParams(id ? { node: id } : {}, { replace: true })}
      />
      {rules.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !data ? (
        !nodeId && troubleOf(rules.error) === "forbidden" ? (
          <Nothing title={t("remote.rules.part")} text={t("remote.rules.partTodo")} />
        ) : (
          <Unread error={rules.error} onRetry={() => void rules.refetch()} />
        )
      ) : (
        <>
          <div className="quiet small num" style={{ marginBottom: 12 }}>
            {t("remote.rules.told", { told: data.told, tills: data.tills })}
            {data.tooOld > 0 && <> · {t("remote.rules.tooOld", { count: data.tooOld })}</>}
          </div>
          <ul className="cards" aria-label={t("remote.rules.title")} style={{ maxWidth: 860 }}>
            {data.rules.map(
              (rule) =>
                isName(rule.name) && (
                  <Rule
                    key={`${nodeId} ${rule.name}`}
                    name={rule.name}
                    rule={rule}
                    nodeId={nodeId}
                    onChanged={() => void rules.refetch()}
                  />
                ),
            )}
          </ul>
        </>
      )}
    </>
  );
}

function Rule(p: { name: Name; rule: NodeRule; nodeId: string; onChanged: () => void }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const [asking, setAsking] = useState(false);
  const set = useSet(p.onChanged);
  const { rule, name, nodeId } = p;
  const on = rule.holds?.on === true;
  const whose = !rule.holds
    ? t("remote.rules.unset")
    : rule.here
      ? t("remote.rules.own")
      : rule.from?.id
        ? t("remote.rules.from", { name: rule.from.name })
        : t("remote.rules.fromWhole");
  return (
    <li className="card">
      <div style={{ display: "flex", flexWrap: "wrap", gap: "8px 16px", justifyContent: "space-between" }}>
        <div style={{ flex: "1 1 320px", minWidth: 0 }}>
          <Title order={2} style={{ marginTop: 0 }}>
            {t(`remote.rules.names.${name}`)}
          </Title>
          <div style={{ display: "flex", flexWrap: "wrap", gap: "2px 12px", alignItems: "center" }}>
            <span className={`state ${on ? "green" : "grey"}`}>
              {on ? <IconTick /> : <IconDash />} {t(on ? "remote.rules.on" : "remote.rules.off")}
              {on && <Says name={name} s={plain(rule.holds)} />}
            </span>
            <span className="quiet small">
              {whose}
              {rule.here && rule.changedBy && (
                <>
                  {" "}
                  · {t("remote.rules.changed", { who: rule.changedBy })} <When ms={rule.changedMs} />
                </>
              )}
            </span>
          </div>
          <p className="quiet" style={{ margin: "6px 0 0" }}>
            {t(`remote.rules.about.${name}`)}
          </p>
        </div>
        {can("tills:configure") && (
          <Group gap={8} style={{ alignSelf: "flex-start" }}>
            <Button variant={on ? "default" : "filled"} onClick={() => setAsking(true)}>
              {t(on ? "remote.rules.change" : "remote.rules.turnOn")}
            </Button>
            {on && (
              <Button
                variant="default"
                loading={set.isPending}
                onClick={() => set.mutate({ nodeId, name, setting: { ...plain(rule.holds), on: false } })}
              >
                {t("remote.rules.turnOff")}
              </Button>
            )}
            {rule.here && (
              <Button variant="subtle" loading={set.isPending} onClick={() => set.mutate({ nodeId, name })}>
                {t(nodeId ? "remote.rules.giveBack" : "remote.rules.unsetDo")}
              </Button>
            )}
          </Group>
        )}
      </div>
      {asking && <Ask {...p} onClose={() => setAsking(false)} />}
    </li>
  );
}

function useSet(onChanged: () => void) {
  const { t } = useTranslation();
  return useMutation(RemoteService.method.setNodeRule, {
    onSuccess: onChanged,
    onError: (error) =>
      notifications.show({
        color: "gray",
        message: <NotDone error={error} />,
        closeButtonProps: { "aria-label": t("close") },
      }),
  });
}

/** What a rule that is on says in figures. */
function Says({ name, s }: { name: Name; s: Setting }) {
  const { t } = useTranslation();
  switch (name) {
    case "close_shift":
      return <>: {t("remote.rules.saysAt", { time: clockOf(s.atMinute), minutes: s.idleMinutes })}</>;
    case "reopen_port":
      return <>: {t("remote.rules.saysSilent", { minutes: s.idleMinutes })}</>;
    case "sync_clock":
      return <>: {t("remote.rules.saysSeconds", { seconds: s.seconds })}</>;
    default:
      return null;
  }
}

/** The figures of a rule, what it would have done by them, and the switching on. */
function Ask(p: { name: Name; rule: NodeRule; nodeId: string; onChanged: () => void; onClose: () => void }) {
  const { t } = useTranslation();
  const { name, nodeId, rule } = p;
  const from = rule.holds?.on ? rule.holds : rule.usual;
  const [s, setS] = useState<Setting>({ ...plain(from), on: true });
  const [time, setTime] = useState(clockOf(s.atMinute));
  const minute = minuteOf(time);
  const setting = { ...s, atMinute: minute ?? s.atMinute };
  const ready = name !== "close_shift" || minute !== undefined;
  const trial = useQuery(RemoteService.method.tryNodeRule, { nodeId, name, setting }, { enabled: ready });
  const set = useSet(() => {
    p.onClose();
    p.onChanged();
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready) set.mutate({ nodeId, name, setting });
  };
  const number = (value: string | number, most: number) => Math.min(most, Math.max(0, Number(value) || 0));
  return (
    <Modal
      opened
      onClose={p.onClose}
      size="lg"
      title={<span className="strong">{t(`remote.rules.names.${name}`)}</span>}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <form onSubmit={submit}>
        <p style={{ margin: "0 0 12px" }}>{t(`remote.rules.about.${name}`)}</p>
        <div className="rulefields">
          {name === "close_shift" && (
            <TextInput
              label={t("remote.rules.at")}
              value={time}
              onChange={(e) => setTime(e.currentTarget.value)}
              error={minute === undefined}
              placeholder="23:50"
              inputMode="numeric"
              w={120}
            />
          )}
          {name !== "finish_print" && name !== "sync_clock" && (
            <NumberInput
              label={t(name === "close_shift" ? "remote.rules.idle" : "remote.rules.silent")}
              value={s.idleMinutes}
              min={name === "close_shift" ? 5 : 1}
              max={name === "close_shift" ? 240 : 60}
              onChange={(v) => setS({ ...s, idleMinutes: number(v, 240) })}
              w={220}
            />
          )}
          {name === "sync_clock" && (
            <NumberInput
              label={t("remote.rules.seconds")}
              value={s.seconds}
              min={10}
              max={3600}
              onChange={(v) => setS({ ...s, seconds: number(v, 3600) })}
              w={220}
            />
          )}
        </div>
        <section aria-label={t("remote.rules.try")} style={{ marginTop: 16 }}>
          <div className="quiet small">{t("remote.rules.try")}</div>
          {trial.isPending && ready ? (
            <Loader size="sm" mt={8} aria-label={t("loading")} />
          ) : !trial.data ? (
            trial.error && (
              <div className="quiet">
                <NotDone error={trial.error} />
              </div>
            )
          ) : (
            <>
              <div className="strong">
                {trial.data.total === 0
                  ? t("remote.rules.wouldNone")
                  : t("remote.rules.would", { count: trial.data.total })}
              </div>
              <div className="quiet small num">
                {t("remote.rules.looked", { tills: trial.data.tills })} <When ms={trial.data.sinceMs} />
              </div>
              {trial.data.firings.length > 0 && (
                <ul className="planlist" aria-label={t("remote.rules.try")}>
                  {trial.data.firings.map((f) => (
                    <li key={`${f.tillId} ${f.atMs}`}>
                      <Link to={`/tills/${encodeURIComponent(f.tillId)}`}>{f.till}</Link>{" "}
                      <span className="num">
                        {f.evidence === "shift" ? civil(f.atMs) : <When ms={f.atMs} />}
                      </span>{" "}
                      <span className="quiet small">
                        {f.evidence === "command"
                          ? t("remote.rules.evidence.command")
                          : f.evidence === "shift"
                            ? t("remote.rules.evidence.shift")
                            : t("remote.rules.evidence.problem")}
                        {f.lastedMs > 0n && (
                          <>
                            ,{" "}
                            {t("remote.rules.lasted", {
                              minutes: Math.max(1, Math.round(Number(f.lastedMs) / 60_000)),
                            })}
                          </>
                        )}
                      </span>
                    </li>
                  ))}
                </ul>
              )}
            </>
          )}
        </section>
        <Group justify="flex-end" mt="lg" gap={8}>
          <Button variant="default" onClick={p.onClose}>
            {t("cancel")}
          </Button>
          <Button type="submit" disabled={!ready} loading={set.isPending}>
            {t(rule.holds?.on ? "remote.rules.save" : "remote.rules.turnOn").replace("…", "")}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

/** A time by the till's own clock: it comes as if its zone were none. */
function civil(ms: bigint): string {
  const d = new Date(Number(ms)).toISOString();
  return `${d.slice(8, 10)}.${d.slice(5, 7)} ${d.slice(11, 16)}`;
}
