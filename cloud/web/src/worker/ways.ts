/** Which way a request of a page goes, decided without a browser. */

/** What is known of a request. */
export type Asked = { method: string; mode: string; url: string };

/**
 * - `page`: a page of the application: from the cabinet, and where it does not answer, the one that lies here;
 * - `asset`: a file whose name tells its content: from here, and from the cabinet once;
 * - `pass`: everything else, and first of all the API, as if nobody stood between.
 */
export type Way = "page" | "asset" | "pass";

export function wayOf(asked: Asked, origin: string, shell: readonly string[]): Way {
  const url = new URL(asked.url);
  if (asked.method !== "GET" || url.origin !== origin) return "pass";
  // A reading of the API may come as a GET too.
  if (url.pathname.includes(".v1.")) return "pass";
  if (asked.mode === "navigate") return "page";
  if (url.pathname.startsWith("/assets/")) return "asset";
  return shell.includes(url.pathname) ? "asset" : "pass";
}
