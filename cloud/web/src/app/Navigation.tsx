import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, useLocation } from "react-router";
import { useSession } from "../access/session";
import { useUndecided } from "../decisions/undecided";
import { useTickets } from "../fleet/openTickets";
import { useUnread } from "../remote/unread";
import { IconMore } from "../ui/icons";
import { LaterDrawer } from "../ui/later";
import { PAGES } from "./pages";
import "./bottombar.css";

/** What the pages of the navigation are for: daily work, or arranging it. */
export const GROUPS = ["work", "setup"] as const;

type Group = (typeof GROUPS)[number];

/** An entry of the navigation; `count` is how many things wait there. */
type Place = { to: string; icon: ReactNode; label: string; count?: number; group: Group; bottom: boolean };

/** Pages that are offered to who is here. */
export function usePlaces(): readonly Place[] {
  const { t } = useTranslation();
  const { can } = useSession();
  const undecided = useUndecided().list.length + useTickets("").length;
  const counts = { undecided, notes: useUnread().total };
  return PAGES.flatMap<Place>(({ path, nav }) =>
    !nav || (nav.needs && !can(nav.needs))
      ? []
      : {
          to: path,
          icon: <nav.Icon />,
          label: t(nav.label),
          count: nav.count && counts[nav.count],
          group: nav.group ?? "work",
          bottom: nav.bottom ?? false,
        },
  );
}

function PlaceLink({ place, onClick }: { place: Place; onClick?: () => void }) {
  const { count = 0 } = place;
  return (
    <NavLink to={place.to} onClick={onClick}>
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

/** So many entries are seen at a glance; more stand in groups. */
const AT_A_GLANCE = 6;

/** Entries one under another, in groups when they are many. */
export function SideNavigation({ places, onGo }: { places: readonly Place[]; onGo?: () => void }) {
  const { t } = useTranslation();
  const link = (place: Place) => <PlaceLink key={place.to} place={place} onClick={onGo} />;
  if (places.length <= AT_A_GLANCE) return places.map(link);
  return GROUPS.map((group) => {
    const own = places.filter((p) => p.group === group);
    if (own.length === 0) return null;
    return (
      <fieldset key={group} className="navgroup">
        <legend>{t(`shell.groups.${group}`)}</legend>
        {own.map(link)}
      </fieldset>
    );
  });
}

/** A phone has room for four: of more, the fourth opens the rest. */
const BOTTOM = 4;

/** Which entries stand at the bottom of a phone: those meant for it, and the next in order where there are fewer. */
export function bottomOf<P extends { bottom: boolean }>(places: readonly P[]): readonly P[] {
  if (places.length <= BOTTOM) return places;
  const first = [...places.filter((p) => p.bottom), ...places.filter((p) => !p.bottom)].slice(0, BOTTOM - 1);
  return places.filter((p) => first.includes(p));
}

export function BottomBar({ places }: { places: readonly Place[] }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const [open, setOpen] = useState(false);
  const shown = bottomOf(places);
  const rest = places.filter((p) => !shown.includes(p));
  const here = rest.find((p) => pathname === p.to || pathname.startsWith(`${p.to}/`));
  const waiting = rest.reduce((sum, p) => sum + (p.count ?? 0), 0);
  return (
    <>
      {shown.map((place) => (
        <PlaceLink key={place.to} place={place} />
      ))}
      {rest.length > 0 && (
        <button
          type="button"
          aria-current={here ? "page" : undefined}
          aria-haspopup="dialog"
          onClick={() => setOpen(true)}
        >
          <IconMore /> <span className="nowrap">{t("nav.more")}</span>
          {waiting > 0 && (
            <span className="count num">
              <span className="hidden">: </span>
              {waiting}
            </span>
          )}
        </button>
      )}
      <LaterDrawer
        opened={open}
        onClose={() => setOpen(false)}
        position="bottom"
        styles={{ content: { flex: "none", height: "auto", maxHeight: "85dvh" } }}
        title={t("nav.title")}
        closeButtonProps={{ "aria-label": t("close") }}
      >
        <div className="nav sheet">
          <SideNavigation places={rest} onGo={() => setOpen(false)} />
        </div>
      </LaterDrawer>
    </>
  );
}
