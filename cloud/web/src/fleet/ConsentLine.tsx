import { useTranslation } from "react-i18next";
import { Consent, type Run } from "../gen/fiscal/v1/fiscal_pb";
import { IconClock, IconCross, IconTick } from "../ui/icons";
import { useNow } from "../ui/time";

/** Whole sentences: they wrap, unlike the words of a state. */
const line = { display: "flex", marginTop: 4, whiteSpace: "normal" } as const;

/** True while the person at the till thinks: nothing has begun. */
export function asked(run: Run | undefined): boolean {
  return run?.consent === Consent.ASKED && !run.ended;
}

/** True when he did not allow it: the record has no other end. */
export function denied(run: Run | undefined): boolean {
  return run?.consent === Consent.REFUSED || run?.consent === Consent.EXPIRED;
}

/** What the person at the till says to a command that asks him: he is waited for, or what he said. */
export function ConsentLine({ run }: { run: Run | undefined }) {
  const { t } = useTranslation();
  switch (run?.consent) {
    case Consent.ASKED:
      return run.ended ? null : (
        <div className="state" style={line} role="status">
          <IconClock /> <Left until={Number(run.consentUntilMs)} />
        </div>
      );
    case Consent.GIVEN:
      return (
        <div className="state green" style={line}>
          <IconTick /> {t("consent.given")}
        </div>
      );
    case Consent.REFUSED:
    case Consent.EXPIRED:
      return (
        <div className="state red" style={line}>
          <IconCross /> {t(run.consent === Consent.REFUSED ? "consent.refused" : "consent.expired")}
        </div>
      );
    default:
      return null;
  }
}

/** Counts down; nobody's silence is a yes. */
function Left({ until }: { until: number }) {
  const { t } = useTranslation();
  const now = useNow(1000);
  return <span>{t("consent.asked", { left: minutes(until - now.getTime()) })}</span>;
}

/** Minutes and seconds: 9:05. */
export function minutes(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}
