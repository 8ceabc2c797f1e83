import { createConnectQueryKey } from "@connectrpc/connect-query";
import { Alert, Button, Group, Modal } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import type { FormEvent, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { useRefusal } from "./reasons";

/** After a change everything of this subject is read anew. */
export function useRead(): () => void {
  const queries = useQueryClient();
  return () =>
    void queries.invalidateQueries({
      queryKey: createConnectQueryKey({ schema: OrganisationService, cardinality: undefined }),
    });
}

/** Says for a moment what was done. */
export function useDone(): (message: string) => void {
  const { t } = useTranslation();
  return (message) =>
    notifications.show({ color: "gray", message, closeButtonProps: { "aria-label": t("close") } });
}

/** Why it was not done. */
export function Refused({ error }: { error: unknown }) {
  const refusal = useRefusal();
  if (!error) return null;
  return (
    <Alert color="gray" variant="outline" role="alert" mt="md">
      {refusal(error)}
    </Alert>
  );
}

/** A form in a window of its own: fields, why it was refused, cancel and the act. */
export function FormDialog(p: {
  title: string;
  act: string;
  busy: boolean;
  error: unknown;
  disabled?: boolean;
  size?: number;
  onAct: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const submit = (e: FormEvent) => {
    e.preventDefault();
    e.stopPropagation();
    if (!p.busy && !p.disabled) p.onAct();
  };
  return (
    <Modal
      opened
      onClose={p.onClose}
      title={<span className="strong">{p.title}</span>}
      size={p.size ?? 560}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <form onSubmit={submit}>
        {p.children}
        <Refused error={p.error} />
        <Group justify="flex-end" mt="md" gap={8}>
          <Button variant="default" onClick={p.onClose}>
            {t("cancel")}
          </Button>
          <Button type="submit" loading={p.busy} disabled={p.disabled}>
            {p.act}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
