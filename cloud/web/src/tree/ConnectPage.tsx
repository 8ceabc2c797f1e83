import { useMutation, useQuery } from "@connectrpc/connect-query";
import { Alert, Autocomplete, Button, Loader, NativeSelect, SegmentedControl, Title } from "@mantine/core";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation, useNavigate, useParams } from "react-router";
import { useSession } from "../access/session";
import { newId } from "../fleet/actions";
import { enrolCommand } from "../fleet/Enrol";
import {
  type Connection,
  ConnectStage,
  type ConnectStep,
  type CreateConnectionResponse,
  StepMark,
} from "../gen/cabinet/v1/connect_pb";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import { PlaceKind, TreeService } from "../gen/cabinet/v1/tree_pb";
import { Action } from "../gen/fiscal/v1/fiscal_pb";
import { Copy, CopyBlock } from "../ui/Copy";
import { IconGreen, IconRed } from "../ui/icons";
import { Forbidden, Unread } from "../ui/Nothing";
import { Spoken } from "../ui/Spoken";
import { When } from "../ui/time";
import words from "../words/ru/connect.json";
import { AgentSettings } from "./AgentSettings";
import { Devices } from "./Devices";
import { OperatorChoice, OWN_LINK } from "./OperatorChoice";
import { useTreeTrouble } from "./reasons";
import "./tree.css";

type Reason = keyof typeof words.connectReasons;
type Given = Pick<CreateConnectionResponse, "code" | "expiresMs" | "cloud">;

/** «Подключить кассу»: what is begun, and a new beginning. */
export default function ConnectPage() {
  const { t } = useTranslation();
  const { can } = useSession();
  const { id } = useParams();
  const may = can("tills:configure");
  return (
    <>
      <div className="title">
        <Title order={1}>{t("connect.title")}</Title>
        {id && may && (
          <Button component={Link} to="/connect" variant="default">
            {t("connect.another")}
          </Button>
        )}
      </div>
      {!may ? <Forbidden needs="tills:configure" /> : id ? <Way id={id} /> : <Begin />}
    </>
  );
}

function Begin() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const trouble = useTreeTrouble();
  const [outlet, setOutlet] = useState("");
  const tree = useQuery(TreeService.method.getTree, {});
  const list = useQuery(TreeService.method.listConnections, {}, { refetchInterval: 10_000 });
  const outlets = (tree.data?.nodes ?? []).filter((n) => n.kind === PlaceKind.OUTLET && n.mayChange);
  const create = useMutation(TreeService.method.createConnection, {
    onSuccess: (r) => navigate(`/connect/${encodeURIComponent(r.id)}`, { state: given(r) }),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    create.mutate({ outlet: outlet.trim() });
  };
  const begun = list.data?.connections ?? [];
  const agents = useQuery(FleetService.method.listAgents, {});
  const here = (agents.data?.agents ?? []).filter(
    (a) => a.online && a.revokedMs === 0n && !begun.some((c) => c.agentId === a.id),
  );
  return (
    <>
      <section className="panel" style={{ maxWidth: 640 }}>
        <form onSubmit={submit} aria-label={t("connect.title")}>
          <Autocomplete
            label={t("enrol.outlet")}
            description={t("connect.outletWhat")}
            data={[...new Set(outlets.map((n) => n.name))]}
            value={outlet}
            onChange={setOutlet}
            maxLength={100}
            data-autofocus
          />
          {create.error && (
            <Alert color="gray" variant="outline" role="alert" mt="md">
              {trouble(create.error)}
            </Alert>
          )}
          <Button type="submit" mt="md" loading={create.isPending} disabled={outlet.trim() === ""}>
            {t("enrol.get")}
          </Button>
        </form>
      </section>
      {list.error && !list.data && <Unread error={list.error} onRetry={() => void list.refetch()} />}
      {begun.length > 0 && (
        <section style={{ marginTop: 24, maxWidth: 820 }}>
          <Title order={2}>{t("connect.begun")}</Title>
          <table className="table" aria-label={t("connect.begun")}>
            <tbody>
              {begun.map((c) => (
                <tr key={c.id}>
                  <td>
                    <Link to={`/connect/${encodeURIComponent(c.id)}`}>
                      {c.till || c.host || c.outlet || t("connect.title")}
                    </Link>{" "}
                    <span className="small quiet">{c.device || c.outlet}</span>
                  </td>
                  <td className="quiet">{now(c) && t(`connect.step${now(c)?.stage as 1}`)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {here.length > 0 && (
        <section style={{ marginTop: 24, maxWidth: 820 }}>
          <Title order={2}>{t("connect.known")}</Title>
          <table className="table" aria-label={t("connect.known")}>
            <tbody>
              {here.map((a) => (
                <tr key={a.id}>
                  <td>
                    <Link to={`/connect/${encodeURIComponent(a.id)}`}>{a.host}</Link>{" "}
                    <span className="small quiet">{a.outlet}</span>
                  </td>
                  <td className="quiet">{a.tills.join(", ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </>
  );
}

function given(r: CreateConnectionResponse): Given {
  return { code: r.code, expiresMs: r.expiresMs, cloud: r.cloud };
}

/** The step whose turn it is. */
function now(c: Connection): ConnectStep | undefined {
  return c.steps.find((s) => s.mark === StepMark.NOW || s.mark === StepMark.FAILED);
}

/** One till on its way: the cabinet says by facts how far it is, so the page can be left and opened anywhere. */
function Way({ id }: { id: string }) {
  const { t } = useTranslation();
  const shown = useLocation().state as Given | null;
  const query = useQuery(TreeService.method.getConnection, { id }, { refetchInterval: 2000 });
  const c = query.data?.connection;
  if (query.isPending) return <Loader aria-label={t("loading")} />;
  if (!c) return <Unread error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <>
      <p className="quiet" style={{ margin: "0 0 12px", maxWidth: 720 }}>
        {t("connect.leave")}
      </p>
      {c.done && (
        <p role="status" className="strong">
          <IconGreen className="green" /> {t("connect.done")}{" "}
          <Link to={`/tills/${encodeURIComponent(c.tillId)}`}>{c.till}</Link>
        </p>
      )}
      <ol className="way">
        {c.steps.map((s) => (
          <StepRow key={s.stage} step={s}>
            {body(s, c, shown, () => void query.refetch())}
          </StepRow>
        ))}
      </ol>
      {c.tillId && c.finds?.able && <More connection={c} onDone={() => void query.refetch()} />}
    </>
  );
}

/** Other devices of the same computer, for a shop with a second till. */
function More({ connection: c, onDone }: { connection: Connection; onDone: () => void }) {
  const { t } = useTranslation();
  const active = c.steps.some((s) => s.stage === ConnectStage.DEVICE && s.mark === StepMark.NOW);
  if (active || !c.finds) return null; // the step itself shows them
  return (
    <section style={{ marginTop: 24, maxWidth: 820 }}>
      <Title order={2}>{t("connect.more")}</Title>
      <Devices connection={c} finds={c.finds} more onDone={onDone} />
    </section>
  );
}

function StepRow({ step, children }: { step: ConnectStep; children: ReactNode }) {
  const { t } = useTranslation();
  const active = step.mark === StepMark.NOW || step.mark === StepMark.FAILED;
  const reason = step.reason in words.connectReasons ? (step.reason as Reason) : undefined;
  return (
    <li
      aria-current={active ? "step" : undefined}
      className={step.mark === StepMark.LATER ? "later" : undefined}
    >
      <span>
        {step.mark === StepMark.DONE ? (
          <IconGreen className="green" size={20} />
        ) : step.mark === StepMark.FAILED ? (
          <IconRed className="red" size={20} />
        ) : (
          <span className="stepno">{step.stage}</span>
        )}
      </span>
      <div>
        <div className={active ? "strong" : undefined}>
          {t(`connect.step${step.stage as 1}`)}{" "}
          <span className="hidden">{t(`connect.mark${step.mark as 1}`)}</span>
        </div>
        {step.mark !== StepMark.DONE && step.mark !== StepMark.LATER && (
          <div className="quiet" role={active ? "status" : undefined}>
            {reason ? t(`connectReasons.${reason}`) : ""} <Spoken text={step.text} />
          </div>
        )}
        {(active || step.mark === StepMark.SKIPPED) && children && <div className="body">{children}</div>}
        {step.mark === StepMark.DONE && children && step.stage === ConnectStage.PLACE && (
          <div className="body">{children}</div>
        )}
      </div>
    </li>
  );
}

function body(step: ConnectStep, c: Connection, shown: Given | null, refetch: () => void): ReactNode {
  switch (step.stage) {
    case ConnectStage.CODE:
      return <CodeStep shown={shown} outletId={c.outletId} />;
    case ConnectStage.DEVICE:
      return c.finds ? <Devices connection={c} finds={c.finds} onDone={refetch} /> : null;
    case ConnectStage.PLACE:
      return c.tillId ? <PlaceStep connection={c} onDone={refetch} /> : null;
    case ConnectStage.OPERATOR:
      return <OperatorStep connection={c} step={step} onDone={refetch} />;
    case ConnectStage.SLIP:
      return <Command connection={c} action={Action.PRINT_TEST} step={step} onDone={refetch} />;
    default:
      return null;
  }
}

function CodeStep({ shown, outletId }: { shown: Given | null; outletId: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [system, setSystem] = useState(/Windows/.test(navigator.userAgent) ? "windows" : "linux");
  const trouble = useTreeTrouble();
  const again = useMutation(TreeService.method.createConnection, {
    onSuccess: (r) => navigate(`/connect/${encodeURIComponent(r.id)}`, { replace: true, state: given(r) }),
  });
  const [short = ""] = (shown?.code ?? "").split("@");
  return (
    <>
      {shown ? (
        <>
          <strong className="mono" style={{ fontSize: "1.25rem" }}>
            {short}
          </strong>{" "}
          <Copy text={shown.code} label={t("enrol.code")} />
          <div className="small quiet">
            {t("enrol.until")} <When ms={shown.expiresMs} />
          </div>
          <SegmentedControl
            my="sm"
            value={system}
            onChange={setSystem}
            data={[
              { value: "windows", label: "Windows" },
              { value: "linux", label: "Linux" },
            ]}
            aria-label={t("enrol.system")}
          />
          <CopyBlock
            text={enrolCommand(
              system === "windows" ? "windows" : "linux",
              shown.cloud || window.location.origin,
              shown.code,
            )}
            label={t("enrol.command")}
          />
        </>
      ) : (
        <p className="quiet">{t("connect.codeOnce")}</p>
      )}
      {again.error && <p role="alert">{trouble(again.error)}</p>}
      <Button
        mt="sm"
        size="compact-sm"
        variant="default"
        loading={again.isPending}
        onClick={() => again.mutate({ outletId })}
      >
        {t("enrol.again")}
      </Button>
    </>
  );
}

function PlaceStep({ connection: c, onDone }: { connection: Connection; onDone: () => void }) {
  const { t } = useTranslation();
  const trouble = useTreeTrouble();
  const tree = useQuery(TreeService.method.getTree, {});
  const outlets = (tree.data?.nodes ?? []).filter((n) => n.kind === PlaceKind.OUTLET && n.mayChange);
  const move = useMutation(TreeService.method.moveNode, { onSuccess: onDone });
  return (
    <>
      <div className="fieldsrow">
        <NativeSelect
          label={t("tree.outlet")}
          value={c.outletId}
          onChange={(e) => move.mutate({ id: c.tillId, parentId: e.currentTarget.value })}
          data={[
            ...(outlets.some((n) => n.id === c.outletId) ? [] : [{ value: c.outletId, label: c.outlet }]),
            ...outlets.map((n) => ({ value: n.id, label: n.name })),
          ]}
        />
        {move.error && <div role="alert">{trouble(move.error)}</div>}
      </div>
      <AgentSettings key={c.tillId} tillId={c.tillId} name={c.till} onDone={onDone} />
    </>
  );
}

function OperatorStep(p: { connection: Connection; step: ConnectStep; onDone: () => void }) {
  const c = p.connection;
  return (
    <>
      <OperatorChoice
        tillId={c.tillId}
        country={c.country}
        ofd={c.ofd}
        ofdInn={c.ofdInn}
        every={2000}
        onDone={p.onDone}
      />
      {c.ofd && c.ofd !== OWN_LINK && c.ofd !== "auto" && (
        <div style={{ marginTop: 8 }}>
          <span className="mono">{c.ofd}</span>
          <Command
            connection={c}
            action={Action.CHECK_NETWORK}
            address={c.ofd}
            step={p.step}
            onDone={p.onDone}
          />
        </div>
      )}
    </>
  );
}

/** Asks the agent for what the step needs. */
function Command(p: {
  connection: Connection;
  action: Action;
  address?: string;
  step: ConnectStep;
  onDone: () => void;
}) {
  const { t } = useTranslation();
  const trouble = useTreeTrouble();
  const start = useMutation(FleetService.method.startCommand, { onSuccess: p.onDone });
  const goes = p.step.reason === "command_waits";
  return (
    <div style={{ marginTop: 8 }}>
      <Button
        size="compact-sm"
        loading={start.isPending || goes}
        disabled={!p.connection.agentOnline}
        onClick={() =>
          start.mutate({
            id: newId(),
            tillId: p.connection.tillId,
            action: p.action,
            address: p.address ?? "",
          })
        }
      >
        {t(p.action === Action.PRINT_TEST ? "connect.print" : "connect.try")}
      </Button>
      {start.error && <p role="alert">{trouble(start.error)}</p>}
    </div>
  );
}
