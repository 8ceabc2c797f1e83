/** How often the page is drawn again at most while changes come in a stream, ms. */
export const PACE = 200;

/**
 * Hands items on together: the first at once, those that follow close behind in one lot. Thousands of tills change
 * more often than a page should be drawn.
 */
export function gather<T>(act: (items: readonly T[]) => void, pace = PACE): (item: T) => void {
  let waiting: T[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const next = () => {
    timer = undefined;
    if (waiting.length === 0) return;
    const lot = waiting;
    waiting = [];
    timer = setTimeout(next, pace);
    act(lot);
  };
  return (item) => {
    waiting.push(item);
    if (timer === undefined) next();
  };
}
