import type { ReactNode } from "react";

/** A table that may be wider than a phone and holds nothing to stop at: the box itself takes the keys that scroll it. */
export function TableBox({ children }: { children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard (WCAG 2.1, 2.1.1)
    <div className="tablebox" tabIndex={0}>
      {children}
    </div>
  );
}
