import { useMutation } from "@connectrpc/connect-query";
import { ActionIcon, Button, Group, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import type { ParseKeys } from "i18next";
import { Fragment, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { codeOf } from "../app/transport";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { Action, Paper } from "../gen/fiscal/v1/fiscal_pb";
import { useLive } from "../live/Live";
import { IconMore } from "../ui/icons";
import { speaking } from "../ui/later";
import { NotDone } from "../ui/Nothing";
import { actionKey, CHECK, FINISH, MENU, newId, type Offer, RESUME } from "./actions";

/** Says that a command was not sent, and why. */
export function useNotStarted() {
  const { t } = useTranslation();
  return (error: unknown) => {
    notifications.show({
      color: "gray",
      title: t("command.notStarted"),
      message: codeOf(error) === "unimplemented" ? t("command.tooOld") : <NotDone error={error} />,
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
  const narrow = useNarrow();
  const { t } = useTranslation();
  const abilities = new Set(p.till.state?.abilities);
  const [upkeep, setUpkeep] = useState(false);
  const suspended = p.till.state?.suspended !== undefined;
  const groups = p.main
    ? [{ harm: undefined, offers: [CHECK, FINISH] }, ...MENU]
    : MENU.map((g) => ({ harm: g.harm as ParseKeys | undefined, offers: g.offers }));
  return (
    <>
      <Menu>
        <Menu.Target>
          <ActionIcon
            variant={p.main ? "subtle" : "default"}
            size={p.main ? (narrow ? 44 : 24) : 36}
            aria-label={p.label}
          >
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
          <Menu.Divider />
          <Menu.Item onClick={() => setUpkeep(true)}>{t("upkeep.start")}…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {upkeep && (
        <Suspense fallback={null}>
          <MaintenanceDialog tills={[p.till]} onClose={() => setUpkeep(false)} />
        </Suspense>
      )}
    </>
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

export type ConsentProps = {
  till: Till;
  item: Offer;
  onClose: () => void;
  onYes: (extras: Extras) => void;
  /** What else has to be chosen. */
  children?: ReactNode;
};

const ConsentDialog = speaking(() => import("./ConsentDialog"));
const MaintenanceDialog = speaking(() => import("./MaintenanceDialog"));

/** Shows the plan of an action and asks whether it is what one wants. */
export function Consent(p: ConsentProps) {
  return (
    <Suspense fallback={null}>
      <ConsentDialog {...p} />
    </Suspense>
  );
}
