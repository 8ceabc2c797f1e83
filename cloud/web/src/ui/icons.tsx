/**
 * The few pictures of the cabinet, drawn here: nothing comes from the network. States differ by outline as well
 * as by colour, so that they read without colour.
 */
import type { ReactNode } from "react";

function Icon({
  children,
  size = 16,
  className,
}: {
  children: ReactNode;
  size?: number;
  className?: string;
}) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      className={className}
    >
      {children}
    </svg>
  );
}

export type IconProps = { size?: number; className?: string };

const filled = { fill: "currentColor", stroke: "none" } as const;
const cut = { stroke: "var(--page)" } as const;

/** Works: a full circle with a tick. */
export const IconGreen = (p: IconProps) => (
  <Icon {...p}>
    <circle cx="8" cy="8" r="7" {...filled} />
    <path d="M4.8 8.3l2.2 2.2 4.2-4.6" {...cut} />
  </Icon>
);
/** Attention: a triangle with an exclamation mark. */
export const IconYellow = (p: IconProps) => (
  <Icon {...p}>
    <path d="M8 1.2L15.2 14.4H.8z" {...filled} />
    <path d="M8 6v4M8 12.2v.1" {...cut} />
  </Icon>
);
/** Stopped: an octagon with a cross. */
export const IconRed = (p: IconProps) => (
  <Icon {...p}>
    <path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z" {...filled} />
    <path d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" {...cut} />
  </Icon>
);
/** No data: a broken ring with a question mark. */
export const IconGrey = (p: IconProps) => (
  <Icon {...p}>
    <circle cx="8" cy="8" r="6.4" strokeDasharray="2.6 2.4" />
    <path d="M6.3 6.5c0-2.3 3.5-2.2 3.5 0 0 1.5-1.8 1.4-1.8 2.8M8 11.4v.1" strokeWidth="1.4" />
  </Icon>
);
export const IconInfo = (p: IconProps) => (
  <Icon {...p}>
    <circle cx="8" cy="8" r="6.4" />
    <path d="M8 7.4v3.8M8 4.9v.1" />
  </Icon>
);
export const IconTick = (p: IconProps) => (
  <Icon {...p}>
    <path d="M3 8.6l3.2 3.2L13 4.6" />
  </Icon>
);
export const IconCross = (p: IconProps) => (
  <Icon {...p}>
    <path d="M4 4l8 8M12 4l-8 8" />
  </Icon>
);
export const IconDash = (p: IconProps) => (
  <Icon {...p}>
    <path d="M4 8h8" />
  </Icon>
);
export const IconRing = (p: IconProps) => (
  <Icon {...p}>
    <circle cx="8" cy="8" r="5.4" />
  </Icon>
);
export const IconClock = (p: IconProps) => (
  <Icon {...p}>
    <circle cx="8" cy="8" r="6.4" />
    <path d="M8 4.6V8l2.4 1.6" />
  </Icon>
);
export const IconTurning = ({ size, className }: IconProps) => (
  <Icon size={size} className={`turning ${className ?? ""}`}>
    <path d="M14 8A6 6 0 1 1 8 2" />
  </Icon>
);
/** One act on many: a list of ticks. */
export const IconWorks = (p: IconProps) => (
  <Icon {...p}>
    <path d="M2 4l1.2 1.2L5.5 3M2 8.5l1.2 1.2 2.3-2.2M2 13l1.2 1.2L5.5 12M8 4.3h6M8 8.8h6M8 13.3h6" />
  </Icon>
);
/** What people write to each other. */
export const IconNote = (p: IconProps) => (
  <Icon {...p}>
    <path d="M2 3h12v8H7l-3 2.5V11H2zM5 6h6M5 8.3h4" />
  </Icon>
);
/** What is done by itself: sliders. */
export const IconRule = (p: IconProps) => (
  <Icon {...p}>
    <path d="M2 4.5h5M11 4.5h3M9 2.5v4M2 11.5h2M8 11.5h6M6 9.5v4" />
  </Icon>
);
export const IconTill = (p: IconProps) => (
  <Icon {...p}>
    <path d="M2.5 14h11v-3.5h-11zM4 10.5l.8-4h6.4l.8 4M6 6.5V2.5h4v4" />
  </Icon>
);
/** Places beneath places. */
export const IconTree = (p: IconProps) => (
  <Icon {...p}>
    <path d="M2 2h5v3.5H2zM9 6.5h5V10H9zM9 11.5h5V15H9zM4.5 5.5v7.8H9M4.5 8.3H9" />
  </Icon>
);
/** A program on a shop's computer. */
export const IconAgent = (p: IconProps) => (
  <Icon {...p}>
    <path d="M2 3h12v8H2zM5.5 14h5M8 11v3M5 6l1.5 1.2L5 8.4M8 8.6h2.4" />
  </Icon>
);
/** Somebody has to decide: a fork. */
export const IconAsk = (p: IconProps) => (
  <Icon {...p}>
    <path d="M8 14V9.5M8 9.5C8 6.5 3.5 7 3.5 2.5M8 9.5C8 6.5 12.5 7 12.5 2.5M1.6 4.2l1.9-1.9 1.9 1.9M10.6 4.2l1.9-1.9 1.9 1.9" />
  </Icon>
);
export const IconPerson = (p: IconProps) => (
  <Icon {...p}>
    <circle cx="8" cy="5.2" r="2.9" />
    <path d="M2.6 14c.4-3.2 2.6-4.4 5.4-4.4s5 1.2 5.4 4.4" />
  </Icon>
);
export const IconSearch = (p: IconProps) => (
  <Icon {...p}>
    <circle cx="7" cy="7" r="4.6" />
    <path d="M10.5 10.5L14 14" />
  </Icon>
);
export const IconCopy = (p: IconProps) => (
  <Icon {...p}>
    <rect x="5.5" y="5.5" width="8" height="8.5" rx="1" />
    <path d="M10.5 5.5V2.5h-8v8.5h3" />
  </Icon>
);
/** A file to take: an arrow into a tray. */
export const IconSave = (p: IconProps) => (
  <Icon {...p}>
    <path d="M8 2v8M4.8 7L8 10.2 11.2 7M2.5 11v3h11v-3" />
  </Icon>
);
export const IconPrint = (p: IconProps) => (
  <Icon {...p}>
    <path d="M4.5 6V2h7v4M4.5 11.5h-2V6h11v5.5h-2M4.5 9.5h7V14h-7z" />
  </Icon>
);
export const IconMore = (p: IconProps) => (
  <Icon {...p}>
    <path d="M3 8h.01M8 8h.01M13 8h.01" strokeWidth="2.4" />
  </Icon>
);
export const IconBack = (p: IconProps) => (
  <Icon {...p}>
    <path d="M10 3L5 8l5 5" />
  </Icon>
);
export const IconDown = (p: IconProps) => (
  <Icon {...p}>
    <path d="M4 6l4 4 4-4" />
  </Icon>
);
/** The mark of the product: a die over a coin. */
export const Logo = ({ size = 22 }: { size?: number }) => (
  <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect x="9" y="2" width="14" height="12" rx="2" fill="var(--mantine-color-steel-6)" />
    <path d="M12 14h8l2 5H10z" fill="var(--mantine-color-steel-5)" />
    <ellipse cx="16" cy="25" rx="11" ry="5" fill="var(--mantine-color-steel-6)" />
    <ellipse cx="16" cy="23.5" rx="11" ry="5" fill="var(--mantine-color-steel-4)" />
    <path d="M11 23.5h10" stroke="#fff" strokeWidth="1.6" strokeLinecap="round" />
  </svg>
);
export const IconHome = (p: IconProps) => (
  <Icon {...p}>
    <path d="M2 7.5 8 2.5l6 5M3.5 6.5V13.5h9V6.5M6.5 13.5V9.5h3v4" />
  </Icon>
);
export const IconReceipt = (p: IconProps) => (
  <Icon {...p}>
    <path d="M3.5 1.5h9v13l-2-1.2-2.5 1.2-2.5-1.2-2 1.2zM6 5h4M6 8h4" />
  </Icon>
);
/** Goods: a box. */
export const IconGoods = (p: IconProps) => (
  <Icon {...p}>
    <path d="M2 5l6-3 6 3v6.5l-6 3-6-3zM2 5l6 3 6-3M8 8v6.5" />
  </Icon>
);
/** A newer version comes down. */
export const IconUpdate = (p: IconProps) => (
  <Icon {...p}>
    <path d="M8 2v8M4.8 7L8 10.2 11.2 7M2.5 13.5h11" />
  </Icon>
);
/** Journal: a page with lines. */
export const IconJournal = (p: IconProps) => (
  <Icon {...p}>
    <path d="M3.5 1.8h9v12.4h-9zM6 5h4M6 8h4M6 11h2.5" />
  </Icon>
);
export const IconHelp = (p: IconProps) => (
  <Icon {...p}>
    <circle cx="8" cy="8" r="6.4" />
    <path d="M6.3 6.5c0-2.3 3.5-2.2 3.5 0 0 1.5-1.8 1.4-1.8 2.8M8 11.4v.1" />
  </Icon>
);
/** Several people. */
export const IconPeople = (p: IconProps) => (
  <Icon {...p}>
    <circle cx="6" cy="5.4" r="2.5" />
    <path d="M1.5 13.5c.3-2.8 2.2-3.9 4.5-3.9s4.2 1.1 4.5 3.900M10.8 3.200a2.4 2.4 0 0 1 0 4.500M12 9.900c1.5.500 2.3 1.7 2.5 3.6" />
  </Icon>
);
/** A spanner: somebody repairs. */
export const IconService = (p: IconProps) => (
  <Icon {...p}>
    <path d="M13.8 4.600a3.6 3.6 0 0 1-4.8 4.500L4.6 13.500a1.5 1.5 0 0 1-2.1-2.100L6.9 7a3.6 3.6 0 0 1 4.5-4.800L9.3 4.300l.4 2 2 .4z" />
  </Icon>
);
/** A plug: other programs. */
export const IconPlug = (p: IconProps) => (
  <Icon {...p}>
    <path d="M5.5 1.800v3.400M10.5 1.800v3.400M3.5 5.200h9v2.300a4.5 4.5 0 0 1-9 0zM8 12v2.5" />
  </Icon>
);
/** A building: the company. */
export const IconCompany = (p: IconProps) => (
  <Icon {...p}>
    <path d="M3 14V2.500h6.500V14M9.5 6.500H13V14M1.5 14h13M5.3 5.300h1.900M5.3 8h1.900M5.3 10.700h1.9" />
  </Icon>
);
/** Notifications: a bell. */
export const IconBell = (p: IconProps) => (
  <Icon {...p}>
    <path d="M3 11.5c1.2-1 1.4-2.300 1.400-4.500 0-2.300 1.500-4 3.600-4s3.600 1.700 3.600 4c0 2.200.200 3.500 1.400 4.500zM6.600 13.500c.6.800 2.200.800 2.800 0" />
  </Icon>
);
