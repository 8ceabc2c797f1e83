/**
 * The service worker: opens the application without a connection. It keeps the files the application consists of and
 * nothing else; the API goes past it, and the last answers are kept by the pages themselves (app/kept.ts).
 *
 * Pages come from the cabinet whenever it answers, so that nobody is shown an old one; files under assets/ have their
 * hash in the name and cannot be old. A new worker takes over at once. What its predecessor kept stays for the pages
 * that were opened under it, until the next one comes.
 */
import { wayOf } from "./ways";

/** Put in by the build: what makes this version, and the files that open the first pages. */
declare const __BUILT__: { version: string; shell: readonly string[] };

const worker = self as unknown as ServiceWorkerGlobalScope;
const { version, shell } = __BUILT__;
const PREFIX = "chekan-";
const CACHE = PREFIX + version;
const PAGE = "/";
/** How long a page waits for the cabinet before the one that lies here is shown, ms. */
const PATIENCE = 4000;

worker.addEventListener("install", (e) => {
  e.waitUntil(
    (async () => {
      const cache = await caches.open(CACHE);
      await cache.addAll(shell.map((path) => new Request(path, { cache: "reload" })));
      await worker.skipWaiting();
    })(),
  );
});

worker.addEventListener("activate", (e) => {
  e.waitUntil(
    (async () => {
      const ours = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
      await Promise.all(ours.slice(0, -1).map((name) => caches.delete(name)));
      await worker.clients.claim();
    })(),
  );
});

worker.addEventListener("fetch", (e) => {
  switch (wayOf(e.request, worker.location.origin, shell)) {
    case "page":
      e.respondWith(page(e.request));
      break;
    case "asset":
      e.respondWith(asset(e.request));
      break;
  }
});

async function page(request: Request): Promise<Response> {
  const kept = () => caches.match(PAGE, { cacheName: CACHE });
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE));
  const fetched = fetch(request);
  fetched.catch(() => {}); // it may fail after the page was shown without it
  try {
    const answer = await Promise.race([fetched, late]);
    // A proxy that cannot reach the cabinet answers for it.
    if (answer && answer.status < 500) return answer;
    return (await kept()) ?? (answer || (await fetched));
  } catch (error) {
    const shown = await kept();
    if (shown) return shown;
    throw error;
  }
}

async function asset(request: Request): Promise<Response> {
  const kept = (await caches.match(request, { cacheName: CACHE })) ?? (await caches.match(request));
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) {
    const cache = await caches.open(CACHE);
    await cache.put(request, answer.clone());
  }
  return answer;
}
