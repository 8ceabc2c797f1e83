import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";

/** Up to so many rows are simply all there: the browser's own search finds them. */
const FEW = 100;

/**
 * Rows of a long list that are near the screen; the rest is empty space of the right height. `box` goes to what
 * holds the rows, `measure` to each of them. Heights and the gap between rows are px.
 */
export function useRows(count: number, height: number, gap = 0) {
  const box = useRef<HTMLElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const at = (box.current?.getBoundingClientRect().top ?? 0) + window.scrollY;
    setTop((known) => (Math.abs(known - at) > 1 ? at : known));
  });
  const few = count <= FEW;
  const rows = useWindowVirtualizer({
    count,
    enabled: !few,
    estimateSize: () => height,
    gap,
    overscan: 12,
    scrollMargin: top,
  });
  const shown = rows.getVirtualItems();
  if (few) {
    return { box, first: 0, end: count, before: 0, after: 0, measure: undefined };
  }
  const first = shown[0];
  const last = shown.at(-1);
  return {
    box,
    first: first?.index ?? 0,
    end: (last?.index ?? -1) + 1,
    before: (first?.start ?? top) - top,
    after: rows.getTotalSize() - ((last?.end ?? top) - top),
    measure: rows.measureElement,
  };
}
