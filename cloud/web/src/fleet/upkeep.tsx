/** That somebody works on a till: until then nobody is told of its states, and its problems are not counted among the others. */
import { useTranslation } from "react-i18next";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { clock, type Lang, ofMs, when } from "../ui/format";
import { IconService } from "../ui/icons";
import { useNow } from "../ui/time";
import { useLang } from "./facts";

/** «18:00» of today, «завтра 18:00» of another day. */
export function until(at: Date, lang: Lang, now: Date): string {
  return at.toDateString() === now.toDateString() ? clock(at) : when(at, lang, now);
}

/** «на обслуживании до 18:00, Иванов: замена ФН». */
export function Upkeep({ till }: { till: Till }) {
  const { t } = useTranslation();
  const lang = useLang();
  const now = useNow(60_000);
  const m = till.maintenance;
  const at = m && ofMs(m.untilMs);
  if (!at) return null;
  const who = m.reason ? `${m.actor}: ${m.reason}` : m.actor;
  return (
    <div className="small">
      <span className="mark">
        <IconService size={14} />
        <span>
          {t("upkeep.until", { time: until(at, lang, now) })}, <span className="quiet">{who}</span>
        </span>
      </span>
    </div>
  );
}
