/**
 * An act that the cabinet does only for who has just proven to be themselves: the call waits here while the person is
 * asked. Several calls at once ask once.
 */
import { useSyncExternalStore } from "react";

type Asking = { promise: Promise<boolean>; answer: (proven: boolean) => void };

let asking: Asking | undefined;
const listeners = new Set<() => void>();

function tell(next: Asking | undefined) {
  asking = next;
  for (const l of listeners) l();
}

/** Asks the person; true when they proved themselves, false when they would not. */
export function askProof(): Promise<boolean> {
  if (asking) return asking.promise;
  if (listeners.size === 0) return Promise.resolve(false); // nobody to show the question
  let answer = (_: boolean) => {};
  const promise = new Promise<boolean>((resolve) => {
    answer = resolve;
  });
  tell({
    promise,
    answer: (proven) => {
      tell(undefined);
      answer(proven);
    },
  });
  return promise;
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    // Who asks must not wait for a window that is gone.
    if (listeners.size === 0) asking?.answer(false);
  };
}

/** The question that waits for an answer, for the window that shows it. */
export function useAsked(): ((proven: boolean) => void) | undefined {
  return useSyncExternalStore(subscribe, () => asking)?.answer;
}
