/** Words of what stands in the way of an action, and of works. */
import type { ParseKeys } from "i18next";
import { WorkState, WorkTillState } from "../gen/cabinet/v1/remote_pb";

const KNOWN = [
  "no_agent",
  "too_old",
  "unsupported",
  "shift_open",
  "shift_closed",
  "unfinished",
  "paper",
  "suspended",
  "not_suspended",
  "nothing",
  "away",
  "silent",
  "busy",
  "same_agent",
  "right",
] as const;

/** Sentence of an obstacle; a word of tomorrow is shown as it came. */
export function obstacleKey(word: string): ParseKeys {
  const known = KNOWN.find((x) => x === word);
  return known ? `remote.obstacles.${known}` : "remote.obstacles.other";
}

const STATES: Record<WorkState, ParseKeys> = {
  [WorkState.UNSPECIFIED]: "remote.works.states.running",
  [WorkState.RUNNING]: "remote.works.states.running",
  [WorkState.PAUSED]: "remote.works.states.paused",
  [WorkState.STOPPED]: "remote.works.states.stopped",
  [WorkState.CANCELLED]: "remote.works.states.cancelled",
  [WorkState.DONE]: "remote.works.states.done",
};

export function workStateKey(state: WorkState): ParseKeys {
  return STATES[state] ?? "remote.works.states.running";
}

const TILLS: Record<WorkTillState, ParseKeys> = {
  [WorkTillState.UNSPECIFIED]: "remote.works.tillStates.waiting",
  [WorkTillState.WAITING]: "remote.works.tillStates.waiting",
  [WorkTillState.GIVEN]: "remote.works.tillStates.given",
  [WorkTillState.DONE]: "remote.works.tillStates.done",
  [WorkTillState.FAILED]: "remote.works.tillStates.failed",
  [WorkTillState.EXPIRED]: "remote.works.tillStates.expired",
  [WorkTillState.REFUSED]: "remote.works.tillStates.refused",
  [WorkTillState.CANCELLED]: "remote.works.tillStates.cancelled",
};

export function workTillKey(state: WorkTillState): ParseKeys {
  return TILLS[state] ?? "remote.works.tillStates.waiting";
}
