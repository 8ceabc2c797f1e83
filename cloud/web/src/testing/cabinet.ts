/** A cabinet in memory behind the same transport the pages use: for tests, and for looking at pages by eye. */
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport, type Transport } from "@connectrpc/connect";
import { guarded } from "../access/guard";
import { AccessService } from "../gen/cabinet/v1/access_pb";
import type { Agent } from "../gen/cabinet/v1/agents_pb";
import { AuditService } from "../gen/cabinet/v1/audit_pb";
import { type Command, CommandState, type TicketCell } from "../gen/cabinet/v1/commands_pb";
import {
  DocumentsService,
  type DocumentView,
  type GetDocumentResponse,
  type OperationView,
} from "../gen/cabinet/v1/documents_pb";
import { Span, TableFormat } from "../gen/cabinet/v1/figures_pb";
import {
  FleetService,
  type Till,
  TillMaintenanceSchema,
  type WatchResponse,
  WatchResponseSchema,
} from "../gen/cabinet/v1/fleet_pb";
import { HistoryService } from "../gen/cabinet/v1/history_pb";
import { ThresholdLevel } from "../gen/cabinet/v1/light_pb";
import { LinksService } from "../gen/cabinet/v1/links_pb";
import { NotifyService } from "../gen/cabinet/v1/notify_pb";
import { OrganisationService } from "../gen/cabinet/v1/organisation_pb";
import { RemoteService } from "../gen/cabinet/v1/remote_pb";
import { PlaceKind, TreeService } from "../gen/cabinet/v1/tree_pb";
import { UpdatesService } from "../gen/cabinet/v1/updates_pb";
import { Action } from "../gen/fiscal/v1/fiscal_pb";
import { FakeAccess } from "./access";
import { FakeAudit } from "./audit";
import { documentAnswer } from "./documents";
import { certificate, command, documents, operations, planOf } from "./fleet";
import { FakeNotify } from "./notify";
import { FakePeople } from "./people";
import { demandsOf, FakeRemote, obstacleOf } from "./remote";
import { FakeSales } from "./sales";
import { FakeViews } from "./tills";
import { FakeTree } from "./tree";
import { FakeUpdates } from "./updates";

export type FakeOptions = {
  tills: Till[];
  signedIn?: boolean;
  permissions?: readonly string[];
  /** Every reading of lists fails by this. */
  trouble?: Code;
  /** The stream refuses. */
  deaf?: boolean;
  /** No operations, documents or commands. */
  empty?: boolean;
  /** Operations that need a person. */
  undecided?: OperationView[];
  /** Calls for help. */
  tickets?: TicketCell[];
  /** Programs beside tills. */
  agents?: Agent[];
  now?: number;
};

export const ALL: readonly string[] = [
  "tills:view",
  "documents:view",
  "money:view",
  "tills:recover",
  "tills:configure",
  "tills:decide",
  "updates:manage",
  "notify:manage",
  "people:manage",
  "api:manage",
];

export class FakeCabinet {
  readonly transport: Transport;
  tills: Till[];
  commands: Command[] = [];
  bundlesGiven: string[] = [];
  undecided: OperationView[];
  tickets: TicketCell[];
  agents: Agent[];
  readonly remote: FakeRemote;
  readonly updates: FakeUpdates;
  readonly audit: FakeAudit;
  readonly notify: FakeNotify;
  /** Says so when asked for a decision: the till's agent does not know them. */
  oldAgent = false;
  readonly access: FakeAccess;
  readonly people: FakePeople;
  readonly views = new FakeViews();
  readonly tree: FakeTree;
  readonly sales: FakeSales;
  /** Changes what is told of a document: takes its copy away, say. */
  copies: (answer: GetDocumentResponse) => void = () => {};
  /** Nobody answers, whatever is asked. */
  #down = false;
  readonly #listeners = new Set<(r: WatchResponse) => void>();

  constructor(readonly o: FakeOptions) {
    this.tills = o.tills;
    this.undecided = o.undecided ?? [];
    this.tickets = o.tickets ?? [];
    this.agents = o.agents ?? [];
    const now = o.now ?? Date.now();
    this.remote = new FakeRemote(now, () => this.tills);
    this.updates = new FakeUpdates(now, () => this.agents);
    this.people = new FakePeople(now);
    this.notify = new FakeNotify(now, o.empty ?? false, () => this.o.permissions ?? ALL);
    this.tree = new FakeTree(this.tills, (o.permissions ?? ALL).includes("tills:configure"));
    this.sales = new FakeSales(now, !(o.permissions ?? ALL).includes("money:view"), o.empty ?? false);
    this.audit = new FakeAudit(now, o.empty ?? false);
    this.access = new FakeAccess(now, {
      id: "p1",
      login: "admin",
      name: "Анна Соколова",
      organisationId: "o1",
      organisation: "ООО «Ромашка»",
      permissions: [...(o.permissions ?? ALL)],
    });
    this.access.signedIn = o.signedIn ?? true;
    const door = () => {
      this.#answer();
      this.access.door();
      if (o.trouble) throw new ConnectError("trouble", o.trouble);
    };
    const routes = createRouterTransport(({ service }) => {
      service(
        AccessService,
        this.access.service(() => this.#answer()),
      );
      service(RemoteService, this.remote.service(door));
      service(FleetService, {
        ...this.views.handlers(door),
        listTills: ({ limit }) => {
          door();
          const total = this.tills.length;
          return { tills: limit > 0 ? this.tills.slice(0, limit) : this.tills, total };
        },
        getTill: ({ id }) => {
          door();
          const till = this.tills.find((t) => t.id === id);
          if (!till) throw new ConnectError("no till", Code.NotFound);
          return { till };
        },
        watch: (_, ctx) => this.#watch(ctx.signal),
        createEnrolmentCode: () => ({
          code: "K7QF-2M9X-T5WB@q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA",
          expiresMs: BigInt(now + 30 * 60_000),
          cloud: "https://cabinet.example:8443",
        }),
        startCommand: ({ id, tillId, action, askConsent, logLevel, reason }) => {
          door();
          if (this.oldAgent && action >= Action.RESTART_AGENT)
            throw new ConnectError("old", Code.Unimplemented);
          const c = command(Date.now(), tillId, id, action, CommandState.QUEUED, 0);
          c.askConsent = askConsent;
          c.logLevel = logLevel;
          c.reason = reason;
          this.commands = [c, ...this.commands];
          return { command: c };
        },
        planCommand: ({ tillId, action }) => {
          door();
          const till = this.tills.find((x) => x.id === tillId);
          return {
            plan: this.oldAgent ? undefined : planOf(action),
            demands: demandsOf(action),
            ...obstacleOf(action, till),
          };
        },
        decide: ({ id, tillId, decision }) => {
          door();
          if (this.oldAgent) throw new ConnectError("old", Code.Unimplemented);
          const c = command(Date.now(), tillId, id, Action.DECIDE, CommandState.QUEUED, 0);
          c.decision = decision;
          this.commands = [c, ...this.commands];
          return { command: c };
        },
        getCommand: ({ id }) => {
          door();
          const c = this.commands.find((x) => x.id === id);
          if (!c) throw new ConnectError("none", Code.NotFound);
          return { command: c };
        },
        listThresholds: ({ node }) => ({
          name: "ООО «Ромашка»",
          hours: { from: 540, to: 1260 },
          hoursLevel: ThresholdLevel.OUTLET,
          thresholds: [
            ["silence", 86_400, 0, false],
            ["shift_age", 82_800, 86_400, false],
            ["ofd_age", 86_400, 864_000, false],
            ["ofd_contract", 2_592_000, 259_200, true],
            ["fn_term", 2_592_000, 259_200, true],
            ["fn_room", 2_592_000, 259_200, true],
            ["clock_skew", 180, 300, false],
            ["certificate", 259_200, 86_400, true],
            ["autonomous", 86_400, 216_000, false],
          ].map(([metric, warn, critical, below], i) => ({
            metric: String(metric),
            aspect: i + 1,
            below: Boolean(below),
            most: 7_776_000n,
            limits: { warn: BigInt(Number(warn)), critical: BigInt(Number(critical)) },
            level: i === 2 ? (node?.level ?? 0) : 0,
          })),
        }),
        setThreshold: () => ({}),
        setWorkingHours: () => ({}),
        setContract: () => ({}),
        setMaintenance: ({ tillIds, untilMs, reason }) => {
          door();
          const maintenance =
            untilMs > 0n
              ? create(TillMaintenanceSchema, {
                  untilMs,
                  sinceMs: BigInt(Date.now()),
                  actor: "Иванов",
                  reason,
                })
              : undefined;
          const tills = this.tills.filter((x) => tillIds.includes(x.id));
          for (const till of tills) {
            till.maintenance = maintenance;
            this.say({ case: "till", value: till });
          }
          return { tills };
        },
        getCertificate: ({ tillId, withReport }) => {
          door();
          if (tillId !== "till-red" && tillId !== "till-yellow") return {};
          return { certificate: certificate(now, tillId === "till-red", withReport) };
        },
        listTickets: ({ tillId, closed }) => {
          door();
          return {
            tickets: this.tickets.filter(
              (x) => (tillId === "" || x.tillId === tillId) && (closed || x.closedMs === 0n),
            ),
          };
        },
        getTicket: ({ id }) => {
          door();
          const ticket = this.tickets.find((x) => x.id === id);
          if (!ticket) throw new ConnectError("none", Code.NotFound);
          const run = command(now, ticket.tillId, "r", Action.RECOVER, CommandState.FAILED, 1).run;
          return { ticket, run, bundle: new TextEncoder().encode("PK") };
        },
        closeTicket: ({ id, resolution }) => {
          door();
          const ticket = this.tickets.find((x) => x.id === id);
          if (!ticket) throw new ConnectError("none", Code.NotFound);
          if (ticket.closedMs > 0n) throw new ConnectError("closed", Code.FailedPrecondition);
          Object.assign(ticket, { closedMs: BigInt(Date.now()), closedBy: "admin", resolution });
          return { ticket };
        },
        getCommandBundle: ({ commandId }) => {
          door();
          this.bundlesGiven.push(commandId);
          return { bundle: new TextEncoder().encode("PK"), name: "chekan.zip" };
        },
        listAgents: () => {
          door();
          return { agents: this.agents };
        },
        revokeAgent: ({ agentId }) => {
          door();
          const agent = this.agents.find((x) => x.id === agentId);
          if (!agent) throw new ConnectError("none", Code.NotFound);
          Object.assign(agent, { revokedMs: BigInt(Date.now()), online: false, twins: [] });
          return { agent };
        },
        listCommands: ({ tillId }) => {
          door();
          return { commands: o.empty ? [] : this.commands.filter((c) => c.tillId === tillId) };
        },
      });
      service(UpdatesService, this.updates.service(door));
      service(OrganisationService, this.people.service(door));
      service(NotifyService, this.notify.service(door));
      service(TreeService, this.tree.service(door));
      service(AuditService, this.audit.service(door));
      service(HistoryService, this.sales.history(door));
      service(LinksService, this.sales.service(door));
      service(DocumentsService, {
        ...this.sales.documents(door, (node, till) => this.tree.holds(node, till)),
        listOutlets: () => {
          door();
          const outlets = this.tree.nodes
            .filter((n) => n.kind === PlaceKind.OUTLET)
            .map(({ id, name }) => ({ id, name }));
          return {
            outlets: outlets.length > 0 ? [...outlets, { id: "outlet-closed", name: "Киоск у вокзала" }] : [],
          };
        },
        listOperations: ({ tillId, page }) => {
          door();
          if (o.empty) return {};
          const all = operations(now, tillId);
          return page === ""
            ? { operations: all.slice(0, 20), nextPage: "2" }
            : { operations: all.slice(20), nextPage: "" };
        },
        listUndecided: () => {
          door();
          return { operations: this.undecided };
        },
        listDocuments: ({ tillId, types }) => {
          door();
          const asked = (d: DocumentView) => types.length === 0 || types.includes(d.document?.type ?? 0);
          return o.empty ? {} : { documents: documents(now, tillId).filter(asked) };
        },
        getDocument: ({ fn, fd }) => {
          door();
          const answer = documentAnswer(now, fn, fd, !(o.permissions ?? ALL).includes("money:view"));
          if (!answer) throw new ConnectError("none", Code.NotFound);
          this.copies(answer);
          return answer;
        },
        searchDocuments: ({ filter }) => {
          door();
          if (o.empty) return { any: false };
          const blind = !(o.permissions ?? ALL).includes("money:view");
          const found = documents(now, "till-1")
            .filter(() => this.tree.holds(filter?.nodeId ?? "", "till-red"))
            .filter((d) => !filter?.types.length || filter.types.includes(d.document?.type ?? 0))
            .filter((d) => !filter?.fd || filter.fd === d.document?.fd)
            .filter((d) => !filter?.from || (d.document?.at ?? "") >= filter.from)
            .map((document) => ({
              document,
              till: "Касса 1",
              outlet: "Казань, Мира, 5",
              positions: 2,
              ...(blind ? {} : { cashier: "Кассир Иванова Мария", payments: { cash: 10_000n } }),
            }));
          return { documents: found, any: true };
        },
        exportDocuments: ({ format }) => {
          door();
          return {
            file: new Uint8Array([1]),
            name: format === TableFormat.CSV ? "a.csv" : "a.xlsx",
            rows: 1,
          };
        },
        getRevenue: ({ from, span, nodeId }) => {
          door();
          this.tree.holds(nodeId, "");
          const part = nodeId ? 2n : 1n;
          const figures = (revenue: bigint) => ({
            revenue,
            cash: revenue / 3n,
            receipts: 41,
            average: 87_350n,
            returns: 12_000n,
          });
          if (o.empty) return { total: figures(0n), previous: figures(0n) };
          const spans =
            span === Span.HOUR
              ? [9, 10, 11, 12, 13, 14, 15, 16, 17, 18].map((h) => ({
                  span: `${from}T${String(h).padStart(2, "0")}`,
                  figures: figures(BigInt(((h * 7919 + from.charCodeAt(9) * 31) % 97) * 12_345)),
                }))
              : [];
          const most = (span === Span.HOUR ? 5_812_350n : 148_523_905n) / part;
          const places = ["Казань, ул. Баумана, 12", "Казань, пр. Победы, 91", "Уфа, ул. Ленина, 3"].map(
            (place, i) => ({
              placeId: `outlet-${i + 1}`,
              place,
              figures: figures(most / BigInt(i + 2)),
              newestAt: i === 2 ? "" : `${from}T1${i + 4}:2${i}`,
            }),
          );
          return {
            spans,
            total: figures(most),
            previous: figures((most * 9n) / 10n),
            places,
            previousPlaces: places.slice(0, 2).map((x) => ({ ...x, figures: figures(most / 3n) })),
            previousFrom: from,
            previousTo: from,
            newestAt: `${from}T15:21`,
          };
        },
        getDocumentPDF: ({ fn, fd }) => {
          door();
          return { pdf: new TextEncoder().encode("%PDF-1.4"), name: `${fn}-${fd}.pdf` };
        },
      });
    });
    this.transport = guarded(routes);
  }

  get signedIn(): boolean {
    return this.access.signedIn;
  }

  set signedIn(here: boolean) {
    this.access.signedIn = here;
  }

  #answer() {
    if (this.#down) throw new ConnectError("down", Code.Unavailable);
  }

  /** Goes away, streams and all, or comes back. */
  set down(down: boolean) {
    this.#down = down;
    for (const l of this.#listeners) l(create(WatchResponseSchema, {}));
  }

  /** How many watch. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Tells everybody who watches. */
  say(change: WatchResponse["change"]) {
    for (const l of this.#listeners) l(create(WatchResponseSchema, { change }));
  }

  async *#watch(signal: AbortSignal): AsyncGenerator<WatchResponse> {
    this.#answer();
    if (this.o.deaf) throw new ConnectError("no stream", Code.Unavailable);
    const queue: WatchResponse[] = [create(WatchResponseSchema, {})];
    let wake = () => {};
    const listen = (r: WatchResponse) => {
      queue.push(r);
      wake();
    };
    this.#listeners.add(listen);
    signal.addEventListener("abort", () => wake());
    try {
      while (!signal.aborted) {
        this.#answer();
        const next = queue.shift();
        if (next) yield next;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      this.#listeners.delete(listen);
    }
  }
}
