import { useQuery } from "@connectrpc/connect-query";
import { Button, Group, Loader, Title } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useSession } from "../access/session";
import { useNarrow } from "../app/Frame";
import { useDocumentName } from "../documents/Documents";
import { isReceipt, kindKey } from "../documents/marks";
import { ReceiptBody } from "../documents/ReceiptBody";
import { operationText } from "../documents/told";
import { Consent, useOrder } from "../fleet/Actions";
import { CHECK } from "../fleet/actions";
import { Checklist, CommandHead } from "../fleet/Checklist";
import { useLang } from "../fleet/facts";
import { useTickets } from "../fleet/openTickets";
import { Tickets } from "../fleet/Tickets";
import type { OperationView } from "../gen/cabinet/v1/documents_pb";
import { FleetService, type Till } from "../gen/cabinet/v1/fleet_pb";
import type { Document, Operation } from "../gen/fiscal/v1/fiscal_pb";
import { HelpLink } from "../help/HelpLink";
import { commandEnded, inputs } from "../live/merge";
import { money, ofCivil, plainly } from "../ui/format";
import { IconRed } from "../ui/icons";
import { Forbidden, Nothing, Unread } from "../ui/Nothing";
import { Spoken } from "../ui/Spoken";
import { When } from "../ui/time";
import { agentText, langOfSaid } from "../words";
import { DecideDialog } from "./DecideDialog";
import { askedSum } from "./sum";
import { type Answer, answersOf, useUndecided } from "./undecided";

/** A command that was sent from here: its record stays on the page until it is hidden. */
type Sent = { command: string; tillId: string; key: string };

/** «Требуют решения»: what can nobody but me say? */
export default function DecisionsPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const { query, list } = useUndecided();
  const tills = useQuery(FleetService.method.listTills, inputs.tills, { enabled: can("tills:view") });
  const tickets = useTickets("");
  const [sent, setSent] = useState<readonly Sent[]>([]);
  const tillOf = (id: string) => tills.data?.tills.find((x) => x.id === id);
  const hide = (command: string) => setSent((old) => old.filter((s) => s.command !== command));
  const over = sent.filter((s) => !list.some((v) => v.tillId === s.tillId && v.operation?.key === s.key));

  return (
    <>
      <div className="title">
        <div>
          <Title order={1}>{t("decisions.title")}</Title>
          <div className="quiet">{t("decisions.what")}</div>
        </div>
      </div>
      {over.map((s) => (
        <section key={s.command} className="panel" aria-label={t("command.now")} style={{ marginBottom: 16 }}>
          <Record sent={s} till={tillOf(s.tillId)} onHide={() => hide(s.command)} />
        </section>
      ))}
      {!can("documents:view") ? (
        <Forbidden needs="documents:view" />
      ) : query.isPending ? (
        <Loader aria-label={t("loading")} />
      ) : !query.data ? (
        <Unread error={query.error} onRetry={() => void query.refetch()} />
      ) : list.length === 0 ? (
        <Nothing title={t("decisions.none")} text={t("decisions.noneTodo")} />
      ) : (
        <ul className="cards" style={{ gap: 16 }} aria-label={t("decisions.title")}>
          {list.map((view) => (
            <li key={`${view.tillId} ${view.operation?.key}`} className="panel">
              <Case
                view={view}
                till={tillOf(view.tillId)}
                sent={sent.filter((s) => s.tillId === view.tillId && s.key === view.operation?.key)}
                onSent={(s) => setSent((old) => [s, ...old])}
                onHide={hide}
              />
            </li>
          ))}
        </ul>
      )}
      {tickets.length > 0 && (
        <section style={{ marginTop: 24 }}>
          <Title order={2}>{t("tickets.title")}</Title>
          <div className="quiet" style={{ marginBottom: 8 }}>
            {t("tickets.what")}
          </div>
          <Tickets framed list={tickets} tillOf={tillOf} />
        </section>
      )}
    </>
  );
}

/** One operation with everything a person needs to say what became of it. */
function Case(p: {
  view: OperationView;
  till?: Till;
  sent: readonly Sent[];
  onSent: (sent: Sent) => void;
  onHide: (command: string) => void;
}) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const narrow = useNarrow();
  const [answer, setAnswer] = useState<Answer>();
  const [checking, setChecking] = useState(false);
  const op = p.view.operation as Operation;
  const sum = askedSum(op);
  const onSent = (command: string) => p.onSent({ command, tillId: p.view.tillId, key: op.key });
  const { order, busy } = useOrder(p.view.tillId, onSent);
  const why = agentText(lang, `problems.${op.reason}.text`, "") || operationText(lang, op);
  const may = can("tills:decide") && p.till !== undefined;
  const none = answersOf(op).find((a) => a.kind === "none");
  const done = answersOf(op).find((a) => a.kind === "done");
  const name = p.till?.name || op.till;

  return (
    <>
      <div style={{ display: "flex", flexWrap: "wrap", justifyContent: "space-between", gap: "2px 16px" }}>
        <span className="strong among">
          <Link to={`/tills/${encodeURIComponent(p.view.tillId)}`}>{name}</Link> · {t(kindKey(op.kind))}
          {op.receipt?.correction && ` · ${t("forms.correction")}`}
        </span>
        {can("money:view") && sum !== undefined && (
          <span className="strong num nowrap">{money(sum, lang, op.receipt?.currency)}</span>
        )}
      </div>
      <div className="quiet small">
        <When ms={op.acceptedMs} />
        {p.till?.outlet && ` · ${p.till.outlet}`}
        {op.cashier?.name && ` · ${op.cashier.name}`}
      </div>
      <div style={{ display: "flex", gap: 8, marginTop: 8 }}>
        <span style={{ flex: "none", height: 18 }}>
          <IconRed size={18} className="red" />
        </span>
        <div style={{ minWidth: 0 }}>
          <div className="strong">
            <span lang={langOfSaid(lang, why, op.text)}>{why}</span> <HelpLink code={op.reason} />
          </div>
          <div>{t("decisions.compare")}</div>
        </div>
      </div>

      {op.candidates.length > 0 && (
        <section style={{ marginTop: 12 }}>
          <div className="quiet small">{t("decisions.candidates")}</div>
          <ul className="choices" aria-label={t("decisions.candidates")}>
            {op.candidates.map((d) => (
              <li key={d.fd}>
                <Candidate document={d} />
                {may && (
                  <Button variant="default" onClick={() => setAnswer({ kind: "ours", fd: d.fd })}>
                    {t("decisions.ours", { fd: d.fd })}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        </section>
      )}

      <details style={{ marginTop: 8 }} open={!narrow}>
        <summary>{t("decisions.evidence")}</summary>
        <dl className="pairs">
          <dt>{t("operations.key")}</dt>
          <dd className="mono">{op.key}</dd>
        </dl>
        <ol className="evidence mono">
          {op.evidence.map((line, i) => (
            <li key={`${i} ${line}`}>
              <Spoken text={line} write={plainly} />
            </li>
          ))}
        </ol>
        {op.receipt && isReceipt(op.kind) && sum !== undefined && (
          <>
            <div className="quiet small" style={{ marginTop: 12 }}>
              {t("decisions.asked")}
            </div>
            <div style={{ maxWidth: 480 }}>
              <ReceiptBody receipt={op.receipt} total={sum} />
            </div>
          </>
        )}
      </details>

      <Group gap={8} mt="md">
        {may && done && (
          <Button variant="default" onClick={() => setAnswer(done)}>
            {t("decisions.done")}
          </Button>
        )}
        {may && none && (
          <Button variant="default" onClick={() => setAnswer(none)}>
            {t(done ? "decisions.notDone" : "decisions.noDocument")}
          </Button>
        )}
        {can("tills:recover") && p.till && (
          <Button variant="default" onClick={() => setChecking(true)} loading={busy(CHECK.action)}>
            {t("decisions.again")}
          </Button>
        )}
      </Group>
      {!can("tills:decide") && (
        <div className="quiet small" style={{ marginTop: 8 }}>
          {t("decisions.noRight")}
        </div>
      )}

      {p.sent.map((s) => (
        <div key={s.command} style={{ marginTop: 12 }}>
          <Record sent={s} till={p.till} onHide={() => p.onHide(s.command)} />
        </div>
      ))}
      {answer && p.till && (
        <DecideDialog
          till={p.till}
          operation={op}
          answer={answer}
          onClose={() => setAnswer(undefined)}
          onStarted={(command) => {
            setAnswer(undefined);
            onSent(command);
          }}
        />
      )}
      {checking && p.till && (
        <Consent
          till={p.till}
          item={CHECK}
          onClose={() => setChecking(false)}
          onYes={(extras) => {
            setChecking(false);
            order(CHECK.action, extras);
          }}
        />
      )}
    </>
  );
}

function Candidate({ document: d }: { document: Document }) {
  const { t } = useTranslation();
  const { can } = useSession();
  const lang = useLang();
  const name = useDocumentName();
  return (
    <div>
      <div>
        <span className="strong nowrap">
          {t("fd")} {d.fd}
        </span>{" "}
        · {name(d)}
        {can("money:view") && d.total > 0n && <span className="nowrap num"> · {money(d.total, lang)}</span>}
      </div>
      <div className="quiet small">
        <When at={ofCivil(d.at)} /> · {t("document.fp")} {String(d.fp).padStart(10, "0")}
      </div>
    </div>
  );
}

/** A command sent from this page, step by step. */
function Record({ sent, till, onHide }: { sent: Sent; till?: Till; onHide: () => void }) {
  const { t } = useTranslation();
  const command = useQuery(FleetService.method.getCommand, inputs.command(sent.command), {
    refetchInterval: (q) => (q.state.data?.command && commandEnded(q.state.data.command) ? false : 3000),
  }).data?.command;
  if (!command) return null;
  return (
    <>
      <div style={{ display: "flex", justifyContent: "space-between", gap: 12, alignItems: "flex-start" }}>
        <div style={{ minWidth: 0 }}>
          {till && <span className="strong">{till.name}</span>}
          <CommandHead command={command} />
        </div>
        {commandEnded(command) && (
          <Button size="compact-xs" variant="subtle" flex="none" onClick={onHide}>
            {t("command.hide")}
          </Button>
        )}
      </div>
      <Checklist command={command} agentOnline={till?.agentOnline ?? false} />
    </>
  );
}
