import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Loader, Modal, NativeSelect, NumberInput, TextInput, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { type ListThresholdsResponse, type Threshold, ThresholdLevel } from "../gen/cabinet/v1/light_pb";
import { PlaceKind, TreeService } from "../gen/cabinet/v1/tree_pb";
import { Unread } from "../ui/Nothing";
import type { Say } from "../words";
import { PlacePick } from "./PlacePick";
import { useExact } from "./troubles";

/** Where limits are set: in the address, so that a link leads to them. */
interface Node {
  level: ThresholdLevel;
  id: string;
}

const RULES = [
  "silence",
  "shift_age",
  "ofd_age",
  "ofd_contract",
  "fn_term",
  "fn_room",
  "clock_skew",
  "certificate",
  "autonomous",
] as const;

/** «Пороги»: from which number does a till turn yellow and red, and whose limit is it? */
export default function ThresholdsPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const [params, setParams] = useSearchParams();
  const tree = useQuery(TreeService.method.getTree, {});
  const level = LEVELS.find(([, name]) => params.get(name));
  const node: Node = level
    ? { level: level[0], id: params.get(level[1]) ?? "" }
    : { level: ThresholdLevel.ORGANISATION, id: "" };
  const list = useQuery(FleetService.method.listThresholds, { node });
  const [changing, setChanging] = useState<Threshold>();
  const [hours, setHours] = useState(false);
  const allowed = can("tills:configure");
  const narrow = useNarrow();
  const Change = ({ x }: { x: Threshold }) => (
    <Button
      size="compact-xs"
      variant="subtle"
      flex="none"
      aria-label={`${t("thresholds.change")}: ${ruleWord(t, x.metric)}`}
      onClick={() => setChanging(x)}
    >
      {t("thresholds.change")}
    </Button>
  );

  return (
    <>
      <div className="title">
        <Title order={1}>{t("thresholds.title")}</Title>
      </div>
      <p className="quiet" style={{ margin: "0 0 12px", maxWidth: 720 }}>
        {t("thresholds.what")} {!allowed && t("thresholds.noRight")}
      </p>
      <PlacePick
        label={t("thresholds.where")}
        nodes={tree.data?.nodes ?? []}
        value={node.id}
        onChange={(_, x) => {
          const at = LEVELS.find(([, , kind]) => kind === x?.kind);
          setParams(x && at ? { [at[1]]: x.id } : {}, { replace: true });
        }}
      />
      {list.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !list.data ? (
        <Unread error={list.error} onRetry={() => void list.refetch()} />
      ) : (
        <>
          {narrow ? (
            <ul className="cards" aria-label={t("thresholds.title")}>
              {list.data.thresholds.map((x) => (
                <li key={x.metric} className="card">
                  <div className="cardhead" style={{ alignItems: "center" }}>
                    <span className="strong">{ruleWord(t, x.metric)}</span>
                    {allowed && <Change x={x} />}
                  </div>
                  <dl className="pairs">
                    <dt>{t("thresholds.warn")}</dt>
                    <dd>
                      <Limit threshold={x} of="warn" />
                    </dd>
                    <dt>{t("thresholds.critical")}</dt>
                    <dd>
                      <Limit threshold={x} of="critical" />
                    </dd>
                    <dt>{t("thresholds.whose")}</dt>
                    <dd className={x.level === node.level ? "strong" : "quiet"}>
                      {whose(t, x.level, x.levelName)}
                    </dd>
                  </dl>
                </li>
              ))}
            </ul>
          ) : (
            <div className="tablebox">
              <table className="table" aria-label={t("thresholds.title")}>
                <thead>
                  <tr>
                    <th scope="col">{t("thresholds.rule")}</th>
                    <th scope="col">{t("thresholds.warn")}</th>
                    <th scope="col">{t("thresholds.critical")}</th>
                    <th scope="col">{t("thresholds.whose")}</th>
                    {allowed && <th scope="col" aria-label={t("thresholds.change")} />}
                  </tr>
                </thead>
                <tbody>
                  {list.data.thresholds.map((x) => (
                    <tr key={x.metric}>
                      <td style={{ minWidth: 140 }}>{ruleWord(t, x.metric)}</td>
                      <td className="nowrap">
                        <Limit threshold={x} of="warn" />
                      </td>
                      <td className="nowrap">
                        <Limit threshold={x} of="critical" />
                      </td>
                      <td className={x.level === node.level ? "strong" : "quiet"}>
                        {whose(t, x.level, x.levelName)}
                      </td>
                      {allowed && (
                        <td className="right">
                          <Change x={x} />
                        </td>
                      )}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
          <section className="panel" style={{ marginTop: 16, maxWidth: 560 }}>
            <div style={{ display: "flex", justifyContent: "space-between", gap: 12 }}>
              <Title order={2}>{t("thresholds.hours")}</Title>
              {allowed && (
                <Button size="compact-xs" variant="subtle" onClick={() => setHours(true)}>
                  {t("thresholds.change")}
                </Button>
              )}
            </div>
            <div className="num">
              {hoursText(t, list.data)}{" "}
              <span className="quiet">({whose(t, list.data.hoursLevel, list.data.hoursName)})</span>
            </div>
            <div className="small quiet">{t("thresholds.hoursWhat")}</div>
          </section>
          {changing && (
            <ChangeLimit node={node} threshold={changing} onClose={() => setChanging(undefined)} />
          )}
          {hours && <ChangeHours node={node} list={list.data} onClose={() => setHours(false)} />}
        </>
      )}
    </>
  );
}

/** Whose limit it is; of a department its name, for there may be several above a till. */
function whose(t: Say, level: ThresholdLevel, name: string): string {
  if (level === ThresholdLevel.DEPARTMENT && name) return t("levels.named4", { name });
  return t(`levels.of${level as 0 | 1 | 2 | 3 | 4}`);
}

/** Levels that have an id, by their names in the address. */
const LEVELS = [
  [ThresholdLevel.TILL, "till", PlaceKind.TILL],
  [ThresholdLevel.OUTLET, "outlet", PlaceKind.OUTLET],
  [ThresholdLevel.DEPARTMENT, "department", PlaceKind.DEPARTMENT],
] as const;

function ruleWord(t: Say, metric: string): string {
  const known = RULES.find((x) => x === metric);
  return known ? t(`rules.${known}`) : metric;
}

function Limit({ threshold, of }: { threshold: Threshold; of: "warn" | "critical" }) {
  const { t } = useTranslation();
  const length = useExact();
  const value = threshold.limits?.[of] ?? 0n;
  if (value === 0n) return <span className="quiet">{t("thresholds.never")}</span>;
  return (
    <>
      <span className="quiet">{t(threshold.below ? "thresholds.under" : "thresholds.over")}</span>{" "}
      {length(Number(value))}
    </>
  );
}

const two = (n: number) => n.toString().padStart(2, "0");
const clock = (minutes: number) => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
const minutesOf = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

function hoursText(t: Say, list: ListThresholdsResponse): string {
  const h = list.hours;
  return !h || h.from === h.to ? t("thresholds.allDay") : `${clock(h.from)}–${clock(h.to)}`;
}

const UNITS = { days: 86_400, hoursUnit: 3600, minutes: 60 } as const;

/** The greatest unit in which both limits are whole. */
function unitOf(x: Threshold): keyof typeof UNITS {
  const values = [Number(x.limits?.warn ?? 0n), Number(x.limits?.critical ?? 0n)];
  for (const unit of ["days", "hoursUnit"] as const) {
    if (values.every((v) => v % UNITS[unit] === 0)) return unit;
  }
  return "minutes";
}

function ChangeLimit(p: { node: Node; threshold: Threshold; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const x = p.threshold;
  const [unit, setUnit] = useState(() => unitOf(x));
  const [warn, setWarn] = useState<number | string>(() => Number(x.limits?.warn ?? 0n) / UNITS[unit]);
  const [critical, setCritical] = useState<number | string>(
    () => Number(x.limits?.critical ?? 0n) / UNITS[unit],
  );
  const set = useMutation(FleetService.method.setThreshold, {
    onSuccess: () => {
      void queries.invalidateQueries();
      p.onClose();
    },
  });
  const a = Math.round(Number(warn || 0) * UNITS[unit]);
  const b = Math.round(Number(critical || 0) * UNITS[unit]);
  const wrong = a > 0 && b > 0 && (x.below ? b > a : b < a);
  const most = Number(x.most) / UNITS[unit];
  const submit = (e: FormEvent) => {
    e.preventDefault();
    set.mutate({
      node: p.node,
      metric: x.metric,
      limits: { warn: BigInt(a), critical: BigInt(b) },
    });
  };
  return (
    <Modal
      opened
      onClose={p.onClose}
      title={<span className="strong">{ruleWord(t, x.metric)}</span>}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <form onSubmit={submit}>
        <div style={{ display: "flex", gap: 12, flexWrap: "wrap" }}>
          <NumberInput
            label={t("thresholds.warn")}
            value={warn}
            onChange={setWarn}
            min={0}
            max={most}
            w={120}
            data-autofocus
          />
          <NumberInput
            label={t("thresholds.critical")}
            value={critical}
            onChange={setCritical}
            min={0}
            max={most}
            w={120}
          />
          <NativeSelect
            label={t("thresholds.unit")}
            value={unit}
            onChange={(e) => setUnit(e.currentTarget.value as keyof typeof UNITS)}
            data={Object.keys(UNITS).map((u) => ({
              value: u,
              label: t(`thresholds.${u as keyof typeof UNITS}`),
            }))}
          />
        </div>
        <p className="small quiet" style={{ margin: "8px 0" }}>
          {t("thresholds.zero")}
        </p>
        {wrong && (
          <p className="red" role="alert">
            {t("thresholds.wrong")}
          </p>
        )}
        {set.error && <Unread error={set.error} onRetry={() => set.reset()} />}
        <div style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
          <Button type="submit" disabled={wrong} loading={set.isPending}>
            {t("thresholds.save")}
          </Button>
          {x.level === p.node.level && (
            <Button
              variant="default"
              loading={set.isPending}
              onClick={() => set.mutate({ node: p.node, metric: x.metric })}
            >
              {t("thresholds.inherit")}
            </Button>
          )}
        </div>
      </form>
    </Modal>
  );
}

function ChangeHours(p: { node: Node; list: ListThresholdsResponse; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const whole = !p.list.hours || p.list.hours.from === p.list.hours.to;
  const [from, setFrom] = useState(whole ? "09:00" : clock(p.list.hours?.from ?? 0));
  const [to, setTo] = useState(whole ? "21:00" : clock(p.list.hours?.to ?? 0));
  const set = useMutation(FleetService.method.setWorkingHours, {
    onSuccess: () => {
      void queries.invalidateQueries();
      p.onClose();
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    set.mutate({ node: p.node, hours: { from: minutesOf(from), to: minutesOf(to) } });
  };
  return (
    <Modal
      opened
      onClose={p.onClose}
      title={<span className="strong">{t("thresholds.hours")}</span>}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <form onSubmit={submit}>
        <div style={{ display: "flex", gap: 12 }}>
          <TextInput
            type="time"
            label={t("thresholds.from")}
            value={from}
            onChange={(e) => setFrom(e.currentTarget.value)}
            required
            data-autofocus
          />
          <TextInput
            type="time"
            label={t("thresholds.to")}
            value={to}
            onChange={(e) => setTo(e.currentTarget.value)}
            required
          />
        </div>
        {set.error && <Unread error={set.error} onRetry={() => set.reset()} />}
        <div style={{ display: "flex", gap: 8, marginTop: 16, flexWrap: "wrap" }}>
          <Button type="submit" loading={set.isPending}>
            {t("thresholds.save")}
          </Button>
          <Button
            variant="default"
            loading={set.isPending}
            onClick={() => set.mutate({ node: p.node, hours: { from: 0, to: 0 } })}
          >
            {t("thresholds.allDay")}
          </Button>
          {p.list.hoursLevel === p.node.level && (
            <Button variant="default" loading={set.isPending} onClick={() => set.mutate({ node: p.node })}>
              {t("thresholds.inherit")}
            </Button>
          )}
        </div>
      </form>
    </Modal>
  );
}
