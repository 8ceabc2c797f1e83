/** What is wrong with a till, from whatever side: declared problems of its agent, and limits that were crossed. */
import { useTranslation } from "react-i18next";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { Light, TillAspect, type TillCell } from "../gen/cabinet/v1/light_pb";
import { HelpLink } from "../help/HelpLink";
import { day, type Lang } from "../ui/format";
import { Ago, useAge, When } from "../ui/time";
import { agentText, langOfSaid } from "../words";
import { LIGHT_ICONS, LIGHTS, type LightName, lightOf, severityLight } from "./light";

/** Aspects in the order of the cells; names as in addresses and words (`aspects.*`). */
export const ASPECTS = {
  unfinished: TillAspect.UNFINISHED,
  device: TillAspect.DEVICE,
  shift: TillAspect.SHIFT,
  flow: TillAspect.FLOW,
  ofd: TillAspect.OFD,
  fn: TillAspect.FN,
  clock: TillAspect.CLOCK,
  agent: TillAspect.AGENT,
} as const;

export type AspectName = keyof typeof ASPECTS;

export const ASPECT_NAMES = Object.keys(ASPECTS) as AspectName[];

/** One thing that is wrong, ready to be said. */
export interface Trouble {
  light: LightName;
  code: string;
  text: string;
  todo: string;
  args: Readonly<Record<string, string>>;
  sinceMs: bigint;
  /** Limit that was crossed, seconds, and whose; none for what the device itself says. */
  limit?: bigint;
  level?: number;
  levelName?: string;
}

/** Declared problems that a rule of the cabinet says better, with the number and the limit. */
const BETTER: Readonly<Record<string, string>> = {
  ofd_queue: "ofd_age",
  fn_expiring: "fn_term",
  clock_skew: "clock_skew",
};

/** Everything wrong with a till, worst first. Grey cells are left out: that nobody knows is said once, by the colour. */
export function troublesOf(till: Till): Trouble[] {
  const rules = till.cells.filter((c) => c.metric !== "" && c.light !== Light.GREEN);
  const declared = (till.state?.problems ?? []).filter(
    (p) => !rules.some((c) => c.metric === BETTER[p.code]),
  );
  // Problems of the agent itself come with its cell only.
  const own = till.cells.filter(
    (c) =>
      c.metric === "" &&
      (c.light === Light.RED || c.light === Light.YELLOW) &&
      !declared.some((p) => p.code === c.code),
  );
  const all: Trouble[] = [
    ...declared.map((p) => ({ ...p, light: severityLight(p.severity) })),
    ...rules.map(ofCell),
    ...own.map(ofCell),
  ];
  return all.sort((a, b) => LIGHTS.indexOf(a.light) - LIGHTS.indexOf(b.light));
}

/** What a row shows: nothing that is merely worth knowing. */
export function graveOf(till: Till): Trouble[] {
  return troublesOf(till).filter((x) => x.light !== "grey");
}

/** Why nothing fresh is known of a till: that its agent is away. */
export function silenceOf(till: Till): Trouble[] {
  return till.cells.filter((c) => c.aspect === ASPECTS.agent && c.light === Light.GREY).map(ofCell);
}

/** A cell that is not green, as a trouble. */
export function ofCell(c: TillCell): Trouble {
  return {
    light: lightOf(c),
    code: c.code,
    text: c.text,
    todo: c.todo,
    args: c.args,
    sinceMs: c.sinceMs,
    ...(c.metric ? { limit: c.limit, level: c.level, levelName: c.levelName } : {}),
  };
}

/** Sentences of a trouble in the language of the screen. */
export function useWords(lang: Lang): (x: Trouble) => { text: string; todo: string; lang?: "ru" } {
  const length = useAge();
  return (x) => {
    const args: Record<string, string> = {};
    for (const [name, value] of Object.entries(x.args)) {
      args[name] = /^\d{4}-\d\d-\d\d/.test(value) ? day(value) : value;
    }
    if (x.args.seconds !== undefined) {
      const seconds = Math.max(0, Number(x.args.seconds));
      args.value = length(seconds * 1000);
      args.minutes = String(Math.floor(seconds / 60));
    }
    const text = agentText(lang, `problems.${x.code}.text`, x.text, args);
    const todo = agentText(lang, `problems.${x.code}.todo`, x.todo, args);
    return { text, todo, lang: langOfSaid(lang, text, x.text) };
  };
}

/** A limit as it was set: 60 hours are not two days. */
export function useExact(): (seconds: number) => string {
  const { t } = useTranslation();
  return (s) =>
    s % 86_400 === 0 && s > 86_400
      ? t("lengths.days", { count: s / 86_400 })
      : s % 3600 === 0
        ? t("lengths.hours", { count: s / 3600 })
        : t("lengths.minutes", { count: Math.round(s / 60) });
}

/** «порог точки: 24 ч»: whose limit it was. */
export function WhoseLimit({ trouble }: { trouble: Trouble }) {
  const { t } = useTranslation();
  const length = useExact();
  if (trouble.limit === undefined || trouble.level === undefined) return null;
  const limit = length(Number(trouble.limit));
  if (trouble.level === 4 && trouble.levelName)
    return <>{t("levels.limitNamed4", { limit, name: trouble.levelName })}</>;
  return <>{t(`levels.limit${trouble.level as 0 | 1 | 2 | 3 | 4}`, { limit })}</>;
}

/** What stands behind a colour that is not green: what, since when and by whose limit, what to do. */
export function TroubleList({ troubles, lang }: { troubles: readonly Trouble[]; lang: Lang }) {
  const { t } = useTranslation();
  const words = useWords(lang);
  return (
    <ul className="problems">
      {troubles.map((x) => {
        const Icon = LIGHT_ICONS[x.light];
        const { text, todo, lang: russian } = words(x);
        return (
          <li key={x.code}>
            <Icon size={18} className={x.light} />
            <div>
              <div className="strong">
                <span lang={russian}>{text}</span> <HelpLink code={x.code} />
              </div>
              {todo && <div lang={russian}>{todo}</div>}
              {(x.sinceMs > 0n || x.limit !== undefined) && (
                <div className="quiet small">
                  {x.sinceMs > 0n && (
                    <>
                      {t("problem.since")} <When ms={x.sinceMs} />, <Ago ms={x.sinceMs} />
                    </>
                  )}
                  {x.sinceMs > 0n && x.limit !== undefined && " · "}
                  <WhoseLimit trouble={x} />
                </div>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

/** An aspect of the till is yellow or red. */
export function ails(till: Till, aspect: AspectName): boolean {
  return till.cells.some(
    (c) => c.aspect === ASPECTS[aspect] && (c.light === Light.RED || c.light === Light.YELLOW),
  );
}

/** Tills that stop sooner first, those that nothing stops last. */
export function soonerFirst(a: Till, b: Till): number {
  const at = (x: Till) => (x.stop ? Number(x.stop.atMs) : Number.MAX_SAFE_INTEGER);
  return at(a) - at(b);
}
