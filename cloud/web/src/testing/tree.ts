/** The tree of an organisation, for tests and for looking at pages by eye; it moves as the cabinet's own does. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import { lightOf } from "../fleet/light";
import { CommandState } from "../gen/cabinet/v1/commands_pb";
import { AdoptionSchema, ConnectionSchema, StepMark } from "../gen/cabinet/v1/connect_pb";
import type { Till } from "../gen/cabinet/v1/fleet_pb";
import { Light } from "../gen/cabinet/v1/light_pb";
import { SettingsState } from "../gen/cabinet/v1/settings_pb";
import {
  LightCountsSchema,
  type Node,
  NodeSchema,
  PlaceKind,
  type TreeService,
} from "../gen/cabinet/v1/tree_pb";
import { Shape } from "../tree/shape";

type Place = Omit<MessageInitShape<typeof NodeSchema>, "$typeName">;

/** Outlets under departments, the tills in the outlets they name. */
function places(tills: readonly Till[]): Place[] {
  const outlets = [...new Map(tills.map((t) => [t.outletId || t.outlet, t.outlet]))].filter(([id]) => id);
  const list: Place[] = [{ id: "o1", kind: PlaceKind.ORGANISATION, name: "ООО «Ромашка»" }];
  if (outlets.length > 0)
    list.push(
      { id: "dep-1", kind: PlaceKind.DEPARTMENT, parentId: "o1", name: "Казань" },
      { id: "dep-2", kind: PlaceKind.DEPARTMENT, parentId: "dep-1", name: "Центр" },
    );
  outlets.forEach(([id, name], i) => {
    list.push({
      id,
      kind: PlaceKind.OUTLET,
      parentId: i === 0 ? "dep-2" : i === 1 ? "dep-1" : "o1",
      name,
      address: i === 0 ? "420107, Республика Татарстан, г. Казань, ул. Островского, 39" : "",
      timeZone: i < 2 ? "Europe/Moscow" : "",
      phone: i === 0 ? "+7 843 200-10-10" : "",
    });
    for (const t of tills.filter((x) => (x.outletId || x.outlet) === id))
      list.push({
        id: t.id,
        kind: PlaceKind.TILL,
        parentId: id,
        name: t.name,
        light: t.light,
        serial: t.state?.serial,
        model: t.state?.model,
        agentName: t.state?.till === t.name ? "" : t.state?.till,
      });
  });
  return list;
}

export class FakeTree {
  nodes: Node[];
  /** A till on its way: its operator does not answer. */
  connection = create(ConnectionSchema, {
    id: "till-green",
    agentId: "agent-1",
    agentOnline: true,
    host: "KASSA-PC",
    tillId: "till-green",
    till: "Касса 1",
    device: "ШТРИХ-М-01Ф № 0012345678",
    outlet: "Магазин на Мира, 5",
    outletId: "outlet-1",
    ofd: "ofdp.platformaofd.ru:21101",
    ofdInn: "9715260691",
    country: "ru",
    steps: [
      StepMark.DONE,
      StepMark.DONE,
      StepMark.DONE,
      StepMark.DONE,
      StepMark.FAILED,
      StepMark.LATER,
      StepMark.LATER,
    ].map((mark, i) => ({
      stage: i + 1,
      mark,
      reason: mark === StepMark.FAILED ? "command_failed" : "",
      text:
        mark === StepMark.FAILED ? "ОФД по адресу ofdp.platformaofd.ru:21101 не отвечает: порт закрыт." : "",
    })),
  });
  /** An agent on its way that has found two devices: one is new, one is a till already. */
  newcomer = create(ConnectionSchema, {
    id: "agent-new",
    agentId: "agent-new",
    agentOnline: true,
    host: "KASSA-PC",
    outlet: "Магазин на Мира, 5",
    outletId: "outlet-1",
    country: "ru",
    steps: [
      StepMark.DONE,
      StepMark.DONE,
      StepMark.NOW,
      StepMark.LATER,
      StepMark.LATER,
      StepMark.LATER,
      StepMark.LATER,
    ].map((mark, i) => ({ stage: i + 1, mark, reason: mark === StepMark.NOW ? "strangers" : "" })),
    finds: {
      agentId: "agent-new",
      able: true,
      mayAdopt: true,
      search: {
        tried: 4,
        places: 4,
        beganMs: BigInt(Date.now() - 70_000),
        endedMs: BigInt(Date.now() - 60_000),
        leftAlone: [
          "Порт COM1: занят другой программой",
          "Порт COM4: отвечает другое устройство, оставлено в покое",
        ],
      },
      devices: [
        {
          device: {
            wire: "serial://COM3?baud=115200",
            driver: "shtrih",
            model: "ШТРИХ-М-01Ф",
            serial: "0000000000005001",
            fn: "9999078902005001",
            rnm: "0000000005012345",
            kind: "till",
          },
        },
        {
          device: {
            wire: "serial://COM5?baud=115200",
            driver: "fnprint",
            model: "ФН-1.2",
            fn: "9999078902005002",
            kind: "fn",
          },
        },
        {
          device: { wire: "serial://COM6?baud=9600", driver: "fnprint", model: "TM-T20", kind: "printer" },
        },
        {
          device: {
            wire: "tcp://192.168.1.20:7778",
            driver: "shtrih",
            model: "ШТРИХ-ЛАЙТ-01Ф",
            serial: "0000000000005003",
            kind: "till",
            till: "kassa-1",
          },
          tillId: "till-green",
          till: "Касса 1",
        },
      ],
    },
  });
  /** What was asked of the agent, in order. */
  asked: string[] = [];
  /** What the next change is refused for. */
  refuse = "";

  constructor(
    tills: readonly Till[],
    readonly mayChange: boolean,
  ) {
    this.nodes = places(tills).map((p) => create(NodeSchema, { ...p, mayChange }));
  }

  /** Whether a till stands at a node; an empty one is everywhere, and one that is not there is refused. */
  holds(node: string, till: string): boolean {
    const shape = new Shape(this.nodes);
    if (node && !shape.byId.has(node)) throw new ConnectError("no node", Code.NotFound);
    return !node || node === till || shape.above(till).some((n) => n.id === node);
  }

  /** Nodes in order, with the tills beneath them counted. */
  list(): Node[] {
    const shape = new Shape(this.nodes);
    const under = (n: Node): Node[] =>
      n.kind === PlaceKind.TILL ? [n] : shape.children(n.id).flatMap((c) => under(c));
    const walk = (n: Node): Node[] => [n, ...shape.children(n.id).flatMap(walk)];
    return this.nodes
      .filter((n) => n.kind === PlaceKind.ORGANISATION)
      .flatMap(walk)
      .map((n) => {
        const counts = create(LightCountsSchema);
        for (const t of under(n)) counts[lightOf(t)]++;
        const light =
          n.kind === PlaceKind.TILL
            ? n.light
            : counts.red
              ? Light.RED
              : counts.yellow
                ? Light.YELLOW
                : counts.grey
                  ? Light.GREY
                  : counts.green
                    ? Light.GREEN
                    : Light.UNSPECIFIED;
        return create(NodeSchema, { ...n, counts, light });
      });
  }

  service(door: () => void): Partial<ServiceImpl<typeof TreeService>> {
    const get = (id: string) => {
      door();
      const node = this.nodes.find((n) => n.id === id);
      if (!node) throw new ConnectError("no node", Code.NotFound);
      if (this.refuse) {
        const reason = this.refuse;
        this.refuse = "";
        throw new ConnectError("refused", Code.FailedPrecondition, { "Chekan-Reason": reason });
      }
      return node;
    };
    return {
      getTree: () => {
        door();
        return { nodes: this.list() };
      },
      createNode: ({ kind, parentId, name, address, timeZone, phone }) => {
        get(parentId);
        const node = create(NodeSchema, {
          id: `new-${this.nodes.length}`,
          kind,
          parentId,
          name,
          address,
          timeZone,
          phone,
          mayChange: true,
        });
        this.nodes.push(node);
        return { node };
      },
      changeNode: ({ id, name, address, timeZone, phone }) => {
        const node = get(id);
        Object.assign(node, { name: name || node.agentName || node.name, address, timeZone, phone });
        return { node };
      },
      moveNode: ({ id, parentId, beforeId }) => {
        const node = get(id);
        get(parentId);
        this.nodes = this.nodes.filter((n) => n !== node);
        node.parentId = parentId;
        const at = this.nodes.findIndex((n) => n.id === beforeId);
        this.nodes.splice(at < 0 ? this.nodes.length : at, 0, node);
        return { node };
      },
      deleteNode: ({ id }) => {
        const node = get(id);
        this.nodes = this.nodes.filter((n) => n !== node);
        return {};
      },
      listConnections: () => {
        door();
        return { connections: [this.connection] };
      },
      getConnection: ({ id }) => {
        door();
        return { connection: id === this.newcomer.id ? this.newcomer : this.connection };
      },
      listFinds: () => {
        door();
        return { finds: this.newcomer.finds };
      },
      findDevices: ({ agentId }) => {
        door();
        this.asked.push(`find ${agentId}`);
        if (this.newcomer.finds) this.newcomer.finds.asked = true;
        return { finds: this.newcomer.finds };
      },
      adoptDevice: ({ agentId, commandId, wire, printer, title, outletId }) => {
        door();
        if (this.refuse) {
          const reason = this.refuse;
          this.refuse = "";
          throw new ConnectError("refused", Code.NotFound, { "Chekan-Reason": reason });
        }
        this.asked.push(["adopt", agentId, wire, printer, title, outletId].filter(Boolean).join(" "));
        const found = this.newcomer.finds?.devices.find((d) => d.device?.wire === wire);
        if (found) found.adoption = create(AdoptionSchema, { commandId, title, state: CommandState.RUNNING });
        return { finds: this.newcomer.finds };
      },
      createConnection: () => {
        door();
        return {
          id: "code-1",
          code: "K7QF-2M9X-T5WB@q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA",
          expiresMs: BigInt(Date.now() + 900_000),
          cloud: "https://cabinet.example:8443",
        };
      },
      listOperators: () => ({
        operators: [
          {
            taxId: "9715260691",
            name: "Платформа ОФД",
            country: "ru",
            address: "ofdp.platformaofd.ru:21101",
          },
          { taxId: "7704211201", name: "Такском", country: "ru", address: "f1.taxcom.ru:7777" },
        ],
      }),
      getSettings: ({ tillId }) => ({
        settings: {
          tillId,
          wanted: { version: 1n, ofd: "ofdp.platformaofd.ru:21101", ofdInn: "9715260691" },
          reported: {
            version: 1n,
            ofd: "ofdp.platformaofd.ru:21101",
            finishPrint: "auto",
            rushHours: "10:00-20:00",
          },
          state: SettingsState.DIFFERS,
          actor: "Иванова Мария",
          changedMs: BigInt(Date.now() - 86_400_000),
          reportedMs: BigInt(Date.now() - 30_000),
          mayChange: true,
          drifts: [{ what: "operator", wanted: "Платформа ОФД 9715260691", found: "Такском 7704211201" }],
        },
      }),
      changeSettings: ({ settings: s }) => {
        this.asked.push(
          ["settings", s?.title, s?.finishPrint, s?.rushHours, s?.ofd].filter(Boolean).join(" "),
        );
        return {};
      },
      listStays: ({ tillId }) => {
        const node = get(tillId);
        const outlet = this.nodes.find((n) => n.id === node.parentId)?.name ?? "";
        return {
          stays: [
            { outletId: node.parentId, outlet, since: "2026-03-04T12:05", actor: "admin" },
            { outlet: "Склад", outletId: "depot" },
          ],
        };
      },
    };
  }
}
