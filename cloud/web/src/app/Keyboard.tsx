import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation, useNavigate } from "react-router";
import { LaterModal } from "../ui/later";
import { NONE, nameOf, SHORTCUTS, take } from "./keys";
import { stepRow } from "./rows";

/** Where keys are typed, or belong to a window that is open above the page. */
const ELSEWHERE =
  "input, textarea, select, [contenteditable=true], [role=dialog], [role=menu], [role=listbox], [role=combobox]";

/** Id of the field that `/` brings the cursor to. */
export const SEARCH_FIELD = "chekan-search";

/** Where Esc leads from a page that was opened by its address: one step up. */
export function above(pathname: string): string | undefined {
  const [, first = "", second] = pathname.split("/");
  return second ? `/${first}` : undefined;
}

/** Makes the shortcuts work on every page, and shows them when asked. */
export function Keyboard() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { pathname, key } = useLocation();
  const [help, setHelp] = useState(false);
  const waiting = useRef(NONE);

  useEffect(() => {
    const onKey = (e: KeyboardEvent) => {
      if (e.defaultPrevented || (e.target instanceof Element && e.target.closest(ELSEWHERE))) return;
      // A window above the page has the keys, wherever the focus is.
      if (document.querySelector("[role=dialog], [role=menu]")) return;
      const name = nameOf(e);
      if (!name) return;
      const next = take(waiting.current, name, e.timeStamp);
      waiting.current = next.waiting;
      const { act } = next;
      if (!act) return;
      switch (act.do) {
        case "search": {
          const field = document.getElementById(SEARCH_FIELD) ?? document.querySelector("[type=search]");
          if (!(field instanceof HTMLInputElement)) return;
          field.focus();
          field.select();
          break;
        }
        case "help":
          setHelp(true);
          break;
        case "row":
          stepRow(act.step);
          break;
        case "back": {
          const up = above(pathname);
          if (!up) return;
          if (key !== "default") navigate(-1);
          else navigate(up);
          break;
        }
        case "go":
          navigate(act.to);
          break;
      }
      e.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate, pathname, key]);

  return (
    <LaterModal
      opened={help}
      onClose={() => setHelp(false)}
      title={t("shell.keys.title")}
      size="sm"
      closeButtonProps={{ "aria-label": t("close") }}
    >
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
      <p className="small quiet">{t("shell.keys.where")}</p>
    </LaterModal>
  );
}
