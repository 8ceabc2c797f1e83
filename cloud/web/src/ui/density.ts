/**
 * How close the rows of tables stand: comfortable, or compact for who looks at many of them. This browser remembers it;
 * app.css does it, by an attribute of the page. On phones rows are cards, and fingers keep their room.
 */
import { useState } from "react";

export const DENSITIES = ["comfortable", "compact"] as const;

export type Density = (typeof DENSITIES)[number];

const KEPT = "chekan.rows";

function kept(): Density {
  try {
    return localStorage.getItem(KEPT) === "compact" ? "compact" : "comfortable";
  } catch {
    return "comfortable"; // storage may be forbidden; the choice then lasts as long as the page
  }
}

const show = (density: Density) => {
  document.documentElement.dataset.rows = density;
};

/** Shows tables as this browser remembers them. */
export function startDensity() {
  show(kept());
}

export function useDensity(): [Density, (density: Density) => void] {
  const [density, put] = useState<Density>(() =>
    document.documentElement.dataset.rows === "compact" ? "compact" : "comfortable",
  );
  const set = (next: Density) => {
    put(next);
    show(next);
    try {
      localStorage.setItem(KEPT, next);
    } catch {
      // as above
    }
  };
  return [density, set];
}
