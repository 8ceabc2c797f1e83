import { useMutation } from "@connectrpc/connect-query";
import { ActionIcon, Button, Group, Menu, Modal, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { codeOf, troubleOf } from "../app/transport";
import { FleetService, type Till } from "../gen/cabinet/v1/cabinet_pb";
import { Action, Paper } from "../gen/fiscal/v1/fiscal_pb";
import { useLive } from "../live/Live";
import { IconMore } from "../ui/icons";
import { actionKey, MENU, newId } from "./actions";

/** Buttons of the till: the two main actions, and a menu with the others. */
export function Actions({ till, onStarted }: { till: Till; onStarted: (id: string) => void }) {
  const { t } = useTranslation();
  const { merger } = useLive();
  const [asking, setAsking] = useState<(typeof MENU)[number]>();
  const start = useMutation(FleetService.method.startCommand, {
    onSuccess: (answer) => {
      if (!answer.command) return;
      merger.command(answer.command);
      onStarted(answer.command.id);
    },
    onError: (error) => {
      notifications.show({
        color: "gray",
        title: t("command.notStarted"),
        message:
          troubleOf(error) === "unreachable"
            ? t("nothing.unreachable")
            : t("nothing.refusedTodo", { code: codeOf(error) }),
        closeButtonProps: { "aria-label": t("close") },
      });
    },
  });
  const order = (action: Action) => start.mutate({ id: newId(), tillId: till.id, action });
  const owed = till.state?.paperOwed || till.state?.paper === Paper.CONTINUE;
  const abilities = new Set(till.state?.abilities);
  const busy = (action: Action) => start.isPending && start.variables?.action === action;

  return (
    <Group gap={6} className="acts">
      <Button
        variant={owed ? "filled" : "default"}
        onClick={() => order(Action.FINISH_PRINT)}
        loading={busy(Action.FINISH_PRINT)}
      >
        {t("actions.finish_print")}
      </Button>
      <Button
        variant={owed ? "default" : "filled"}
        onClick={() => order(Action.CHECK)}
        loading={busy(Action.CHECK)}
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
              onClick={() => (item.care === "none" ? order(item.action) : setAsking(item))}
            >
              {t(actionKey(item.action))}
              {item.care === "none" ? "" : "…"}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {asking && (
        <Confirm
          key={asking.action}
          till={till}
          item={asking}
          onClose={() => setAsking(undefined)}
          onYes={() => {
            setAsking(undefined);
            order(asking.action);
          }}
        />
      )}
    </Group>
  );
}

function Confirm(p: { till: Till; item: (typeof MENU)[number]; onClose: () => void; onYes: () => void }) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  const needsName = p.item.care === "type_name";
  const ready = !needsName || typed.trim() === p.till.name.trim();
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready) p.onYes();
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
          <Button type="submit" disabled={!ready} data-autofocus={needsName ? undefined : true}>
            {t(actionKey(p.item.action))}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
