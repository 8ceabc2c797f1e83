/** Why something about coming in did not come off, as a sentence. */
import { Code, ConnectError } from "@connectrpc/connect";
import { useTranslation } from "react-i18next";
import { codeOf, troubleOf } from "../app/transport";
import words from "../words/ru/access.json";
import { reasonOf } from "./guard";

/** What a call's own refusal means: that what was typed is wrong, or that it is too late for it. */
export type Own = { wrong: string; over?: string };

type Reason = keyof typeof words.access.reasons;

/** What is wrong with a field, where the cabinet says so in a word the pages have a sentence for. */
export function useReason(): (error: unknown) => string | undefined {
  const { t } = useTranslation();
  return (error) => {
    const reason = reasonOf(error);
    return reason in words.access.reasons ? t(`access.reasons.${reason as Reason}`) : undefined;
  };
}

export function useSay(own: Own): (error: unknown) => string {
  const { t } = useTranslation();
  const reason = useReason();
  return (error) => {
    const said = reason(error);
    if (said) return said;
    const { code } = ConnectError.from(error);
    if (code === Code.ResourceExhausted) return t("access.codes.often");
    if (own.over && (code === Code.NotFound || code === Code.FailedPrecondition)) return own.over;
    if (code === Code.InvalidArgument) return own.wrong;
    switch (troubleOf(error)) {
      case "unreachable":
        return t("signin.unreachable");
      case "refused":
        return t("signin.refused", { code: codeOf(error) });
      default:
        return own.wrong;
    }
  };
}
