/**
 * What stands between the pages and the cabinet so that no page has to think of it: a session whose short cookie ran
 * out is renewed by itself, and a call that wants proof asks the person for it. Either way the call is made again
 * once, and its caller sees one call.
 */
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type StreamResponse, type Transport } from "@connectrpc/connect";
import { AccessService } from "../gen/cabinet/v1/access_pb";
import { askProof } from "./proof";

/** Why the cabinet refused, where it says so in a word: "prove", "factor", "terms". */
export function reasonOf(error: unknown): string {
  return ConnectError.from(error).metadata.get("Chekan-Reason") ?? "";
}

/** Field of the request that is wrong, where the cabinet names one. */
export function fieldOf(error: unknown): string {
  return ConnectError.from(error).metadata.get("Chekan-Field") ?? "";
}

const { method } = AccessService;

/** Calls that need no session, or make one: "unauthenticated" is their own answer, not the end of a session. */
const OUTSIDE: ReadonlySet<DescMethod> = new Set<DescMethod>([
  method.getEntrance,
  method.signIn,
  method.finishSignIn,
  method.getChallenge,
  method.beginPasskeySignIn,
  method.finishPasskeySignIn,
  method.signOut,
  method.refresh,
  method.startSignUp,
  method.confirmSignUp,
  method.sendCodeAgain,
  method.getInvitation,
  method.checkPassword,
  method.generatePassword,
  method.startReset,
  method.finishReset,
]);

/** When a window of this browser renewed the session last; all of them share its cookies. */
const RENEWED = "chekan.renewed";

function renewedAt(): number {
  try {
    return Number(localStorage.getItem(RENEWED) ?? 0);
  } catch {
    return 0; // storage may be forbidden: windows then renew each for itself
  }
}

/** One window at a time: a long cookie shown twice ends the session, as if it had been stolen. */
async function alone<T>(act: () => Promise<T>): Promise<T> {
  if (typeof navigator === "undefined" || !navigator.locks) return act();
  return navigator.locks.request("chekan.renew", act);
}

/** The transport with both cares taken. */
export function guarded(inner: Transport, now: () => number = Date.now): Transport {
  const access = createClient(AccessService, inner);
  let renewing: Promise<boolean> | undefined;

  /** Renews a session that was found over at `since`; false when there is none to renew. */
  const renew = (since: number) => {
    renewing ??= alone(async () => {
      if (renewedAt() >= since) return true;
      await access.refresh({});
      try {
        localStorage.setItem(RENEWED, String(now()));
      } catch {
        // as above
      }
      return true;
    })
      .catch((error: unknown) => {
        // Nobody to renew for is an answer; silence is not.
        if (ConnectError.from(error).code === Code.Unauthenticated) return false;
        throw error;
      })
      .finally(() => {
        renewing = undefined;
      });
    return renewing;
  };

  const over = (error: unknown, m: DescMethod) =>
    !OUTSIDE.has(m) && ConnectError.from(error).code === Code.Unauthenticated;

  return {
    async unary(m, signal, timeoutMs, header, input, contextValues) {
      const call = () => inner.unary(m, signal, timeoutMs, header, input, contextValues);
      let since = now();
      let renewed = false;
      let proven = false;
      for (;;) {
        try {
          return await call();
        } catch (error) {
          if (!renewed && over(error, m)) {
            renewed = true;
            if (!(await renew(since))) throw error;
          } else if (!proven && reasonOf(error) === "prove") {
            proven = true;
            if (!(await askProof())) throw error;
            since = now();
            renewed = false; // one may take long to find one's telephone
          } else throw error;
        }
      }
    },

    async stream(m, signal, timeoutMs, header, input, contextValues) {
      // What is asked is read here, to be asked again.
      const asked: unknown[] = [];
      for await (const message of input) asked.push(message);
      const call = () =>
        inner.stream(m, signal, timeoutMs, header, again(asked) as typeof input, contextValues);
      const since = now();
      let first: StreamResponse<(typeof m)["input"], (typeof m)["output"]>;
      try {
        first = await call();
      } catch (error) {
        if (!over(error, m) || !(await renew(since))) throw error;
        return call();
      }
      const { message } = first;
      return {
        ...first,
        message: (async function* () {
          let said = false;
          try {
            for await (const x of message) {
              said = true;
              yield x;
            }
          } catch (error) {
            if (said || !over(error, m) || !(await renew(since))) throw error;
            yield* (await call()).message;
          }
        })(),
      };
    },
  };
}

async function* again<T>(messages: readonly T[]): AsyncIterable<T> {
  yield* messages;
}
