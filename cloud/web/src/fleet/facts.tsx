/** Facts of a till as they read in a row, a card and the till's own page. */
import { Popover } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { day, daysUntil, full, type Lang, langOf, money, ofCivil, ofMs, whole } from "../ui/format";
import { Fact, StateWord } from "../ui/State";
import { Ago, useAge, useNow, When } from "../ui/time";
import { lightOf } from "./light";
import { graveOf, silenceOf, TroubleList, useWords } from "./troubles";
import { Upkeep } from "./upkeep";

export function useLang(): Lang {
  const { i18n } = useTranslation();
  return langOf(i18n.language);
}

/**
 * Colour, word, and under it the worst problem in short. What happened, since when and by whose limit, and what to do
 * come to the pointer, to a finger and to Enter; not where the whole cell is a `linked` one, which leads there.
 */
export function StateCell({ till, linked = false }: { till: Till; linked?: boolean }) {
  const { t } = useTranslation();
  const lang = useLang();
  const light = lightOf(till);
  const words = useWords(lang);
  const troubles = graveOf(till);
  const worst = troubles[0];
  const short =
    light === "grey" ? (
      <span className="quiet">
        {till.heardMs > 0n ? (
          <>
            {t("till.heard")} <When ms={till.heardMs} />
          </>
        ) : (
          t("till.neverHeard")
        )}
      </span>
    ) : (
      worst && (
        <>
          {words(worst).text}
          {troubles.length > 1 && (
            <span className="quiet"> {t("till.more", { count: troubles.length - 1 })}</span>
          )}
        </>
      )
    );
  const all = light === "grey" ? [...silenceOf(till), ...troubles] : troubles;
  return (
    <>
      <StateWord light={light} />
      {short &&
        (linked || all.length === 0 ? (
          <div className="small">{short}</div>
        ) : (
          <Answer short={short}>
            <TroubleList troubles={all} lang={lang} />
          </Answer>
        ))}
      <Upkeep till={till} />
    </>
  );
}

/** A short word with the long one behind it: the pointer shows it, a finger and Enter hold it, Escape lets it go. */
function Answer({ short, children }: { short: ReactNode; children: ReactNode }) {
  const [shown, show] = useState<"hover" | "held">();
  return (
    <Popover
      opened={shown !== undefined}
      onChange={(open) => !open && show(undefined)}
      width={420}
      position="bottom-start"
      withinPortal
    >
      <div className="small">
        <Popover.Target>
          <button
            type="button"
            className="sort"
            onPointerEnter={(e) => e.pointerType === "mouse" && show((old) => old ?? "hover")}
            onPointerLeave={(e) =>
              e.pointerType === "mouse" && show((old) => (old === "hover" ? undefined : old))
            }
            onClick={() => show((old) => (old === "held" ? undefined : "held"))}
          >
            {short}
          </button>
        </Popover.Target>
      </div>
      <Popover.Dropdown maw="calc(100vw - 32px)">{children}</Popover.Dropdown>
    </Popover>
  );
}

export function ShiftCell({ till }: { till: Till }) {
  const { t } = useTranslation();
  const s = till.state;
  if (!s || s.shift === 0) return <None />;
  const at = ofCivil(s.shiftOpen ? till.shiftOpenedAt : till.shiftClosedAt);
  return (
    <>
      <div className="nowrap">№ {s.shift}</div>
      <div className="small quiet">
        {s.shiftOpen ? t("shift.open") : t("shift.closed")}
        {at && (
          <span className="nowrap">
            {" "}
            <When at={at} />
          </span>
        )}
      </div>
    </>
  );
}

/** What the shift took. */
export function RevenueCell({ till }: { till: Till }) {
  const { t } = useTranslation();
  const lang = useLang();
  return (
    <>
      <div className="num nowrap">
        <Fact value={till.shiftTotal}>{money(till.shiftTotal, lang)}</Fact>
      </div>
      <div className="small quiet nowrap">{t("receipts", { count: till.shiftReceipts })}</div>
    </>
  );
}

/** Where the till stands; whose it is, where that is somebody else. */
export function OutletCell({ till }: { till: Till }) {
  return (
    <>
      {till.outlet || <None />}
      {till.owner && <div className="small quiet">{till.owner}</div>}
    </>
  );
}

export function LastCell({ till }: { till: Till }) {
  const { t } = useTranslation();
  const lang = useLang();
  const s = till.state;
  if (!s || s.lastFd === 0) return <None />;
  const at = ofCivil(s.lastAt);
  return (
    <>
      <div className="nowrap">
        {t("fd")} {whole(s.lastFd, lang).replaceAll("\u00a0", "")}
      </div>
      {at && (
        <div className="small quiet nowrap">
          <When at={at} />
        </div>
      )}
    </>
  );
}

export function FNCell({ till }: { till: Till }) {
  const { t } = useTranslation();
  const lang = useLang();
  const now = useNow(60_000);
  const s = till.state;
  if (!s?.fn) return <None />;
  const left = daysUntil(s.fnExpiry, now);
  return (
    <>
      <div className="nowrap">{s.fn}</div>
      {s.fnExpiry && <div className="small quiet nowrap">{t("fn.until", { date: day(s.fnExpiry) })}</div>}
      {left !== undefined && left <= 60 && (
        <div className="small nowrap">{left > 0 ? t("fn.left", { count: left }) : t("fn.over")}</div>
      )}
      {s.fnRoom > 0 && (
        <div className="small quiet">{t("tillList.room", { count: whole(s.fnRoom, lang) })}</div>
      )}
    </>
  );
}

export function UnsentCell({ till, long = false }: { till: Till; long?: boolean }) {
  const { t } = useTranslation();
  const lang = useLang();
  const s = till.state;
  if (!s?.fn) return <None />;
  if (s.unsent === 0) return <span className="quiet">0</span>;
  const from = ofCivil(s.unsentFrom);
  return (
    <>
      <div className="nowrap">
        {whole(s.unsent, lang)} {t("pieces")}
      </div>
      {from && (
        <div className="small quiet nowrap">
          {long && t("oldest")} <When at={from} />
        </div>
      )}
    </>
  );
}

export function AgentCell({ till }: { till: Till }) {
  const { t } = useTranslation();
  return (
    <>
      <div className="nowrap">{till.agentVersion || "—"}</div>
      <div className="small quiet" style={{ minWidth: 72 }}>
        {till.agentOnline ? (
          t("agent.online")
        ) : till.heardMs > 0n ? (
          <>
            {t("agent.offline")} <Ago ms={till.heardMs} />
          </>
        ) : (
          t("agent.never")
        )}
      </div>
    </>
  );
}

/** When the till will stop if nothing is done, and why. */
export function StopCell({ till }: { till: Till }) {
  const { t } = useTranslation();
  const now = useNow(60_000);
  const length = useAge();
  const lang = useLang();
  const stop = till.stop;
  if (!stop) return <None />;
  const left = Number(stop.atMs) - now.getTime();
  const cause = CAUSES.find((x) => x === stop.cause);
  return (
    <>
      <div className="nowrap" title={full(ofMs(stop.atMs) ?? now, lang)}>
        {left > 0 ? length(left) : t("stop.already")}
      </div>
      {cause && <div className="small quiet">{t(`stop.${cause}`)}</div>}
    </>
  );
}

const CAUSES = ["ofd", "fn_term", "fn_room", "shift", "autonomous", "contract", "certificate"] as const;

export function None() {
  return <span className="quiet">—</span>;
}
