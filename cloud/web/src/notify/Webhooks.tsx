import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Checkbox, Loader, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { type GetNotifyOptionsResponse, NotifyService, type Webhook } from "../gen/cabinet/v1/notify_pb";
import { FormDialog, useDone } from "../people/dialogs";
import { CopyBlock } from "../ui/Copy";
import { Nothing, Unread } from "../ui/Nothing";
import { When } from "../ui/time";
import { Deliveries } from "./Deliveries";
import { Sure, useAnew, WhyNot } from "./parts";
import { EventPick, useEventList, WherePick } from "./pick";
import { useTrouble, useWhyNot } from "./words";
import "./notify.css";

/** Addresses of other systems that are told of events, and the log of one of them. */
export function Webhooks() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const list = useQuery(NotifyService.method.listWebhooks, {});
  const options = useQuery(NotifyService.method.getNotifyOptions, {});
  const [editing, setEditing] = useState<Webhook | "new">();
  const [removing, setRemoving] = useState<Webhook>();
  const [secret, setSecret] = useState("");
  if (list.isPending || options.isPending) return <Loader aria-label={t("loading")} />;
  if (!list.data || !options.data)
    return (
      <Unread
        error={list.error ?? options.error}
        onRetry={() => void Promise.all([list.refetch(), options.refetch()])}
      />
    );
  const show = (id: string) => {
    const next = new URLSearchParams(params);
    if (id) next.set("hook", id);
    else next.delete("hook");
    setParams(next);
  };
  const shown = list.data.webhooks.find((w) => w.id === params.get("hook"));
  if (shown) return <Deliveries webhook={shown} onBack={() => show("")} />;
  const add = <Button onClick={() => setEditing("new")}>{t("notify.hooks.add")}</Button>;
  return (
    <>
      <div className="title">
        <div className="quiet" style={{ flex: "1 1 240px" }}>
          {t("notify.hooks.what")}
        </div>
        {list.data.webhooks.length > 0 && add}
      </div>
      {list.data.webhooks.length === 0 ? (
        <Nothing title={t("notify.hooks.none")} text={t("notify.hooks.noneTodo")} act={add} />
      ) : (
        <ul className="cards" aria-label={t("notify.hooks.tab")}>
          {list.data.webhooks.map((w) => (
            <li key={w.id} className="panel">
              <HookRow
                hook={w}
                onLog={() => show(w.id)}
                onEdit={() => setEditing(w)}
                onRemove={() => setRemoving(w)}
              />
            </li>
          ))}
        </ul>
      )}
      {editing && (
        <EditHook
          hook={editing === "new" ? undefined : editing}
          options={options.data}
          onSecret={setSecret}
          onClose={() => setEditing(undefined)}
        />
      )}
      {removing && <RemoveHook hook={removing} onClose={() => setRemoving(undefined)} />}
      {secret && (
        <Modal
          opened
          onClose={() => setSecret("")}
          title={<span className="strong">{t("notify.hooks.secret")}</span>}
          closeButtonProps={{ "aria-label": t("close") }}
        >
          <p style={{ marginTop: 0 }}>{t("notify.hooks.secretOnce")}</p>
          <CopyBlock text={secret} label={t("notify.hooks.secret")} />
        </Modal>
      )}
    </>
  );
}

function HookRow(p: { hook: Webhook; onLog: () => void; onEdit: () => void; onRemove: () => void }) {
  const { t } = useTranslation();
  const eventList = useEventList();
  const whyNot = useWhyNot();
  const trouble = useTrouble();
  const anew = useAnew();
  const done = useDone();
  const w = p.hook;
  const test = useMutation(NotifyService.method.testWebhook, {
    onSuccess: ({ delivery }) => {
      anew();
      const [last] = delivery?.attempts ?? [];
      done(
        delivery?.state === "sent"
          ? t("notify.hooks.tested", { status: last?.status ?? 0 })
          : t("notify.hooks.testFailed", { why: trouble(last ?? { fault: "", error: "" }) }),
      );
    },
  });
  return (
    <>
      <div className="title" style={{ margin: 0 }}>
        <div style={{ minWidth: 0, flex: "1 1 260px" }}>
          <span className="strong">{w.name}</span>{" "}
          <span className="small quiet">{t(w.off ? "notify.hooks.off" : "notify.hooks.on")}</span>
          <div className="mono">{w.url}</div>
          <div className="small quiet">
            {eventList(w.events)} · {w.node || t("notify.rules.everywhere")}
          </div>
          <div className="small">
            {w.error ? (
              <>
                <span className="red">{t("notify.hooks.failLast")}</span> <When ms={w.failedMs} />.{" "}
                {trouble(w)}
              </>
            ) : (
              <span className="quiet">
                {t("notify.hooks.okLast")}: {w.sentMs > 0n ? <When ms={w.sentMs} /> : t("notify.hooks.never")}
              </span>
            )}
          </div>
        </div>
        <div className="notifyacts">
          <Button size="xs" variant="default" onClick={p.onLog}>
            {t("notify.hooks.log")}
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={w.off}
            loading={test.isPending}
            onClick={() => test.mutate({ id: w.id })}
          >
            {t("notify.hooks.test")}
          </Button>
          <Button size="xs" variant="default" onClick={p.onEdit}>
            {t("notify.hooks.edit")}
          </Button>
          <Button size="xs" variant="default" onClick={p.onRemove}>
            {t("notify.hooks.remove")}
          </Button>
        </div>
      </div>
      <WhyNot text={test.error ? whyNot(test.error) : undefined} />
    </>
  );
}

function EditHook(p: {
  hook?: Webhook;
  options: GetNotifyOptionsResponse;
  onSecret: (secret: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const whyNot = useWhyNot();
  const anew = useAnew();
  const done = useDone();
  const [name, setName] = useState(p.hook?.name ?? "");
  const [url, setUrl] = useState(p.hook?.url ?? "https://");
  const [events, setEvents] = useState<string[]>(p.hook?.events ?? []);
  const [nodeId, setNode] = useState(p.hook?.nodeId ?? "");
  const [off, setOff] = useState(p.hook?.off ?? false);
  const [newSecret, setNewSecret] = useState(false);
  const save = useMutation(NotifyService.method.putWebhook, {
    onSuccess: ({ secret }) => {
      anew();
      done(t("notify.hooks.saved"));
      p.onClose();
      p.onSecret(secret);
    },
  });
  return (
    <FormDialog
      title={t(p.hook ? "notify.hooks.change" : "notify.hooks.new")}
      act={t("notify.hooks.save")}
      busy={save.isPending}
      error={undefined}
      size={720}
      disabled={name.trim() === "" || url.trim() === ""}
      onAct={() =>
        save.mutate({
          webhook: { id: p.hook?.id ?? "", name, url: url.trim(), events, nodeId, off },
          newSecret,
        })
      }
      onClose={p.onClose}
    >
      <div style={{ display: "grid", gap: 16 }}>
        <TextInput
          label={t("notify.hooks.name")}
          maxLength={100}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
        />
        <TextInput
          label={t("notify.hooks.url")}
          description={t("notify.hooks.urlHow")}
          type="url"
          maxLength={2000}
          value={url}
          onChange={(e) => setUrl(e.currentTarget.value)}
        />
        <EventPick options={p.options} value={events} onChange={setEvents} />
        <WherePick options={p.options} value={nodeId} onChange={setNode} />
        <Checkbox
          label={t("notify.hooks.off")}
          checked={off}
          onChange={(e) => setOff(e.currentTarget.checked)}
        />
        {p.hook && (
          <Checkbox
            label={t("notify.hooks.newSecret")}
            checked={newSecret}
            onChange={(e) => setNewSecret(e.currentTarget.checked)}
          />
        )}
        <WhyNot text={save.error ? whyNot(save.error, "badUrl") : undefined} />
      </div>
    </FormDialog>
  );
}

function RemoveHook({ hook, onClose }: { hook: Webhook; onClose: () => void }) {
  const { t } = useTranslation();
  const whyNot = useWhyNot();
  const anew = useAnew();
  const done = useDone();
  const remove = useMutation(NotifyService.method.deleteWebhook, {
    onSuccess: () => {
      anew();
      done(t("notify.hooks.removed"));
      onClose();
    },
  });
  return (
    <Sure
      question={t("notify.hooks.removeSure", { name: hook.name })}
      act={t("notify.hooks.remove")}
      busy={remove.isPending}
      why={remove.error ? whyNot(remove.error) : undefined}
      onAct={() => remove.mutate({ id: hook.id })}
      onClose={onClose}
    />
  );
}
