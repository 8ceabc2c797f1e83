import { useQuery } from "@connectrpc/connect-query";
import { NativeSelect } from "@mantine/core";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Node, PlaceKind, TreeService } from "../gen/cabinet/v1/tree_pb";
import type { Outlets } from "./tillFilter";

const NONE: readonly Node[] = [];

function useTree(enabled: boolean): readonly Node[] {
  const tree = useQuery(TreeService.method.getTree, {}, { enabled });
  return tree.data?.nodes ?? NONE;
}

/** Outlets of a tree that was read: every row of a list may ask, and thousands are put together once. */
const known = new WeakMap<readonly Node[], Outlets>();

function outletsOf(nodes: readonly Node[]): Outlets {
  let outlets = known.get(nodes);
  if (!outlets) {
    const byId = new Map(nodes.map((n) => [n.id, n]));
    const above = (n: Node): string[] => {
      const up = byId.get(n.parentId);
      return up ? [up.id, ...above(up)] : [];
    };
    outlets = new Map(
      nodes
        .filter((n) => n.kind === PlaceKind.OUTLET)
        .map((n) => [n.id, { above: above(n), address: n.address }]),
    );
    known.set(nodes, outlets);
  }
  return outlets;
}

/** What stands above each outlet, and its address; nothing until somebody needs it. */
export function useOutlets(enabled: boolean): Outlets {
  return outletsOf(useTree(enabled));
}

/** Chooses a part of the tree; its names are read when somebody reaches for it. */
export function NodeFilter({ value, onChange }: { value: string; onChange: (node: string) => void }) {
  const { t } = useTranslation();
  const [reached, setReached] = useState(false);
  const nodes = useTree(reached || value !== "");
  const places = useMemo(() => {
    const depth = new Map<string, number>();
    return nodes.flatMap((n) => {
      depth.set(n.id, (depth.get(n.parentId) ?? -1) + 1);
      if (n.kind === PlaceKind.TILL) return [];
      return [{ value: n.id, label: `${"\u2003".repeat(depth.get(n.id) ?? 0)}${n.name}` }];
    });
  }, [nodes]);
  const listed = places.some((p) => p.value === value);
  return (
    <NativeSelect
      size="xs"
      aria-label={t("cols.outlet")}
      value={value}
      onFocus={() => setReached(true)}
      onPointerEnter={() => setReached(true)}
      onChange={(e) => onChange(e.currentTarget.value)}
      data={[
        { value: "", label: t("tillList.everywhere") },
        ...(value && !listed ? [{ value, label: t("tillList.onePlace") }] : []),
        ...places,
      ]}
    />
  );
}
