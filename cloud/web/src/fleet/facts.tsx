/** Facts of a till as they read in a row, a card and the till's own page. */
import { Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Till } from "../gen/cabinet/v1/cabinet_pb";
import type { Problem } from "../gen/fiscal/v1/fiscal_pb";
import { day, daysUntil, type Lang, langOf, ofCivil, whole } from "../ui/format";
import { StateWord } from "../ui/State";
import { Ago, useNow, When } from "../ui/time";
import { agentText } from "../words";
import { grave, LIGHT_ICONS, lightOf, severityLight } from "./light";

export function useLang(): Lang {
  const { i18n } = useTranslation();
  return langOf(i18n.language);
}

/** Problem in the language of the screen. Civil times among its values read as days do. */
export function problemWords(lang: Lang, p: Problem): { text: string; todo: string } {
  const args: Record<string, string> = {};
  for (const [name, value] of Object.entries(p.args)) {
    args[name] = /^\d{4}-\d\d-\d\d/.test(value) ? day(value) : value;
  }
  return {
    text: agentText(lang, `problems.${p.code}.text`, p.text, args),
    todo: agentText(lang, `problems.${p.code}.todo`, p.todo, args),
  };
}

/** What stands behind a colour that is not green: what, since when, what to do. */
export function ProblemList({ problems }: { problems: readonly Problem[] }) {
  const { t } = useTranslation();
  const lang = useLang();
  return (
    <ul className="problems">
      {problems.map((p) => {
        const light = severityLight(p.severity);
        const Icon = LIGHT_ICONS[light];
        const words = problemWords(lang, p);
        return (
          <li key={p.code}>
            <Icon size={18} className={light} />
            <div>
              <div className="strong">{words.text}</div>
              {words.todo && <div>{words.todo}</div>}
              {p.sinceMs > 0n && (
                <div className="quiet small">
                  {t("problem.since")} <When ms={p.sinceMs} />, <Ago ms={p.sinceMs} />
                </div>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

/** Colour, word, and under it the worst problem in short. */
export function StateCell({ till }: { till: Till }) {
  const { t } = useTranslation();
  const lang = useLang();
  const light = lightOf(till);
  const problems = grave(till.state?.problems ?? []);
  const worst = problems[0];
  return (
    <>
      <StateWord light={light} />
      {light === "grey" ? (
        <div className="small quiet">
          {till.heardMs > 0n ? (
            <>
              {t("till.heard")} <When ms={till.heardMs} />
            </>
          ) : (
            t("till.neverHeard")
          )}
        </div>
      ) : (
        worst && (
          <Tooltip label={<ProblemList problems={problems} />} maw={420}>
            <div className="small">
              {problemWords(lang, worst).text}
              {problems.length > 1 && (
                <span className="quiet"> {t("till.more", { count: problems.length - 1 })}</span>
              )}
            </div>
          </Tooltip>
        )
      )}
    </>
  );
}

export function ShiftCell({ till }: { till: Till }) {
  const { t } = useTranslation();
  const s = till.state;
  if (!s || s.shift === 0) return <None />;
  return (
    <>
      <div className="nowrap">№ {s.shift}</div>
      <div className="small quiet">{s.shiftOpen ? t("shift.open") : t("shift.closed")}</div>
    </>
  );
}

export function LastCell({ till }: { till: Till }) {
  const { t } = useTranslation();
  const lang = useLang();
  const s = till.state;
  if (!s || s.lastFd === 0) return <None />;
  const at = ofCivil(s.lastAt);
  return (
    <>
      <div className="nowrap">
        {t("fd")} {whole(s.lastFd, lang).replaceAll("\u00a0", "")}
      </div>
      {at && (
        <div className="small quiet nowrap">
          <When at={at} />
        </div>
      )}
    </>
  );
}

export function FNCell({ till }: { till: Till }) {
  const { t } = useTranslation();
  const now = useNow(60_000);
  const s = till.state;
  if (!s?.fn) return <None />;
  const left = daysUntil(s.fnExpiry, now);
  return (
    <>
      <div className="nowrap">{s.fn}</div>
      {s.fnExpiry && <div className="small quiet nowrap">{t("fn.until", { date: day(s.fnExpiry) })}</div>}
      {left !== undefined && left <= 60 && (
        <div className="small nowrap">{left > 0 ? t("fn.left", { count: left }) : t("fn.over")}</div>
      )}
    </>
  );
}

export function UnsentCell({ till, long = false }: { till: Till; long?: boolean }) {
  const { t } = useTranslation();
  const lang = useLang();
  const s = till.state;
  if (!s?.fn) return <None />;
  if (s.unsent === 0) return <span className="quiet">0</span>;
  const from = ofCivil(s.unsentFrom);
  return (
    <>
      <div className="nowrap">
        {whole(s.unsent, lang)} {t("pieces")}
      </div>
      {from && (
        <div className="small quiet nowrap">
          {long && t("oldest")} <When at={from} />
        </div>
      )}
    </>
  );
}

export function AgentCell({ till }: { till: Till }) {
  const { t } = useTranslation();
  return (
    <>
      <div className="nowrap">{till.agentVersion || "—"}</div>
      <div className="small quiet" style={{ minWidth: 72 }}>
        {till.agentOnline ? (
          t("agent.online")
        ) : till.heardMs > 0n ? (
          <>
            {t("agent.offline")} <Ago ms={till.heardMs} />
          </>
        ) : (
          t("agent.never")
        )}
      </div>
    </>
  );
}

export function None() {
  return <span className="quiet">—</span>;
}
