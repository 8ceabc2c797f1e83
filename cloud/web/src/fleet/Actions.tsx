import { useMutation } from "@connectrpc/connect-query";
import { ActionIcon, Button, Checkbox, Group, Menu, Modal, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { codeOf, troubleOf } from "../app/transport";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { type Action, Paper } from "../gen/fiscal/v1/fiscal_pb";
import { useLive } from "../live/Live";
import { IconMore } from "../ui/icons";
import { actionKey, CHECK, FINISH, MENU, newId, type Offer } from "./actions";
import { PlanView, usePlan } from "./Plan";

/** Says that a command was not sent, and why. */
export function useNotStarted() {
  const { t } = useTranslation();
  return (error: unknown) => {
    const code = codeOf(error);
    const trouble = troubleOf(error);
    notifications.show({
      color: "gray",
      title: t("command.notStarted"),
      message:
        trouble === "unreachable"
          ? t("nothing.unreachable")
          : code === "unimplemented"
            ? t("command.tooOld")
            : t("nothing.refusedTodo", { code }),
      closeButtonProps: { "aria-label": t("close") },
    });
  };
}

/** Orders an action; the same order never runs twice. */
export function useOrder(tillId: string, onStarted: (id: string) => void) {
  const { merger } = useLive();
  const notStarted = useNotStarted();
  const start = useMutation(FleetService.method.startCommand, {
    onSuccess: (answer) => {
      if (!answer.command) return;
      merger.command(answer.command);
      onStarted(answer.command.id);
    },
    onError: notStarted,
  });
  return {
    order: (action: Action, askConsent = false, logLevel = "") =>
      start.mutate({ id: newId(), tillId, action, askConsent, logLevel }),
    busy: (action: Action) => start.isPending && start.variables?.action === action,
  };
}

/** Buttons of the till: the two main actions, and a menu with the others. Each shows its plan first. */
export function Actions({ till, onStarted }: { till: Till; onStarted: (id: string) => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<Offer>();
  const { order, busy } = useOrder(till.id, onStarted);
  const owed = till.state?.paperOwed || till.state?.paper === Paper.CONTINUE;
  const abilities = new Set(till.state?.abilities);

  return (
    <Group gap={6} className="acts">
      <Button
        variant={owed ? "filled" : "default"}
        onClick={() => setAsking(FINISH)}
        loading={busy(FINISH.action)}
      >
        {t("actions.finish_print")}
      </Button>
      <Button
        variant={owed ? "default" : "filled"}
        onClick={() => setAsking(CHECK)}
        loading={busy(CHECK.action)}
      >
        {t("actions.check")}
      </Button>
      <Menu>
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label={t("actions.more")}>
            <IconMore />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {MENU.map((item) => (
            <Menu.Item
              key={item.action}
              disabled={item.ability !== undefined && !abilities.has(item.ability)}
              onClick={() => setAsking(item)}
            >
              {t(actionKey(item.action))}…
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {asking && (
        <Consent
          key={asking.action}
          till={till}
          item={asking}
          onClose={() => setAsking(undefined)}
          onYes={(askConsent) => {
            setAsking(undefined);
            order(asking.action, askConsent);
          }}
        />
      )}
    </Group>
  );
}

/** The plan of an action, the consent to it, and whether the cashier is asked too. */
export function Consent(p: {
  till: Till;
  item: Offer;
  onClose: () => void;
  onYes: (askConsent: boolean) => void;
  /** What else has to be chosen. */
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const [ask, setAsk] = useState<boolean>();
  const plan = usePlan(p.till.id, p.item.action);
  // What can change fiscal data is not done behind the cashier's back, unless a person says so.
  const asks = ask ?? plan.steps.some((s) => s.fiscal);
  const needsName = p.item.care === "type_name";
  const ready = plan.ready && (!needsName || typed.trim() === p.till.name.trim());
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready) p.onYes(asks);
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
        {needsName && (
          <TextInput
            mt="md"
            label={t("confirm.type", { name: p.till.name })}
            value={typed}
            onChange={(e) => setTyped(e.currentTarget.value)}
            data-autofocus
            autoComplete="off"
          />
        )}
        <Group justify="flex-end" mt="lg" gap={8}>
          <Button variant="default" onClick={p.onClose}>
            {t("cancel")}
          </Button>
          {/* Not disabled while the plan is read: it holds the focus, and Enter is refused by submit. */}
          <Button
            type="submit"
            disabled={plan.ready && !ready}
            loading={!plan.ready}
            data-autofocus={needsName ? undefined : true}
          >
            {t(actionKey(p.item.action))}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
