/** Columns of the list of tills; which of them are shown is remembered by this browser. */
import type { ParseKeys } from "i18next";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import type { Permission } from "../access/session";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { Fact } from "../ui/State";
import { RowMenu } from "./Actions";
import {
  AgentCell,
  FNCell,
  LastCell,
  OutletCell,
  RevenueCell,
  ShiftCell,
  StateCell,
  StopCell,
  UnsentCell,
} from "./facts";
import { ServedCell } from "./served";

export type Column = {
  id: string;
  label: ParseKeys;
  Cell: (p: { till: Till }) => ReactNode;
  right?: boolean;
  minWidth?: number;
  needs?: Permission;
  /** Cannot be hidden: it says what the row is. */
  always?: boolean;
};

function NameCell({ till }: { till: Till }) {
  return (
    <>
      <div style={{ display: "flex", justifyContent: "space-between", alignItems: "flex-start", gap: 4 }}>
        <Link to={`/tills/${encodeURIComponent(till.id)}`}>{till.name}</Link>
        <RowMenu till={till} />
      </div>
      <div className="small quiet nowrap">{till.state?.model}</div>
      <div className="small quiet">{till.state?.serial}</div>
    </>
  );
}

export const COLUMNS: readonly Column[] = [
  {
    id: "state",
    label: "cols.state",
    minWidth: 190,
    always: true,
    Cell: ({ till }) => (
      <Fact
        value={`${till.light} ${till.maintenance?.untilMs} ${till.state?.problems.map((p) => p.code).join()}`}
      >
        <StateCell till={till} />
      </Fact>
    ),
  },
  { id: "name", label: "cols.modelSerial", minWidth: 110, always: true, Cell: NameCell },
  { id: "outlet", label: "cols.outlet", minWidth: 120, Cell: OutletCell },
  {
    id: "rnm",
    label: "cols.rnm",
    Cell: ({ till }) => <span className="num">{till.state?.rnm || "—"}</span>,
  },
  { id: "fn", label: "cols.fn", Cell: FNCell },
  { id: "shift", label: "cols.shift", Cell: ShiftCell },
  { id: "revenue", label: "cols.revenue", right: true, needs: "money:view", Cell: RevenueCell },
  {
    id: "last",
    label: "cols.last",
    Cell: ({ till }) => (
      <Fact value={till.state?.lastFd ?? 0}>
        <LastCell till={till} />
      </Fact>
    ),
  },
  { id: "unsent", label: "cols.unsent", Cell: UnsentCell },
  { id: "stop", label: "cols.stop", minWidth: 120, Cell: StopCell },
  { id: "agent", label: "cols.agent", Cell: AgentCell },
  { id: "served", label: "tillList.served", Cell: ServedCell },
];

/** Hidden unless somebody asks for them: few look for a till by eye in such numbers, or have it served. */
const SELDOM = "rnm served";
const STORED = "chekan.tills.hidden";

function remembered(): ReadonlySet<string> {
  try {
    return new Set((localStorage.getItem(STORED) ?? SELDOM).split(" "));
  } catch {
    return new Set(SELDOM.split(" ")); // storage may be forbidden; a choice then lasts as long as the page
  }
}

/** Columns somebody does not want to see. */
export function useHidden(): [ReadonlySet<string>, (hidden: ReadonlySet<string>) => void] {
  const [hidden, setHidden] = useState(remembered);
  return [
    hidden,
    (next) => {
      setHidden(next);
      try {
        localStorage.setItem(STORED, [...next].join(" "));
      } catch {
        // as above
      }
    },
  ];
}
