/** The traffic light: colour, picture and word of every state, and the order in which tills want attention. */
import type { ComponentType } from "react";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { Light } from "../gen/cabinet/v1/light_pb";
import { Severity } from "../gen/fiscal/v1/fiscal_pb";
import { IconGreen, IconGrey, type IconProps, IconRed, IconYellow } from "../ui/icons";

/** Name of a state in addresses and in words (`lights.*`); also the class that colours it. */
export type LightName = "green" | "yellow" | "red" | "grey";

/** All states, those that want a person first. */
export const LIGHTS: readonly LightName[] = ["red", "yellow", "grey", "green"];

const NAMES: Record<Light, LightName> = {
  [Light.UNSPECIFIED]: "grey", // a colour nobody told us is not a good one
  [Light.GREEN]: "green",
  [Light.YELLOW]: "yellow",
  [Light.RED]: "red",
  [Light.GREY]: "grey",
};

export const LIGHT_ICONS: Record<LightName, ComponentType<IconProps>> = {
  green: IconGreen,
  yellow: IconYellow,
  red: IconRed,
  grey: IconGrey,
};

/** State of a till; grey also for a colour of a later version of the cabinet. */
export function lightOf(till: Pick<Till, "light">): LightName {
  return NAMES[till.light] ?? "grey";
}

/** Colour of a problem: the same three as of tills, grey for what is only worth knowing. */
export function severityLight(severity: Severity): LightName {
  switch (severity) {
    case Severity.CRITICAL:
      return "red";
    case Severity.WARNING:
      return "yellow";
    default:
      return "grey";
  }
}

/** Problems first, then by outlet and name. */
export function byAttention(a: Till, b: Till): number {
  return (
    LIGHTS.indexOf(lightOf(a)) - LIGHTS.indexOf(lightOf(b)) ||
    (a.outlet === b.outlet ? 0 : words.compare(a.outlet, b.outlet)) ||
    numbered.compare(a.name, b.name) ||
    words.compare(a.id, b.id)
  );
}

// Made once: localeCompare makes one for each pair, and thousands of tills are sorted with every lot of changes.
const words = new Intl.Collator();
const numbered = new Intl.Collator(undefined, { numeric: true });

/**
 * Order of rows while someone looks at them: rows already shown keep their places, new ones go to the end. The
 * order we would like takes over only when `settle` allows it. The same array comes back when nothing moves.
 */
export function keepOrder(shown: readonly string[], wanted: readonly string[], settle: boolean): string[] {
  const same = shown.length === wanted.length && shown.every((id, i) => id === wanted[i]);
  if (same) return shown as string[];
  if (settle || shown.length === 0) return [...wanted];
  const known = new Set(shown);
  const present = new Set(wanted);
  if (shown.length === wanted.length && shown.every((id) => present.has(id))) return shown as string[];
  return [...shown.filter((id) => present.has(id)), ...wanted.filter((id) => !known.has(id))];
}
