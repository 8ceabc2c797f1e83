import { useQuery } from "@connectrpc/connect-query";
import { ActionIcon, Button, NativeSelect, Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { OrganisationService, type Role, type TreeNode } from "../gen/cabinet/v1/organisation_pb";
import { PlaceKind } from "../gen/cabinet/v1/tree_pb";
import { IconCross } from "../ui/icons";
import { usePermissionName, useRoleName } from "./words";

/** A role in a part of the tree, as it is chosen. */
export type Chosen = { role: string; nodeId: string };

/** Value of the whole company in a list of places: an empty one would be "nothing chosen". */
const EVERYWHERE = "*";

/** So many places are listed at once; more are found by typing. */
const LISTED = 200;

export function useRoles() {
  return useQuery(OrganisationService.method.listRoles, {});
}

export function useNodes() {
  return useQuery(OrganisationService.method.listNodes, {});
}

/** A place of the tree: found by typing, shown as deep as it stands. */
export function NodePick(p: {
  nodes: readonly TreeNode[];
  value: string;
  onChange: (id: string) => void;
  label: string;
  flex?: string;
}) {
  const { t } = useTranslation();
  const by = new Map(p.nodes.map((n) => [n.id || EVERYWHERE, n]));
  const name = (n: TreeNode) => (n.kind === PlaceKind.ORGANISATION ? t("people.staff.everywhere") : n.name);
  return (
    <Select
      label={p.label}
      value={p.value || (by.has(EVERYWHERE) ? EVERYWHERE : null)}
      onChange={(id) => p.onChange(!id || id === EVERYWHERE ? "" : id)}
      data={p.nodes.map((n) => ({ value: n.id || EVERYWHERE, label: name(n) }))}
      renderOption={({ option }) => (
        <span style={{ paddingLeft: (by.get(option.value)?.depth ?? 0) * 14 }}>{option.label}</span>
      )}
      searchable
      limit={LISTED}
      allowDeselect={false}
      nothingFoundMessage={t("people.rights.nothing")}
      flex={p.flex}
      required
      withAsterisk={false}
    />
  );
}

/** What may be given first: the least. */
export function leastRole(roles: readonly Role[]): string {
  const may = roles.filter((r) => r.mayGive);
  return may.find((r) => r.id === "viewer")?.id ?? may[0]?.id ?? "";
}

export function RolePick(p: {
  roles: readonly Role[];
  value: string;
  onChange: (id: string) => void;
  label: string;
  flex?: string;
}) {
  const { t } = useTranslation();
  const roleName = useRoleName();
  return (
    <NativeSelect
      label={p.label}
      value={p.value}
      onChange={(e) => p.onChange(e.currentTarget.value)}
      flex={p.flex}
      data={p.roles.map((r) => ({
        value: r.id,
        label: r.mayGive
          ? roleName(r.id, r.name)
          : `${roleName(r.id, r.name)} (${t("people.rights.tooMuch")})`,
        disabled: !r.mayGive && r.id !== p.value,
      }))}
    />
  );
}

/** What a role may, in one line. */
export function MayLine({ role }: { role: Role | undefined }) {
  const { t } = useTranslation();
  const permission = usePermissionName();
  if (!role) return null;
  return (
    <div className="small quiet" style={{ marginTop: 4 }}>
      {t("people.rights.may")} {role.permissions.map((p) => permission(p).toLowerCase()).join(", ")}
    </div>
  );
}

/** Roles and where each holds, as many as are wanted. */
export function AssignmentsEditor(p: {
  roles: readonly Role[];
  nodes: readonly TreeNode[];
  value: readonly Chosen[];
  onChange: (value: Chosen[]) => void;
}) {
  const { t } = useTranslation();
  const put = (at: number, one: Partial<Chosen>) =>
    p.onChange(p.value.map((c, i) => (i === at ? { ...c, ...one } : c)));
  return (
    <div className="assignments">
      {p.value.map((c, i) => (
        // Rows have no name of their own: one is what stands at its place.
        <div key={i} className="assignment">
          <div className="assignment-fields">
            <RolePick
              label={t("people.rights.role")}
              roles={p.roles}
              value={c.role}
              onChange={(role) => put(i, { role })}
              flex="1 1 180px"
            />
            <NodePick
              label={t("people.rights.where")}
              nodes={p.nodes}
              value={c.nodeId}
              onChange={(nodeId) => put(i, { nodeId })}
              flex="1 1 200px"
            />
            {p.value.length > 1 && (
              <ActionIcon
                variant="subtle"
                size={34}
                aria-label={t("people.rights.remove", { n: i + 1 })}
                onClick={() => p.onChange(p.value.filter((_, at) => at !== i))}
              >
                <IconCross />
              </ActionIcon>
            )}
          </div>
          <MayLine role={p.roles.find((r) => r.id === c.role)} />
        </div>
      ))}
      <Button
        variant="subtle"
        size="compact-sm"
        onClick={() => p.onChange([...p.value, { role: leastRole(p.roles), nodeId: p.nodes[0]?.id ?? "" }])}
      >
        {t("people.rights.add")}
      </Button>
    </div>
  );
}
