/** Works, rules and notes of the cabinet in memory. */
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { Command } from "../gen/cabinet/v1/commands_pb";
import { CommandState, DemandsSchema, Harm } from "../gen/cabinet/v1/commands_pb";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import {
  type NodeRule,
  NodeRuleSchema,
  type Note,
  NoteSchema,
  type RemoteService,
  type RuleSetting,
  RuleSettingSchema,
  type Work,
  WorkChange,
  WorkCountsSchema,
  WorkSchema,
  WorkState,
  type WorkTill,
  WorkTillSchema,
  WorkTillState,
} from "../gen/cabinet/v1/remote_pb";
import { Action, Paper } from "../gen/fiscal/v1/fiscal_pb";
import { command, planOf } from "./fleet";

/** What an action demands, as the cabinet's own table says. */
export function demandsOf(action: Action) {
  const lasting = [Action.REBOOT, Action.SUSPEND].includes(action);
  return create(DemandsSchema, {
    harm: lasting ? Harm.LASTING : Harm.NONE,
    reason: lasting,
    confirm: lasting,
    proof: lasting,
  });
}

/** What stands in the way of an action on a till, of the things the pages show. */
export function obstacleOf(action: Action, till: Till | undefined): { obstacle: string; doubt: string } {
  const s = till?.state;
  if (!till?.agentId) return { obstacle: "no_agent", doubt: "" };
  if (action === Action.SYNC_CLOCK && s?.shiftOpen) return { obstacle: "shift_open", doubt: "" };
  if (action === Action.X_REPORT && s?.paper === Paper.OUT) return { obstacle: "paper", doubt: "" };
  if (action === Action.RESUME && !s?.suspended) return { obstacle: "not_suspended", doubt: "" };
  return { obstacle: "", doubt: till.agentOnline ? "" : "away" };
}

const setting = (on: boolean, atMinute = 0, idleMinutes = 0, seconds = 0): RuleSetting =>
  create(RuleSettingSchema, { on, atMinute, idleMinutes, seconds });

const USUAL: Record<string, RuleSetting> = {
  finish_print: setting(false),
  reopen_port: setting(false, 0, 2),
  close_shift: setting(false, 23 * 60 + 50, 15),
  sync_clock: setting(false, 0, 0, 60),
};

export class FakeRemote {
  works: Work[] = [];
  tillsOf = new Map<string, WorkTill[]>();
  /** Where a rule was set last. */
  ruledAt: string | undefined;
  rules: NodeRule[];
  notes: Note[] = [];
  read = new Map<string, bigint>();

  constructor(
    readonly now: number,
    readonly tills: () => readonly Till[],
  ) {
    const whole = { id: "", name: "" };
    this.rules = [
      create(NodeRuleSchema, {
        name: "finish_print",
        usual: USUAL.finish_print,
        here: setting(true),
        holds: setting(true),
        from: whole,
        changedBy: "admin",
        changedMs: BigInt(now - 3 * 86_400_000),
      }),
      create(NodeRuleSchema, { name: "reopen_port", usual: USUAL.reopen_port }),
      create(NodeRuleSchema, {
        name: "close_shift",
        usual: USUAL.close_shift,
        holds: setting(true, 23 * 60 + 50, 15),
        from: { id: "outlet-1", name: "Магазин на Ленина" },
      }),
      create(NodeRuleSchema, {
        name: "sync_clock",
        usual: USUAL.sync_clock,
        here: setting(false, 0, 0, 60),
        holds: setting(false, 0, 0, 60),
        from: whole,
      }),
    ];
  }

  /** Some of everything, for tests and for the eye. */
  full(): void {
    const { now } = this;
    const ids = this.tills().map((x) => x.id);
    const order = {
      action: Action.CHECK,
      perMinute: 30,
      reason: "После обновления агентов",
      stopFailures: 3,
    };
    const states = [
      WorkTillState.DONE,
      WorkTillState.FAILED,
      WorkTillState.GIVEN,
      WorkTillState.REFUSED,
      WorkTillState.WAITING,
      WorkTillState.WAITING,
    ];
    const list = this.tills().map((till, i) => {
      const state = states[i % states.length] ?? WorkTillState.WAITING;
      const c: Command | undefined =
        state === WorkTillState.DONE || state === WorkTillState.FAILED
          ? command(
              now - 60_000,
              till.id,
              `w-${i}`,
              Action.CHECK,
              state === WorkTillState.DONE ? CommandState.DONE : CommandState.FAILED,
              2,
            )
          : undefined;
      return create(WorkTillSchema, {
        tillId: till.id,
        name: till.name,
        outlet: till.outlet,
        state,
        obstacle: state === WorkTillState.REFUSED ? "too_old" : "",
        command: c,
      });
    });
    this.works = [
      create(WorkSchema, {
        id: "w1",
        order,
        state: WorkState.STOPPED,
        why: "failures",
        actor: "admin",
        createdMs: BigInt(now - 120_000),
        mine: true,
        counts: countsOf(list),
      }),
      create(WorkSchema, {
        id: "w0",
        order: { action: Action.SYNC_CLOCK, perMinute: 10 },
        state: WorkState.DONE,
        actor: "ivanov",
        createdMs: BigInt(now - 90_000_000),
        endedMs: BigInt(now - 89_000_000),
        counts: create(WorkCountsSchema, { all: 4, done: 4 }),
      }),
    ];
    this.tillsOf.set("w1", list);
    const till = ids[0] ?? "till-red";
    const note = (
      id: string,
      ago: number,
      text: string,
      more: Partial<Pick<Note, "author" | "organisation" | "service" | "mine" | "about" | "aboutId">>,
    ) => create(NoteSchema, { id, tillId: till, text, atMs: BigInt(now - ago), ...more });
    this.notes = [
      note(
        "n3",
        600_000,
        "Поправили кабель, проверьте, пожалуйста, на месте.\nЕсли снова пропадёт — звоните.",
        {
          author: "Борис Ким",
          organisation: "ЦТО «Мастер»",
          service: true,
        },
      ),
      note("n2", 3_600_000, "Файл собрали.", {
        author: "Анна Соколова",
        organisation: "ООО «Ромашка»",
        mine: true,
        about: "command",
        aboutId: "c2",
      }),
      note("n1", 7_200_000, "<b>Касса</b> с утра не печатает, кассир перезагружал два раза.", {
        author: "Анна Соколова",
        organisation: "ООО «Ромашка»",
        mine: true,
      }),
    ];
  }

  service(door: () => void): Partial<ServiceImpl<typeof RemoteService>> {
    const find = (id: string) => {
      const work = this.works.find((w) => w.id === id);
      if (!work) throw new ConnectError("no work", Code.NotFound);
      return work;
    };
    return {
      planWork: ({ order }) => {
        door();
        const action = order?.action ?? Action.UNSPECIFIED;
        return {
          demands: demandsOf(action),
          plan: planOf(action),
          tills: (order?.tillIds ?? []).map((id) => {
            const till = this.tills().find((x) => x.id === id);
            return {
              tillId: id,
              name: till?.name ?? "",
              outlet: till?.outlet ?? "",
              ...obstacleOf(action, till),
            };
          }),
        };
      },
      startWork: ({ id, order }) => {
        door();
        const tills = (order?.tillIds ?? []).map((tillId) => {
          const till = this.tills().find((x) => x.id === tillId);
          return create(WorkTillSchema, {
            tillId,
            name: till?.name,
            outlet: till?.outlet,
            state: WorkTillState.WAITING,
          });
        });
        const work =
          this.works.find((w) => w.id === id) ??
          create(WorkSchema, {
            id,
            order,
            state: WorkState.RUNNING,
            actor: "admin",
            createdMs: BigInt(Date.now()),
            mine: true,
            counts: countsOf(tills),
          });
        if (!this.works.includes(work)) this.works = [work, ...this.works];
        this.tillsOf.set(id, tills);
        return { work };
      },
      changeWork: ({ id, change }) => {
        door();
        const work = find(id);
        work.state =
          change === WorkChange.PAUSE
            ? WorkState.PAUSED
            : change === WorkChange.CANCEL
              ? WorkState.CANCELLED
              : WorkState.RUNNING;
        return { work };
      },
      listWorks: () => {
        door();
        return { works: this.works };
      },
      getWork: ({ id }) => {
        door();
        return { work: find(id), tills: this.tillsOf.get(id) ?? [] };
      },
      listNodeRules: ({ nodeId }) => {
        door();
        return { node: { id: nodeId, name: nodeId }, rules: this.rules, tills: 7, told: 5, tooOld: 1 };
      },
      setNodeRule: ({ nodeId, name, setting: s }) => {
        door();
        this.ruledAt = nodeId;
        this.rules = this.rules.map((r) =>
          r.name === name
            ? create(NodeRuleSchema, { name, usual: r.usual, here: s, holds: s, from: { id: "", name: "" } })
            : r,
        );
        return { rule: this.rules.find((r) => r.name === name) };
      },
      tryNodeRule: ({ name }) => {
        door();
        const till = this.tills()[0];
        const at = (ago: number, evidence: string, minutes: number) => ({
          tillId: till?.id ?? "",
          till: till?.name ?? "",
          atMs: BigInt(this.now - ago),
          evidence,
          lastedMs: BigInt(minutes * 60_000),
        });
        const shift = name === "close_shift";
        return {
          total: 3,
          tills: 7,
          sinceMs: BigInt(this.now - 7 * 86_400_000),
          firings: [
            at(80_000_000, shift ? "shift" : "problem", 540),
            at(170_000_000, shift ? "shift" : "problem", 12),
            at(260_000_000, shift ? "shift" : "command", 0),
          ],
        };
      },
      listNotes: ({ tillId, limit }) => {
        door();
        const all = this.notes.filter((n) => n.tillId === tillId);
        return {
          notes: all.slice(0, limit || 50),
          more: all.length > (limit || 50),
          readMs: this.read.get(tillId) ?? 0n,
          readers: [{ name: "Борис Ким", organisation: "ЦТО «Мастер»", readMs: BigInt(this.now) }],
        };
      },
      writeNote: ({ id, tillId, text, about, aboutId }) => {
        door();
        const note = create(NoteSchema, {
          id,
          tillId,
          text: text.trim(),
          about,
          aboutId,
          author: "Анна Соколова",
          organisation: "ООО «Ромашка»",
          mine: true,
          atMs: BigInt(Date.now()),
        });
        if (!this.notes.some((n) => n.id === id)) this.notes = [note, ...this.notes];
        return { note };
      },
      markNotesRead: ({ tillId, noteId }) => {
        door();
        const note = this.notes.find((n) => n.id === noteId);
        if (note) this.read.set(tillId, note.atMs);
        return {};
      },
      listUnreadNotes: () => {
        door();
        const counts = new Map<string, number>();
        for (const n of this.notes)
          if (!n.mine && n.atMs > (this.read.get(n.tillId) ?? 0n))
            counts.set(n.tillId, (counts.get(n.tillId) ?? 0) + 1);
        return { tills: [...counts].map(([tillId, count]) => ({ tillId, count })) };
      },
    };
  }
}

function countsOf(tills: readonly WorkTill[]) {
  const n = (state: WorkTillState) => tills.filter((x) => x.state === state).length;
  return create(WorkCountsSchema, {
    all: tills.length,
    waiting: n(WorkTillState.WAITING),
    given: n(WorkTillState.GIVEN),
    done: n(WorkTillState.DONE),
    failed: n(WorkTillState.FAILED),
    expired: n(WorkTillState.EXPIRED),
    refused: n(WorkTillState.REFUSED),
    cancelled: n(WorkTillState.CANCELLED),
  });
}
