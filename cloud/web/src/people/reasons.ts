import { ConnectError } from "@connectrpc/connect";
import { useTranslation } from "react-i18next";
import { codeOf, troubleOf } from "../app/transport";
import type { Say } from "../words";
import words from "../words/ru/people.json";
import { usePermissionName } from "./words";

type Reason = keyof typeof words.people.reasons;

/** Values of a refusal's sentence: the cabinet sends them as a query. */
export function argsOf(error: unknown): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(ConnectError.from(error).metadata.get("Chekan-Args") ?? ""));
}

/** Why something was refused, as a sentence: the cabinet tells a word for it. */
export function useRefusal(): (error: unknown) => string {
  const { t } = useTranslation();
  const say: Say = t;
  const permission = usePermissionName();
  return (error) => {
    const code = codeOf(error);
    const args = argsOf(error);
    if (args.permissions) {
      args.permissions = args.permissions
        .split(" ")
        .map((p) => `«${permission(p)}»`)
        .join(", ");
    }
    if (code in words.people.reasons) return say(`people.reasons.${code as Reason}`, args);
    if (troubleOf(error) === "unreachable") return t("people.unreachable");
    return t("people.failed", { code });
  };
}
