import { useMutation } from "@connectrpc/connect-query";
import { Button, Checkbox, Loader, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNarrow } from "../app/Frame";
import { OrganisationService, type Role } from "../gen/cabinet/v1/organisation_pb";
import { Unread } from "../ui/Nothing";
import { ActsHead, RowAct } from "../ui/RowActs";
import { FormDialog, useDone, useRead } from "./dialogs";
import { useRoles } from "./pick";
import { usePermissionName, usePermissionWhat, useRoleName } from "./words";

/** The usual roles, and the company's own. */
export function RolesPart() {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const roleName = useRoleName();
  const permission = usePermissionName();
  const list = useRoles();
  const [editing, setEditing] = useState<Role | "new">();
  const [deleting, setDeleting] = useState<Role>();
  if (list.isPending) return <Loader aria-label={t("loading")} />;
  if (!list.data) return <Unread error={list.error} onRetry={() => void list.refetch()} />;
  const what = (r: Role) => r.permissions.map((p) => permission(p).toLowerCase()).join(", ");
  const used = (r: Role) =>
    r.used > 0 ? (
      t("people.roles.uses", { count: r.used })
    ) : (
      <span className="quiet">{t("people.roles.unused")}</span>
    );
  const name = (r: Role) => (
    <>
      <span className="strong">{roleName(r.id, r.name)}</span>
      <div className="small quiet">{t(r.usual ? "people.roles.usual" : "people.roles.own")}</div>
    </>
  );
  const acts = (r: Role) =>
    !r.usual && (
      <div className="rowacts">
        <RowAct word={t("people.roles.change")} of={r.name} onClick={() => setEditing(r)} />
        <RowAct word={t("people.roles.delete")} of={r.name} onClick={() => setDeleting(r)} />
      </div>
    );
  return (
    <>
      <div className="title">
        <div className="quiet" style={{ flex: "1 1 240px" }}>
          {t("people.roles.what")}
        </div>
        <Button onClick={() => setEditing("new")}>{t("people.roles.create")}</Button>
      </div>
      {narrow ? (
        <ul className="cards" aria-label={t("people.roles.title")}>
          {list.data.roles.map((r) => (
            <li key={r.id} className="card">
              {name(r)}
              <dl className="pairs">
                <dt>{t("people.roles.permissions")}</dt>
                <dd>{what(r)}</dd>
                <dt>{t("people.roles.used")}</dt>
                <dd>{used(r)}</dd>
              </dl>
              {acts(r)}
            </li>
          ))}
        </ul>
      ) : (
        <div className="tablebox">
          <table className="table" aria-label={t("people.roles.title")}>
            <thead>
              <tr>
                <th scope="col">{t("people.roles.role")}</th>
                <th scope="col">{t("people.roles.permissions")}</th>
                <th scope="col">{t("people.roles.used")}</th>
                <ActsHead />
              </tr>
            </thead>
            <tbody>
              {list.data.roles.map((r) => (
                <tr key={r.id}>
                  <td className="nowrap">{name(r)}</td>
                  <td>{what(r)}</td>
                  <td className="nowrap">{used(r)}</td>
                  <td className="right">{acts(r)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {editing && (
        <RoleDialog
          role={editing === "new" ? undefined : editing}
          permissions={list.data.permissions}
          onClose={() => setEditing(undefined)}
        />
      )}
      {deleting && <DeleteRole role={deleting} onClose={() => setDeleting(undefined)} />}
    </>
  );
}

function RoleDialog(p: { role?: Role; permissions: readonly string[]; onClose: () => void }) {
  const { t } = useTranslation();
  const done = useDone();
  const read = useRead();
  const permission = usePermissionName();
  const what = usePermissionWhat();
  const [name, setName] = useState(p.role?.name ?? "");
  const [may, setMay] = useState<readonly string[]>(p.role?.permissions ?? ["tills:view"]);
  const put = useMutation(OrganisationService.method.putRole, {
    onSuccess: () => {
      done(t("people.roles.saved"));
      read();
      p.onClose();
    },
  });
  return (
    <FormDialog
      title={p.role ? p.role.name : t("people.roles.create")}
      act={t("people.roles.save")}
      busy={put.isPending}
      error={put.error}
      disabled={name.trim() === "" || may.length === 0}
      onAct={() => put.mutate({ role: { id: p.role?.id ?? "", name, permissions: [...may] } })}
      onClose={p.onClose}
    >
      <TextInput
        label={t("people.roles.name")}
        value={name}
        onChange={(e) => setName(e.currentTarget.value)}
        maxLength={60}
        required
        withAsterisk={false}
        data-autofocus
      />
      <fieldset className="permissions" style={{ border: 0, padding: 0, margin: "16px 0 0" }}>
        <legend className="strong" style={{ padding: 0, marginBottom: 8 }}>
          {t("people.roles.permissions")}
        </legend>
        {p.permissions.map((code) => (
          <Checkbox
            key={code}
            label={permission(code)}
            description={what(code)}
            checked={may.includes(code)}
            onChange={(e) => setMay(e.currentTarget.checked ? [...may, code] : may.filter((x) => x !== code))}
          />
        ))}
      </fieldset>
      {(p.role?.used ?? 0) > 0 && <p className="small quiet">{t("people.roles.holds")}</p>}
    </FormDialog>
  );
}

function DeleteRole({ role, onClose }: { role: Role; onClose: () => void }) {
  const { t } = useTranslation();
  const done = useDone();
  const read = useRead();
  const remove = useMutation(OrganisationService.method.deleteRole, {
    onSuccess: () => {
      done(t("people.roles.deleted"));
      read();
      onClose();
    },
  });
  return (
    <FormDialog
      title={t("people.roles.deleteAsk", { name: role.name })}
      act={t("people.roles.delete")}
      busy={remove.isPending}
      error={remove.error}
      disabled={role.used > 0}
      onAct={() => remove.mutate({ id: role.id })}
      onClose={onClose}
    >
      <p style={{ marginTop: 0 }}>
        {t(role.used > 0 ? "people.roles.deleteUsed" : "people.roles.deleteWhat")}
      </p>
    </FormDialog>
  );
}
