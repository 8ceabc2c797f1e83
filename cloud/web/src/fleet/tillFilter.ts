/** What the list of tills is filtered by: it lives in the address, and kept views are nothing else. */
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { Light } from "../gen/cabinet/v1/light_pb";
import { LIGHTS, type LightName, lightOf } from "./light";
import { ASPECT_NAMES, ASPECTS, type AspectName } from "./troubles";

/** One filter; an empty part lets everything through. */
export type TillFilter = {
  q: string;
  state?: LightName;
  aspect?: AspectName;
  /** Somebody works on it, or nobody does. */
  service?: "yes" | "no";
  /** Department, outlet or till. */
  node: string;
  /** Those that stop sooner come first. */
  byStop: boolean;
};

/** Names of the parts in the address. */
export const PARTS = ["q", "state", "aspect", "service", "node", "sort"] as const;
export type Part = (typeof PARTS)[number];
const SERVICE = ["yes", "no"] as const;

export function readFilter(params: URLSearchParams): TillFilter {
  return {
    q: params.get("q") ?? "",
    state: LIGHTS.find((x) => x === params.get("state")),
    aspect: ASPECT_NAMES.find((x) => x === params.get("aspect")),
    service: SERVICE.find((x) => x === params.get("service")),
    node: params.get("node") ?? "",
    byStop: params.get("sort") === "stop",
  };
}

/** The filter as a kept view has it: the parts in one order, whatever else stands in the address. */
export function queryOf(params: URLSearchParams): string {
  const kept = new URLSearchParams();
  for (const part of [...PARTS].sort()) {
    const value = params.get(part);
    if (value) kept.set(part, value);
  }
  return kept.toString();
}

/** What stands above an outlet, and what else it is found by. */
export type Outlets = ReadonlyMap<string, { above: readonly string[]; address: string }>;

const texts = new WeakMap<Outlets, WeakMap<Till, string>>();

/** What a till is found by: names and numbers, numbers without what people put between their digits. */
function textOf(till: Till, outlets: Outlets): string {
  let known = texts.get(outlets);
  if (!known) {
    known = new WeakMap();
    texts.set(outlets, known);
  }
  let text = known.get(till);
  if (text === undefined) {
    const s = till.state;
    text = [
      till.name,
      till.outlet,
      till.owner,
      outlets.get(till.outletId)?.address,
      till.host,
      till.agentVersion,
      s?.till,
      s?.model,
      s?.firmware,
      s?.serial,
      s?.rnm,
      s?.fn,
      s?.inn,
    ]
      .join("\n")
      .toLocaleLowerCase();
    known.set(till, text);
  }
  return text;
}

/** Words of a search; digits that blanks or dashes part are one number: «0001 2345-6789». */
export function wordsOf(query: string): string[] {
  return query
    .toLocaleLowerCase()
    .replace(/(?<=\d)[\s-]+(?=\d{2,})/g, "")
    .split(/\s+/)
    .filter(Boolean);
}

/** A till answers to every word of a search. */
export function answers(till: Till, words: readonly string[], outlets: Outlets): boolean {
  if (words.length === 0) return true;
  const text = textOf(till, outlets);
  return words.every((w) => text.includes(w));
}

/** The till stands at the node or beneath it. */
export function standsAt(till: Till, node: string, outlets: Outlets): boolean {
  if (!node) return true;
  if (till.id === node || till.outletId === node) return true;
  return outlets.get(till.outletId)?.above.includes(node) ?? false;
}

/** Sides on which a till is yellow or red, as bits by the number of the aspect. */
export function ailments(till: Till): number {
  let bits = 0;
  for (const c of till.cells) {
    if (c.light === Light.RED || c.light === Light.YELLOW) bits |= 1 << c.aspect;
  }
  return bits;
}

/**
 * Which tills pass, in their order, and how many would pass under each colour and each side, and how many that somebody works on, beside
 * the other parts.
 */
export function sift(tills: readonly Till[], f: TillFilter, outlets: Outlets) {
  const words = wordsOf(f.q);
  const states: Record<LightName, number> = { red: 0, yellow: 0, grey: 0, green: 0 };
  const aspects = new Map<AspectName, number>(ASPECT_NAMES.map((name) => [name, 0]));
  const rows: Till[] = [];
  let all = 0;
  let serviced = 0;
  for (const till of tills) {
    if (!answers(till, words, outlets) || !standsAt(till, f.node, outlets)) continue;
    if (till.maintenance) serviced++;
    if (f.service && (f.service === "yes") !== (till.maintenance !== undefined)) continue;
    const light = lightOf(till);
    const bits = ailments(till);
    const fits = !f.aspect || (bits & (1 << ASPECTS[f.aspect])) !== 0;
    if (fits) {
      all++;
      states[light]++;
    }
    if (f.state && light !== f.state) continue;
    for (const name of ASPECT_NAMES) {
      if ((bits & (1 << ASPECTS[name])) !== 0) aspects.set(name, (aspects.get(name) ?? 0) + 1);
    }
    if (fits) rows.push(till);
  }
  return { rows, all, states, aspects, serviced };
}
