/** The frame of filters over receipts, shifts, goods and operations: their inputs, and the chips of what is chosen. */
import { useQuery } from "@connectrpc/connect-query";
import { TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSession } from "../access/session";
import { PlacePick } from "../fleet/PlacePick";
import { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import { TreeService } from "../gen/cabinet/v1/tree_pb";
import { Shape } from "../tree/shape";
import { Chips, Choice, Day, dayWord, labelOf, type Option, type useFilter } from "./inputs";

/** Where: a node of the tree. Addresses of before had an outlet or a till, and go on meaning what they meant. */
export const PLACE = ["node", "till", "outlet"] as const;

type Chosen = Partial<Record<string, string>>;

/** One input of a filter: a day, a place, one of some options, or a text. */
export type Input<F extends string> = {
  field: F;
  label: string;
  width?: number;
  /** What is shown while nothing is chosen. */
  usual?: string;
  options?: readonly Option[];
  numeric?: boolean;
  placeholder?: string;
};

/** The place that is chosen. */
export function placeOf(chosen: Chosen): string {
  return chosen.node ?? chosen.till ?? chosen.outlet ?? "";
}

/** The tree to choose a place of, with outlets that were closed; nothing until somebody reaches for it. */
function usePlaces(reached: boolean) {
  const enabled = useSession().can("tills:view") && reached;
  const nodes = useQuery(TreeService.method.getTree, {}, { enabled }).data?.nodes ?? [];
  const outlets = useQuery(DocumentsService.method.listOutlets, {}, { enabled }).data?.outlets ?? [];
  const shape = new Shape(nodes);
  const closed = nodes.length > 0 ? outlets.filter((o) => !shape.byId.has(o.id)) : [];
  const nameOf = (id: string) =>
    shape.path(id) || shape.byId.get(id)?.name || closed.find((o) => o.id === id)?.name;
  return { nodes, closed, nameOf };
}

/** Chooses where, among all that is within reach. */
export function PlaceField(p: {
  chosen: Chosen;
  onChange: (place: Record<(typeof PLACE)[number], string>) => void;
}) {
  const { t } = useTranslation();
  const [reached, setReached] = useState(false);
  const value = placeOf(p.chosen);
  const { nodes, closed, nameOf } = usePlaces(reached || value !== "");
  return (
    <PlacePick
      label={t("finder.fields.node")}
      everywhere={t("tillList.everywhere")}
      nodes={nodes}
      closed={closed}
      value={value}
      name={nameOf(value) ?? t("tillList.onePlace")}
      onReach={() => setReached(true)}
      onChange={(node) => p.onChange({ node, till: "", outlet: "" })}
    />
  );
}

/** Inputs in a row, further ones that unfold, and what is chosen. */
export function Filters<F extends string>(p: {
  state: ReturnType<typeof useFilter<F>>;
  inputs: readonly Input<F>[];
  more?: readonly Input<F>[];
  children?: ReactNode;
}) {
  const { t } = useTranslation();
  const { chosen, change, drop } = p.state;
  const all = [...p.inputs, ...(p.more ?? [])];
  const isPlace = (i: Input<F> | undefined) => !i?.options && PLACE.some((x) => x === i?.field);
  const place = all.find(isPlace);
  const { nameOf } = usePlaces(place !== undefined && placeOf(chosen) !== "");
  const one = (i: Input<F>) => {
    const put = (value: string) => change({ [i.field]: value } as Partial<Record<F, string>>);
    const value = chosen[i.field] ?? i.usual ?? "";
    if (isPlace(i))
      return (
        <PlaceField key={i.field} chosen={chosen} onChange={(x) => change(x as Partial<Record<F, string>>)} />
      );
    if (i.options)
      return (
        <Choice
          key={i.field}
          label={i.label}
          value={value}
          options={i.options}
          onChange={put}
          width={i.width}
        />
      );
    if (i.field === "from" || i.field === "to")
      return <Day key={i.field} label={i.label} value={value} onChange={put} />;
    return (
      <TextInput
        key={i.field}
        size="xs"
        w={i.width ?? 140}
        label={i.label}
        inputMode={i.numeric ? "numeric" : undefined}
        placeholder={i.placeholder}
        value={value}
        onChange={(e) => put(e.currentTarget.value)}
        maxLength={200}
      />
    );
  };
  const chips = p.state.set.map((field) => {
    const input = all.find((i) => i.field === field) ?? (PLACE.some((x) => x === field) ? place : undefined);
    const value = chosen[field] ?? "";
    return isPlace(input)
      ? { field, label: t("finder.fields.node"), value: nameOf(value) ?? t("tillList.onePlace") }
      : {
          field,
          label: input?.label ?? field,
          value: input?.options ? labelOf(input.options, value) : dayWord(value),
        };
  });
  const row = { alignItems: "end", marginBottom: 8 };
  return (
    <>
      <search>
        <div className="chips" style={row}>
          {p.inputs.map(one)}
          {p.children}
        </div>
        {p.more && (
          <details style={{ marginBottom: 12 }} open={p.more.some((i) => chosen[i.field]) || undefined}>
            <summary style={{ cursor: "pointer", width: "fit-content" }}>{t("sales.more")}</summary>
            <div className="chips" style={{ ...row, marginTop: 8 }}>
              {p.more.map(one)}
            </div>
          </details>
        )}
      </search>
      <Chips chosen={chips} onDrop={drop} />
    </>
  );
}
