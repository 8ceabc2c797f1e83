import { type ComponentType, lazy } from "react";
import { Navigate } from "react-router";
import type { Permission } from "../access/session";
import {
  IconAgent,
  IconAsk,
  IconBell,
  IconClock,
  IconCompany,
  IconHelp,
  IconHome,
  IconJournal,
  IconNote,
  IconPeople,
  IconPerson,
  IconPlug,
  IconReceipt,
  IconRule,
  IconService,
  IconTill,
  IconTree,
  IconUpdate,
  IconWorks,
} from "../ui/icons";
import type { Say } from "../words";

/**
 * A page behind the door. One that stands in the navigation has a label, an icon and what one must be allowed to be
 * offered it; the order of the table is the order on screen. `group` tells daily work (the default) from arranging it,
 * `bottom` marks those that a phone shows at its bottom. Pages are read when they are first opened.
 */
export type Page = {
  path: string;
  Content: ComponentType;
  nav?: {
    label: Parameters<Say>[0];
    Icon: ComponentType;
    needs?: Permission;
    count?: "undecided" | "notes";
    group?: "work" | "setup";
    bottom?: true;
  };
};

export const PAGES: readonly Page[] = [
  { path: "/", Content: () => <Navigate to="/tills" replace /> },
  { path: "/sign-in", Content: () => <Navigate to="/" replace /> },
  {
    path: "/home",
    Content: lazy(() => import("../home/HomePage")),
    nav: { label: "nav.home", Icon: IconHome, needs: "tills:view", bottom: true },
  },
  {
    path: "/tills",
    Content: lazy(() => import("../fleet/TillsPage")),
    nav: { label: "nav.tills", Icon: IconTill, needs: "tills:view", bottom: true },
  },
  { path: "/tills/:id/*", Content: lazy(() => import("../fleet/TillPage")) },
  { path: "/tills/:id/documents/:fn/:fd", Content: lazy(() => import("../documents/DocumentPage")) },
  { path: "/connect", Content: lazy(() => import("../tree/ConnectPage")) },
  { path: "/connect/:id", Content: lazy(() => import("../tree/ConnectPage")) },
  {
    path: "/tree",
    Content: lazy(() => import("../tree/TreePage")),
    nav: { label: "tree.title", Icon: IconTree, needs: "tills:view", group: "setup" },
  },
  {
    path: "/documents",
    Content: lazy(() => import("../documents/SearchPage")),
    nav: { label: "nav.documents", Icon: IconReceipt, needs: "documents:view", bottom: true },
  },
  {
    path: "/shifts",
    Content: lazy(() => import("../shifts/ShiftsPage")),
    nav: { label: "shifts.title", Icon: IconClock, needs: "documents:view" },
  },
  { path: "/shifts/:fn/:number", Content: lazy(() => import("../shifts/ShiftPage")) },
  {
    path: "/operations",
    Content: lazy(() => import("../past/PastPage")),
    nav: { label: "past.title", Icon: IconJournal, needs: "documents:view" },
  },
  {
    path: "/decisions",
    Content: lazy(() => import("../decisions/DecisionsPage")),
    nav: { label: "decisions.title", Icon: IconAsk, needs: "documents:view", count: "undecided" },
  },
  {
    path: "/works",
    Content: lazy(() => import("../remote/WorksPage")),
    nav: { label: "remote.works.title", Icon: IconWorks, needs: "tills:view" },
  },
  { path: "/works/:id", Content: lazy(() => import("../remote/WorkPage")) },
  {
    path: "/notes",
    Content: lazy(() => import("../remote/NotesPage")),
    nav: { label: "remote.notes.title", Icon: IconNote, needs: "tills:view", count: "notes" },
  },
  {
    path: "/rules",
    Content: lazy(() => import("../remote/RulesPage")),
    nav: { label: "remote.rules.title", Icon: IconRule, needs: "tills:view", group: "setup" },
  },
  {
    path: "/notifications",
    Content: lazy(() => import("../notify/NotifyPage")),
    nav: { label: "notify.title", Icon: IconBell },
  },
  { path: "/thresholds", Content: lazy(() => import("../fleet/ThresholdsPage")) },
  {
    path: "/agents",
    Content: lazy(() => import("../agents/AgentsPage")),
    nav: { label: "agents.title", Icon: IconAgent, needs: "tills:view", group: "setup" },
  },
  {
    path: "/updates",
    Content: lazy(() => import("../updates/UpdatesPage")),
    nav: { label: "updates.title", Icon: IconUpdate, needs: "tills:view", group: "setup" },
  },
  { path: "/updates/:id", Content: lazy(() => import("../updates/RolloutPage")) },
  {
    path: "/journal",
    Content: lazy(() => import("../audit/JournalPage")),
    nav: { label: "journal.title", Icon: IconJournal, needs: "audit:view", group: "setup" },
  },
  {
    path: "/help",
    Content: lazy(() => import("../help/HelpPage")),
    nav: { label: "help.title", Icon: IconHelp, group: "setup" },
  },
  {
    path: "/staff",
    Content: lazy(() => import("../people/StaffPage")),
    nav: { label: "people.staff.title", Icon: IconPeople, needs: "people:manage", group: "setup" },
  },
  {
    path: "/service",
    Content: lazy(() => import("../people/ServicePage")),
    nav: { label: "people.service.title", Icon: IconService, needs: "tills:view", group: "setup" },
  },
  {
    path: "/integrations",
    Content: lazy(() => import("../people/IntegrationsPage")),
    nav: { label: "people.integrations.title", Icon: IconPlug, needs: "api:manage", group: "setup" },
  },
  {
    path: "/company",
    Content: lazy(() => import("../people/CompanyPage")),
    nav: { label: "people.company.title", Icon: IconCompany, group: "setup" },
  },
  { path: "/companies", Content: lazy(() => import("../people/CompaniesPage")) },
  {
    path: "/profile",
    Content: lazy(() => import("../access/Profile")),
    nav: { label: "nav.profile", Icon: IconPerson, group: "setup" },
  },
];

/** Pages of who has not come in; some serve who has, too. */
export const OUTSIDE: readonly Page[] = [
  { path: "/sign-up", Content: lazy(() => import("../access/SignUp")) },
  { path: "/reset", Content: lazy(() => import("../access/Reset")) },
  { path: "/invite/:token", Content: lazy(() => import("../access/Invitation")) },
  { path: "/terms", Content: lazy(() => import("../help/TermsPage")) },
  { path: "/cancel-change", Content: lazy(() => import("../access/CancelChange")) },
];
