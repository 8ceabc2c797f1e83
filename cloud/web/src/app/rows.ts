/** Rows of the list on screen, for the keyboard: lines of tables, and the cards that stand for them on a phone. */

const ROWS = "main tbody > tr, main .cards > li";
const OPENERS = "a[href], button:not([disabled])";

/** What a row is opened by: its link, or else its button; rows that open nothing are stepped over. */
function openerOf(row: Element): HTMLElement | null {
  return row.querySelector<HTMLElement>("a[href]") ?? row.querySelector<HTMLElement>(OPENERS);
}

const onScreen = (e: HTMLElement) => typeof e.checkVisibility !== "function" || e.checkVisibility();

/** Moves the focus to the next or the previous row; the first step goes to the first row. */
export function stepRow(step: 1 | -1, root: Document = document): void {
  const rows = [...root.querySelectorAll(ROWS)].flatMap((row) => {
    const opener = openerOf(row);
    return opener && onScreen(opener) ? [{ row, opener }] : [];
  });
  if (rows.length === 0) return;
  const at = rows.findIndex(({ row }) => row.contains(root.activeElement));
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  const { row, opener } = rows[Math.min(Math.max(next, 0), rows.length - 1)] ?? {};
  opener?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
}
