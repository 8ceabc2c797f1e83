/** Events, ways and refusals in words. */
import { useTranslation } from "react-i18next";
import { codeOf } from "../app/transport";
import words from "../words/ru/notify.json";

const EVENTS = words.notify.events;
const KINDS = words.notify.kinds;

/** Name of an event; one that is new to us is shown as it came. */
export function useEventName(): (event: string) => string {
  const { t } = useTranslation();
  return (event) => (event in EVENTS ? t(`notify.events.${event as keyof typeof EVENTS}`) : event);
}

/** Name of a way. */
export function useKindName(): (kind: string) => string {
  const { t } = useTranslation();
  return (kind) => (kind in KINDS ? t(`notify.kinds.${kind as keyof typeof KINDS}`) : kind);
}

type Invalid = "invalid" | "badMail" | "badPhone" | "badUrl";

/** Why something was refused, as a sentence; `invalid` is the one for what was typed. */
export function useWhyNot(): (error: unknown, invalid?: Invalid) => string {
  const { t } = useTranslation();
  return (error, invalid = "invalid") => {
    switch (codeOf(error)) {
      case "invalid_argument":
        return t(`notify.errors.${invalid}`);
      case "permission_denied":
        return t("notify.errors.code");
      case "resource_exhausted":
        return t("notify.errors.often");
      case "failed_precondition":
        return t("notify.errors.noway");
      default:
        return t("notify.errors.other", { code: codeOf(error) });
    }
  };
}
