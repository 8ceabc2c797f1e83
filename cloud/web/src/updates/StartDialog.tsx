import { createConnectQueryKey, useMutation, useQuery } from "@connectrpc/connect-query";
import { Alert, Button, Modal, MultiSelect, NumberInput, Select, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import { type Release, type Rollout, UpdatesService } from "../gen/cabinet/v1/updates_pb";
import { NotDone } from "../ui/Nothing";
import { inTheWay, minutesOf, wholeOf } from "./rollout";

/** A plan with a sentence that says what it will do. */
export function StartDialog(p: {
  releases: readonly Release[];
  rollouts: readonly Rollout[];
  version: string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const outlets = useQuery(DocumentsService.method.listOutlets, {});
  const [id] = useState(() => crypto.randomUUID());
  const [version, setVersion] = useState(p.version);
  const [outletIds, setOutletIds] = useState<string[]>([]);
  const [share, setShare] = useState<number | string>(10);
  const [perMinute, setPerMinute] = useState<number | string>(10);
  const [abortPercent, setAbortPercent] = useState<number | string>(20);
  const [abortAfter, setAbortAfter] = useState<number | string>(5);
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const start = useMutation(UpdatesService.method.startRollout, {
    onSuccess: () => {
      void queries.invalidateQueries({
        queryKey: createConnectQueryKey({ schema: UpdatesService, cardinality: undefined }),
      });
      p.onClose();
    },
  });
  const windowed = from !== "" || to !== "";
  const a = minutesOf(from);
  const b = minutesOf(to);
  const badWindow = windowed && (a === undefined || b === undefined || a === b);
  const bounded = (value: number | string, min: number, max: number) => {
    const number = wholeOf(value, min, max);
    return { number, error: number === undefined && t("updates.range", { min, max }) };
  };
  // The bounds are the cabinet's own.
  const percent = bounded(share, 1, 100);
  const rate = bounded(perMinute, 0, 1000);
  const stopAt = bounded(abortPercent, 0, 100);
  const stopAfter = bounded(abortAfter, 1, 1_000_000);
  const whole = [percent, rate, stopAt, stopAfter].every((x) => x.number !== undefined);
  const blocked = inTheWay(p.rollouts, p.releases, version);
  const ready = whole && !badWindow && !blocked;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!ready) return;
    start.mutate({
      id,
      version,
      plan: {
        outletIds,
        share: percent.number,
        perMinute: rate.number,
        abortPercent: stopAt.number,
        abortAfter: stopAfter.number,
        windowFrom: windowed ? a : 0,
        windowTo: windowed ? b : 0,
      },
    });
  };
  return (
    <Modal
      opened
      onClose={p.onClose}
      title={<span className="strong">{t("updates.startTitle")}</span>}
      size={560}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <form className="rollform" noValidate onSubmit={submit} aria-label={t("updates.startTitle")}>
        <Select
          label={t("updates.version")}
          data={p.releases.map((r) => ({
            value: r.version,
            label: `${r.version} · ${t(r.channel === "beta" ? "updates.beta" : "updates.stable")}`,
          }))}
          value={version}
          onChange={(v) => v && setVersion(v)}
          allowDeselect={false}
        />
        <MultiSelect
          label={t("updates.outlets")}
          placeholder={outletIds.length === 0 ? t("updates.outletsAll") : undefined}
          data={(outlets.data?.outlets ?? []).map((o) => ({ value: o.id, label: o.name }))}
          value={outletIds}
          onChange={setOutletIds}
        />
        <div className="rollpair">
          <NumberInput
            label={t("updates.shareLabel")}
            value={share}
            onChange={setShare}
            clampBehavior="none"
            allowDecimal={false}
            error={percent.error}
          />
          <NumberInput
            label={t("updates.rateLabel")}
            value={perMinute}
            onChange={setPerMinute}
            clampBehavior="none"
            allowDecimal={false}
            error={rate.error}
          />
        </div>
        <div className="rollpair times">
          <TextInput
            label={t("updates.windowFrom")}
            placeholder="02:00"
            value={from}
            onChange={(e) => setFrom(e.currentTarget.value)}
            error={badWindow}
          />
          <TextInput
            label={t("updates.windowTo")}
            placeholder="05:00"
            value={to}
            onChange={(e) => setTo(e.currentTarget.value)}
            error={badWindow}
          />
        </div>
        <div
          className={badWindow ? "small red rollhint" : "small quiet rollhint"}
          role={badWindow ? "alert" : undefined}
        >
          {badWindow ? t("updates.windowBad") : t("updates.windowHint")}
        </div>
        <div className="rollpair">
          <NumberInput
            label={t("updates.abortPercent")}
            value={abortPercent}
            onChange={setAbortPercent}
            clampBehavior="none"
            allowDecimal={false}
            error={stopAt.error}
          />
          <NumberInput
            label={t("updates.abortAfter")}
            value={abortAfter}
            onChange={setAbortAfter}
            clampBehavior="none"
            allowDecimal={false}
            error={stopAfter.error}
          />
        </div>
        {whole && !badWindow && (
          <p>
            {t("updates.happens", { version, share: percent.number })}{" "}
            {outletIds.length > 0 && `${t("updates.happensOutlets", { count: outletIds.length })} `}
            {(rate.number ?? 0) > 0 && `${t("updates.happensRate", { count: rate.number })} `}
            {windowed ? t("updates.happensWindow", { from, to }) : t("updates.happensAny")}{" "}
            {(stopAt.number ?? 0) > 0
              ? t("updates.happensAbort", { percent: stopAt.number, after: stopAfter.number })
              : t("updates.happensNoAbort")}
          </p>
        )}
        {blocked && (
          <Alert color="gray" variant="outline" role="alert">
            {t("updates.blocked", { version: blocked.version })}
          </Alert>
        )}
        {start.error && (
          <Alert color="gray" variant="outline" role="alert">
            <NotDone error={start.error} />
          </Alert>
        )}
        <Button type="submit" w="fit-content" loading={start.isPending} disabled={!ready}>
          {t("updates.begin")}
        </Button>
      </form>
    </Modal>
  );
}
