import { ActionIcon, AppShell, Loader, Menu, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, Suspense, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link, NavLink, Outlet, useLocation, useMatch, useNavigate, useSearchParams } from "react-router";
import { useSession, useSignOut } from "../access/session";
import { useUndecided } from "../decisions/undecided";
import { useTickets } from "../fleet/Tickets";
import { LiveProvider, useLive } from "../live/Live";
import { IconClock, IconMore, IconPerson, IconSearch, Logo } from "../ui/icons";
import { Language } from "../ui/Language";
import { Ago } from "../ui/time";
import { PAGES } from "./pages";
import "./bottombar.css";

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

/** An entry of the navigation; `count` is how many things wait there. */
type Place = { to: string; icon: ReactNode; label: string; count?: number };

function PlaceLink({ place }: { place: Place }) {
  const { count = 0 } = place;
  return (
    <NavLink to={place.to}>
      {place.icon} <span className="nowrap">{place.label}</span>
      {count > 0 && (
        <span className="count num">
          <span className="hidden">: </span>
          {count}
        </span>
      )}
    </NavLink>
  );
}

/** A phone has room for five: of more, the fifth opens the rest. */
const BOTTOM = 5;

function BottomBar({ places }: { places: readonly Place[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const shown = places.length > BOTTOM ? places.slice(0, BOTTOM - 1) : places;
  const rest = places.slice(shown.length);
  const here = rest.some((place) => pathname.startsWith(place.to));
  return (
    <>
      {shown.map((place) => (
        <PlaceLink key={place.to} place={place} />
      ))}
      {rest.length > 0 && (
        <Menu position="top-end">
          <Menu.Target>
            <button type="button" aria-current={here ? "page" : undefined}>
              <IconMore /> {t("nav.more")}
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            {rest.map((place) => (
              <Menu.Item
                key={place.to}
                className="rest"
                leftSection={place.icon}
                onClick={() => navigate(place.to)}
              >
                {place.label}
                {(place.count ?? 0) > 0 && ` · ${place.count}`}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  );
}

function Shell() {
  const { t } = useTranslation();
  const { person, can } = useSession();
  const undecided = useUndecided().list.length + useTickets("").length;
  const narrow = useNarrow();
  const signOut = useSignOut();
  const navigate = useNavigate();

  const counts = { undecided };
  const places = PAGES.flatMap<Place>(({ path, nav }) =>
    !nav || (nav.needs && !can(nav.needs))
      ? []
      : [{ to: path, icon: <nav.Icon />, label: t(nav.label), count: nav.count && counts[nav.count] }],
  );

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
          <span className="organisation" title={person.organisation}>
            {person.organisation}
          </span>
          <div style={{ flex: 1 }} />
          {!narrow && <Search width={240} />}
          {!narrow && <Language />}
          <Menu>
            <Menu.Target>
              <ActionIcon
                variant="default"
                size={30}
                aria-label={t("nav.person", { name: person.name || person.login })}
              >
                <IconPerson />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>{person.name || person.login}</Menu.Label>
              <Menu.Item onClick={() => navigate("/profile")}>{t("profile.password")}</Menu.Item>
              <Menu.Item onClick={() => signOut.mutate({})}>{t("profile.signout")}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </div>
      </AppShell.Header>
      <AppShell.Navbar p="sm" className="nav" aria-label={t("nav.title")}>
        {places.map((place) => (
          <PlaceLink key={place.to} place={place} />
        ))}
      </AppShell.Navbar>
      <AppShell.Main>
        <Strip />
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
    </AppShell>
  );
}

/** Search of a till; `/` brings the cursor here from any page. The text lives in the address. */
export function Search({ width }: { width?: number | string }) {
  const { t } = useTranslation();
  const [params] = useSearchParams();
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  const here = pathname === "/tills";
  const q = here ? (params.get("q") ?? "") : "";

  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      const inField =
        e.target instanceof HTMLElement && e.target.closest("input, textarea, select, [role=dialog]");
      if (e.key === "/" && !e.ctrlKey && !e.metaKey && !e.altKey && !inField) {
        e.preventDefault();
        field.current?.focus();
        field.current?.select();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);

  const search = (text: string) => {
    const next = new URLSearchParams(here ? params : undefined);
    if (text) next.set("q", text);
    else next.delete("q");
    navigate({ pathname: "/tills", search: next.toString() }, { replace: here });
  };

  return (
    <TextInput
      ref={field}
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

/** Says that facts do not arrive by themselves any more; silent otherwise. */
function Strip() {
  const { t } = useTranslation();
  const { link } = useLive();
  const queries = useQueryClient();
  useIsFetching(); // redraws the strip when an answer came
  if (link !== "polling") return null;
  const read = queries
    .getQueryCache()
    .getAll()
    .filter((q) => q.isActive())
    .map((q) => q.state.dataUpdatedAt);
  const failing = queries
    .getQueryCache()
    .getAll()
    .some((q) => q.isActive() && (q.state.status === "error" || q.state.fetchFailureCount > 0));
  const oldest = read.length > 0 ? Math.min(...read) : 0;
  return (
    <div className="strip" role="status">
      <IconClock className="grey" />
      <div>
        <span className="strong">{failing ? t("strip.silent") : t("strip.polling")}</span>{" "}
        {oldest > 0 && (
          <span className="quiet nowrap">
            {t("strip.read")} <Ago ms={BigInt(oldest)} />
          </span>
        )}
      </div>
    </div>
  );
}
