import { type ComponentType, lazy } from "react";
import { Navigate } from "react-router";
import type { Permission } from "../access/session";
import {
  IconAgent,
  IconAsk,
  IconBell,
  IconClock,
  IconCompany,
  IconGoods,
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
import { speaking } from "../ui/later";
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
  { path: "/tills/:id/*", Content: speaking(() => import("../fleet/TillPage")) },
  { path: "/tills/:id/documents/:fn/:fd", Content: speaking(() => import("../documents/DocumentPage")) },
  { path: "/connect", Content: speaking(() => import("../tree/ConnectPage")) },
  { path: "/connect/:id", Content: speaking(() => import("../tree/ConnectPage")) },
  {
    path: "/tree",
    Content: speaking(() => import("../tree/TreePage")),
    nav: { label: "titles.tree", Icon: IconTree, needs: "tills:view", group: "setup" },
  },
  {
    path: "/documents",
    Content: speaking(() => import("../documents/SearchPage")),
    nav: { label: "nav.documents", Icon: IconReceipt, needs: "documents:view", bottom: true },
  },
  {
    path: "/shifts",
    Content: speaking(() => import("../shifts/ShiftsPage")),
    nav: { label: "shifts.title", Icon: IconClock, needs: "documents:view" },
  },
  {
    path: "/goods",
    Content: speaking(() => import("../goods/GoodsPage")),
    nav: { label: "titles.goods", Icon: IconGoods, needs: "money:view" },
  },
  { path: "/shifts/:fn/:number", Content: speaking(() => import("../shifts/ShiftPage")) },
  {
    path: "/operations",
    Content: speaking(() => import("../past/PastPage")),
    nav: { label: "past.title", Icon: IconJournal, needs: "documents:view" },
  },
  {
    path: "/decisions",
    Content: speaking(() => import("../decisions/DecisionsPage")),
    nav: { label: "decisions.title", Icon: IconAsk, needs: "documents:view", count: "undecided" },
  },
  {
    path: "/works",
    Content: speaking(() => import("../remote/WorksPage")),
    nav: { label: "remote.works.title", Icon: IconWorks, needs: "tills:view" },
  },
  { path: "/works/:id", Content: speaking(() => import("../remote/WorkPage")) },
  {
    path: "/notes",
    Content: speaking(() => import("../remote/NotesPage")),
    nav: { label: "remote.notes.title", Icon: IconNote, needs: "tills:view", count: "notes" },
  },
  {
    path: "/rules",
    Content: speaking(() => import("../remote/RulesPage")),
    nav: { label: "remote.rules.title", Icon: IconRule, needs: "tills:view", group: "setup" },
  },
  {
    path: "/notifications",
    Content: speaking(() => import("../notify/NotifyPage")),
    nav: { label: "titles.notify", Icon: IconBell },
  },
  { path: "/thresholds", Content: speaking(() => import("../fleet/ThresholdsPage")) },
  {
    path: "/agents",
    Content: speaking(() => import("../agents/AgentsPage")),
    nav: { label: "agents.title", Icon: IconAgent, needs: "tills:view", group: "setup" },
  },
  {
    path: "/updates",
    Content: speaking(() => import("../updates/UpdatesPage")),
    nav: { label: "updates.title", Icon: IconUpdate, needs: "tills:view", group: "setup" },
  },
  { path: "/updates/:id", Content: speaking(() => import("../updates/RolloutPage")) },
  {
    path: "/journal",
    Content: speaking(() => import("../audit/JournalPage")),
    nav: { label: "titles.journal", Icon: IconJournal, needs: "audit:view", group: "setup" },
  },
  {
    path: "/help",
    Content: speaking(() => import("../help/HelpPage")),
    nav: { label: "titles.help", Icon: IconHelp, group: "setup" },
  },
  {
    path: "/staff",
    Content: speaking(() => import("../people/StaffPage")),
    nav: { label: "titles.staff", Icon: IconPeople, needs: "people:manage", group: "setup" },
  },
  {
    path: "/service",
    Content: speaking(() => import("../people/ServicePage")),
    nav: { label: "titles.service", Icon: IconService, needs: "tills:view", group: "setup" },
  },
  {
    path: "/integrations",
    Content: speaking(() => import("../people/IntegrationsPage")),
    nav: { label: "titles.integrations", Icon: IconPlug, needs: "api:manage", group: "setup" },
  },
  {
    path: "/company",
    Content: speaking(() => import("../people/CompanyPage")),
    nav: { label: "titles.company", Icon: IconCompany, group: "setup" },
  },
  { path: "/companies", Content: speaking(() => import("../people/CompaniesPage")) },
  {
    path: "/profile",
    Content: speaking(() => import("../access/Profile")),
    nav: { label: "nav.profile", Icon: IconPerson, group: "setup" },
  },
];

/** Pages of who has not come in; some serve who has, too. */
export const OUTSIDE: readonly Page[] = [
  { path: "/sign-up", Content: speaking(() => import("../access/SignUp")) },
  { path: "/reset", Content: speaking(() => import("../access/Reset")) },
  { path: "/invite/:token", Content: speaking(() => import("../access/Invitation")) },
  { path: "/terms", Content: speaking(() => import("../help/TermsPage")) },
  { path: "/cancel-change", Content: speaking(() => import("../access/CancelChange")) },
];
