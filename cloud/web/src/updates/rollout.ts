/** What the pages of updates say of a rollout; without React, so that it is tested without a browser. */
import type { AgentUpdate } from "../gen/cabinet/v1/agents_pb";
import { UpdateStage } from "../gen/cabinet/v1/agents_pb";
import type { Release, Rollout, RolloutCounts, RolloutPlan } from "../gen/cabinet/v1/updates_pb";
import { RolloutState } from "../gen/cabinet/v1/updates_pb";

/** Where agents stand, in the order in which they get there. */
export const PARTS = [
  "healthy",
  "trial",
  "waiting",
  "downloading",
  "offered",
  "rolledBack",
  "refused",
  "already",
  "pinned",
  "ahead",
] as const;
export type Part = (typeof PARTS)[number];

/** Colours belong to states: those that are well, those to look at, those in trouble. */
export const PART_COLOURS: Record<Part, string> = {
  healthy: "green",
  trial: "yellow",
  waiting: "grey",
  downloading: "grey",
  offered: "grey",
  rolledBack: "red",
  refused: "red",
  already: "green",
  pinned: "grey",
  ahead: "none",
};

/** Parts that somebody stands in. */
export function partsOf(counts: RolloutCounts | undefined): { part: Part; count: number }[] {
  if (!counts) return [];
  return PARTS.map((part) => ({ part, count: counts[part] })).filter((x) => x.count > 0);
}

const STAGES = {
  [UpdateStage.UNSPECIFIED]: "ahead",
  [UpdateStage.OFFERED]: "offered",
  [UpdateStage.DOWNLOADING]: "downloading",
  [UpdateStage.WAITING]: "waiting",
  [UpdateStage.TRIAL]: "trial",
  [UpdateStage.HEALTHY]: "healthy",
  [UpdateStage.ROLLED_BACK]: "rolledBack",
  [UpdateStage.REFUSED]: "refused",
} as const satisfies Record<UpdateStage, Part>;

/** Where an agent stands. Of one that was offered nothing, the cabinet's text says that there is a reason; which, its
 * pin tells, once that is known. */
export function standingOf(a: AgentUpdate, pinned: string | undefined): Part {
  if (a.stage !== UpdateStage.UNSPECIFIED || a.text === "" || pinned === undefined) return STAGES[a.stage];
  return pinned !== "" && a.from !== a.version ? "pinned" : "already";
}

/** The version an agent stays at when it is pinned now. */
export function runsOf(a: AgentUpdate): string {
  return a.stage === UpdateStage.HEALTHY ? a.version : a.from;
}

/** Goes on, or may go on when a person says so. */
export function isOpen(r: Rollout): boolean {
  return r.state === RolloutState.RUNNING || r.state === RolloutState.PAUSED;
}

/** The rollout that has to end before another one of the release's channel begins. */
export function inTheWay(
  rollouts: readonly Rollout[],
  releases: readonly Release[],
  version: string,
): Rollout | undefined {
  const channel = (v: string) => releases.find((r) => r.version === v)?.channel;
  return rollouts.find((r) => isOpen(r) && channel(r.version) === channel(version));
}

/** A whole number within bounds; undefined when a field holds none. */
export function wholeOf(value: number | string, min: number, max: number): number | undefined {
  const n = typeof value === "number" ? value : value.trim() === "" ? Number.NaN : Number(value);
  return Number.isInteger(n) && n >= min && n <= max ? n : undefined;
}

/** Minutes of the day of "HH:MM"; undefined when it is none. */
export function minutesOf(text: string): number | undefined {
  const m = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  return m ? Number(m[1]) * 60 + Number(m[2]) : undefined;
}

/** "HH:MM" of minutes of the day. */
export function clockOf(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

/** Any time of the day. */
export function anyTime(plan: Pick<RolloutPlan, "windowFrom" | "windowTo">): boolean {
  return plan.windowFrom === plan.windowTo;
}

/** How many agents a share of those concerned is; a share of somebody is at least one. */
export function shareOf(all: number, percent: number): number {
  return Math.ceil((all * percent) / 100);
}
