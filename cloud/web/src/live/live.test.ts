import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectQueryKey, createQueryOptions } from "@connectrpc/connect-query";
import { type InfiniteData, QueryClient, QueryObserver } from "@tanstack/react-query";
import { describe, expect, test, vi } from "vitest";
import {
  CommandState,
  type ListCommandsResponse,
  ListCommandsResponseSchema,
} from "../gen/cabinet/v1/commands_pb";
import {
  DocumentsService,
  DocumentViewSchema,
  ListDocumentsResponseSchema,
  type ListOperationsResponse,
  ListOperationsResponseSchema,
} from "../gen/cabinet/v1/documents_pb";
import {
  FleetService,
  type GetTillResponse,
  GetTillResponseSchema,
  type ListTillsResponse,
  ListTillsResponseSchema,
  type Till,
  type WatchResponse,
  WatchResponseSchema,
} from "../gen/cabinet/v1/fleet_pb";
import { Light } from "../gen/cabinet/v1/light_pb";
import { Action, PaperTrack } from "../gen/fiscal/v1/fiscal_pb";
import { FakeCabinet } from "../testing/cabinet";
import { command, fleet, operation, till } from "../testing/fleet";
import { inputs, Merger, withCommand, withOperation, withTills } from "./merge";
import { type Link, watch } from "./watch";

const now = Date.UTC(2026, 2, 4, 10);

// A busy machine is slow, not wrong.
const until = (f: () => void) => vi.waitFor(f, { timeout: 30_000 });

describe("one change", () => {
  const a = till(now, { id: "a" });
  const b = till(now, { id: "b" });

  test("replaces a till in its place and never moves it", () => {
    const red = till(now, { id: "a", light: Light.RED, heardMs: a.heardMs + 1n });
    expect(withTills([a, b], [red]).map((x) => [x.id, x.light])).toEqual([
      ["a", Light.RED],
      ["b", Light.GREEN],
    ]);
  });

  test("adds a new till at the end", () => {
    expect(withTills([a], [b, b]).map((x) => x.id)).toEqual(["a", "b"]);
  });

  test("does not go back in time", () => {
    const old = till(now, { id: "a", light: Light.RED, heardMs: 1n, reportedMs: 1n });
    const known = [a, b];
    expect(withTills(known, [old])).toBe(known);
    expect(withTills(known, [b, old])[0]).toBe(a);
  });

  test("replaces an operation by a later revision only", () => {
    const three = operation(now, "a", 1, { revision: 3 });
    const two = operation(now, "a", 1, { revision: 2, paper: PaperTrack.OWED });
    const four = operation(now, "a", 1, { revision: 4, paper: PaperTrack.OWED });
    const other = operation(now, "a", 0);
    expect(withOperation([[three], [other]], two)).toEqual([[three], [other]]);
    expect(withOperation([[other], [three]], four)).toEqual([[other], [four]]);
    expect(withOperation([[other]], four)).toEqual([[four, other]]);
  });

  test("puts a new operation where its time is", () => {
    const [one, two, three, four] = [1, 2, 3, 4].map((fd) => operation(now, "a", fd));
    if (!one || !two || !three || !four) throw new Error("no operations");
    expect(withOperation([[three, one]], four)).toEqual([[four, three, one]]);
    expect(withOperation([[three], [one]], two)).toEqual([[three], [two, one]]);
    expect(withOperation([[four], [three]], one)).toEqual([[four], [three, one]]);
    expect(withOperation([[four], [three]], one, false)).toEqual([[four], [three]]);
    expect(withOperation([], one)).toEqual([[one]]);
  });

  test("moves a command forward only", () => {
    const queued = command(now, "a", "c", Action.CHECK, CommandState.QUEUED, 0);
    const first = command(now, "a", "c", Action.CHECK, CommandState.RUNNING, 0);
    const second = command(now, "a", "c", Action.CHECK, CommandState.RUNNING, 1);
    const done = command(now, "a", "c", Action.CHECK, CommandState.DONE, 2);
    for (const [before, after] of [
      [queued, first],
      [first, second],
      [second, done],
    ] as const) {
      expect(withCommand([before], after)).toEqual([after]);
      expect(withCommand([after], before)).toEqual([after]);
    }
    const newer = command(now, "a", "d", Action.CHECK, CommandState.QUEUED, 0);
    expect(withCommand([done], newer).map((c) => c.id)).toEqual(["d", "c"]);
  });
});

describe("the cache", () => {
  function setUp() {
    const { transport } = new FakeCabinet({ tills: [] });
    const queries = new QueryClient();
    const merger = new Merger(queries, transport);
    const tills = createConnectQueryKey({
      schema: FleetService.method.listTills,
      transport,
      input: inputs.tills,
      cardinality: "finite",
    });
    const commands = createConnectQueryKey({
      schema: FleetService.method.listCommands,
      transport,
      input: inputs.commands("a"),
      cardinality: "finite",
    });
    return { queries, merger, transport, tills, commands };
  }

  test("takes tills, operations and commands in their places", () => {
    const { queries, merger, tills, commands } = setUp();
    queries.setQueryData<ListTillsResponse>(tills, create(ListTillsResponseSchema, { tills: fleet(now) }));
    queries.setQueryData<ListCommandsResponse>(commands, create(ListCommandsResponseSchema));
    const operations = merger.operationsKey("a");
    queries.setQueryData<InfiniteData<ListOperationsResponse>>(operations, {
      pages: [create(ListOperationsResponseSchema, { operations: [operation(now, "a", 5)], nextPage: "2" })],
      pageParams: [""],
    });

    const green = till(now, { id: "till-red", light: Light.GREEN, heardMs: BigInt(now + 1) });
    merger.apply({ case: "till", value: green });
    merger.apply({ case: "operation", value: operation(now, "a", 6) });
    merger.apply({ case: "command", value: command(now, "a", "c", Action.CHECK, CommandState.QUEUED, 0) });
    merger.apply({ case: undefined });

    expect(queries.getQueryData<ListTillsResponse>(tills)?.tills[0]?.light).toBe(Light.GREEN);
    expect(queries.getQueryData<ListTillsResponse>(tills)?.tills).toHaveLength(5);
    expect(queries.getQueryData<ListCommandsResponse>(commands)?.commands.map((c) => c.id)).toEqual(["c"]);
    const page = queries.getQueryData<InfiniteData<ListOperationsResponse>>(operations)?.pages[0];
    expect(page?.operations.map((v) => v.operation?.key)).toEqual(["sale-6", "sale-5"]);
    expect(page?.nextPage).toBe("2");
  });

  test("a change among many tills costs no look at the others", async () => {
    const { transport, queries, merger, tills } = setUp();
    const list = fleet(now);
    const read = vi.fn(() => "shop");
    for (const other of list.slice(1))
      Object.defineProperty(other, "outlet", { get: read, enumerable: true });
    const page = new QueryObserver(queries, {
      ...createQueryOptions(FleetService.method.listTills, inputs.tills, { transport }),
      enabled: false,
    });
    const drawn = vi.fn();
    const leave = page.subscribe(drawn);
    queries.setQueryData<ListTillsResponse>(
      tills,
      create(ListTillsResponseSchema, { tills: list, total: 7 }),
    );
    read.mockClear();
    drawn.mockClear();

    const told = [1n, 2n].map((more) =>
      till(now, { id: list[0]?.id ?? "", light: Light.GREY, heardMs: BigInt(now) + more }),
    );
    merger.all(told.map((value) => ({ case: "till" as const, value })));
    expect(read).not.toHaveBeenCalled();
    await until(() => expect(drawn).toHaveBeenCalledTimes(1));
    const { data } = page.getCurrentResult();
    expect(data?.tills[0]).toBe(told[1]);
    expect(data?.tills).toHaveLength(list.length);
    expect(data?.total).toBe(7);

    merger.all([]);
    merger.all([{ case: "till", value: told[0] as Till }]); // known better
    expect(page.getCurrentResult().data).toBe(data);
    leave();
  });

  test("one till that is open follows", () => {
    const { queries, merger, transport } = setUp();
    const key = createConnectQueryKey({
      schema: FleetService.method.getTill,
      transport,
      input: inputs.till("a"),
      cardinality: "finite",
    });
    queries.setQueryData<GetTillResponse>(
      key,
      create(GetTillResponseSchema, { till: till(now, { id: "a" }) }),
    );
    const red = till(now, { id: "a", light: Light.RED, heardMs: BigInt(now + 1) });
    merger.all([
      { case: "till", value: till(now, { id: "b" }) },
      { case: "till", value: red },
    ]);
    expect(queries.getQueryData<GetTillResponse>(key)?.till?.light).toBe(Light.RED);
    merger.all([{ case: "till", value: till(now, { id: "a", heardMs: 1n, reportedMs: 1n }) }]);
    expect(queries.getQueryData<GetTillResponse>(key)?.till?.light).toBe(Light.RED);
  });

  test("stays empty where nothing was read: a change alone is not a list", () => {
    const { queries, merger, tills } = setUp();
    merger.apply({ case: "till", value: till(now) });
    merger.apply({ case: "operation", value: operation(now, "a", 6) });
    expect(queries.getQueryData(tills)).toBeUndefined();
    expect(queries.getQueryData(merger.operationsKey("a"))).toBeUndefined();
  });

  test("asks for documents anew only when one is new or its marks moved", () => {
    const { queries, merger } = setUp();
    const spy = vi.spyOn(queries, "invalidateQueries");
    const key = merger.documentsKey("a");
    const op = operation(now, "a", 6);
    const { document, paper, ofd } = op.operation ?? {};
    const view = create(DocumentViewSchema, { document, paper, ofd });
    queries.setQueryData(key, {
      pages: [create(ListDocumentsResponseSchema, { documents: [view] })],
      pageParams: [""],
    });
    merger.operation(op);
    expect(spy).not.toHaveBeenCalled();
    merger.operation(operation(now, "a", 6, { paper: PaperTrack.OWED }));
    merger.operation(operation(now, "a", 7));
    expect(spy).toHaveBeenCalledTimes(2);
  });

  test("keys are those the pages ask by", () => {
    const { transport } = new FakeCabinet({ tills: [] });
    const merger = new Merger(new QueryClient(), transport);
    expect(merger.operationsKey("a")).toEqual(
      createConnectQueryKey({
        schema: DocumentsService.method.listOperations,
        transport,
        input: inputs.operations("a"),
        pageParamKey: "page",
        cardinality: "infinite",
      }),
    );
  });
});

describe("the stream", () => {
  type Attempt = "fail" | "signedout" | "hang" | WatchResponse["change"][];

  // Attempts in turn; the last one repeats.
  function fakeClient(attempts: Attempt[]) {
    let n = 0;
    return {
      tries: () => n,
      watch: async function* (_: unknown, o?: { signal?: AbortSignal }): AsyncGenerator<WatchResponse> {
        const attempt = attempts[Math.min(n++, attempts.length - 1)] ?? "fail";
        if (attempt === "fail") throw new ConnectError("down", Code.Unavailable);
        if (attempt === "signedout") throw new ConnectError("who", Code.Unauthenticated);
        if (attempt !== "hang") for (const change of attempt) yield create(WatchResponseSchema, { change });
        await new Promise<void>((_resolve, reject) => {
          const stop = () => reject(new ConnectError("stopped", Code.Canceled));
          if (o?.signal?.aborted) stop();
          o?.signal?.addEventListener("abort", stop);
        });
      },
    };
  }

  function run(attempts: Attempt[], silence = 60_000) {
    const links: Link[] = [];
    const changes: WatchResponse["change"][] = [];
    const refresh = vi.fn();
    const stop = new AbortController();
    const client = fakeClient(attempts);
    /** Which attempt was the first to live; later silence is death too. */
    const live = { at: 0 };
    const ended = watch({
      client,
      tillId: "",
      onChange: (c) => changes.push(c),
      onLink: (l) => {
        links.push(l);
        if (l === "live") live.at ||= client.tries();
      },
      onRefresh: refresh,
      signal: stop.signal,
      poll: 20,
      silence,
      pauses: [5],
    });
    return { links, changes, refresh, stop, ended, client, live };
  }

  test("brings changes, and asks for nothing itself", async () => {
    const change = { case: "till", value: till(now) } as const;
    const r = run([[change]]);
    await until(() => expect(r.changes).toEqual([change]));
    expect(r.links).toEqual(["connecting", "live"]);
    expect(r.refresh).not.toHaveBeenCalled();
    r.stop.abort();
    await r.ended;
  });

  test("when it cannot be opened, polls; when it can again, reads what was missed", async () => {
    const r = run(["fail", "fail", "fail", "fail", "fail", "fail", "fail", "fail", [{ case: undefined }]]);
    await until(() => expect(r.links).toEqual(["connecting", "polling", "live"]));
    expect(r.refresh.mock.calls.length).toBeGreaterThanOrEqual(2);
    r.stop.abort();
    await r.ended;
  });

  test("polls by itself as long as it is dead", async () => {
    const r = run(["fail"]);
    await until(() => expect(r.refresh.mock.calls.length).toBeGreaterThan(3));
    expect(r.links).toEqual(["connecting", "polling"]);
    r.stop.abort();
    await r.ended;
  });

  test("silence is death: opens another", async () => {
    const r = run(["hang", [{ case: undefined }]], 50);
    await until(() => expect(r.links).toContain("live"));
    expect(r.live.at).toBe(2);
    r.stop.abort();
    await r.ended;
  });

  test("stops when the session is over, and lets the next question tell it", async () => {
    const r = run(["signedout"]);
    await r.ended;
    expect(r.client.tries()).toBe(1);
    expect(r.refresh).toHaveBeenCalledTimes(1);
  });

  test("works over a Connect transport", async () => {
    const cabinet = new FakeCabinet({ tills: [] });
    const changes: WatchResponse["change"][] = [];
    const links: Link[] = [];
    const stop = new AbortController();
    const ended = watch({
      client: createClient(FleetService, cabinet.transport),
      tillId: "",
      onChange: (c) => changes.push(c),
      onLink: (l) => links.push(l),
      onRefresh: () => {},
      signal: stop.signal,
    });
    await until(() => expect(links).toContain("live"));
    cabinet.say({ case: "till", value: till(now) });
    await until(() => expect(changes.at(-1)?.case).toBe("till"));
    stop.abort();
    await ended;
  });
});
