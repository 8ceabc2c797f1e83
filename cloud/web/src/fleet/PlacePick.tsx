import { Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { type Node, PlaceKind } from "../gen/cabinet/v1/tree_pb";
import { Shape } from "../tree/shape";

/** Value of the company as a whole: an empty one would be "nothing chosen". */
const COMPANY = "*";

/** So many places are listed at once; more are found by typing. */
const LISTED = 200;

const GROUPS = [
  [PlaceKind.DEPARTMENT, "thresholds.departments"],
  [PlaceKind.OUTLET, "thresholds.outlets"],
  [PlaceKind.TILL, "thresholds.tills"],
] as const;

/** Chooses where something holds: the company, a department, an outlet or a till, found by a part of its way. */
export function PlacePick(p: {
  label: string;
  nodes: readonly Node[];
  /** Id of a node; empty for the company. */
  value: string;
  /** Name of what is chosen, while the tree does not know it. */
  name?: string;
  onChange: (node: Node | undefined) => void;
}) {
  const { t } = useTranslation();
  const shape = new Shape(p.nodes);
  const option = (n: Node) => ({ value: n.id, label: shape.path(n.id) });
  const groups = GROUPS.map(([kind, word]) => ({
    group: t(word),
    items: p.nodes
      .filter((n) => n.kind === kind)
      .map(option)
      .sort((a, b) => a.label.localeCompare(b.label, undefined, { numeric: true })),
  })).filter((g) => g.items.length > 0);
  const lost = p.value !== "" && !shape.byId.has(p.value);
  return (
    <Select
      label={p.label}
      className="placepick"
      value={p.value || COMPANY}
      onChange={(id) => p.onChange(id && id !== COMPANY ? shape.byId.get(id) : undefined)}
      data={[
        { value: COMPANY, label: t("thresholds.company") },
        ...(lost ? [{ value: p.value, label: p.name || p.value }] : []),
        ...groups,
      ]}
      searchable
      limit={LISTED}
      allowDeselect={false}
      nothingFoundMessage={t("nothing.filter")}
    />
  );
}
