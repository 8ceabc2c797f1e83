import { Button, Checkbox, Group, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { obstacleKey } from "../remote/obstacles";
import { Waits } from "../remote/Waits";
import type { ConsentProps } from "./Actions";
import { actionKey } from "./actions";
import { PlanView, usePlan } from "./Plan";

/** The plan of an action, what has to go with it, and whether the cashier is asked too. */
export default function ConsentDialog(p: ConsentProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const [wait, setWait] = useState(5);
  const [ask, setAsk] = useState<boolean>();
  const plan = usePlan(p.till.id, p.item.action);
  const { demands, obstacle, doubt } = plan;
  // What can change fiscal data is not done behind the cashier's back, unless a person says so.
  const asks = ask ?? plan.steps.some((s) => s.fiscal);
  const ready =
    plan.ready &&
    (!demands?.confirm || same(typed, p.till.name)) &&
    (!demands?.reason || reason.trim() !== "");
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!ready) return;
    p.onYes({ askConsent: asks, reason: reason.trim(), confirm: typed.trim(), waitMinutes: wait });
  };
  return (
    <Modal
      opened
      onClose={p.onClose}
      title={
        <span className="strong">
          {t(actionKey(p.item.action))}: {p.till.name}
        </span>
      }
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <form onSubmit={submit}>
        {(obstacle || doubt) && (
          <div role="status" className={obstacle ? "strong" : undefined} style={{ marginBottom: 8 }}>
            {t(obstacleKey(obstacle || doubt), { code: obstacle || doubt })}
          </div>
        )}
        {p.item.warning && <div>{t(p.item.warning)}</div>}
        {p.children}
        <PlanView plan={plan} />
        <Checkbox
          mt="md"
          label={t("consent.ask")}
          description={asks ? t("consent.askWhy") : undefined}
          checked={asks}
          onChange={(e) => setAsk(e.currentTarget.checked)}
        />
        {doubt === "away" && (
          <div style={{ marginTop: 12 }}>
            <Waits value={wait} onChange={setWait} />
          </div>
        )}
        {demands?.reason && (
          <TextInput
            mt="md"
            label={t("remote.act.reason")}
            description={t("remote.act.reasonWhy")}
            value={reason}
            maxLength={500}
            onChange={(e) => setReason(e.currentTarget.value)}
            data-autofocus
            autoComplete="off"
          />
        )}
        {demands?.confirm && (
          <TextInput
            mt="md"
            label={t("confirm.type", { name: p.till.name })}
            value={typed}
            onChange={(e) => setTyped(e.currentTarget.value)}
            autoComplete="off"
          />
        )}
        {demands?.proof && <p className="quiet small">{t("remote.act.proof")}</p>}
        <Group justify="flex-end" mt="lg" gap={8}>
          <Button variant="default" onClick={p.onClose}>
            {t("cancel")}
          </Button>
          {/* Not disabled while the plan is read: it holds the focus, and Enter is refused by submit. */}
          <Button
            type="submit"
            disabled={plan.ready && !ready}
            loading={!plan.ready}
            data-autofocus={demands?.reason ? undefined : true}
          >
            {t(actionKey(p.item.action))}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

/** The name as it was typed is the till's, whatever the case and the blanks: as the cabinet compares. */
export function same(typed: string, name: string): boolean {
  const fold = (s: string) => s.trim().split(/\s+/).join(" ").toLowerCase();
  return fold(typed) !== "" && fold(typed) === fold(name);
}
