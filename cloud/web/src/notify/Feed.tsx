import { useInfiniteQuery, useQuery } from "@connectrpc/connect-query";
import { Button, Checkbox, NativeSelect } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { Listed } from "../documents/lists";
import { useLang } from "../fleet/facts";
import { type Notice, type NoticeDelivery, NoticeKind, NotifyService } from "../gen/cabinet/v1/notify_pb";
import { HelpLink } from "../help/HelpLink";
import { contact } from "../ui/format";
import { Forbidden, Nothing } from "../ui/Nothing";
import { When } from "../ui/time";
import { useEventName, useKindName, useTrouble } from "./words";

const STATES = ["waiting", "sent", "failed", "dropped"] as const;

/** What was told, newest first. The filter lives in the address. */
export function Feed() {
  const { t } = useTranslation();
  const { can } = useSession();
  const narrow = useNarrow();
  const eventName = useEventName();
  const [params, setParams] = useSearchParams();
  const event = params.get("event") ?? "";
  const tillId = params.get("till") ?? "";
  const open = params.has("open");
  const lang = useLang();
  const may = can("tills:view");
  const options = useQuery(NotifyService.method.getNotifyOptions, {}, { enabled: may });
  const list = useInfiniteQuery(
    NotifyService.method.listNotices,
    { events: event ? [event] : [], tillId, open, cursor: "", language: lang },
    { pageParamKey: "cursor", getNextPageParam: (last) => last.cursor || undefined, enabled: may },
  );
  const set = (name: string, value: string) => {
    const next = new URLSearchParams(params);
    if (value) next.set(name, value);
    else next.delete(name);
    setParams(next, { replace: true });
  };
  if (!may) return <Forbidden needs="tills:view" />;
  const notices = list.data?.pages.flatMap((p) => p.notices) ?? [];
  return (
    <>
      <div className="notifyfilter">
        <NativeSelect
          aria-label={t("notify.feed.events")}
          value={event}
          onChange={(e) => set("event", e.currentTarget.value)}
          data={[
            { value: "", label: t("notify.feed.allEvents") },
            ...(options.data?.events ?? []).map((e) => ({ value: e.id, label: eventName(e.id) })),
          ]}
        />
        <Checkbox
          label={t("notify.feed.open")}
          checked={open}
          onChange={(e) => set("open", e.currentTarget.checked ? "1" : "")}
        />
        {tillId && (
          <Button variant="default" size="xs" onClick={() => set("till", "")}>
            {t("notify.feed.allTills")}
          </Button>
        )}
      </div>
      <Listed
        list={list}
        count={notices.length}
        narrowed={event || open || tillId ? "filter" : "none"}
        none={<Nothing title={t("notify.feed.none")} text={t("notify.feed.noneTodo")} />}
        onClear={() => setParams({}, { replace: true })}
      >
        {narrow ? (
          <ul className="cards" aria-label={t("notify.feed.list")}>
            {notices.map((n) => (
              <li key={n.id} className="panel">
                <div className="small quiet">
                  <When ms={n.atMs} />
                </div>
                <Story of={n} />
                <Delivered of={n.deliveries} />
              </li>
            ))}
          </ul>
        ) : (
          <div className="tablebox">
            <table className="table" aria-label={t("notify.feed.list")}>
              <thead>
                <tr>
                  <th style={{ width: 140 }}>{t("notify.feed.when")}</th>
                  <th>{t("notify.feed.story")}</th>
                  <th style={{ width: 260 }}>{t("notify.feed.delivered")}</th>
                </tr>
              </thead>
              <tbody>
                {notices.map((n) => (
                  <tr key={n.id}>
                    <td className="nowrap">
                      <When ms={n.atMs} />
                    </td>
                    <td>
                      <Story of={n} />
                    </td>
                    <td>
                      <Delivered of={n.deliveries} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Listed>
    </>
  );
}

const KINDS = {
  [NoticeKind.UNSPECIFIED]: "began",
  [NoticeKind.BEGAN]: "began",
  [NoticeKind.WORSE]: "worse",
  [NoticeKind.ENDED]: "ended",
} as const;

function Story({ of: n }: { of: Notice }) {
  const { t } = useTranslation();
  const eventName = useEventName();
  const [first] = n.tills;
  const kind = KINDS[n.kind];
  const helped = kind !== "ended" && n.code !== "" && n.event !== "recovery";
  const colour = kind === "ended" ? "green" : n.urgent ? "red" : "yellow";
  return (
    <>
      <div className="strong">
        {n.tillCount === 1 && first ? (
          <Link to={`/tills/${encodeURIComponent(first.id)}`}>{n.title}</Link>
        ) : (
          n.title
        )}
      </div>
      <div className="small quiet">
        <span className={colour}>{t(`notify.feed.${kind}`)}</span> · {eventName(n.event)}
        {kind !== "ended" && n.event !== "recovery" && (
          <> · {n.endedMs > 0n ? t("notify.feed.over") : t("notify.feed.lasts")}</>
        )}
        {n.organisation && ` · ${n.organisation}`}
      </div>
      {(n.text || helped) && (
        <div className="small">
          {n.text} {helped && <HelpLink code={n.code} />}
        </div>
      )}
      {n.tillCount > 1 && (
        <details className="small">
          <summary>{t("notify.feed.tills", { count: n.tillCount })}</summary>
          <ul className="noticetills">
            {n.tills.map((x) => (
              <li key={x.id}>
                <Link to={`/tills/${encodeURIComponent(x.id)}`}>{x.name}</Link>{" "}
                <span className="quiet">{x.outlet}</span>
              </li>
            ))}
            {n.tillCount > n.tills.length && (
              <li className="quiet">{t("notify.feed.others", { count: n.tillCount - n.tills.length })}</li>
            )}
          </ul>
        </details>
      )}
    </>
  );
}

function Delivered({ of }: { of: readonly NoticeDelivery[] }) {
  const { t } = useTranslation();
  const kindName = useKindName();
  const trouble = useTrouble();
  if (of.length === 0) return <span className="small quiet">{t("notify.feed.nobody")}</span>;
  return (
    <ul className="noticetills small">
      {of.map((d) => {
        const state = STATES.find((s) => s === d.state) ?? "waiting";
        return (
          <li key={d.kind + d.address + d.state}>
            {kindName(d.kind)} {d.address && <span className="quiet">{contact(d.address)}</span>}{" "}
            <span className={state === "failed" ? "red" : "quiet"}>{t(`notify.states.${state}`)}</span>{" "}
            {(state === "sent" || state === "waiting") && <When ms={d.atMs} />}
            {d.error && <div className="quiet">{trouble(d)}</div>}
          </li>
        );
      })}
    </ul>
  );
}
