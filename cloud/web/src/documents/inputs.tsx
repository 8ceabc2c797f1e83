/** Inputs of the filters of «Чеки», «Смены» and «Операции», and the chips of what is chosen. The filter lives in the address. */
import { useQuery } from "@connectrpc/connect-query";
import { NativeSelect, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { useSession } from "../access/session";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { inputs } from "../live/merge";
import { IconCross } from "../ui/icons";

export type Option = { value: string; label: string };

/** Reads and writes parts of the address. */
export function useFilter<F extends string>(fields: readonly F[]) {
  const [params, setParams] = useSearchParams();
  const change = (values: Partial<Record<F, string>>) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        for (const [field, value] of Object.entries(values) as [F, string | undefined][]) {
          if (value) next.set(field, value);
          else next.delete(field);
        }
        return next;
      },
      { replace: true },
    );
  const chosen: Partial<Record<F, string>> = {};
  for (const field of fields) {
    const value = params.get(field)?.trim();
    if (value) chosen[field] = value;
  }
  return {
    chosen,
    /** Those that are chosen, in their order. */
    set: fields.filter((f) => chosen[f]),
    change,
    put: (field: F, value: string) => change({ [field]: value } as Partial<Record<F, string>>),
    drop: (list: readonly F[]) =>
      change(Object.fromEntries(list.map((f) => [f, ""])) as Partial<Record<F, string>>),
  };
}

/** Tills one may choose of, by outlet and name. */
export function useTillOptions(): Option[] {
  const { can } = useSession();
  const list = useQuery(FleetService.method.listTills, inputs.tills, { enabled: can("tills:view") });
  return (list.data?.tills ?? [])
    .map((x) => ({ value: x.id, label: x.outlet ? `${x.outlet}: ${x.name}` : x.name }))
    .sort((a, b) => a.label.localeCompare(b.label, undefined, { numeric: true }));
}

/** What is chosen, in words; as it stands in the address when it is none of the options. */
export function labelOf(options: readonly Option[], value = ""): string {
  return options.find((x) => x.value === value)?.label ?? value;
}

export function Choice(p: {
  label: string;
  value: string;
  options: readonly Option[];
  onChange: (value: string) => void;
  width?: number | undefined;
}) {
  const { t } = useTranslation();
  return (
    <NativeSelect
      size="xs"
      w={p.width ?? 150}
      label={p.label}
      value={p.value}
      onChange={(e) => p.onChange(e.currentTarget.value)}
      data={[{ value: "", label: t("finder.every") }, ...p.options]}
    />
  );
}

export function Day(p: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <TextInput
      size="xs"
      w={130}
      type="date"
      label={p.label}
      value={p.value}
      onChange={(e) => p.onChange(e.currentTarget.value)}
    />
  );
}

/** What is chosen, each part to be taken away by itself. */
export function Chips<F extends string>(p: {
  chosen: readonly { field: F; label: string; value: string }[];
  onDrop: (fields: readonly F[]) => void;
}) {
  const { t } = useTranslation();
  if (p.chosen.length === 0) return null;
  return (
    <ul
      className="chips"
      aria-label={t("sales.chosen")}
      style={{ listStyle: "none", padding: 0, margin: "0 0 12px" }}
    >
      {p.chosen.map((c) => (
        <li key={c.field} style={{ display: "contents" }}>
          <button
            type="button"
            className="chip"
            onClick={() => p.onDrop([c.field])}
            aria-label={t("sales.drop", { what: `${c.label}: ${c.value}` })}
          >
            <span className="quiet">{c.label}:</span> {c.value} <IconCross size={10} />
          </button>
        </li>
      ))}
      {p.chosen.length > 1 && (
        <li style={{ display: "contents" }}>
          <button type="button" className="chip" onClick={() => p.onDrop(p.chosen.map((c) => c.field))}>
            {t("nothing.filterAct")}
          </button>
        </li>
      )}
    </ul>
  );
}

/** «2026-03-04» as people say it: 04.03.2026. */
export function dayWord(day: string): string {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  return m ? `${m[3]}.${m[2]}.${m[1]}` : day;
}
