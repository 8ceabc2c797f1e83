import { useMutation } from "@connectrpc/connect-query";
import { ActionIcon, Button, Checkbox, Group, Menu, Modal, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { ParseKeys } from "i18next";
import { type FormEvent, Fragment, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useSession } from "../access/session";
import { codeOf, troubleOf } from "../app/transport";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { Action, Paper } from "../gen/fiscal/v1/fiscal_pb";
import { useLive } from "../live/Live";
import { obstacleKey } from "../remote/obstacles";
import { Waits } from "../remote/Waits";
import { IconMore } from "../ui/icons";
import { actionKey, CHECK, FINISH, MENU, newId, type Offer, RESUME } from "./actions";
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

/** What goes with an order besides its action. */
export type Extras = {
  askConsent?: boolean;
  logLevel?: string;
  reason?: string;
  confirm?: string;
  waitMinutes?: number;
};

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
    order: (action: Action, extras: Extras = {}) => start.mutate({ id: newId(), tillId, action, ...extras }),
    busy: (action: Action) => start.isPending && start.variables?.action === action,
  };
}

/** Buttons of the till: the two main actions, and a menu with the others. Each shows its plan first. */
export function Actions({ till, onStarted }: { till: Till; onStarted: (id: string) => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<Offer>();
  const { order, busy } = useOrder(till.id, onStarted);
  const owed = till.state?.paperOwed || till.state?.paper === Paper.CONTINUE;
  const suspended = till.state?.suspended !== undefined;

  return (
    <Group gap={6} className="acts">
      {suspended && (
        <Button onClick={() => setAsking(RESUME)} loading={busy(RESUME.action)}>
          {t("actions.resume")}
        </Button>
      )}
      <Button
        variant={owed && !suspended ? "filled" : "default"}
        onClick={() => setAsking(FINISH)}
        loading={busy(FINISH.action)}
      >
        {t("actions.finish_print")}
      </Button>
      <Button
        variant={owed || suspended ? "default" : "filled"}
        onClick={() => setAsking(CHECK)}
        loading={busy(CHECK.action)}
      >
        {t("actions.check")}
      </Button>
      <ActionMenu till={till} label={t("actions.more")} onChoose={setAsking} />
      {asking && (
        <Consent
          key={asking.action}
          till={till}
          item={asking}
          onClose={() => setAsking(undefined)}
          onYes={(extras) => {
            setAsking(undefined);
            order(asking.action, extras);
          }}
        />
      )}
    </Group>
  );
}

/** The other actions, those that can do more wrong further down. */
export function ActionMenu(p: {
  till: Till;
  label: string;
  onChoose: (offer: Offer) => void;
  main?: boolean;
}) {
  const { t } = useTranslation();
  const abilities = new Set(p.till.state?.abilities);
  const suspended = p.till.state?.suspended !== undefined;
  const groups = p.main
    ? [{ harm: undefined, offers: [CHECK, FINISH] }, ...MENU]
    : MENU.map((g) => ({ harm: g.harm as ParseKeys | undefined, offers: g.offers }));
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon variant={p.main ? "subtle" : "default"} size={p.main ? 22 : 36} aria-label={p.label}>
          <IconMore />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {groups.map((group) => (
          <Fragment key={group.harm ?? "main"}>
            {group.harm && <Menu.Label>{t(group.harm)}</Menu.Label>}
            {group.offers.map((offer) => {
              const item = suspended && offer.action === Action.SUSPEND ? RESUME : offer;
              return (
                <Menu.Item
                  key={item.action}
                  disabled={item.ability !== undefined && !abilities.has(item.ability)}
                  onClick={() => p.onChoose(item)}
                >
                  {t(actionKey(item.action))}…
                </Menu.Item>
              );
            })}
          </Fragment>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Menu of one row of a list: what is started is followed on the till's own page. */
export function RowMenu({ till }: { till: Till }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<Offer>();
  const { order } = useOrder(till.id, () => void navigate(`/tills/${encodeURIComponent(till.id)}`));
  if (!can("tills:recover")) return null;
  return (
    <>
      <ActionMenu main till={till} label={t("remote.act.menu", { name: till.name })} onChoose={setAsking} />
      {asking && (
        <Consent
          till={till}
          item={asking}
          onClose={() => setAsking(undefined)}
          onYes={(extras) => {
            setAsking(undefined);
            order(asking.action, extras);
          }}
        />
      )}
    </>
  );
}

/** The plan of an action, what has to go with it, and whether the cashier is asked too. */
export function Consent(p: {
  till: Till;
  item: Offer;
  onClose: () => void;
  onYes: (extras: Extras) => void;
  /** What else has to be chosen. */
  children?: ReactNode;
}) {
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
