/** Releases and rollouts for tests and for the page of fakes, and the service that steers them as the cabinet's own does. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { type Agent, type AgentUpdate, AgentUpdateSchema, UpdateStage } from "../gen/cabinet/v1/agents_pb";
import {
  ListReleasesResponseSchema,
  type Release,
  ReleaseSchema,
  type Rollout,
  RolloutChange,
  RolloutSchema,
  RolloutState,
  type UpdatesService,
} from "../gen/cabinet/v1/updates_pb";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const ms = (n: number) => BigInt(Math.floor(n));

/** What is released, newest first. */
export function releases(now: number): Release[] {
  const platforms = ["linux-amd64", "linux-arm64", "windows-386", "windows-amd64"];
  return [
    create(ReleaseSchema, {
      version: "0.7.0-beta.2",
      channel: "beta",
      platforms: ["linux-amd64", "windows-amd64"],
      notes: "Проверка отказа принтера без бумаги.",
      releasedMs: ms(now - 20 * 60 * MINUTE),
    }),
    create(ReleaseSchema, {
      version: "0.6.0",
      channel: "stable",
      platforms,
      notes:
        "Кассы ищутся сами и узнаются по заводскому номеру.\nАгент обновляется без остановки торговли.\nИсправлено: смена закрывалась дважды, если связь с кассой рвалась на ответе.",
      releasedMs: ms(now - 3 * DAY),
    }),
    create(ReleaseSchema, {
      version: "0.5.1",
      channel: "stable",
      platforms,
      releasedMs: ms(now - 40 * DAY),
    }),
  ];
}

type Standing = Omit<MessageInitShape<typeof AgentUpdateSchema>, "$typeName">;

/** Agents of a rollout, one at every stage, those in trouble first. */
export function standings(now: number, rolloutId: string, version: string): AgentUpdate[] {
  const list: Standing[] = [
    {
      agentId: "agent-6",
      host: "BUH-PC",
      outlet: "Офис",
      stage: UpdateStage.ROLLED_BACK,
      text: "Версия 0.6.0 не видит кассу front, которую версия 0.5.1 видела: вернулась версия 0.5.1.",
      sinceMs: ms(now - 31 * MINUTE),
    },
    {
      agentId: "agent-7",
      host: "kassa-v-torgovom-zale-pervogo-etazha",
      outlet: "Магазин на проспекте Абылай хана, 115, цокольный этаж",
      stage: UpdateStage.REFUSED,
      text: "На диске мало места для обновления: нужно 64 МБ, свободно 12 МБ.",
      sinceMs: ms(now - 29 * MINUTE),
    },
    {
      agentId: "agent-2",
      host: "KASSA-2",
      outlet: "Магазин на Мира, 5",
      stage: UpdateStage.TRIAL,
      sinceMs: ms(now - MINUTE),
    },
    {
      agentId: "agent-5",
      host: "BAR",
      outlet: "Кафе",
      stage: UpdateStage.WAITING,
      text: "ждём: обновляться можно с 02:00 до 05:00",
      sinceMs: ms(now - 12 * MINUTE),
    },
    {
      agentId: "agent-8",
      host: "KIOSK-1",
      outlet: "Киоск у вокзала",
      stage: UpdateStage.DOWNLOADING,
      fetched: 7_340_032n,
      size: 20_623_522n,
      sinceMs: ms(now - 2 * MINUTE),
    },
    {
      agentId: "agent-9",
      host: "KIOSK-2",
      outlet: "Киоск у вокзала",
      stage: UpdateStage.OFFERED,
      sinceMs: ms(now - 40_000),
    },
    {
      agentId: "agent-3",
      host: "sklad-kiosk",
      outlet: "Склад",
      from: "0.4.2",
      text: "Закреплён на версии 0.4.2.",
    },
    { agentId: "agent-10", host: "", outlet: "Склад" },
    {
      agentId: "agent-11",
      host: "TEST-PC",
      outlet: "Офис",
      from: "0.6.0",
      text: "Уже работает версия 0.6.0.",
    },
    {
      agentId: "agent-1",
      host: "KASSA-PC",
      outlet: "Магазин на Мира, 5",
      stage: UpdateStage.HEALTHY,
      sinceMs: ms(now - 50 * MINUTE),
    },
  ];
  return list.map((a) => create(AgentUpdateSchema, { from: "0.5.1", version, rolloutId, ...a }));
}

/** One that goes on, one that stopped itself, one that is behind. */
export function rollouts(now: number): Rollout[] {
  const plan = { share: 25, perMinute: 10, abortPercent: 50, abortAfter: 5, windowFrom: 120, windowTo: 300 };
  return [
    create(RolloutSchema, {
      id: "going",
      version: "0.6.0",
      plan,
      state: RolloutState.RUNNING,
      sinceMs: ms(now - 55 * MINUTE),
      startedMs: ms(now - 55 * MINUTE),
      startedBy: "admin",
      counts: {
        all: 214,
        ahead: 162,
        offered: 3,
        downloading: 4,
        waiting: 12,
        trial: 2,
        healthy: 26,
        rolledBack: 1,
        refused: 1,
        already: 1,
        pinned: 2,
      },
    }),
    create(RolloutSchema, {
      id: "stopped",
      version: "0.7.0-beta.2",
      plan: { share: 100, abortPercent: 20, abortAfter: 3 },
      state: RolloutState.ABORTED,
      text: "Остановлено: из 4 закончивших не обновились 2 (50 %; вернулись 1, отказались 1), порог 20 %.",
      sinceMs: ms(now - 5 * 60 * MINUTE),
      startedMs: ms(now - 6 * 60 * MINUTE),
      startedBy: "anna.sokolova@romashka.example",
      counts: { all: 8, ahead: 4, healthy: 2, rolledBack: 1, refused: 1 },
    }),
    create(RolloutSchema, {
      id: "behind",
      version: "0.5.1",
      plan: { share: 100 },
      state: RolloutState.ENDED,
      sinceMs: ms(now - 30 * DAY),
      startedMs: ms(now - 38 * DAY),
      startedBy: "admin",
      counts: { all: 214, healthy: 209, pinned: 5 },
    }),
  ];
}

/** Releases and rollouts of a cabinet in memory. `agents` are those that pins are kept of. */
export class FakeUpdates {
  releases: Release[] = [];
  rollouts: Rollout[] = [];
  /** Every change fails by this. */
  refuse?: Code;
  /** The releases' signatures have run out. */
  expired = false;

  constructor(
    private readonly now: number,
    private readonly agents: () => Agent[],
  ) {}

  /** The service; `door` says who may come in. */
  service(door: () => void): Partial<ServiceImpl<typeof UpdatesService>> {
    const manage = () => {
      door();
      if (this.refuse) throw new ConnectError("refused", this.refuse);
    };
    return {
      listReleases: () => {
        door();
        const until = this.now + (this.expired ? -DAY : 40 * DAY);
        return create(ListReleasesResponseSchema, { releases: this.releases, signedUntilMs: ms(until) });
      },
      listRollouts: () => {
        door();
        return { rollouts: this.rollouts };
      },
      getRollout: ({ id }) => {
        door();
        const rollout = this.#find(id);
        const nobody = (rollout.counts?.all ?? 0) === 0;
        return { rollout, agents: nobody ? [] : standings(this.now, id, rollout.version) };
      },
      startRollout: ({ id, version, plan }) => {
        manage();
        const rollout = create(RolloutSchema, {
          id,
          version,
          plan,
          state: RolloutState.RUNNING,
          sinceMs: ms(this.now),
          startedMs: ms(this.now),
          startedBy: "admin",
          counts: { all: 4, ahead: 4 },
        });
        this.rollouts = [rollout, ...this.rollouts];
        return { rollout };
      },
      changeRollout: ({ id, change, plan }) => {
        manage();
        const before = this.#find(id);
        const state =
          change === RolloutChange.PAUSE
            ? RolloutState.PAUSED
            : change === RolloutChange.END
              ? RolloutState.ENDED
              : change === RolloutChange.RESUME || before.state === RolloutState.DONE
                ? RolloutState.RUNNING
                : before.state;
        const rollout = create(RolloutSchema, { ...before, state, plan: plan ?? before.plan });
        this.rollouts = this.rollouts.map((r) => (r.id === id ? rollout : r));
        return { rollout };
      },
      pinAgent: ({ agentId, version }) => {
        manage();
        const agent = this.agents().find((a) => a.id === agentId);
        if (!agent) throw new ConnectError("none", Code.NotFound);
        agent.pinned = version;
        return { agent };
      },
    };
  }

  #find(id: string): Rollout {
    const rollout = this.rollouts.find((r) => r.id === id);
    if (!rollout) throw new ConnectError("none", Code.NotFound);
    return rollout;
  }
}
