import { configure } from "@testing-library/react";
import { afterAll, vi } from "vitest";
import { bringLater } from "../words";

// Parts of pages are shown here without the page that would bring their words.
await bringLater();

// A busy machine is slow, not wrong.
configure({ asyncUtilTimeout: 60_000 });

// A part of a page that is still on its way when the last test is over would find nobody to come to, and fail the run.
afterAll(() => vi.dynamicImportSettled());

// happy-dom has no layout; what asks the media gets the desktop.
if (typeof window !== "undefined") {
  window.matchMedia ??= (query: string) =>
    ({
      matches: false,
      media: query,
      addEventListener: () => {},
      removeEventListener: () => {},
      addListener: () => {},
      removeListener: () => {},
      onchange: null,
      dispatchEvent: () => false,
    }) as MediaQueryList;
}
