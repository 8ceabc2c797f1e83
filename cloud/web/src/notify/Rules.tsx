import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Checkbox, Fieldset, Loader, NativeSelect, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNarrow } from "../app/Frame";
import { type GetNotifyOptionsResponse, type NotifyRule, NotifyService } from "../gen/cabinet/v1/notify_pb";
import { FormDialog, useDone } from "../people/dialogs";
import { useRoleName } from "../people/words";
import { Nothing, Unread } from "../ui/Nothing";
import { Sure, useAnew, WhyNot } from "./parts";
import { EventPick, useEventList, WherePick } from "./pick";
import { useKindName, useWhyNot } from "./words";

/** Who is told of what, where and how: a row for each rule. */
export function Rules() {
  const { t } = useTranslation();
  const narrow = useNarrow();
  const rules = useQuery(NotifyService.method.listNotifyRules, {});
  const options = useQuery(NotifyService.method.getNotifyOptions, {});
  const [editing, setEditing] = useState<NotifyRule | "new">();
  const [removing, setRemoving] = useState<NotifyRule>();
  const view = useRuleView();
  if (rules.isPending || options.isPending) return <Loader aria-label={t("loading")} />;
  if (!rules.data || !options.data)
    return (
      <Unread
        error={rules.error ?? options.error}
        onRetry={() => void Promise.all([rules.refetch(), options.refetch()])}
      />
    );
  const list = rules.data.rules;
  const manages = options.data.roles.length > 0;
  const add = <Button onClick={() => setEditing("new")}>{t("notify.rules.add")}</Button>;
  const acts = (r: NotifyRule) =>
    (r.own || manages) && (
      <div className="notifyacts notifycol">
        <Button size="xs" variant="default" onClick={() => setEditing(r)}>
          {t("notify.rules.edit")}
        </Button>
        <Button size="xs" variant="default" onClick={() => setRemoving(r)}>
          {t("notify.rules.remove")}
        </Button>
      </div>
    );
  return (
    <section>
      <div className="title">
        <div style={{ flex: "1 1 240px" }}>
          <Title order={2}>{t("notify.rules.title")}</Title>
          <div className="quiet">{t("notify.rules.what")}</div>
        </div>
        {list.length > 0 && add}
      </div>
      {list.length === 0 ? (
        <Nothing
          title={t("notify.rules.none")}
          text={options.data.usual ? t("notify.rules.usual") : undefined}
          act={add}
        />
      ) : narrow ? (
        <ul className="cards" aria-label={t("notify.rules.title")}>
          {list.map((r) => (
            <li key={r.id} className="panel">
              <div className="strong">{view.who(r)}</div>
              <div>{view.events(r)}</div>
              <div className="small quiet">
                {view.kinds(r)} · {view.where(r)}
              </div>
              <div style={{ marginTop: 8 }}>{acts(r)}</div>
            </li>
          ))}
        </ul>
      ) : (
        <div className="tablebox">
          <table className="table" aria-label={t("notify.rules.title")}>
            <thead>
              <tr>
                <th>{t("notify.rules.who")}</th>
                <th>{t("notify.rules.events")}</th>
                <th>{t("notify.rules.kinds")}</th>
                <th>{t("notify.rules.where")}</th>
                <th>
                  <span className="hidden">{t("notify.rules.edit")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((r) => (
                <tr key={r.id}>
                  <td className="strong">{view.who(r)}</td>
                  <td>{view.events(r)}</td>
                  <td>{view.kinds(r)}</td>
                  <td>{view.where(r)}</td>
                  <td>{acts(r)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {editing && (
        <EditRule
          rule={editing === "new" ? undefined : editing}
          options={options.data}
          onClose={() => setEditing(undefined)}
        />
      )}
      {removing && <RemoveRule rule={removing} onClose={() => setRemoving(undefined)} />}
    </section>
  );
}

function useRuleView() {
  const { t } = useTranslation();
  const eventList = useEventList();
  const kindName = useKindName();
  const roleName = useRoleName();
  return {
    who: (r: NotifyRule) => (r.own ? t("notify.rules.me") : roleName(r.role, r.roleName)),
    events: (r: NotifyRule) => eventList(r.events),
    kinds: (r: NotifyRule) =>
      r.kinds.length === 0 ? t("notify.rules.allKinds") : r.kinds.map(kindName).join(", "),
    where: (r: NotifyRule) => r.node || t("notify.rules.everywhere"),
  };
}

const ME = "me";

function EditRule(p: { rule?: NotifyRule; options: GetNotifyOptionsResponse; onClose: () => void }) {
  const { t } = useTranslation();
  const kindName = useKindName();
  const roleName = useRoleName();
  const whyNot = useWhyNot();
  const anew = useAnew();
  const done = useDone();
  const [who, setWho] = useState(!p.rule || p.rule.own ? ME : p.rule.role);
  const [events, setEvents] = useState<string[]>(p.rule?.events ?? []);
  const [kinds, setKinds] = useState<string[]>(p.rule?.kinds ?? []);
  const [node, setNode] = useState(p.rule?.nodeId ?? "");
  const saved = {
    onSuccess: () => {
      anew();
      done(t("notify.rules.saved"));
      p.onClose();
    },
  };
  const own = useMutation(NotifyService.method.putOwnNotifyRule, saved);
  const ours = useMutation(NotifyService.method.putNotifyRule, saved);
  const error = own.error ?? ours.error;
  const save = () => {
    const rule = { id: p.rule?.id ?? "", events, kinds, nodeId: node, role: who === ME ? "" : who };
    if (who === ME) own.mutate({ rule });
    else ours.mutate({ rule });
  };
  return (
    <FormDialog
      title={t(p.rule ? "notify.rules.change" : "notify.rules.new")}
      act={t("notify.rules.save")}
      busy={own.isPending || ours.isPending}
      error={undefined}
      size={720}
      onAct={save}
      onClose={p.onClose}
    >
      <div style={{ display: "grid", gap: 16 }}>
        <NativeSelect
          label={t("notify.rules.who")}
          value={who}
          disabled={p.rule !== undefined && (p.rule.own || p.options.roles.length === 0)}
          onChange={(e) => setWho(e.currentTarget.value)}
          data={[
            ...(p.rule && !p.rule.own ? [] : [{ value: ME, label: t("notify.rules.me") }]),
            ...p.options.roles.map((r) => ({ value: r.id, label: roleName(r.id, r.name) })),
          ]}
        />
        <EventPick options={p.options} value={events} onChange={setEvents} />
        <Fieldset legend={t("notify.rules.kinds")}>
          <Checkbox.Group value={kinds} onChange={setKinds}>
            <div className="notifyrow">
              {p.options.kinds.map((k) => (
                <Checkbox key={k} value={k} label={kindName(k)} />
              ))}
            </div>
          </Checkbox.Group>
        </Fieldset>
        <WherePick options={p.options} value={node} onChange={setNode} />
        <WhyNot text={error ? whyNot(error) : undefined} />
      </div>
    </FormDialog>
  );
}

function RemoveRule({ rule, onClose }: { rule: NotifyRule; onClose: () => void }) {
  const { t } = useTranslation();
  const whyNot = useWhyNot();
  const anew = useAnew();
  const done = useDone();
  const removed = {
    onSuccess: () => {
      anew();
      done(t("notify.rules.removed"));
      onClose();
    },
  };
  const own = useMutation(NotifyService.method.deleteOwnNotifyRule, removed);
  const ours = useMutation(NotifyService.method.deleteNotifyRule, removed);
  const remove = rule.own ? own : ours;
  return (
    <Sure
      question={t("notify.rules.removeSure")}
      act={t("notify.rules.remove")}
      busy={remove.isPending}
      why={remove.error ? whyNot(remove.error) : undefined}
      onAct={() => remove.mutate({ id: rule.id })}
      onClose={onClose}
    />
  );
}
