import { use, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "react-router";
import { SHORTCUTS } from "../app/keys";
import { useLang } from "../fleet/facts";
import { Drawer } from "../ui/windows";
import { CabinetHelpers, Centres } from "./Helpers";
import type { HelpProps } from "./HelpWindow";
import { PAGE_CODES, type PageKey, pageOf, pageTexts } from "./pages";
import { useEntries } from "./useEntries";
import "./help.css";

/** Pages that are there for who has not come in; every other address then asks to sign in. */
const OUTSIDE: readonly (PageKey | undefined)[] = ["signUp", "reset", "invite", "terms", "cancelChange"];

/** What this page is for, what its marks mean, what to do first; who helps; the keys. */
export default function PageHelp({ opened, onClose, outside = false, page }: HelpProps) {
  const { t } = useTranslation();
  const { pathname, key: visit } = useLocation();
  const here = pageOf(pathname);
  const key = page ?? (outside && !OUTSIDE.includes(here) ? "signIn" : here);
  const text = use(pageTexts(useLang()));
  const own = key && text[key];

  // Who follows a link out of the window has left it.
  const opener = useRef(visit);
  useEffect(() => {
    if (opener.current === visit) return;
    opener.current = visit;
    onClose();
  }, [visit, onClose]);

  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size={440}
      title={<span className="strong">{own ? `${t("titles.help")}: ${own.title}` : t("titles.help")}</span>}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <div className="pagehelp">
        {own ? (
          <>
            <p>{own.what}</p>
            <h3>{t("aid.marks")}</h3>
            <p>{own.marks}</p>
            <h3>{t("aid.first")}</h3>
            <p>{own.first}</p>
          </>
        ) : (
          <p>{t("aid.none")}</p>
        )}
        {!outside && <Codes codes={(key && PAGE_CODES[key]) ?? []} onGo={onClose} />}
        {!outside && <Centres />}
        <CabinetHelpers />
        {!outside && <Keys />}
      </div>
    </Drawer>
  );
}

/** What one meets on this page, each leading to its entry. */
function Codes({ codes, onGo }: { codes: readonly string[]; onGo: () => void }) {
  const { t } = useTranslation();
  const entries = useEntries();
  return (
    <>
      {codes.length > 0 && (
        <>
          <h3>{t("aid.codes")}</h3>
          <ul>
            {codes.map((code) => (
              <li key={code}>
                <Link to={`/help#${code}`} onClick={onGo}>
                  {entries.find((e) => e.id === code)?.text ?? code}
                </Link>
              </li>
            ))}
          </ul>
        </>
      )}
      <p className="allcodes">
        <Link to="/help" onClick={onGo}>
          {t("aid.all")}
        </Link>
      </p>
    </>
  );
}

/** The keyboard, for who has one. */
function Keys() {
  const { t } = useTranslation();
  return (
    <section className="wideonly" aria-labelledby="help-keys">
      <h3 id="help-keys">{t("aid.keys.title")}</h3>
      <dl className="shortcuts">
        {SHORTCUTS.map((s) => (
          <div key={s.label}>
            <dt>
              {s.keys.map((k) => (
                <kbd key={k}>{k === "Escape" ? "Esc" : k}</kbd>
              ))}
            </dt>
            <dd>{t(s.label)}</dd>
          </div>
        ))}
      </dl>
      <p className="small quiet">{t("aid.keys.where")}</p>
    </section>
  );
}
