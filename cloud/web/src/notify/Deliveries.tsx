import { useInfiniteQuery, useMutation } from "@connectrpc/connect-query";
import { Button, Checkbox, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Listed } from "../documents/lists";
import { type Delivery, NotifyService, type Webhook } from "../gen/cabinet/v1/notify_pb";
import { useDone } from "../people/dialogs";
import { Nothing } from "../ui/Nothing";
import { When } from "../ui/time";
import { useAnew, WhyNot } from "./parts";
import { useEventName, useTrouble, useWhyNot } from "./words";

const STATES = ["waiting", "sent", "failed", "dropped"] as const;

/** What was sent to a webhook, attempt by attempt. */
export function Deliveries({ webhook, onBack }: { webhook: Webhook; onBack: () => void }) {
  const { t } = useTranslation();
  const [failed, setFailed] = useState(false);
  const list = useInfiniteQuery(
    NotifyService.method.listDeliveries,
    { webhookId: webhook.id, failed, cursor: "" },
    { pageParamKey: "cursor", getNextPageParam: (last) => last.cursor || undefined },
  );
  const all = list.data?.pages.flatMap((p) => p.deliveries) ?? [];
  return (
    <>
      <div className="title">
        <div>
          <Title order={2}>{webhook.name}</Title>
          <div className="mono">{webhook.url}</div>
        </div>
        <Button variant="default" onClick={onBack}>
          {t("notify.hooks.back")}
        </Button>
      </div>
      <div className="notifyfilter">
        <Checkbox
          label={t("notify.hooks.onlyFailed")}
          checked={failed}
          onChange={(e) => setFailed(e.currentTarget.checked)}
        />
      </div>
      <Listed
        list={list}
        count={all.length}
        narrowed={failed ? "filter" : "none"}
        none={<Nothing title={t("notify.hooks.noDeliveries")} text={t("notify.hooks.noDeliveriesTodo")} />}
        onClear={() => setFailed(false)}
      >
        <ul className="cards" aria-label={t("notify.hooks.deliveries")}>
          {all.map((d) => (
            <li key={d.id} className="panel">
              <DeliveryRow of={d} off={webhook.off} />
            </li>
          ))}
        </ul>
      </Listed>
    </>
  );
}

function DeliveryRow({ of: d, off }: { of: Delivery; off: boolean }) {
  const { t } = useTranslation();
  const eventName = useEventName();
  const whyNot = useWhyNot();
  const trouble = useTrouble();
  const anew = useAnew();
  const done = useDone();
  const resend = useMutation(NotifyService.method.resendDelivery, {
    onSuccess: () => {
      anew();
      done(t("notify.hooks.resent"));
    },
  });
  const state = STATES.find((s) => s === d.state) ?? "waiting";
  return (
    <>
      <div className="title" style={{ margin: 0 }}>
        <div>
          <span className="strong">{eventName(d.event)}</span>{" "}
          <span className={state === "failed" ? "red" : state === "sent" ? "green" : "quiet"}>
            {t(`notify.states.${state}`)}
          </span>{" "}
          <When ms={d.createdMs} />
          {d.nextMs > 0n && d.attempts.length > 0 && (
            <span className="small quiet">
              {" "}
              · {t("notify.hooks.next")} <When ms={d.nextMs} />
            </span>
          )}
          <div className="mono small quiet">{d.id}</div>
        </div>
        <Button
          size="xs"
          variant="default"
          disabled={off || !d.body}
          loading={resend.isPending}
          onClick={() => resend.mutate({ id: d.id })}
        >
          {t("notify.hooks.resend")}
        </Button>
      </div>
      {d.attempts.length > 0 && (
        <ul className="noticetills small" aria-label={t("notify.hooks.attempts")}>
          {d.attempts.map((a) => (
            <li key={String(a.atMs)}>
              <When ms={a.atMs} /> ·{" "}
              <span className="num strong">{a.status || t("notify.hooks.noAnswer")}</span>{" "}
              <span className="quiet num">{a.tookMs} ms</span>{" "}
              {a.error && <span>{trouble(a, a.status !== 0)}</span>}{" "}
              {a.answer && <span className="mono quiet">{a.answer}</span>}
            </li>
          ))}
        </ul>
      )}
      {d.body ? (
        <details className="small">
          <summary>{t("notify.hooks.body")}</summary>
          <pre className="hookbody">{pretty(d.body)}</pre>
        </details>
      ) : (
        <div className="small quiet">{t("notify.hooks.withheld")}</div>
      )}
      <WhyNot text={resend.error ? whyNot(resend.error) : undefined} />
    </>
  );
}

/** A body as people read it; as it is when it is no JSON. */
function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
