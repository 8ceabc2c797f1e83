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

/** Among the other inputs of a filter; ways through a tree are longer than there is room for. */
const SMALL = { size: "xs", w: 220, comboboxProps: { width: 320, position: "bottom-start" } } as const;

/** Chooses where something holds: the company, a department, an outlet or a till, found by a part of its way. */
export function PlacePick(p: {
  label: string;
  nodes: readonly Node[];
  /** Id of a node; empty for the company. */
  value: string;
  /** Name of what is chosen, while the tree does not know it. */
  name?: string | undefined;
  /** What stands for everything, where that is not the company. */
  everywhere?: string;
  /** Outlets that stand in the tree no more, and have a past. */
  closed?: readonly { id: string; name: string }[];
  /** Somebody is about to choose: now the tree is needed. */
  onReach?: () => void;
  /** Id of what was chosen, empty for everything; a node where the tree has it. */
  onChange: (id: string, node: Node | undefined) => void;
}) {
  const { t } = useTranslation();
  const shape = new Shape(p.nodes);
  const option = (n: Node) => ({ value: n.id, label: shape.path(n.id) });
  const companies = p.nodes.filter((n) => n.kind === PlaceKind.ORGANISATION);
  const inOrder = (group: string, items: { value: string; label: string }[]) => ({
    group,
    items: items.sort((a, b) => a.label.localeCompare(b.label, undefined, { numeric: true })),
  });
  // What is only on the way to what one sees is not to be chosen: not all of it is theirs.
  const groups = [
    ...(p.everywhere && companies.length > 1
      ? [
          inOrder(
            t("thresholds.companies"),
            companies.filter((n) => !n.passing).map((n) => ({ value: n.id, label: n.name })),
          ),
        ]
      : []),
    ...GROUPS.map(([kind, word]) =>
      inOrder(t(word), p.nodes.filter((n) => n.kind === kind && !n.passing).map(option)),
    ),
    inOrder(
      t("thresholds.closed"),
      (p.closed ?? []).map((o) => ({ value: o.id, label: o.name })),
    ),
  ].filter((g) => g.items.length > 0);
  const lost = p.value !== "" && !groups.some((g) => g.items.some((o) => o.value === p.value));
  return (
    <Select
      label={p.label}
      {...(p.everywhere ? SMALL : { className: "placepick" })}
      value={p.value || COMPANY}
      onFocus={p.onReach}
      onPointerEnter={p.onReach}
      onChange={(id) => {
        const chosen = id && id !== COMPANY ? id : "";
        p.onChange(chosen, shape.byId.get(chosen));
      }}
      data={[
        { value: COMPANY, label: p.everywhere ?? t("thresholds.company") },
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
