/**
 * Which help a page has, and which codes one meets on it. The texts stand beside, a file for each language, and come
 * with the window that shows them; a test demands them for every page there is.
 */
import { matchRoutes } from "react-router";
import type { Lang } from "../ui/format";
import type ru from "./pages/ru.json";

export type PageKey = keyof typeof ru;

export type PageText = { title: string; what: string; marks: string; first: string };

/** Help of the pages of pages.tsx, by their paths there. */
export const PAGE_HELP: Readonly<Record<string, PageKey>> = {
  "/": "tills",
  "/sign-in": "signIn",
  "/home": "home",
  "/tills": "tills",
  "/tills/:id/*": "till",
  "/tills/:id/documents/:fn/:fd": "document",
  "/connect": "connect",
  "/connect/:id": "connect",
  "/tree": "tree",
  "/documents": "documents",
  "/shifts": "shifts",
  "/goods": "goods",
  "/shifts/:fn/:number": "shift",
  "/operations": "operations",
  "/decisions": "decisions",
  "/works": "works",
  "/works/:id": "work",
  "/notes": "notes",
  "/rules": "rules",
  "/notifications": "notifications",
  "/thresholds": "thresholds",
  "/agents": "agents",
  "/updates": "updates",
  "/updates/:id": "rollout",
  "/journal": "journal",
  "/help": "help",
  "/staff": "staff",
  "/service": "service",
  "/integrations": "integrations",
  "/company": "company",
  "/companies": "companies",
  "/profile": "profile",
  "/sign-up": "signUp",
  "/reset": "reset",
  "/invite/:token": "invite",
  "/terms": "terms",
  "/cancel-change": "cancelChange",
};

/** Codes of the catalogue that one meets on a page, the usual ones first. */
export const PAGE_CODES: Readonly<Partial<Record<PageKey, readonly string[]>>> = {
  home: ["no_paper", "ofd_age", "fn_expiring", "away"],
  tills: ["no_paper", "ofd_age", "shift_expired", "fn_expiring", "away"],
  till: ["no_paper", "offline", "unfinished", "ofd_age", "clock", "away"],
  document: ["paper_owed", "ofd_queue", "foreign_document"],
  connect: ["ofd_other", "ofd_unreachable", "not_registered", "gone"],
  documents: ["paper_owed", "ofd_age", "foreign_document"],
  shifts: ["shift_expired", "shift_age"],
  shift: ["shift_expired", "no_cash"],
  operations: ["unfinished", "needs_person", "not_fiscalised"],
  decisions: ["needs_person", "candidates", "possible_duplicate"],
  works: ["offline", "shift_open"],
  work: ["offline", "shift_open", "unsupported"],
  rules: ["continue", "stuck", "clock_skew"],
  notifications: ["silence", "ofd_age", "fn_term", "away"],
  thresholds: ["silence", "shift_age", "ofd_age", "fn_term", "clock_skew"],
  agents: ["away", "agent_twins", "certificate", "revoked"],
  updates: ["update_refused", "update_rolled_back"],
  rollout: ["update_refused", "update_rolled_back", "update_fallback"],
  staff: ["permission_denied", "last_administrator"],
  service: ["permission_denied"],
  integrations: ["unauthenticated", "permission_denied", "resource_exhausted"],
  profile: ["prove", "factor"],
};

const ROUTES = Object.keys(PAGE_HELP).map((path) => ({ path }));

/** Whose help belongs to an address; nobody's when there is no such page. */
export function pageOf(pathname: string): PageKey | undefined {
  const path = matchRoutes(ROUTES, pathname)?.at(-1)?.route.path;
  return path === undefined ? undefined : PAGE_HELP[path];
}

const READ: Record<Lang, () => Promise<{ default: Record<PageKey, PageText> }>> = {
  ru: () => import("./pages/ru.json"),
  kk: () => import("./pages/kk.json"),
  en: () => import("./pages/en.json"),
};

const had = new Map<Lang, Promise<Record<PageKey, PageText>>>();

/** The texts of a language; the same promise each time, as React's `use` wants it. */
export function pageTexts(lang: Lang): Promise<Record<PageKey, PageText>> {
  let texts = had.get(lang);
  if (!texts) {
    texts = READ[lang]().then((m) => m.default);
    had.set(lang, texts);
    texts.catch(() => had.delete(lang));
  }
  return texts;
}
