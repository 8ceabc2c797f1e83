/** Events, ways and refusals in words. */
import { useTranslation } from "react-i18next";
import { codeOf } from "../app/transport";
import words from "../words/ru/notify.json";

const EVENTS = words.notify.events;
const KINDS = words.notify.kinds;
const FAULTS = words.notify.faults;

/** Faults of which what was said is the other side's answer; of the rest it is the system's cause. */
const ANSWERS = ["address", "credentials", "often", "answer"];

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

interface Trouble {
  fault: string;
  error: string;
}

/** Why a message did not go, as a sentence; what the other side said stands behind it as it came. `bare` leaves that out. */
export function useTrouble(): (trouble: Trouble, bare?: boolean) => string {
  const { t } = useTranslation();
  return ({ fault, error }, bare = false) => {
    const known = fault in FAULTS && fault !== "said" && fault !== "cause";
    const why = t(`notify.faults.${known ? (fault as keyof typeof FAULTS) : "other"}`);
    // Where nothing was said the kind stands in for it.
    if (bare || error === "" || error === fault) return why;
    return t(`notify.faults.${ANSWERS.includes(fault) ? "said" : "cause"}`, { why, said: error });
  };
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
