import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Loader, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNarrow } from "../app/Frame";
import { type Key, OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { CopyBlock } from "../ui/Copy";
import { Nothing, Unread } from "../ui/Nothing";
import { ActsHead, Over, RowAct } from "../ui/RowActs";
import { Ago, useNow, When } from "../ui/time";
import { FormDialog, useDone, useRead } from "./dialogs";
import { type Chosen, leastRole, MayLine, NodePick, RolePick, useNodes, useRoles } from "./pick";
import { TermPick, useTerm } from "./TermPick";
import { useAssignmentName } from "./words";

/** Keys of other systems: made, shown once, made void. */
export function KeysPart() {
  const { t } = useTranslation();
  const list = useQuery(OrganisationService.method.listKeys, {});
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<{ key: Key; secret: string }>();
  const [revoking, setRevoking] = useState<Key>();
  if (list.isPending) return <Loader aria-label={t("loading")} />;
  if (!list.data) return <Unread error={list.error} onRetry={() => void list.refetch()} />;
  const live = list.data.keys.filter((k) => k.revokedMs === 0n);
  const revoked = list.data.keys.filter((k) => k.revokedMs > 0n);
  const create = <Button onClick={() => setCreating(true)}>{t("people.keys.create")}</Button>;
  return (
    <>
      <div className="title">
        <div className="quiet" style={{ flex: "1 1 240px" }}>
          {t("people.keys.what")}
        </div>
        {live.length > 0 && create}
      </div>
      {live.length === 0 ? (
        <Nothing title={t("people.keys.none")} text={t("people.keys.noneTodo")} act={create} />
      ) : (
        <Keys keys={live} label={t("people.integrations.keys")} onRevoke={setRevoking} />
      )}
      <Over title={t("people.keys.revokedOnes")} count={revoked.length}>
        <Keys keys={revoked} label={t("people.keys.revokedOnes")} />
      </Over>
      {creating && (
        <CreateKey
          onMade={(key, secret) => {
            setCreating(false);
            setMade({ key, secret });
          }}
          onClose={() => setCreating(false)}
        />
      )}
      {made && <Made name={made.key.name} secret={made.secret} onClose={() => setMade(undefined)} />}
      {revoking && <RevokeKey of={revoking} onClose={() => setRevoking(undefined)} />}
    </>
  );
}

function Keys(p: { keys: readonly Key[]; label: string; onRevoke?: (k: Key) => void }) {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const assignment = useAssignmentName();
  const rights = (k: Key) => (k.assignment ? assignment(k.assignment) : "—");
  const hint = (k: Key) => <span className="mono nowrap">chk_…{k.hint}</span>;
  const seen = (k: Key) =>
    k.seenMs > 0n ? <Ago ms={k.seenMs} /> : <span className="quiet">{t("people.keys.never")}</span>;
  const made = (k: Key) => (
    <>
      <When ms={k.createdMs} /> <div className="small quiet">{k.createdBy}</div>
    </>
  );
  const acts = (k: Key) =>
    p.onRevoke && (
      <div className="rowacts">
        <RowAct word={t("people.keys.revoke")} of={k.name} onClick={() => p.onRevoke?.(k)} />
      </div>
    );
  if (narrow) {
    return (
      <ul className="cards" aria-label={p.label}>
        {p.keys.map((k) => (
          <li key={k.id} className="card">
            <div className="strong">{k.name}</div>
            {hint(k)}
            <dl className="pairs">
              <dt>{t("people.keys.rights")}</dt>
              <dd>{rights(k)}</dd>
              <dt>{t("people.keys.seen")}</dt>
              <dd>{seen(k)}</dd>
              <dt>{t("people.keys.expires")}</dt>
              <dd>
                <Expires of={k} />
              </dd>
              <dt>{t("people.keys.created")}</dt>
              <dd>{made(k)}</dd>
            </dl>
            {acts(k)}
          </li>
        ))}
      </ul>
    );
  }
  return (
    <div className="tablebox">
      <table className="table" aria-label={p.label}>
        <thead>
          <tr>
            <th scope="col">{t("people.keys.name")}</th>
            <th scope="col">{t("people.keys.rights")}</th>
            <th scope="col">{t("people.keys.seen")}</th>
            <th scope="col">{t("people.keys.expires")}</th>
            <th scope="col">{t("people.keys.created")}</th>
            {p.onRevoke && <ActsHead />}
          </tr>
        </thead>
        <tbody>
          {p.keys.map((k) => (
            <tr key={k.id}>
              <td>
                <div className="strong">{k.name}</div>
                {hint(k)}
              </td>
              <td>{rights(k)}</td>
              <td>{seen(k)}</td>
              <td>
                <Expires of={k} />
              </td>
              <td>{made(k)}</td>
              {p.onRevoke && <td className="right">{acts(k)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Expires({ of: k }: { of: Key }) {
  const { t } = useTranslation();
  const now = useNow(60_000).getTime();
  if (k.expiresMs === 0n) return <span className="quiet">{t("people.keys.forever")}</span>;
  return (
    <>
      <When ms={k.expiresMs} />{" "}
      {Number(k.expiresMs) <= now && <div className="small red">{t("people.keys.over")}</div>}
    </>
  );
}

function CreateKey(p: { onMade: (key: Key, secret: string) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const read = useRead();
  const roles = useRoles();
  const nodes = useNodes();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<Partial<Chosen>>({});
  const term = useTerm("year");
  const role = chosen.role ?? leastRole(roles.data?.roles ?? []);
  const nodeId = chosen.nodeId ?? nodes.data?.nodes[0]?.id ?? "";
  const create = useMutation(OrganisationService.method.createKey, {
    onSuccess: (r) => {
      read();
      if (r.key) p.onMade(r.key, r.secret);
    },
  });
  return (
    <FormDialog
      title={t("people.keys.create")}
      act={t("people.keys.createDo")}
      busy={create.isPending}
      error={create.error}
      disabled={name.trim() === "" || !roles.data || !nodes.data || term.end() === undefined}
      onAct={() => create.mutate({ name, assignment: { role, nodeId }, expiresMs: term.end() ?? 0n })}
      onClose={p.onClose}
    >
      <TextInput
        label={t("people.keys.name")}
        description={t("people.keys.nameHow")}
        inputWrapperOrder={["label", "input", "description"]}
        value={name}
        onChange={(e) => setName(e.currentTarget.value)}
        maxLength={100}
        autoComplete="off"
        required
        withAsterisk={false}
        data-autofocus
      />
      {roles.data && nodes.data ? (
        <div style={{ marginTop: 8 }}>
          <div className="assignment-fields">
            <RolePick
              label={t("people.rights.role")}
              roles={roles.data.roles}
              value={role}
              onChange={(next) => setChosen({ ...chosen, role: next })}
              flex="1 1 180px"
            />
            <NodePick
              label={t("people.rights.where")}
              nodes={nodes.data.nodes}
              value={nodeId}
              onChange={(next) => setChosen({ ...chosen, nodeId: next })}
              flex="1 1 200px"
            />
          </div>
          <MayLine role={roles.data.roles.find((r) => r.id === role)} />
        </div>
      ) : (
        <Loader size="sm" aria-label={t("loading")} mt="sm" />
      )}
      <TermPick of={term} label={t("people.keys.term")} />
    </FormDialog>
  );
}

/** The key itself, this once: it does not go away by a click beside it. */
function Made({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={onClose}
      title={<span className="strong">{t("people.keys.madeTitle", { name })}</span>}
      size={640}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <p style={{ marginTop: 0 }}>{t("people.keys.once")}</p>
      <CopyBlock text={secret} label={t("people.keys.key")} />
      <p style={{ marginBottom: 4 }}>{t("people.keys.how")}</p>
      <CopyBlock text={`Authorization: Bearer ${secret}`} label="Authorization" />
      <div style={{ display: "flex", justifyContent: "flex-end", marginTop: 16 }}>
        <Button onClick={onClose}>{t("people.keys.done")}</Button>
      </div>
    </Modal>
  );
}

function RevokeKey({ of, onClose }: { of: Key; onClose: () => void }) {
  const { t } = useTranslation();
  const done = useDone();
  const read = useRead();
  const revoke = useMutation(OrganisationService.method.revokeKey, {
    onSuccess: () => {
      done(t("people.keys.revoked"));
      read();
      onClose();
    },
  });
  return (
    <FormDialog
      title={t("people.keys.revokeTitle", { name: of.name })}
      act={t("people.keys.revoke")}
      busy={revoke.isPending}
      error={revoke.error}
      onAct={() => revoke.mutate({ id: of.id })}
      onClose={onClose}
    >
      <p style={{ marginTop: 0 }}>{t("people.keys.revokeWhat")}</p>
    </FormDialog>
  );
}
