import { createConnectQueryKey, useMutation } from "@connectrpc/connect-query";
import { Alert, Button, Group, Modal, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Agent } from "../gen/cabinet/v1/agents_pb";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { NotDone } from "../ui/Nothing";

/** What a person types to revoke an agent: the name of its computer, or its id when it has none. */
export function wordOf(agent: Agent): string {
  return agent.host.trim() || agent.id;
}

/** Says what will happen, and lets it happen once the computer's name is typed. */
export function RevokeDialog({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [typed, setTyped] = useState("");
  const word = wordOf(agent);
  const same = typed.trim().toLowerCase() === word.toLowerCase();
  const revoke = useMutation(FleetService.method.revokeAgent, {
    onSuccess: () => {
      notifications.show({
        color: "gray",
        message: t("agents.revokedNow", { host: word }),
        closeButtonProps: { "aria-label": t("close") },
      });
      onClose();
      void queries.invalidateQueries({
        queryKey: createConnectQueryKey({ schema: FleetService.method.listAgents, cardinality: "finite" }),
      });
      void queries.invalidateQueries({
        queryKey: createConnectQueryKey({ schema: FleetService.method.listTills, cardinality: "finite" }),
      });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (same && !revoke.isPending) revoke.mutate({ agentId: agent.id });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={<span className="strong">{t("agents.revokeTitle", { host: word })}</span>}
      size={560}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <form onSubmit={submit}>
        <ul className="happens">
          <li>{t("agents.happens.cut")}</li>
          <li>{t("agents.happens.sell")}</li>
          {agent.tills.length > 0 && <li>{t("agents.happens.tills", { tills: agent.tills.join(", ") })}</li>}
          {agent.twins.length > 0 && <li>{t("agents.happens.twins")}</li>}
          <li>{t("agents.happens.back")}</li>
        </ul>
        <TextInput
          mt="md"
          label={t("agents.type", { host: word })}
          value={typed}
          onChange={(e) => setTyped(e.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
        {revoke.error && (
          <Alert color="gray" variant="outline" role="alert" mt="md">
            <NotDone error={revoke.error} />
          </Alert>
        )}
        <Group justify="flex-end" mt="md" gap={8}>
          <Button variant="default" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button type="submit" disabled={!same} loading={revoke.isPending}>
            {t("agents.revoke")}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
