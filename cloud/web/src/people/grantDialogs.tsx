import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Loader, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Grant, GrantState, OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { FormDialog, Refused, useDone, useRead } from "./dialogs";
import { NodePick, useNodes } from "./pick";
import { TermPick, useTerm } from "./TermPick";
import { usePlaceName } from "./words";

type Chosen = { value: string; set: (id: string) => void };

/** What is handed over: everything there is to choose from, unless somebody chose less. */
function Where({ of }: { of: Chosen }) {
  const { t } = useTranslation();
  const nodes = useNodes();
  if (!nodes.data) return <Loader size="sm" aria-label={t("loading")} mt="sm" />;
  return (
    <div style={{ marginTop: 8 }}>
      <NodePick
        label={t("people.service.where")}
        nodes={nodes.data.nodes}
        value={of.value || (nodes.data.nodes[0]?.id ?? "")}
        onChange={of.set}
      />
    </div>
  );
}

function useWhere(): Chosen & { id: string } {
  const [value, set] = useState("");
  const first = useNodes().data?.nodes[0]?.id ?? "";
  return { value, set, id: value || first };
}

const CODE_LENGTH = 8;

/** Hands a part of the tree to a service centre that is known by its code: its name is shown before. */
export function GiveDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const done = useDone();
  const read = useRead();
  const [code, setCode] = useState("");
  const where = useWhere();
  const term = useTerm("year");
  const plain = code.replace(/[^\p{L}\p{N}]/gu, "");
  const centre = useQuery(
    OrganisationService.method.findServiceCentre,
    { partnerCode: plain.toUpperCase() },
    { enabled: plain.length === CODE_LENGTH, retry: false },
  );
  const give = useMutation(OrganisationService.method.giveGrant, {
    onSuccess: (r) => {
      done(t("people.service.givenNow", { name: r.grant?.party ?? "" }));
      read();
      onClose();
    },
  });
  const known = plain.length === CODE_LENGTH && centre.data;
  return (
    <FormDialog
      title={t("people.service.give")}
      act={t("people.service.giveDo")}
      busy={give.isPending}
      error={give.error}
      disabled={!known || term.end() === undefined}
      onAct={() => give.mutate({ partnerCode: code, nodeId: where.id, endsMs: term.end() ?? 0n })}
      onClose={onClose}
    >
      <TextInput
        label={t("people.service.code")}
        description={t("people.service.codeHow")}
        inputWrapperOrder={["label", "input", "description"]}
        value={code}
        onChange={(e) => setCode(e.currentTarget.value)}
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        maxLength={20}
        required
        withAsterisk={false}
        data-autofocus
      />
      {known && (
        <p className="strong" role="status" style={{ margin: "8px 0 0" }}>
          {t("people.service.found", { name: centre.data.name })}
          {centre.data.taxId && <span className="quiet num"> · {centre.data.taxId}</span>}
        </p>
      )}
      {plain.length === CODE_LENGTH && <Refused error={centre.error} />}
      <Where of={where} />
      <TermPick of={term} label={t("people.service.term")} />
    </FormDialog>
  );
}

/** Gives what was offered by a partner code at sign-up. */
export function AcceptDialog({ grant, onClose }: { grant: Grant; onClose: () => void }) {
  const { t } = useTranslation();
  const done = useDone();
  const read = useRead();
  const where = useWhere();
  const term = useTerm("year");
  const accept = useMutation(OrganisationService.method.acceptGrant, {
    onSuccess: () => {
      done(t("people.service.givenNow", { name: grant.party }));
      read();
      onClose();
    },
  });
  return (
    <FormDialog
      title={t("people.service.acceptTitle", { name: grant.party })}
      act={t("people.service.giveDo")}
      busy={accept.isPending}
      error={accept.error}
      disabled={term.end() === undefined}
      onAct={() => accept.mutate({ id: grant.id, nodeId: where.id, endsMs: term.end() ?? 0n })}
      onClose={onClose}
    >
      <Where of={where} />
      <TermPick of={term} label={t("people.service.term")} />
    </FormDialog>
  );
}

/** Sets another end. */
export function ProlongDialog({ grant, onClose }: { grant: Grant; onClose: () => void }) {
  const { t } = useTranslation();
  const done = useDone();
  const read = useRead();
  const place = usePlaceName();
  const term = useTerm("year");
  const prolong = useMutation(OrganisationService.method.prolongGrant, {
    onSuccess: () => {
      done(t("people.service.prolonged"));
      read();
      onClose();
    },
  });
  return (
    <FormDialog
      title={t("people.service.prolongTitle", { name: grant.party })}
      act={t("people.service.prolongDo")}
      busy={prolong.isPending}
      error={prolong.error}
      disabled={term.end() === undefined}
      onAct={() => prolong.mutate({ id: grant.id, endsMs: term.end() ?? 0n })}
      onClose={onClose}
    >
      <div className="quiet">{place(grant)}</div>
      <TermPick of={term} label={t("people.service.term")} />
    </FormDialog>
  );
}

/** Takes it back, or refuses an offer. */
export function RevokeDialog({ grant, onClose }: { grant: Grant; onClose: () => void }) {
  const { t } = useTranslation();
  const done = useDone();
  const read = useRead();
  const offer = grant.state === GrantState.OFFERED;
  const revoke = useMutation(OrganisationService.method.revokeGrant, {
    onSuccess: () => {
      done(t(offer ? "people.service.refused" : "people.service.revoked"));
      read();
      onClose();
    },
  });
  return (
    <FormDialog
      title={t(offer ? "people.service.refuseTitle" : "people.service.revokeTitle", { name: grant.party })}
      act={t(offer ? "people.service.refuse" : "people.service.revoke")}
      busy={revoke.isPending}
      error={revoke.error}
      onAct={() => revoke.mutate({ id: grant.id })}
      onClose={onClose}
    >
      <p style={{ marginTop: 0 }}>{t(offer ? "people.service.refuseWhat" : "people.service.revokeWhat")}</p>
    </FormDialog>
  );
}
