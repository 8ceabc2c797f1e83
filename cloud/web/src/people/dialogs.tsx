import { createConnectQueryKey } from "@connectrpc/connect-query";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { codeOf } from "../app/transport";
import { OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { FormDialog as Form, type FormDialogProps, Refusal } from "../ui/FormDialog";
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
  return <Refusal text={error ? refusal(error) : undefined} code={codeOf(error)} />;
}

/** A form in a window of its own, refused with the words of this subject. */
export function FormDialog({ error, ...p }: Omit<FormDialogProps, "refusal"> & { error: unknown }) {
  const refusal = useRefusal();
  return <Form {...p} refusal={error ? refusal(error) : undefined} code={codeOf(error)} />;
}
