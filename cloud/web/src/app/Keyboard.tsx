import { useEffect, useRef } from "react";
import { useLocation, useNavigate } from "react-router";
import { NONE, nameOf, take } from "./keys";
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

/** Makes the shortcuts work on every page. */
export function Keyboard({ onHelp }: { onHelp: () => void }) {
  const navigate = useNavigate();
  const { pathname, key } = useLocation();
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
          onHelp();
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
  }, [navigate, pathname, key, onHelp]);

  return null;
}
