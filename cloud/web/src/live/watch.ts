/**
 * One server stream of changes for the page on screen. While it lives, facts arrive by it; when it dies, the page
 * asks by itself every few seconds until it lives again. Without React, so that it is tested without a browser.
 */
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type { FleetService, WatchResponse } from "../gen/cabinet/v1/fleet_pb";

/** Whether facts arrive by themselves. */
export type Link = "connecting" | "live" | "polling";

export type WatchOptions = {
  client: Pick<Client<typeof FleetService>, "watch">;
  /** Till to watch; empty is all. */
  tillId: string;
  onChange: (change: WatchResponse["change"]) => void;
  onLink: (link: Link) => void;
  /** Read everything on screen anew: the stream was broken, or lives again after a gap. */
  onRefresh: () => void;
  signal: AbortSignal;
  /** How often to ask without a stream, ms. */
  poll?: number;
  /** Silence after which a stream counts as dead, ms; the cabinet sends an empty message well before. */
  silence?: number;
  /** Pauses between attempts, ms; the last one repeats. */
  pauses?: readonly number[];
};

/** Runs until the signal, or until the session is over. Never throws. */
export async function watch(o: WatchOptions): Promise<void> {
  const poll = o.poll ?? 5000;
  const silence = o.silence ?? 45_000;
  const pauses = o.pauses ?? [500, 1000, 2000, 5000];
  let failures = 0;
  let polling: ReturnType<typeof setInterval> | undefined;

  const goPolling = () => {
    if (polling !== undefined || o.signal.aborted) return;
    o.onLink("polling");
    o.onRefresh();
    polling = setInterval(o.onRefresh, poll);
  };
  const goLive = () => {
    const gap = polling !== undefined || failures > 0;
    clearInterval(polling);
    polling = undefined;
    failures = 0;
    o.onLink("live");
    // What happened while nobody listened is in no stream.
    if (gap) o.onRefresh();
  };

  o.onLink("connecting");
  while (!o.signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    o.signal.addEventListener("abort", stop);
    let quiet = setTimeout(stop, silence);
    let live = false;
    try {
      for await (const response of o.client.watch({ tillId: o.tillId }, { signal: attempt.signal })) {
        clearTimeout(quiet);
        quiet = setTimeout(stop, silence);
        if (!live) {
          live = true;
          goLive();
        }
        o.onChange(response.change);
      }
    } catch (error) {
      const code = ConnectError.from(error).code;
      if (code === Code.Unauthenticated && !o.signal.aborted) {
        o.onRefresh(); // whoever asks next hears that the session is over, and the sign-in page comes
        break;
      }
    } finally {
      clearTimeout(quiet);
      o.signal.removeEventListener("abort", stop);
    }
    if (o.signal.aborted) break;
    // The cabinet may end a healthy stream (a restart behind a proxy): one quick retry before anyone is told.
    if (!live || failures > 0) goPolling();
    const pause = pauses[Math.min(failures, pauses.length - 1)] ?? poll;
    failures++;
    await sleep(pause, o.signal);
  }
  clearInterval(polling);
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
