import { useTranslation } from "react-i18next";
import { type Work, type WorkCounts, WorkState, WorkTillState } from "../gen/cabinet/v1/remote_pb";
import { IconClock, IconCross, IconDash, IconTick, IconTurning } from "../ui/icons";
import { workStateKey, workTillKey } from "./obstacles";
import "./remote.css";

/** Picture and word of where a work stands. */
export function WorkWord({ state }: { state: WorkState }) {
  const { t } = useTranslation();
  const word = t(workStateKey(state));
  switch (state) {
    case WorkState.DONE:
      return (
        <span className="state green">
          <IconTick /> {word}
        </span>
      );
    case WorkState.STOPPED:
      return (
        <span className="state red">
          <IconCross /> {word}
        </span>
      );
    case WorkState.PAUSED:
    case WorkState.CANCELLED:
      return (
        <span className="state grey">
          <IconDash /> {word}
        </span>
      );
    default:
      return (
        <span className="state">
          <IconTurning /> {word}
        </span>
      );
  }
}

/** Picture and word of where a till stands in a work. */
export function WorkTillWord({ state }: { state: WorkTillState }) {
  const { t } = useTranslation();
  const word = t(workTillKey(state));
  switch (state) {
    case WorkTillState.DONE:
      return (
        <span className="state green">
          <IconTick /> {word}
        </span>
      );
    case WorkTillState.FAILED:
    case WorkTillState.EXPIRED:
      return (
        <span className="state red">
          <IconCross /> {word}
        </span>
      );
    case WorkTillState.GIVEN:
      return (
        <span className="state">
          <IconTurning /> {word}
        </span>
      );
    case WorkTillState.WAITING:
      return (
        <span className="state grey">
          <IconClock /> {word}
        </span>
      );
    default:
      return (
        <span className="state grey">
          <IconDash /> {word}
        </span>
      );
  }
}

const PARTS = [
  ["done", WorkTillState.DONE],
  ["failed", WorkTillState.FAILED],
  ["expired", WorkTillState.EXPIRED],
  ["given", WorkTillState.GIVEN],
  ["waiting", WorkTillState.WAITING],
  ["refused", WorkTillState.REFUSED],
  ["cancelled", WorkTillState.CANCELLED],
] as const satisfies readonly (readonly [keyof WorkCounts, WorkTillState])[];

/** How far a work is: a bar, and the same in figures. */
export function WorkBar({ work }: { work: Work }) {
  const { t } = useTranslation();
  const c = work.counts;
  if (!c || c.all === 0) return null;
  const parts = PARTS.filter(([name]) => c[name] > 0);
  return (
    <div className="workbar">
      <div className="bar" aria-hidden>
        {parts.map(([name]) => (
          <span key={name} className={name} style={{ flexGrow: c[name] }} />
        ))}
      </div>
      <div className="small quiet num">
        {parts.map(([name, state]) => `${t(workTillKey(state))}: ${c[name]}`).join(" · ")}
      </div>
    </div>
  );
}
