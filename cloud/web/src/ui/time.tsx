/** Times on screen, and the one clock that makes their ages grow. */
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { age, full, langOf, ofMs, when } from "./format";

let now = new Date();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void) {
  listeners.add(listener);
  if (timer === undefined) {
    now = new Date();
    timer = setInterval(() => {
      now = new Date();
      for (const l of listeners) l();
    }, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Now, moving by whole steps: a component that shows minutes does not draw itself every second. */
export function useNow(step = 1000): Date {
  useSyncExternalStore(subscribe, () => Math.floor(now.getTime() / step));
  return now;
}

/** A moment: «сегодня 14:32», in full on hover. */
export function When({ ms, at }: { ms?: bigint; at?: Date }) {
  const { i18n } = useTranslation();
  const lang = langOf(i18n.language);
  const today = useNow(60_000);
  const moment = at ?? (ms === undefined ? undefined : ofMs(ms));
  if (!moment) return <span className="quiet">—</span>;
  return (
    <time dateTime={moment.toISOString()} title={full(moment, lang)}>
      {when(moment, lang, today)}
    </time>
  );
}

/** Words for a length of time: «3 мин», «2 дня». */
export function useAge(): (ms: number) => string {
  const { t } = useTranslation();
  return (ms) => {
    const { unit, count } = age(ms);
    return t(`ages.${unit}`, { count });
  };
}

/** How long ago a fact was read: «3 мин назад». */
export function Ago({ ms }: { ms: bigint }) {
  const { t, i18n } = useTranslation();
  const words = useAge();
  const moment = ofMs(ms);
  const recent = moment !== undefined && Date.now() - moment.getTime() < 120_000;
  const at = useNow(recent ? 5000 : 60_000);
  if (!moment) return <span className="quiet">—</span>;
  const passed = at.getTime() - moment.getTime();
  return (
    <time dateTime={moment.toISOString()} title={full(moment, langOf(i18n.language))}>
      {passed < 10_000 ? t("ages.now") : t("ages.ago", { age: words(passed) })}
    </time>
  );
}
