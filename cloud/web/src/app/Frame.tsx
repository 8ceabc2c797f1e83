import { AppShell, Loader, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { type Query, useIsFetching, useQueryClient } from "@tanstack/react-query";
import { Suspense, useCallback, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, Outlet, useLocation, useMatch, useNavigate, useSearchParams } from "react-router";
import { SoonStrip } from "../fleet/SoonStrip";
import { HelpButton, HelpWindow } from "../help/HelpWindow";
import { LiveProvider, useLive } from "../live/Live";
import { Switcher } from "../people/Switcher";
import { IconClock, IconSearch, Logo } from "../ui/icons";
import { Language } from "../ui/Language";
import { Ago, When } from "../ui/time";
import { useNewVersion } from "./install";
import { Keyboard, SEARCH_FIELD } from "./Keyboard";
import { BottomBar, SideNavigation, usePlaces } from "./Navigation";
import { PersonMenu } from "./PersonMenu";

/** Below this width rows become cards and the navigation goes to the bottom: 640 px. */
export const NARROW = "(max-width: 39.99em)";

export function useNarrow(): boolean {
  return useMediaQuery(NARROW, undefined, { getInitialValueInEffect: false }) ?? false;
}

/** Everything around a page: header, navigation, the strip that appears only when something is wrong. */
export function Frame() {
  const till = useMatch("/tills/:id/*");
  return (
    <LiveProvider tillId={till?.params.id ?? ""}>
      <Shell />
    </LiveProvider>
  );
}

function Shell() {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const places = usePlaces();
  useNewVersion();
  const [help, setHelp] = useState(false);
  const openHelp = useCallback(() => setHelp(true), []);
  const closeHelp = useCallback(() => setHelp(false), []);

  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 224, breakpoint: "sm", collapsed: { mobile: true } }}
      footer={narrow ? { height: 56 } : undefined}
      padding={{ base: 12, sm: 16, lg: 24 }}
    >
      <AppShell.Header>
        <div className="header">
          <Link to="/tills" className="brand">
            <Logo /> {t("product")}
          </Link>
          <Switcher />
          <div style={{ flex: 1 }} />
          {!narrow && <Search width={240} />}
          {!narrow && <Language />}
          <HelpButton onClick={openHelp} />
          <PersonMenu />
        </div>
      </AppShell.Header>
      <AppShell.Navbar p="sm" className="nav" aria-label={t("nav.title")}>
        <SideNavigation places={places} />
      </AppShell.Navbar>
      <AppShell.Main>
        <Strip />
        <SoonStrip />
        <div className="page">
          <Suspense fallback={<Loader aria-label={t("loading")} />}>
            <Outlet />
          </Suspense>
        </div>
      </AppShell.Main>
      {narrow && (
        <AppShell.Footer>
          <nav className="bottombar" aria-label={t("nav.title")}>
            <BottomBar places={places} />
          </nav>
        </AppShell.Footer>
      )}
      <Keyboard onHelp={openHelp} />
      <HelpWindow opened={help} onClose={closeHelp} />
    </AppShell>
  );
}

/** Search of a till. The text lives in the address. */
export function Search({ width }: { width?: number | string }) {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  const here = pathname === "/tills";
  const q = here ? (params.get("q") ?? "") : "";

  const search = (text: string) => {
    const next = new URLSearchParams(here ? params : undefined);
    if (text) next.set("q", text);
    else next.delete("q");
    navigate({ pathname: "/tills", search: next.toString() }, { replace: here });
  };

  return (
    <TextInput
      ref={field}
      id={SEARCH_FIELD}
      type="search"
      size="xs"
      w={width}
      value={q}
      onChange={(e) => search(e.currentTarget.value)}
      onKeyDown={(e) => {
        if (e.key === "Escape") {
          search("");
          field.current?.blur();
        }
      }}
      leftSection={<IconSearch size={14} />}
      rightSection={q || width === "100%" ? undefined : <kbd className="small quiet">/</kbd>}
      placeholder={t("search")}
      aria-label={t("search")}
    />
  );
}

/** The answer grows old: it is not one of those that are read once. */
const ages = (q: Query) => q.observers.some((o) => o.options.staleTime !== Number.POSITIVE_INFINITY);

/** Says that facts do not arrive by themselves any more; silent otherwise. */
function Strip() {
  const { t } = useTranslation();
  const { link } = useLive();
  const queries = useQueryClient();
  useIsFetching(); // redraws the strip when an answer came
  if (link !== "polling") return null;
  const active = queries
    .getQueryCache()
    .getAll()
    .filter((q) => q.isActive());
  const failing = active.some((q) => q.state.status === "error" || q.state.fetchFailureCount > 0);
  // Who is here is asked once and does not age; what was never read has no age.
  const read = active.filter((q) => ages(q) && q.state.dataUpdatedAt > 0).map((q) => q.state.dataUpdatedAt);
  const oldest = read.length > 0 ? Math.min(...read) : 0;
  return (
    <div className="strip" role="status">
      <IconClock className="grey" />
      <div>
        <span className="strong">
          {t(!navigator.onLine ? "shell.offline" : failing ? "strip.silent" : "strip.polling")}
        </span>{" "}
        {oldest > 0 && (
          <span className="quiet nowrap">
            {t("strip.read")} <When ms={BigInt(oldest)} />, <Ago ms={BigInt(oldest)} />
          </span>
        )}
      </div>
    </div>
  );
}
