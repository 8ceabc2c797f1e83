import { createConnectQueryKey, useMutation, useQuery } from "@connectrpc/connect-query";
import { Alert, Button, Modal, MultiSelect, NumberInput, Select, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { codeOf, troubleOf } from "../app/transport";
import { DocumentsService, type Release, type Rollout, UpdatesService } from "../gen/cabinet/v1/cabinet_pb";
import { inTheWay, minutesOf } from "./rollout";

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
  const percent = Number(share);
  const blocked = inTheWay(p.rollouts, p.releases, version);
  const ready = !badWindow && !blocked && percent >= 1 && percent <= 100;
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!ready) return;
    start.mutate({
      id,
      version,
      plan: {
        outletIds,
        share: percent,
        perMinute: Number(perMinute) || 0,
        abortPercent: Number(abortPercent) || 0,
        abortAfter: Number(abortAfter) || 0,
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
      <form onSubmit={submit} aria-label={t("updates.startTitle")}>
        <Select
          label={t("updates.version")}
          data={p.releases.map((r) => r.version)}
          value={version}
          onChange={(v) => v && setVersion(v)}
          allowDeselect={false}
        />
        <MultiSelect
          mt="sm"
          label={t("updates.outlets")}
          placeholder={outletIds.length === 0 ? t("updates.outletsAll") : undefined}
          data={(outlets.data?.outlets ?? []).map((o) => ({ value: o.id, label: o.name }))}
          value={outletIds}
          onChange={setOutletIds}
        />
        <NumberInput
          mt="sm"
          label={t("updates.shareLabel")}
          value={share}
          onChange={setShare}
          min={1}
          max={100}
          allowDecimal={false}
        />
        <NumberInput
          mt="sm"
          label={t("updates.rateLabel")}
          value={perMinute}
          onChange={setPerMinute}
          min={0}
          max={1000}
          allowDecimal={false}
        />
        <TextInput
          mt="sm"
          label={t("updates.windowFrom")}
          placeholder="02:00"
          value={from}
          onChange={(e) => setFrom(e.currentTarget.value)}
        />
        <TextInput
          mt="sm"
          label={t("updates.windowTo")}
          placeholder="05:00"
          value={to}
          onChange={(e) => setTo(e.currentTarget.value)}
          error={badWindow && t("updates.windowBad")}
        />
        <NumberInput
          mt="sm"
          label={t("updates.abortPercent")}
          value={abortPercent}
          onChange={setAbortPercent}
          min={0}
          max={100}
          allowDecimal={false}
        />
        <NumberInput
          mt="sm"
          label={t("updates.abortAfter")}
          value={abortAfter}
          onChange={setAbortAfter}
          min={0}
          allowDecimal={false}
        />
        <p>
          {t("updates.happens", { version, share: percent || 0 })}{" "}
          {windowed ? t("updates.happensWindow", { from, to }) : t("updates.happensAny")}{" "}
          {Number(abortPercent) > 0
            ? t("updates.happensAbort", {
                percent: Number(abortPercent),
                after: Math.max(Number(abortAfter) || 1, 1),
              })
            : t("updates.happensNoAbort")}
        </p>
        {blocked && (
          <Alert color="gray" variant="outline" role="alert">
            {t("updates.blocked", { version: blocked.version })}
          </Alert>
        )}
        {start.error && (
          <Alert color="gray" variant="outline" role="alert">
            {troubleOf(start.error) === "unreachable"
              ? t("nothing.unreachable")
              : t("nothing.refusedTodo", { code: codeOf(start.error) })}
          </Alert>
        )}
        <Button type="submit" mt="md" loading={start.isPending} disabled={!ready}>
          {t("updates.begin")}
        </Button>
      </form>
    </Modal>
  );
}
