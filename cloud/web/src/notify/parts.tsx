/** What the parts of this subject share: reading anew, saying what was done, asking first. */
import { createConnectQueryKey } from "@connectrpc/connect-query";
import { Alert, Button, Group, Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { NotifyService } from "../gen/cabinet/v1/notify_pb";

/** After a change everything of this subject is read anew. */
export function useAnew(): () => void {
  const queries = useQueryClient();
  return () =>
    void queries.invalidateQueries({
      queryKey: createConnectQueryKey({ schema: NotifyService, cardinality: undefined }),
    });
}

/** Why it was not done. */
export function WhyNot({ text }: { text: string | undefined }) {
  if (!text) return null;
  return (
    <Alert color="gray" variant="outline" role="alert">
      {text}
    </Alert>
  );
}

/** Asks before something is taken away. */
export function Sure(p: {
  question: string;
  act: string;
  busy: boolean;
  why: string | undefined;
  onAct: () => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={p.onClose}
      title={<span className="strong">{p.question}</span>}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <WhyNot text={p.why} />
      <Group justify="flex-end" gap={8} mt="md">
        <Button variant="default" onClick={p.onClose}>
          {t("cancel")}
        </Button>
        <Button loading={p.busy} onClick={p.onAct}>
          {p.act}
        </Button>
      </Group>
    </Modal>
  );
}
