/** Roles, permissions and places in words. */
import { useTranslation } from "react-i18next";
import type { Assignment } from "../gen/cabinet/v1/organisation_pb";
import { PlaceKind } from "../gen/cabinet/v1/tree_pb";
import words from "../words/ru/people.json";

const NAMES = words.people.roles.names;
const PERMISSIONS = words.people.permissions;

/** Name of a role: a usual one in words, one of their own as they called it. */
export function useRoleName(): (id: string, name: string) => string {
  const { t } = useTranslation();
  return (id, name) =>
    id in NAMES ? t(`people.roles.names.${id as keyof typeof NAMES}`) : name || t("people.staff.noRole");
}

/** Name of a permission; one that is new to us is shown as it came. */
export function usePermissionName(): (code: string) => string {
  const { t } = useTranslation();
  return (code) => {
    const key = code.replace(":", "_");
    return key in PERMISSIONS ? t(`people.permissions.${key as keyof typeof PERMISSIONS}`) : code;
  };
}

/** What a permission is for, in a few words. */
export function usePermissionWhat(): (code: string) => string {
  const { t } = useTranslation();
  return (code) => {
    const key = code.replace(":", "_");
    return key in PERMISSIONS ? t(`people.permissionsWhat.${key as keyof typeof PERMISSIONS}`) : "";
  };
}

/** Where something holds. */
export function usePlaceName(): (a: { nodeId: string; nodeName: string; nodeKind: PlaceKind }) => string {
  const { t } = useTranslation();
  return (a) => {
    if (a.nodeId === "") return t("people.staff.everywhere");
    return a.nodeKind === PlaceKind.UNSPECIFIED ? t("people.staff.noNode") : a.nodeName;
  };
}

/** «Бухгалтер · Мира, 5». */
export function useAssignmentName(): (a: Assignment) => string {
  const role = useRoleName();
  const place = usePlaceName();
  return (a) => `${role(a.role, a.roleName)} · ${place(a)}`;
}
