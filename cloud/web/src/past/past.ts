/** Kinds, actions and states of «Операции», as they stand in the address and as the cabinet takes them. */
import type { Mark } from "../documents/marks";
import { CommandState } from "../gen/cabinet/v1/commands_pb";
import { Action, Kind, Outcome, Stage } from "../gen/fiscal/v1/fiscal_pb";

const numbers = (e: object) => Object.values(e).filter((v): v is number => typeof v === "number" && v > 0);

export const KINDS: readonly Kind[] = numbers(Kind);
export const ACTIONS: readonly Action[] = numbers(Action);

export const OPERATION_STATES = ["needsPerson", "settling", "done", "notDone"] as const;
export const COMMAND_STATES = ["queued", "running", "commandDone", "failed", "expired"] as const;

/** A state of the address as parts of a filter. */
export function stateOf(text: string | undefined): {
  stage?: Stage;
  outcome?: Outcome;
  state?: CommandState;
} {
  switch (text) {
    case "needsPerson":
      return { stage: Stage.NEEDS_PERSON };
    case "settling":
      return { stage: Stage.SETTLING };
    case "done":
      return { outcome: Outcome.DONE };
    case "notDone":
      return { outcome: Outcome.NOT_DONE };
    case "queued":
      return { state: CommandState.QUEUED };
    case "running":
      return { state: CommandState.RUNNING };
    case "commandDone":
      return { state: CommandState.DONE };
    case "failed":
      return { state: CommandState.FAILED };
    case "expired":
      return { state: CommandState.EXPIRED };
    default:
      return {};
  }
}

/** How a command stands, as a mark. */
export function commandTone(state: CommandState): Mark {
  switch (state) {
    case CommandState.DONE:
      return { tone: "done", word: "past.states.commandDone" };
    case CommandState.FAILED:
      return { tone: "failed", word: "past.states.failed" };
    case CommandState.EXPIRED:
      return { tone: "attention", word: "past.states.expired" };
    case CommandState.RUNNING:
      return { tone: "waits", word: "past.states.running" };
    default:
      return { tone: "waits", word: "past.states.queued" };
  }
}
