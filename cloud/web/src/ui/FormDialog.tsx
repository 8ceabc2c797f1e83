import { Alert, Button, Group, Modal } from "@mantine/core";
import type { FormEvent, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Coded } from "../help/HelpLink";

/** Why something was not done, in a sentence. */
export function Refusal({ text, code = "" }: { text: string | undefined; code?: string }) {
  if (!text) return null;
  return (
    <Alert color="gray" variant="outline" role="alert" mt="md">
      <Coded text={text} code={code} />
    </Alert>
  );
}

export type FormDialogProps = {
  title: string;
  act: string;
  busy: boolean;
  /** Why it was refused. */
  refusal: string | undefined;
  /** Its code: where the sentence names it, it leads to the help. */
  code?: string;
  disabled?: boolean;
  size?: number;
  onAct: () => void;
  onClose: () => void;
  children: ReactNode;
};

/** A form in a window of its own: fields, why it was refused, cancel and the act. */
export function FormDialog(p: FormDialogProps) {
  const { t } = useTranslation();
  const submit = (e: FormEvent) => {
    e.preventDefault();
    // A window that another one opened stands inside it, for events.
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
        <Refusal text={p.refusal} code={p.code} />
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
