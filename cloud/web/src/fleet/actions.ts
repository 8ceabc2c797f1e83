/** What a technician may ask of a till, and how carefully it is asked. */
import type { ParseKeys } from "i18next";
import { CommandState } from "../gen/cabinet/v1/commands_pb";
import { Action, StepState } from "../gen/fiscal/v1/fiscal_pb";

type ActionName =
  | "check"
  | "finish_print"
  | "print_copy"
  | "x_report"
  | "close_shift"
  | "sync_clock"
  | "reopen_port"
  | "reboot"
  | "recover"
  | "decide"
  | "restart_agent"
  | "collect_bundle"
  | "check_network"
  | "log_level"
  | "print_test"
  | "configure"
  | "resend_ofd"
  | "suspend"
  | "resume"
  | "find_tills"
  | "adopt_till";

const NAMES: Record<Action, ActionName | undefined> = {
  [Action.UNSPECIFIED]: undefined,
  [Action.CHECK]: "check",
  [Action.FINISH_PRINT]: "finish_print",
  [Action.PRINT_COPY]: "print_copy",
  [Action.X_REPORT]: "x_report",
  [Action.CLOSE_SHIFT]: "close_shift",
  [Action.SYNC_CLOCK]: "sync_clock",
  [Action.REOPEN_PORT]: "reopen_port",
  [Action.REBOOT]: "reboot",
  [Action.RECOVER]: "recover",
  [Action.DECIDE]: "decide",
  [Action.RESTART_AGENT]: "restart_agent",
  [Action.COLLECT_BUNDLE]: "collect_bundle",
  [Action.CHECK_NETWORK]: "check_network",
  [Action.LOG_LEVEL]: "log_level",
  [Action.PRINT_TEST]: "print_test",
  [Action.CONFIGURE]: "configure",
  [Action.RESEND_OFD]: "resend_ofd",
  [Action.SUSPEND]: "suspend",
  [Action.RESUME]: "resume",
  [Action.FIND_TILLS]: "find_tills",
  [Action.ADOPT_TILL]: "adopt_till",
};

/** Word of an action: «Продолжить печать». */
export function actionKey(action: Action): ParseKeys {
  const name = NAMES[action];
  return name ? `actions.${name}` : "actions.unknown";
}

/** An action as it is offered. What has to go with it the cabinet says with its plan. */
export type Offer = { action: Action; warning?: ParseKeys; ability?: string };

/** The two main actions, which have buttons of their own. */
export const FINISH: Offer = { action: Action.FINISH_PRINT };
export const CHECK: Offer = { action: Action.CHECK };

/** Actions of the menu, by how much they can do wrong. A decision is asked for on the page of decisions. */
export const MENU: readonly { harm: ParseKeys; offers: readonly Offer[] }[] = [
  {
    harm: "remote.act.harm.none",
    offers: [
      { action: Action.PRINT_COPY, ability: "copy" },
      { action: Action.X_REPORT },
      { action: Action.PRINT_TEST },
      { action: Action.RESEND_OFD },
    ],
  },
  {
    harm: "remote.act.harm.pause",
    offers: [
      { action: Action.RECOVER, warning: "warnings.recover" },
      { action: Action.REOPEN_PORT },
      { action: Action.SYNC_CLOCK, warning: "warnings.sync_clock", ability: "clock" },
    ],
  },
  {
    harm: "remote.act.harm.lasting",
    offers: [
      { action: Action.CLOSE_SHIFT, warning: "warnings.close_shift" },
      { action: Action.SUSPEND, warning: "remote.act.suspendWhy" },
      { action: Action.REBOOT, warning: "warnings.reboot" },
    ],
  },
];

/** What a suspended till is offered first. */
export const RESUME: Offer = { action: Action.RESUME, warning: "remote.act.resumeWhy" };

/** Actions of the agent itself, in their order. */
export const AGENT: readonly Offer[] = [
  { action: Action.CHECK_NETWORK },
  { action: Action.COLLECT_BUNDLE },
  { action: Action.LOG_LEVEL },
  { action: Action.RESTART_AGENT, warning: "warnings.restart_agent" },
];

/** Levels of the agent's log, the most telling first. */
export const LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = (typeof LEVELS)[number];

export function isLevel(word: string): word is Level {
  return (LEVELS as readonly string[]).includes(word);
}

const STATES: Record<CommandState, ParseKeys> = {
  [CommandState.UNSPECIFIED]: "commandStates.unknown",
  [CommandState.QUEUED]: "commandStates.queued",
  [CommandState.DELIVERED]: "commandStates.delivered",
  [CommandState.RUNNING]: "commandStates.running",
  [CommandState.DONE]: "commandStates.done",
  [CommandState.FAILED]: "commandStates.failed",
  [CommandState.EXPIRED]: "commandStates.expired",
};

/** Word of where a command stands: «Выполняется». */
export function commandStateKey(state: CommandState): ParseKeys {
  return STATES[state] ?? "commandStates.unknown";
}

const STEPS: Record<StepState, ParseKeys> = {
  [StepState.UNSPECIFIED]: "stepStates.planned",
  [StepState.PLANNED]: "stepStates.planned",
  [StepState.RUNNING]: "stepStates.running",
  [StepState.DONE]: "stepStates.done",
  [StepState.SKIPPED]: "stepStates.skipped",
  [StepState.FAILED]: "stepStates.failed",
};

/** Word of where a step stands: «Сделано». */
export function stepStateKey(state: StepState): ParseKeys {
  return STEPS[state] ?? "stepStates.planned";
}

/** Random id of a command: it is what makes the same order run once. Works without a secure context too. */
export function newId(): string {
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = ((b[6] ?? 0) & 0x0f) | 0x40;
  b[8] = ((b[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * What is said of an operation that leaves no document (cash, X report) when it was done: any number says so, and
 * number one is of no receipt, for it is the report of registration.
 */
export const WITHOUT_DOCUMENT = 1;

/** Words of a decision: the document that is ours, or that it was done or not. */
export function decidedKey(fd: number): "decisions.wasNone" | "decisions.wasDone" | "decisions.wasOurs" {
  if (fd === 0) return "decisions.wasNone";
  return fd === WITHOUT_DOCUMENT ? "decisions.wasDone" : "decisions.wasOurs";
}
