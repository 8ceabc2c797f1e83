/** The tree as it is shown: rows, search, and where something may be put. Without React, so that it is tested without a page. */
import type { LightName } from "../fleet/light";
import { type LightCounts, type Node, PlaceKind } from "../gen/cabinet/v1/tree_pb";

/** A row of the page. */
export type Row = {
  node: Node;
  /** From 1: the organisation. */
  level: number;
  children: number;
  open: boolean;
  /** Found by the search itself, not only for what stands in it. */
  found: boolean;
};

/** The tree with its ways down. */
export class Shape {
  readonly byId: ReadonlyMap<string, Node>;
  readonly #children = new Map<string, Node[]>();

  constructor(readonly nodes: readonly Node[]) {
    this.byId = new Map(nodes.map((n) => [n.id, n]));
    for (const n of nodes) {
      const list = this.#children.get(n.parentId);
      if (list) list.push(n);
      else this.#children.set(n.parentId, [n]);
    }
  }

  children(id: string): readonly Node[] {
    return this.#children.get(id) ?? [];
  }

  /** Nodes above one, from the top down, without itself. */
  above(id: string): Node[] {
    const up = this.byId.get(this.byId.get(id)?.parentId ?? "");
    return up ? [...this.above(up.id), up] : [];
  }

  /** «Юг / Сочи / Рынок», without the company. */
  path(id: string): string {
    const node = this.byId.get(id);
    const names = [...this.above(id), ...(node ? [node] : [])].filter(
      (n) => n.kind !== PlaceKind.ORGANISATION,
    );
    return names.map((n) => n.name).join(" / ");
  }

  /** Neighbours of its kind, itself among them. */
  neighbours(node: Node): readonly Node[] {
    return this.children(node.parentId).filter((n) => n.kind === node.kind);
  }

  /** Whether a node may stand right beneath another one. The cabinet has the last word: depth and names are its. */
  fits(node: Node, parent: Node): boolean {
    if (!node.mayChange || !parent.mayChange) return false;
    if (node.id === parent.id || this.above(parent.id).some((n) => n.id === node.id)) return false;
    if (this.rootOf(node) !== this.rootOf(parent)) return false;
    if (node.kind === PlaceKind.TILL) return parent.kind === PlaceKind.OUTLET;
    return (
      node.kind !== PlaceKind.ORGANISATION &&
      (parent.kind === PlaceKind.ORGANISATION || parent.kind === PlaceKind.DEPARTMENT)
    );
  }

  rootOf(node: Node): string {
    return this.above(node.id)[0]?.id ?? node.id;
  }

  /** Rows in order: what is closed hides what stands in it; a search opens the ways to what it finds. */
  rows(closed: ReadonlySet<string>, query: string): Row[] {
    const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const found = (n: Node) => {
      const text = [n.name, n.agentName, n.address, n.phone, n.serial, n.model]
        .join("\n")
        .toLocaleLowerCase();
      return words.every((w) => text.includes(w));
    };
    const kept = new Set<string>();
    if (words.length > 0) {
      for (const n of this.nodes) {
        if (!found(n)) continue;
        kept.add(n.id);
        for (const up of this.above(n.id)) kept.add(up.id);
      }
    }
    const rows: Row[] = [];
    const walk = (n: Node, level: number) => {
      if (words.length > 0 && !kept.has(n.id)) return;
      const children = this.children(n.id).filter((c) => words.length === 0 || kept.has(c.id));
      const open = words.length > 0 || !closed.has(n.id);
      rows.push({ node: n, level, children: children.length, open, found: words.length > 0 && found(n) });
      if (open) for (const c of children) walk(c, level + 1);
    };
    for (const n of this.nodes) if (!this.byId.has(n.parentId)) walk(n, 1);
    return rows;
  }
}

/** Where a key moves a node among its neighbours: the one it stands before then; undefined when it cannot go on. */
export function stepBefore(
  shape: Shape,
  node: Node,
  step: 1 | -1,
): { parentId: string; beforeId: string } | undefined {
  const list = shape.neighbours(node);
  const at = list.findIndex((n) => n.id === node.id);
  const to = at + step;
  if (at < 0 || to < 0 || to >= list.length) return undefined;
  const before = step < 0 ? list[to] : list[to + 1];
  return { parentId: node.parentId, beforeId: before?.id ?? "" };
}

/** Where a key moves a node up or down a level: out of its department, or into the one that stands before it. */
export function stepLevel(
  shape: Shape,
  node: Node,
  step: 1 | -1,
): { parentId: string; beforeId: string } | undefined {
  const parent = shape.byId.get(node.parentId);
  if (!parent) return undefined;
  if (step < 0) {
    const up = shape.byId.get(parent.parentId);
    return up && shape.fits(node, up) ? { parentId: up.id, beforeId: "" } : undefined;
  }
  const list = shape.children(node.parentId);
  const at = list.findIndex((n) => n.id === node.id);
  for (let i = at - 1; i >= 0; i--) {
    const n = list[i];
    if (n && shape.fits(node, n)) return { parentId: n.id, beforeId: "" };
  }
  return undefined;
}

/** Tills of a colour. */
export function countOf(counts: LightCounts | undefined, light: LightName): number {
  return counts?.[light] ?? 0;
}

export function totalOf(counts: LightCounts | undefined): number {
  return (counts?.red ?? 0) + (counts?.yellow ?? 0) + (counts?.grey ?? 0) + (counts?.green ?? 0);
}

/** List of tills that a node and a colour lead to. */
export function tillsLink(node: Node, light?: LightName): string {
  const q = new URLSearchParams();
  if (node.kind !== PlaceKind.ORGANISATION) q.set("node", node.id);
  if (light) q.set("state", light);
  const text = q.toString();
  return text ? `/tills?${text}` : "/tills";
}
