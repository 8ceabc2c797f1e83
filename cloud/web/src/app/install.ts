/** The application as one installed on a phone or a desk: its worker, its new versions, and the offer to install. */
import { useEffect, useSyncExternalStore } from "react";
import { useLocation } from "react-router";

/** A later version has taken over since this page was opened. */
let outdated = false;

/** Starts the worker, where there is one: a page opened by plain http inside a shop has none, and works without. */
export function startWorker() {
  if (!("serviceWorker" in navigator)) return;
  const first = navigator.serviceWorker.controller === null;
  let seen = first;
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    // The first worker of all replaces nobody.
    if (seen) seen = false;
    else outdated = true;
  });
  // The page comes first: its files must not wait for those the worker fetches.
  const register = () => void navigator.serviceWorker.register("/sw.js").catch(() => {});
  if (document.readyState === "complete") register();
  else window.addEventListener("load", register);
  // A page that stays open all day learns of a new version when one comes back to it.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    void navigator.serviceWorker.getRegistration().then((r) => r?.update().catch(() => {}));
  });
}

const RELOADED = "chekan.reloaded";

/** A part of the page that the cabinet has no more means a newer cabinet: the page is opened anew, once. */
export function reloadWhenGone() {
  window.addEventListener("vite:preloadError", (e) => {
    try {
      const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
      if (!navigator.onLine || Date.now() - last < 60_000) return;
      sessionStorage.setItem(RELOADED, String(Date.now()));
    } catch {
      return; // without a memory it could go on for ever
    }
    e.preventDefault();
    location.reload();
  });
}

/** Going to another page opens it from the new version; what is being typed on this one is not lost. */
export function useNewVersion() {
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change of the page that matters
  useEffect(() => {
    if (!outdated) return;
    outdated = false;
    location.reload();
  }, [pathname]);
}

type Offer = Event & { prompt(): Promise<unknown> };

let offer: Offer | undefined;
const listeners = new Set<() => void>();

function setOffer(next: Offer | undefined) {
  offer = next;
  for (const l of listeners) l();
}

/** Remembers the browser's offer to install the application until somebody asks for it. */
export function listenForOffer() {
  window.addEventListener("beforeinstallprompt", (e) => {
    e.preventDefault();
    setOffer(e as Offer);
  });
  window.addEventListener("appinstalled", () => setOffer(undefined));
}

/** Installs the application; undefined where the browser does not offer it, or it is installed already. */
export function useInstall(): (() => void) | undefined {
  const ready = useSyncExternalStore(
    (l) => {
      listeners.add(l);
      return () => listeners.delete(l);
    },
    () => offer,
  );
  if (!ready) return undefined;
  return () => {
    setOffer(undefined); // it can be used once
    void ready.prompt();
  };
}
