/** Fields of rules and webhooks: which events, which place. */
import { Button, Checkbox, Fieldset, NativeSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { GetNotifyOptionsResponse } from "../gen/cabinet/v1/notify_pb";
import { useEventName } from "./words";

/** Events; none of them is all of them. */
export function EventPick(p: {
  options: GetNotifyOptionsResponse;
  value: readonly string[];
  onChange: (events: string[]) => void;
}) {
  const { t } = useTranslation();
  const eventName = useEventName();
  const all = p.options.events.map((e) => e.id);
  return (
    <Fieldset legend={t("notify.rules.events")}>
      <Checkbox.Group value={[...p.value]} onChange={p.onChange}>
        <div className="eventgrid">
          {all.map((id) => (
            <Checkbox key={id} value={id} label={eventName(id)} />
          ))}
        </div>
      </Checkbox.Group>
      <div className="notifyrow" style={{ marginTop: 12 }}>
        <Button size="compact-xs" variant="default" onClick={() => p.onChange(all)}>
          {t("notify.rules.all")}
        </Button>
        <Button size="compact-xs" variant="default" onClick={() => p.onChange([])}>
          {t("notify.rules.clear")}
        </Button>
        <span className="small quiet">{t("notify.rules.allHint")}</span>
      </div>
    </Fieldset>
  );
}

const INDENT = "\u2003";

/** A part of the tree, or all of it. */
export function WherePick(p: {
  options: GetNotifyOptionsResponse;
  value: string;
  onChange: (node: string) => void;
}) {
  const { t } = useTranslation();
  const known = p.value === "" || p.options.nodes.some((n) => n.id === p.value);
  return (
    <NativeSelect
      label={t("notify.rules.where")}
      value={p.value}
      onChange={(e) => p.onChange(e.currentTarget.value)}
      data={[
        { value: "", label: t("notify.rules.everywhere") },
        ...(known ? [] : [{ value: p.value, label: p.value }]),
        ...p.options.nodes.map((n, i) => ({
          value: n.id || `organisation-${i}`,
          label: INDENT.repeat(n.depth) + n.name,
          disabled: n.id === "",
        })),
      ]}
    />
  );
}

/** Events in one line, the first of them by name. */
export function useEventList(): (events: readonly string[]) => string {
  const { t } = useTranslation();
  const eventName = useEventName();
  return (events) => (events.length === 0 ? t("notify.rules.allEvents") : events.map(eventName).join(", "));
}
