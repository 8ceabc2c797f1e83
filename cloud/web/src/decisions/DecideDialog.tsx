import { useMutation } from "@connectrpc/connect-query";
import { Button, Group, Modal, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNotStarted } from "../fleet/Actions";
import { newId, WITHOUT_DOCUMENT } from "../fleet/actions";
import { PlanView, usePlan } from "../fleet/Plan";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { Action, type Operation } from "../gen/fiscal/v1/fiscal_pb";
import { useLive } from "../live/Live";
import type { Answer } from "./undecided";

/** Longest reason the cabinet keeps. */
const REASON = 500;

/** The last question before a decision: what it means, what will be done, why, and the name of the till typed. */
export function DecideDialog(p: {
  till: Till;
  operation: Operation;
  answer: Answer;
  onClose: () => void;
  onStarted: (command: string) => void;
}) {
  const { t } = useTranslation();
  const { merger } = useLive();
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  // One id for the life of the dialog: a second press is the same order.
  const [id] = useState(newId);
  const plan = usePlan(p.till.id, Action.DECIDE);
  const notStarted = useNotStarted();
  const decide = useMutation(FleetService.method.decide, {
    onSuccess: (answer) => {
      if (!answer.command) return;
      merger.command(answer.command);
      p.onStarted(answer.command.id);
    },
    onError: notStarted,
  });
  const { answer } = p;
  const fd = answer.kind === "ours" ? answer.fd : answer.kind === "done" ? WITHOUT_DOCUMENT : 0;
  const countersOnly = p.operation.reason === "counters";
  const words =
    answer.kind === "ours"
      ? { act: t("decisions.ours", { fd: answer.fd }), means: t("decisions.oursMeans", { fd: answer.fd }) }
      : answer.kind === "done"
        ? { act: t("decisions.done"), means: t("decisions.doneMeans") }
        : {
            act: t(countersOnly ? "decisions.notDone" : "decisions.noDocument"),
            means: t("decisions.noneMeans"),
          };
  const ready = plan.ready && typed.trim() === p.till.name.trim() && reason.trim() !== "";
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!ready || decide.isPending) return;
    decide.mutate({
      id,
      tillId: p.till.id,
      decision: { key: p.operation.key, fd, reason: reason.trim() },
      confirm: typed.trim(),
    });
  };
  return (
    <Modal
      opened
      onClose={p.onClose}
      title={<span className="strong">{words.act}</span>}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <form onSubmit={submit}>
        <div>{words.means}</div>
        <PlanView plan={plan} />
        <Textarea
          mt="md"
          label={t("decisions.reason")}
          placeholder={t("decisions.reasonExample")}
          value={reason}
          onChange={(e) => setReason(e.currentTarget.value)}
          maxLength={REASON}
          rows={2}
          data-autofocus
        />
        <TextInput
          mt="md"
          label={t("confirm.type", { name: p.till.name })}
          value={typed}
          onChange={(e) => setTyped(e.currentTarget.value)}
          autoComplete="off"
        />
        <Group justify="flex-end" mt="lg" gap={8}>
          <Button variant="default" onClick={p.onClose}>
            {t("cancel")}
          </Button>
          <Button type="submit" disabled={!ready} loading={decide.isPending}>
            {words.act}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
