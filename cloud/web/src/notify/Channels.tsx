import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Button, Loader, NativeSelect, TextInput, Title } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  type AddNotifyChannelResponse,
  type NotifyChannel,
  NotifyService,
} from "../gen/cabinet/v1/notify_pb";
import { useDone } from "../people/dialogs";
import { CopyBlock } from "../ui/Copy";
import { contact } from "../ui/format";
import { Nothing, Unread } from "../ui/Nothing";
import { When } from "../ui/time";
import { Sure, useAnew, WhyNot } from "./parts";
import { useKindName, useTrouble, useWhyNot } from "./words";

/** How often it is looked whether the bot has heard of the person. */
const ASK_MS = 3000;

/** Where messages to the person go. */
export function Channels() {
  const { t } = useTranslation();
  const [linking, setLinking] = useState<AddNotifyChannelResponse>();
  const list = useQuery(
    NotifyService.method.listNotifyChannels,
    {},
    { refetchInterval: linking?.code ? ASK_MS : false },
  );
  const options = useQuery(NotifyService.method.getNotifyOptions, {});
  const done = useDone();
  const channels = list.data?.channels ?? [];
  const linked = linking && channels.some((c) => c.id === linking.channel?.id && c.confirmed);
  useEffect(() => {
    if (!linked) return;
    setLinking(undefined);
    done(t("notify.channels.linked"));
  }, [linked, done, t]);
  if (list.isPending || options.isPending) return <Loader aria-label={t("loading")} />;
  if (!list.data || !options.data)
    return <Unread error={list.error ?? options.error} onRetry={() => void list.refetch()} />;
  return (
    <section>
      <Title order={2}>{t("notify.channels.title")}</Title>
      <p className="quiet" style={{ marginTop: 0 }}>
        {t("notify.channels.what")}
      </p>
      {channels.length === 0 ? (
        <Nothing title={t("notify.channels.none")} text={t("notify.channels.noneTodo")} />
      ) : (
        <ul className="cards" aria-label={t("notify.channels.title")}>
          {channels.map((c) => (
            <li key={c.id} className="panel">
              <ChannelRow channel={c} kept={options.data.kept.includes(c.kind)} />
            </li>
          ))}
        </ul>
      )}
      <AddChannel kinds={options.data.kinds} onAdded={setLinking} />
      {linking?.code && <LinkTelegram added={linking} bot={options.data.bot} />}
    </section>
  );
}

function ChannelRow({ channel: c, kept }: { channel: NotifyChannel; kept: boolean }) {
  const { t } = useTranslation();
  const kindName = useKindName();
  const whyNot = useWhyNot();
  const trouble = useTrouble();
  const anew = useAnew();
  const done = useDone();
  const [code, setCode] = useState("");
  const [removing, setRemoving] = useState(false);
  const test = useMutation(NotifyService.method.testNotifyChannel, {
    onSuccess: (tested) => {
      anew();
      done(
        tested.error
          ? t("notify.channels.testFailed", { why: trouble(tested) })
          : t("notify.channels.tested"),
      );
    },
  });
  const confirm = useMutation(NotifyService.method.confirmNotifyChannel, {
    onSuccess: () => {
      anew();
      done(t("notify.channels.linked"));
    },
  });
  const again = useMutation(NotifyService.method.addNotifyChannel, {
    onSuccess: () => done(t("notify.channels.sentTo", { address: c.address })),
  });
  const remove = useMutation(NotifyService.method.deleteNotifyChannel, {
    onSuccess: () => {
      anew();
      done(t("notify.channels.removed"));
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    confirm.mutate({ id: c.id, code });
  };
  const error = test.error ?? confirm.error ?? again.error;
  const name = `${kindName(c.kind)} ${c.address}`.trim();
  return (
    <div style={{ display: "grid", gap: 8 }}>
      <div className="title" style={{ margin: 0 }}>
        <div>
          <span className="strong">{kindName(c.kind)}</span> {contact(c.address)}{" "}
          <span className="small quiet">
            {t(c.confirmed ? "notify.channels.confirmed" : "notify.channels.unconfirmed")}
          </span>
        </div>
        <div className="notifyacts">
          {c.confirmed && (
            <Button
              size="xs"
              variant="default"
              loading={test.isPending}
              onClick={() => test.mutate({ id: c.id })}
            >
              {t("notify.channels.test")}
            </Button>
          )}
          <Button size="xs" variant="default" onClick={() => setRemoving(true)}>
            {t("notify.channels.remove")}
          </Button>
        </div>
      </div>
      {!c.confirmed && c.kind !== "telegram" && (
        <form className="notifyrow" onSubmit={submit}>
          <TextInput
            label={t("notify.channels.code")}
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={12}
            w={160}
            value={code}
            onChange={(e) => setCode(e.currentTarget.value)}
          />
          <Button type="submit" loading={confirm.isPending} disabled={code.trim() === ""}>
            {t("notify.channels.confirm")}
          </Button>
          <Button
            variant="default"
            loading={again.isPending}
            onClick={() => again.mutate({ kind: c.kind, address: c.address })}
          >
            {t("notify.channels.again")}
          </Button>
        </form>
      )}
      {c.error ? (
        <div className="small">
          <span className="red">{t("notify.channels.failed")}</span> <When ms={c.failedMs} />. {trouble(c)}
        </div>
      ) : (
        c.sentMs > 0n && (
          <div className="small quiet">
            {t("notify.channels.last")} <When ms={c.sentMs} />
          </div>
        )
      )}
      {kept && <div className="small quiet">{t("notify.channels.kept")}</div>}
      <WhyNot text={error ? whyNot(error) : undefined} />
      {removing && (
        <Sure
          question={t("notify.channels.removeSure", { name })}
          act={t("notify.channels.remove")}
          busy={remove.isPending}
          why={remove.error ? whyNot(remove.error) : undefined}
          onAct={() => remove.mutate({ id: c.id })}
          onClose={() => setRemoving(false)}
        />
      )}
    </div>
  );
}

function AddChannel(p: { kinds: readonly string[]; onAdded: (a: AddNotifyChannelResponse) => void }) {
  const { t } = useTranslation();
  const kindName = useKindName();
  const whyNot = useWhyNot();
  const anew = useAnew();
  const [kind, setKind] = useState(p.kinds[0] ?? "mail");
  const [address, setAddress] = useState("");
  const add = useMutation(NotifyService.method.addNotifyChannel, {
    onSuccess: (a) => {
      anew();
      setAddress("");
      p.onAdded(a);
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    add.mutate({ kind, address: kind === "telegram" ? "" : address });
  };
  return (
    <form onSubmit={submit} style={{ marginTop: 16, display: "grid", gap: 8 }}>
      <div className="notifyrow">
        <NativeSelect
          label={t("notify.channels.kind")}
          value={kind}
          onChange={(e) => {
            setKind(e.currentTarget.value);
            add.reset();
          }}
          data={p.kinds.map((k) => ({ value: k, label: kindName(k) }))}
        />
        {kind !== "telegram" && (
          <TextInput
            label={t(kind === "sms" ? "notify.channels.sms" : "notify.channels.mail")}
            type={kind === "sms" ? "tel" : "text"}
            inputMode={kind === "sms" ? "tel" : "email"}
            maxLength={254}
            style={{ flex: "1 1 200px", maxWidth: 320 }}
            value={address}
            onChange={(e) => setAddress(e.currentTarget.value)}
          />
        )}
        <Button type="submit" loading={add.isPending} disabled={kind !== "telegram" && address.trim() === ""}>
          {t("notify.channels.add")}
        </Button>
      </div>
      <WhyNot text={add.error ? whyNot(add.error, kind === "sms" ? "badPhone" : "badMail") : undefined} />
    </form>
  );
}

function LinkTelegram({ added, bot }: { added: AddNotifyChannelResponse; bot: string }) {
  const { t } = useTranslation();
  return (
    <div className="panel" style={{ marginTop: 12, display: "grid", gap: 8 }}>
      {added.link && (
        <div>
          <Button component="a" href={added.link} target="_blank" rel="noreferrer" variant="default">
            {t("notify.channels.telegram")}
          </Button>
        </div>
      )}
      <div>{t("notify.channels.telegramOr", { bot: bot ? `@${bot}` : "" })}</div>
      <CopyBlock text={`/start ${added.code}`} label={t("notify.channels.code")} />
      <div className="small quiet" role="status">
        {t("notify.channels.telegramWait")}
      </div>
    </div>
  );
}
