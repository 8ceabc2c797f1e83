import {
  createTheme,
  Drawer,
  Loader,
  type MantineColorsTuple,
  Menu,
  Modal,
  Popover,
  Tooltip,
} from "@mantine/core";

/** The one accent: steel. Green, yellow, red and grey belong to states (see app.css) and to nothing else. */
const steel: MantineColorsTuple = [
  "#eef3fb",
  "#dae5f5",
  "#b4cbea",
  "#8bafdf",
  "#6b98d6",
  "#4f82c8",
  "#3a6cb3",
  "#2d5997",
  "#23477b",
  "#183459",
];

const dark: MantineColorsTuple = [
  "#e3e6ea",
  "#c3c8cf",
  "#a3abb5",
  "#7f8893",
  "#4b535d",
  "#363c44",
  "#292e35",
  "#1a1d21",
  "#14171a",
  "#0e1012",
];

export const theme = createTheme({
  colors: { steel, dark },
  primaryColor: "steel",
  primaryShade: { light: 7, dark: 6 },
  fontFamily: '"Segoe UI", Roboto, "Noto Sans", "Liberation Sans", system-ui, sans-serif',
  fontFamilyMonospace: '"Cascadia Mono", Consolas, "Roboto Mono", "Liberation Mono", monospace',
  // 14 px is the base on a 4/8 px rhythm.
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.25rem" },
  lineHeights: { xs: "1.35", sm: "1.4", md: "1.45", lg: "1.45", xl: "1.35" },
  spacing: { xs: "0.25rem", sm: "0.5rem", md: "1rem", lg: "1.5rem", xl: "2rem" },
  headings: {
    fontWeight: "600",
    sizes: { h1: { fontSize: "1.25rem", lineHeight: "1.4" }, h2: { fontSize: "1rem", lineHeight: "1.45" } },
  },
  defaultRadius: 4,
  breakpoints: { xs: "30em", sm: "40em", md: "60em", lg: "80em", xl: "96em" },
  shadows: { xs: "none", sm: "none", md: "none", lg: "none", xl: "none" },
  respectReducedMotion: true,
  components: {
    Tooltip: Tooltip.extend({
      // A surface of the page, so that states keep their colours on it.
      styles: {
        tooltip: {
          padding: "8px 12px",
          border: "1px solid var(--line)",
          backgroundColor: "var(--page)",
          color: "var(--mantine-color-text)",
        },
      },
      defaultProps: {
        position: "bottom-start",
        multiline: true,
        maw: 320,
        openDelay: 150,
        events: { hover: true, focus: true, touch: true },
      },
    }),
    // What has a name needs a role to be called by (WAI-ARIA 1.2, aria-label on a generic element).
    Loader: Loader.extend({ defaultProps: { role: "progressbar" } }),
    Modal: Modal.extend({ defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.35 } } }),
    Drawer: Drawer.extend({ defaultProps: { overlayProps: { backgroundOpacity: 0.25 } } }),
    Menu: Menu.extend({ defaultProps: { position: "bottom-end", transitionProps: { duration: 0 } } }),
    Popover: Popover.extend({ defaultProps: { transitionProps: { duration: 0 } } }),
  },
});
