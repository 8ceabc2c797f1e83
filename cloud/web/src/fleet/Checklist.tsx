import { Badge } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type Command, CommandState } from "../gen/cabinet/v1/commands_pb";
import { type Step, StepState } from "../gen/fiscal/v1/fiscal_pb";
import { commandEnded } from "../live/merge";
import { IconClock, IconCross, IconDash, IconRing, IconTick, IconTurning } from "../ui/icons";
import { Spoken } from "../ui/Spoken";
import { useNow, When } from "../ui/time";
import { agentText, inWords, langOfSaid } from "../words";
import { BundleButton } from "./AgentPart";
import { actionKey, commandStateKey, decidedKey, stepStateKey } from "./actions";
import { asked, ConsentLine, denied } from "./ConsentLine";
import { useLang } from "./facts";

/** Picture and word of where a command stands. */
export function CommandWord({ state, waits = false }: { state: CommandState; waits?: boolean }) {
  const { t } = useTranslation();
  const word = t(commandStateKey(state));
  if (waits) {
    return (
      <span className="state grey">
        <IconClock /> {t("consent.wait")}
      </span>
    );
  }
  switch (state) {
    case CommandState.DONE:
      return (
        <span className="state green">
          <IconTick /> {word}
        </span>
      );
    case CommandState.FAILED:
    case CommandState.EXPIRED:
      return (
        <span className="state red">
          <IconCross /> {word}
        </span>
      );
    case CommandState.RUNNING:
      return (
        <span className="state">
          <IconTurning /> {word}
        </span>
      );
    default:
      return (
        <span className="state grey">
          <IconClock /> {word}
        </span>
      );
  }
}

/** A command with its steps: fills in while it runs, and stays as its record. */
export function Checklist({ command, agentOnline }: { command: Command; agentOnline: boolean }) {
  const { t } = useTranslation();
  const steps = command.run?.steps ?? [];
  const waiting = command.state === CommandState.QUEUED || command.state === CommandState.DELIVERED;
  return (
    <div>
      {command.decision && (
        <div className="quiet" style={{ marginTop: 4 }}>
          {t(decidedKey(command.decision.fd), { fd: command.decision.fd })} «{command.decision.reason}»
        </div>
      )}
      {command.reason && (
        <div className="quiet" style={{ marginTop: 4 }}>
          {t("remote.act.why", { reason: command.reason })}
        </div>
      )}
      {command.workId && (
        <div style={{ marginTop: 4 }}>
          <Link to={`/works/${encodeURIComponent(command.workId)}`}>{t("remote.act.ofWork")}</Link>
        </div>
      )}
      <ConsentLine run={command.run} />
      {command.run?.ended && command.run.text && !denied(command.run) && (
        <div style={{ marginTop: 4 }}>
          <Spoken text={command.run.text} />
        </div>
      )}
      {command.state === CommandState.EXPIRED && <div style={{ marginTop: 4 }}>{t("command.expired")}</div>}
      {waiting && (
        <div className="quiet" style={{ marginTop: 4 }}>
          {agentOnline ? t("command.waits") : t("command.waitsOffline")} {t("command.until")}{" "}
          <When ms={command.expiresMs} />
        </div>
      )}
      {command.hasBundle && <BundleButton commandId={command.id} />}
      {steps.length > 0 && (
        <ol className="steps" aria-label={t("command.steps")}>
          {steps.map((step, i) => (
            <StepRow key={`${step.code} ${i}`} step={step} ended={commandEnded(command)} />
          ))}
        </ol>
      )}
    </div>
  );
}

/** One step: done, going on, or to come. */
export function StepRow({ step, ended }: { step: Step; ended: boolean }) {
  const { t } = useTranslation();
  const lang = useLang();
  // The title itself says more than its code: whom it is about, where.
  const title = inWords(lang, step.title) ?? agentText(lang, `steps.${step.code}`, step.title);
  const planned = step.state === StepState.PLANNED || step.state === StepState.UNSPECIFIED;
  return (
    <li className={planned || step.state === StepState.SKIPPED ? "planned" : undefined}>
      <StepIcon state={step.state} />
      <div>
        <span lang={langOfSaid(lang, title, step.title)}>{title}</span>
        {step.fiscal && (
          <Badge ml={8} size="xs" variant="outline" color="gray" radius="sm" tt="none">
            {t("command.fiscal")}
          </Badge>
        )}
        <span className="hidden">: {t(stepStateKey(step.state))}</span>
        {step.result && step.result !== step.title && (
          <div className="quiet">
            <Spoken text={step.result} />
          </div>
        )}
      </div>
      <span className="small quiet num">
        {step.beganMs > 0n ? (
          <Elapsed from={step.beganMs} to={step.endedMs} />
        ) : ended && planned ? (
          t("stepStates.skipped")
        ) : (
          ""
        )}
      </span>
    </li>
  );
}

function StepIcon({ state }: { state: StepState }) {
  switch (state) {
    case StepState.DONE:
      return <IconTick className="green" />;
    case StepState.FAILED:
      return <IconCross className="red" />;
    case StepState.RUNNING:
      return <IconTurning />;
    case StepState.SKIPPED:
      return <IconDash className="grey" />;
    default:
      return <IconRing className="grey" />;
  }
}

/** How long a step took, or has been taking. */
function Elapsed({ from, to }: { from: bigint; to: bigint }) {
  return to > 0n ? <Took ms={Number(to - from)} /> : <Taking from={Number(from)} />;
}

function Taking({ from }: { from: number }) {
  const now = useNow(1000);
  return <Took ms={Math.max(0, now.getTime() - from)} whole />;
}

function Took({ ms, whole = false }: { ms: number; whole?: boolean }) {
  const { t } = useTranslation();
  const lang = useLang();
  const s = ms / 1000;
  const figures = whole || s >= 10 ? Math.round(s).toString() : Math.max(0.1, s).toFixed(1);
  return <>{t("command.took", { seconds: lang === "en" ? figures : figures.replace(".", ",") })}</>;
}

/** Head of a checklist: what was asked, by whom, when, where it stands. */
export function CommandHead({ command }: { command: Command }) {
  const { t } = useTranslation();
  return (
    <div style={{ display: "flex", flexWrap: "wrap", gap: "4px 12px", alignItems: "center" }}>
      <span className="strong">{t(actionKey(command.action))}</span>
      <CommandWord state={command.state} waits={asked(command.run)} />
      <span className="quiet small">
        <When ms={command.createdMs} />
        {command.logLevel && <> · {t("agentPart.levelWas", { level: command.logLevel })}</>}
        {command.actor && <> · {command.actor}</>}
      </span>
    </div>
  );
}
