import { useMutation } from "@connectrpc/connect-query";
import { Loader, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { langOf } from "../ui/format";
import { Unread } from "../ui/Nothing";
import { FormDialog, useDone, useRead } from "./dialogs";
import { AssignmentsEditor, type Chosen, leastRole, useNodes, useRoles } from "./pick";

/** Asks somebody to work here: whom, what they may and where. */
export function InviteDialog({ onClose }: { onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const done = useDone();
  const read = useRead();
  const roles = useRoles();
  const nodes = useNodes();
  const [recipient, setRecipient] = useState("");
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<Chosen[]>();
  const ready = roles.data && nodes.data;
  const assignments = chosen ?? [
    { role: leastRole(roles.data?.roles ?? []), nodeId: nodes.data?.nodes[0]?.id ?? "" },
  ];
  const invite = useMutation(OrganisationService.method.invitePerson, {
    onSuccess: (r) => {
      const to = r.invitation?.recipient ?? recipient;
      done(t((r.invitation?.sentMs ?? 0n) > 0n ? "people.invite.sent" : "people.invite.notSent", { to }));
      read();
      onClose();
    },
  });
  return (
    <FormDialog
      title={t("people.invite.title")}
      act={t("people.invite.send")}
      busy={invite.isPending}
      error={invite.error}
      disabled={!ready || recipient.trim() === ""}
      size={640}
      onAct={() => invite.mutate({ recipient, name, assignments, lang: langOf(i18n.language) })}
      onClose={onClose}
    >
      <TextInput
        label={t("people.invite.to")}
        description={t("people.invite.toHow")}
        inputWrapperOrder={["label", "input", "description"]}
        value={recipient}
        onChange={(e) => setRecipient(e.currentTarget.value)}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={254}
        required
        withAsterisk={false}
        data-autofocus
      />
      <TextInput
        mt="sm"
        label={t("people.invite.name")}
        description={t("people.invite.nameHow")}
        inputWrapperOrder={["label", "input", "description"]}
        value={name}
        onChange={(e) => setName(e.currentTarget.value)}
        autoComplete="off"
        maxLength={200}
      />
      <Title order={2} mt="md" mb={4}>
        {t("people.person.rights")}
      </Title>
      {ready ? (
        <AssignmentsEditor
          roles={roles.data.roles}
          nodes={nodes.data.nodes}
          value={assignments}
          onChange={setChosen}
        />
      ) : roles.error || nodes.error ? (
        <Unread
          error={roles.error ?? nodes.error}
          onRetry={() => {
            void roles.refetch();
            void nodes.refetch();
          }}
        />
      ) : (
        <Loader size="sm" aria-label={t("loading")} />
      )}
    </FormDialog>
  );
}
