import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Checkbox, Group, Loader, Modal, NumberInput, Select, TextInput } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { type FormEvent, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useNotStarted } from "../fleet/Actions";
import { actionKey, newId } from "../fleet/actions";
import { StepRow } from "../fleet/Checklist";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { RemoteService } from "../gen/cabinet/v1/remote_pb";
import { Action } from "../gen/fiscal/v1/fiscal_pb";
import { obstacleKey } from "./obstacles";
import { MOST_TILLS } from "./SelectionBar";
import { Waits } from "./Waits";
import "./remote.css";

/** Actions that can be asked of many tills, the harmless ones first. */
const MANY: readonly Action[] = [
  Action.CHECK,
  Action.FINISH_PRINT,
  Action.RESEND_OFD,
  Action.X_REPORT,
  Action.COLLECT_BUNDLE,
  Action.CHECK_NETWORK,
  Action.SYNC_CLOCK,
  Action.REOPEN_PORT,
  Action.RECOVER,
  Action.RESTART_AGENT,
  Action.RESUME,
  Action.CLOSE_SHIFT,
  Action.SUSPEND,
  Action.REBOOT,
];

/** What to do, on which tills it would come to something, how fast, and when to stop. */
export default function WorkDialog({ tills, onClose }: { tills: readonly Till[]; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const notStarted = useNotStarted();
  const [action, setAction] = useState<Action>(Action.CHECK);
  const [dropped, setDropped] = useState<ReadonlySet<string>>(new Set());
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [ask, setAsk] = useState(false);
  const [rate, setRate] = useState(10);
  const [failures, setFailures] = useState(3);
  const [percent, setPercent] = useState(0);
  const [wait, setWait] = useState(5);
  const id = useRef(newId());
  // The list behind the dialog lives on; the work is about the tills as they were chosen.
  const [all] = useState(() => tills.map((x) => x.id));
  const plan = useQuery(
    RemoteService.method.planWork,
    { order: { action, tillIds: all } },
    { staleTime: 30_000, placeholderData: keepPreviousData },
  );
  const start = useMutation(RemoteService.method.startWork, {
    onSuccess: (answer) => {
      onClose();
      if (answer.work) void navigate(`/works/${encodeURIComponent(answer.work.id)}`);
    },
    onError: notStarted,
  });
  const rows = plan.data?.tills ?? [];
  const good = useMemo(() => rows.filter((x) => !x.obstacle && !dropped.has(x.tillId)), [rows, dropped]);
  const out = rows.length - good.length;
  const demands = plan.data?.demands;
  const ready =
    plan.data !== undefined &&
    !plan.isPlaceholderData &&
    good.length > 0 &&
    (!demands?.reason || reason.trim() !== "") &&
    (!demands?.confirm || typed.trim() === String(good.length));
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!ready) return;
    start.mutate({
      id: id.current,
      confirm: typed.trim(),
      order: {
        action,
        tillIds: good.map((x) => x.tillId),
        reason: reason.trim(),
        askConsent: ask,
        perMinute: rate,
        stopFailures: failures,
        stopPercent: percent,
        stopAfter: percent > 0 ? 5 : 0,
        waitMinutes: wait,
      },
    });
  };
  const toggle = (tillId: string) =>
    setDropped((old) => {
      const next = new Set(old);
      if (!next.delete(tillId)) next.add(tillId);
      return next;
    });
  const number = (v: string | number, least: number, most: number) =>
    Math.min(most, Math.max(least, Math.round(Number(v) || 0)));
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={<span className="strong">{t("remote.works.start")}</span>}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <form onSubmit={submit}>
        <Select
          label={t("remote.works.action")}
          data={MANY.map((a) => ({ value: String(a), label: t(actionKey(a)) }))}
          value={String(action)}
          allowDeselect={false}
          maxDropdownHeight={360}
          onChange={(v) => {
            setAction(Number(v));
            setDropped(new Set());
            setTyped("");
          }}
        />
        {action === Action.SUSPEND && <p style={{ margin: "8px 0 0" }}>{t("remote.act.suspendWhy")}</p>}
        {plan.data?.plan && plan.data.plan.steps.length > 0 && (
          <section aria-label={t("command.plan")} style={{ marginTop: 12 }}>
            <div className="quiet small">{t("command.plan")}</div>
            <ol className="steps" aria-label={t("command.plan")}>
              {plan.data.plan.steps.map((step, i) => (
                <StepRow key={`${step.code} ${i}`} step={step} ended={false} />
              ))}
            </ol>
          </section>
        )}
        <section aria-label={t("remote.works.tills")} style={{ marginTop: 12 }}>
          {plan.isPending ? (
            <Loader size="sm" aria-label={t("loading")} />
          ) : !plan.data ? (
            <div className="quiet">{t("nothing.unreachable")}</div>
          ) : (
            <>
              <div className="num" role="status">
                <span className="strong">
                  {good.length > 0
                    ? t("remote.works.chosen", { count: good.length, all: rows.length })
                    : t("remote.works.noneChosen")}
                </span>
                {out > 0 && good.length > 0 && (
                  <span className="quiet"> · {t("remote.works.leftOut", { count: out })}</span>
                )}
              </div>
              <ul className="planlist" aria-label={t("remote.works.tills")}>
                {rows.map((x) => (
                  <li key={x.tillId}>
                    <Checkbox
                      checked={!x.obstacle && !dropped.has(x.tillId)}
                      disabled={x.obstacle !== ""}
                      onChange={() => toggle(x.tillId)}
                      label={[x.name, x.outlet].filter(Boolean).join(" · ")}
                      description={
                        x.obstacle || x.doubt
                          ? t(obstacleKey(x.obstacle || x.doubt), { code: x.obstacle || x.doubt })
                          : undefined
                      }
                    />
                  </li>
                ))}
              </ul>
            </>
          )}
        </section>
        <div className="rulefields" style={{ marginTop: 12 }}>
          <NumberInput
            label={t("remote.works.rate")}
            value={rate}
            min={1}
            max={600}
            onChange={(v) => setRate(number(v, 1, 600))}
            w={140}
          />
          <NumberInput
            label={t("remote.works.stopFailures")}
            description={t("remote.works.stopHint")}
            value={failures}
            min={0}
            max={MOST_TILLS}
            onChange={(v) => setFailures(number(v, 0, MOST_TILLS))}
            w={210}
          />
          <NumberInput
            label={t("remote.works.stopPercent")}
            description={t("remote.works.stopHint")}
            value={percent}
            min={0}
            max={100}
            onChange={(v) => setPercent(number(v, 0, 100))}
            w={230}
          />
          <Waits value={wait} onChange={setWait} />
        </div>
        <Checkbox
          mt="md"
          label={t("consent.ask")}
          description={ask ? t("consent.askWhy") : undefined}
          checked={ask}
          onChange={(e) => setAsk(e.currentTarget.checked)}
        />
        <TextInput
          mt="md"
          label={t("remote.act.reason")}
          description={t("remote.act.reasonWhy")}
          value={reason}
          maxLength={500}
          required={demands?.reason}
          onChange={(e) => setReason(e.currentTarget.value)}
        />
        {demands?.confirm && (
          <TextInput
            mt="md"
            label={t("remote.works.type", { count: good.length })}
            value={typed}
            inputMode="numeric"
            autoComplete="off"
            onChange={(e) => setTyped(e.currentTarget.value)}
          />
        )}
        {demands?.proof && <p className="quiet small">{t("remote.act.proof")}</p>}
        <Group justify="flex-end" mt="lg" gap={8}>
          <Button variant="default" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button type="submit" disabled={!ready} loading={start.isPending}>
            {t("remote.works.begin")}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
