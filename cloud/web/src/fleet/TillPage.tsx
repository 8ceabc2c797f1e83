import { useQuery } from "@connectrpc/connect-query";
import { Button, Loader, Tabs, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useParams } from "react-router";
import { useSession } from "../access/session";
import { troubleOf } from "../app/transport";
import { Documents } from "../documents/Documents";
import { Operations } from "../documents/Operations";
import type { Command } from "../gen/cabinet/v1/commands_pb";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import { commandEnded, inputs } from "../live/merge";
import { ThreadTab } from "../remote/Thread";
import { useUnread } from "../remote/unread";
import { IconBack } from "../ui/icons";
import { Nothing, Unread } from "../ui/Nothing";
import { Fact, StateWord } from "../ui/State";
import { When } from "../ui/time";
import { Actions } from "./Actions";
import { AgentPart } from "./AgentPart";
import { Checklist, CommandHead } from "./Checklist";
import { Commands } from "./Commands";
import { useLang } from "./facts";
import { lightOf } from "./light";
import { useTickets } from "./openTickets";
import { SettingsPart } from "./SettingsPart";
import { Tickets } from "./Tickets";
import { TillFacts } from "./TillFacts";
import { TroubleList, troublesOf } from "./troubles";
import { Upkeep } from "./upkeep";

const TABS = ["state", "operations", "documents", "commands", "notes"] as const;
type Tab = (typeof TABS)[number];

/** The till's own page: what is wrong, since when, what to do; and everything it did. */
export default function TillPage() {
  const { t } = useTranslation();
  const { id = "", "*": rest = "" } = useParams();
  const till = useQuery(FleetService.method.getTill, inputs.till(id));

  if (till.isPending) return <Loader aria-label={t("loading")} />;
  // What was read before the right to it was taken back is not shown on.
  const lost = till.error !== null && troubleOf(till.error) === "forbidden";
  if (!till.data?.till || lost) {
    return (
      <>
        <Back />
        {till.error ? (
          <Unread error={till.error} onRetry={() => void till.refetch()} />
        ) : (
          <Nothing title={t("nothing.forbidden")} />
        )}
      </>
    );
  }
  return <Card key={id} till={till.data.till} rest={rest} />;
}

function Back() {
  const { t } = useTranslation();
  return (
    <Link
      to="/tills"
      className="quiet small"
      style={{ display: "inline-flex", gap: 2, alignItems: "center" }}
    >
      <IconBack size={12} /> {t("tills.title")}
    </Link>
  );
}

function Card({ till, rest }: { till: Till; rest: string }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const navigate = useNavigate();
  const [started, setStarted] = useState<string>();
  const commands = useQuery(FleetService.method.listCommands, inputs.commands(till.id));
  const tickets = useTickets(till.id, true);
  const calls = tickets.filter((x) => x.closedMs === 0n);
  const unread = useUnread().tills.find((x) => x.tillId === till.id)?.count ?? 0;
  const [first] = rest.split("/");
  const tab: Tab = TABS.find((x) => x === first) ?? "state";
  const base = `/tills/${encodeURIComponent(till.id)}`;
  const light = lightOf(till);
  const s = till.state;
  const list = commands.data?.commands ?? [];
  const shown = list.find((c) => !commandEnded(c)) ?? list.find((c) => c.id === started);

  return (
    <>
      <Back />
      <div className="title" style={{ marginTop: 4 }}>
        <div style={{ minWidth: 0 }}>
          <div style={{ display: "flex", flexWrap: "wrap", gap: "2px 14px", alignItems: "center" }}>
            <Title order={1}>{till.name}</Title>
            <span role="status" aria-label={t("cols.state")}>
              <Fact value={till.light}>
                <StateWord light={light} large />
              </Fact>
            </span>
          </div>
          <div className="quiet">
            {[till.owner, till.outlet, s?.model, s?.serial && `${t("cols.serial")} ${s.serial}`]
              .filter(Boolean)
              .join(" · ")}
          </div>
          <Upkeep till={till} />
        </div>
        {can("tills:recover") && <Actions till={till} onStarted={setStarted} />}
      </div>

      <div className="now">
        <Wrong till={till} />
        {calls.length > 0 && (
          <section className="panel" aria-label={t("tickets.title")}>
            <Tickets list={calls} />
          </section>
        )}
        {shown && (
          <section className="panel" aria-label={t("command.now")} aria-live="polite">
            <div
              style={{ display: "flex", justifyContent: "space-between", gap: 12, alignItems: "flex-start" }}
            >
              <CommandHead command={shown} />
              {commandEnded(shown) && (
                <Button size="compact-xs" variant="subtle" flex="none" onClick={() => setStarted(undefined)}>
                  {t("command.hide")}
                </Button>
              )}
            </div>
            <Checklist command={shown as Command} agentOnline={till.agentOnline} />
          </section>
        )}
      </div>

      <Tabs
        mt="md"
        value={tab}
        onChange={(value) =>
          navigate({ pathname: value === "state" ? base : `${base}/${value}`, search: "" })
        }
        keepMounted={false}
      >
        <Tabs.List style={{ flexWrap: "nowrap", overflowX: "auto", overflowY: "hidden" }}>
          <Tabs.Tab value="state">{t("tabs.state")}</Tabs.Tab>
          <Tabs.Tab value="operations">{t("tabs.operations")}</Tabs.Tab>
          <Tabs.Tab value="documents">{t("tabs.documents")}</Tabs.Tab>
          <Tabs.Tab value="commands">{t("tabs.commands")}</Tabs.Tab>
          <Tabs.Tab value="notes">
            {t("remote.notes.title")}
            {unread > 0 && (
              <span className="count num" style={{ marginLeft: 6 }}>
                <span className="hidden">{t("remote.notes.unread", { count: unread })}</span>
                <span aria-hidden>{unread}</span>
              </span>
            )}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="state" pt="md">
          <TillFacts till={till} />
          <SettingsPart till={till} />
          <AgentPart till={till} onStarted={setStarted} />
        </Tabs.Panel>
        <Tabs.Panel value="operations" pt="md">
          <Operations tillId={till.id} />
        </Tabs.Panel>
        <Tabs.Panel value="documents" pt="md">
          <Documents tillId={till.id} />
        </Tabs.Panel>
        <Tabs.Panel value="notes" pt="md">
          <ThreadTab tillId={till.id} tickets={tickets} />
        </Tabs.Panel>
        <Tabs.Panel value="commands" pt="md">
          <Commands till={till} list={commands} />
          {tickets.length > calls.length && (
            <section style={{ marginTop: 24 }}>
              <Title order={2}>{t("tickets.title")}</Title>
              <Tickets framed list={tickets.filter((x) => x.closedMs > 0n)} />
            </section>
          )}
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

/** The answer to the page's question, right under its title. */
function Wrong({ till }: { till: Till }) {
  const { t } = useTranslation();
  const lang = useLang();
  const troubles = troublesOf(till);
  const grey = lightOf(till) === "grey";
  if (!grey && troubles.length === 0) return null;
  return (
    <section className="panel" aria-label={t("problem.title")}>
      {grey && (
        <div>
          <div className="strong">
            {till.heardMs > 0n ? t("grey.text") : t("grey.never")}
            {till.heardMs > 0n && (
              <>
                {" "}
                {t("till.heard")} <When ms={till.heardMs} />.
              </>
            )}
          </div>
          <div>{t("grey.todo", { host: till.host || "—" })}</div>
          {troubles.length > 0 && (
            <div className="quiet small" style={{ marginTop: 8 }}>
              {t("grey.before")}
            </div>
          )}
        </div>
      )}
      {troubles.length > 0 && <TroubleList troubles={troubles} lang={lang} />}
    </section>
  );
}
