/**
 * Puts one change of the stream into the query cache. Nothing here moves a row: what is on screen is replaced in
 * its place; what is new goes where its time puts it (operations, commands) or to the end (tills).
 */
import {
  create,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { createConnectQueryKey } from "@connectrpc/connect-query";
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import {
  type Command,
  CommandState,
  GetCommandResponseSchema,
  ListCommandsResponseSchema,
} from "../gen/cabinet/v1/commands_pb";
import {
  DocumentsService,
  type ListDocumentsResponse,
  type ListOperationsResponse,
  ListOperationsResponseSchema,
  ListUndecidedResponseSchema,
  type OperationView,
} from "../gen/cabinet/v1/documents_pb";
import {
  FleetService,
  type GetTillResponse,
  GetTillResponseSchema,
  type ListTillsResponse,
  ListTillsResponseSchema,
  type Till,
  type WatchResponse,
} from "../gen/cabinet/v1/fleet_pb";
import { RemoteService } from "../gen/cabinet/v1/remote_pb";
import {
  type ListRolloutsResponse,
  ListRolloutsResponseSchema,
  type Rollout,
  UpdatesService,
} from "../gen/cabinet/v1/updates_pb";
import { Stage } from "../gen/fiscal/v1/fiscal_pb";

/** Rows of one page of a list. */
export const PAGE = 50;

/** What the pages ask of lists; the stream patches the same keys. */
export const inputs = {
  tills: {},
  till: (id: string) => ({ id }),
  operations: (tillId: string) => ({ tillId, limit: PAGE, page: "" }),
  documents: (tillId: string, types: readonly number[] = []) => ({
    tillId,
    limit: PAGE,
    page: "",
    types: [...types],
  }),
  commands: (tillId: string) => ({ tillId, limit: PAGE }),
  command: (id: string) => ({ id }),
  undecided: {},
  tickets: (tillId: string, closed: boolean) => ({ tillId, closed }),
};

/** True when `a` was said before `b`: an answer of a slow call must not undo what the stream has told since. */
export function tillOlder(a: Till, b: Till): boolean {
  return a.heardMs < b.heardMs && a.reportedMs <= b.reportedMs;
}

/** Tills in their places, new ones at the end; the same list when all of them are known better. */
export function withTills(tills: readonly Till[], told: readonly Till[]): readonly Till[] {
  const places = new Map(tills.map((t, i) => [t.id, i]));
  let after: Till[] | undefined;
  for (const till of told) {
    const at = places.get(till.id);
    const known = at === undefined ? undefined : (after ?? tills)[at];
    if (known && tillOlder(till, known)) continue;
    after ??= [...tills];
    if (at === undefined) places.set(till.id, after.push(till) - 1);
    else after[at] = till;
  }
  return after ?? tills;
}

/** An operation in its place if it is a later revision; a new one where its time puts it, newest first. */
export function withOperation(
  pages: readonly (readonly OperationView[])[],
  view: OperationView,
  complete = true,
): readonly (readonly OperationView[])[] {
  const key = view.operation?.key;
  for (const [p, page] of pages.entries()) {
    const at = page.findIndex((v) => v.operation?.key === key);
    if (at < 0) continue;
    const known = page[at]?.operation;
    if (known && view.operation && known.revision > view.operation.revision) return pages;
    return pages.with(p, page.with(at, view));
  }
  const accepted = view.operation?.acceptedMs ?? 0n;
  for (const [p, page] of pages.entries()) {
    const at = page.findIndex((v) => (v.operation?.acceptedMs ?? 0n) <= accepted);
    if (at >= 0) return pages.with(p, page.toSpliced(at, 0, view));
  }
  // Older than all that is read: its place is on a page to come, if there is one.
  if (!complete) return pages;
  return pages.length === 0 ? [[view]] : pages.with(-1, [...(pages.at(-1) ?? []), view]);
}

/** Operations that need a person, oldest first: one comes, changes in its place, or leaves when it is decided. */
export function withUndecided(list: readonly OperationView[], view: OperationView): readonly OperationView[] {
  const op = view.operation;
  if (!op) return list;
  const at = list.findIndex((v) => v.tillId === view.tillId && v.operation?.key === op.key);
  const known = list[at]?.operation;
  if (known && known.revision > op.revision) return list;
  if (op.stage !== Stage.NEEDS_PERSON) return at < 0 ? list : list.toSpliced(at, 1);
  if (at >= 0) return list.with(at, view);
  const after = list.findIndex((v) => (v.operation?.acceptedMs ?? 0n) > op.acceptedMs);
  return list.toSpliced(after < 0 ? list.length : after, 0, view);
}

const FINAL = new Set([CommandState.DONE, CommandState.FAILED, CommandState.EXPIRED]);

/** The command has come to its end. */
export function commandEnded(c: Command): boolean {
  return FINAL.has(c.state);
}

/** How far a command is: what is further replaces what is less far, never the reverse. */
export function commandProgress(c: Command): number {
  const ended = c.run?.steps.filter((s) => s.endedMs > 0n).length ?? 0;
  const begun = c.run?.steps.filter((s) => s.beganMs > 0n).length ?? 0;
  return (commandEnded(c) ? 10_000_000 : c.state * 1_000_000) + ended * 1000 + begun;
}

/** A command in its place if it is further; a new one where its time puts it, newest first. */
export function withCommand(commands: readonly Command[], command: Command): Command[] {
  const at = commands.findIndex((c) => c.id === command.id);
  if (at < 0) {
    const before = commands.findIndex((c) => c.createdMs <= command.createdMs);
    return commands.toSpliced(before < 0 ? commands.length : before, 0, command);
  }
  const known = commands[at];
  if (known && commandProgress(known) > commandProgress(command)) return commands as Command[];
  return commands.with(at, command);
}

/** Patches the cache by changes of one stream. */
export class Merger {
  readonly #client: QueryClient;
  readonly #transport: Transport;
  readonly #queues = new Map<string, string>();

  constructor(client: QueryClient, transport: Transport) {
    this.#client = client;
    this.#transport = transport;
  }

  /** Takes what came close together, in order but for tills: thousands of them go into the list at once. */
  all(changes: readonly WatchResponse["change"][]): void {
    this.#tills(changes.flatMap((c) => (c.case === "till" ? [c.value] : [])));
    for (const c of changes) if (c.case !== "till") this.apply(c);
  }

  apply(change: WatchResponse["change"]): void {
    switch (change.case) {
      case "till":
        this.#tills([change.value]);
        break;
      case "operation":
        this.operation(change.value);
        break;
      case "command":
        this.command(change.value);
        break;
      case "rollout":
        this.rollout(change.value);
        break;
      case "note":
        this.#anew(RemoteService.method.listNotes);
        this.#anew(RemoteService.method.listUnreadNotes);
        break;
      case "work":
        this.#anew(RemoteService.method.listWorks);
        this.#anew(RemoteService.method.getWork);
        break;
      case undefined: // keeps the stream alive
        break;
    }
  }

  /** What is on screen of a method is read anew; a call that is under way is not called off for it. */
  #anew(schema: DescMethodUnary): void {
    void this.#client.invalidateQueries(
      { queryKey: createConnectQueryKey({ schema, transport: this.#transport, cardinality: undefined }) },
      { cancelRefetch: false },
    );
  }

  #tills(told: readonly Till[]): void {
    if (told.length === 0) return;
    const { method } = FleetService;
    this.#put(this.#key(method.listTills, inputs.tills), told);
    const newest = new Map(told.map((t) => [t.id, t]));
    const one = createConnectQueryKey({
      schema: method.getTill,
      transport: this.#transport,
      cardinality: "finite",
    });
    for (const [key, old] of this.#client.getQueriesData<GetTillResponse>({ queryKey: one })) {
      const till = old?.till && newest.get(old.till.id);
      if (!till || (old.till && tillOlder(till, old.till))) continue;
      this.#patch(GetTillResponseSchema, key, () => create(GetTillResponseSchema, { till }));
    }
    for (const till of told) this.#queueMoved(till);
  }

  /**
   * Puts tills into the list. Setting data would compare the list that is with the list that comes, field by field, which takes a
   * quarter of a second with five thousand tills; that it is another one is known here.
   */
  #put(key: readonly unknown[], told: readonly Till[]): void {
    const list = this.#client.getQueryCache().find<ListTillsResponse>({ queryKey: key, exact: true });
    const old = list?.state.data;
    if (!list || !old) return;
    const tills = withTills(old.tills, told);
    if (tills === old.tills) return;
    list.setState({
      data: create(ListTillsResponseSchema, { tills: tills as Till[], total: old.total }),
      dataUpdateCount: list.state.dataUpdateCount + 1,
      dataUpdatedAt: Date.now(),
      error: null,
      isInvalidated: false,
      status: "success",
    });
  }

  /** Whether the operator has a document follows from the till's queue, so the lists are read anew when it moves. */
  #queueMoved(till: Till): void {
    const queue = `${till.state?.fn} ${till.state?.unsent} ${till.state?.unsentFd}`;
    const known = this.#queues.get(till.id);
    this.#queues.set(till.id, queue);
    if (known === undefined || known === queue) return;
    void this.#client.invalidateQueries({ queryKey: this.operationsKey(till.id) });
    void this.#client.invalidateQueries({ queryKey: this.documentsKey(till.id) });
  }

  operation(view: OperationView): void {
    this.#client.setQueryData<InfiniteData<ListOperationsResponse>>(
      this.operationsKey(view.tillId),
      (old) => {
        if (!old) return old;
        const before = old.pages.map((p) => p.operations);
        const after = withOperation(before, view, !old.pages.at(-1)?.nextPage);
        if (after === before) return old;
        return {
          ...old,
          pages: old.pages.map((page, i) =>
            after[i] === before[i]
              ? page
              : create(ListOperationsResponseSchema, {
                  operations: [...(after[i] ?? [])],
                  nextPage: page.nextPage,
                }),
          ),
        };
      },
    );
    const { listUndecided } = DocumentsService.method;
    this.#patch(ListUndecidedResponseSchema, this.#key(listUndecided, inputs.undecided), (old) => {
      const after = withUndecided(old.operations, view);
      return after === old.operations ? old : create(ListUndecidedResponseSchema, { operations: [...after] });
    });
    if (view.operation?.document) this.#document(view);
  }

  command(command: Command): void {
    const { method } = FleetService;
    this.#patch(
      ListCommandsResponseSchema,
      this.#key(method.listCommands, inputs.commands(command.tillId)),
      (old) => create(ListCommandsResponseSchema, { commands: withCommand(old.commands, command) }),
    );
    this.#patch(GetCommandResponseSchema, this.#key(method.getCommand, inputs.command(command.id)), (old) =>
      old.command && commandProgress(old.command) > commandProgress(command)
        ? old
        : create(GetCommandResponseSchema, { command }),
    );
  }

  /** The list takes the rollout in its place; its agents are read anew where they are on screen. */
  rollout(rollout: Rollout): void {
    const { method } = UpdatesService;
    const list = this.#key(method.listRollouts, {});
    const known = this.#client.getQueryData<ListRolloutsResponse>(list);
    if (known && !known.rollouts.some((r) => r.id === rollout.id)) {
      void this.#client.invalidateQueries({ queryKey: list });
    }
    this.#patch(ListRolloutsResponseSchema, list, (old) =>
      create(ListRolloutsResponseSchema, {
        rollouts: old.rollouts.map((r) => (r.id === rollout.id ? rollout : r)),
      }),
    );
    void this.#client.invalidateQueries(
      { queryKey: this.#key(method.getRollout, { id: rollout.id }) },
      { cancelRefetch: false },
    );
  }

  /** Key of the operations of a till, page by page. */
  operationsKey(tillId: string) {
    return createConnectQueryKey({
      schema: DocumentsService.method.listOperations,
      transport: this.#transport,
      input: inputs.operations(tillId),
      pageParamKey: "page",
      cardinality: "infinite",
    });
  }

  /** Key of the documents of a till, page by page. */
  documentsKey(tillId: string) {
    return createConnectQueryKey({
      schema: DocumentsService.method.listDocuments,
      transport: this.#transport,
      input: inputs.documents(tillId),
      pageParamKey: "page",
      cardinality: "infinite",
    });
  }

  // An operation tells of its document, but when it was stored only the list of documents knows: ask for it again
  // when the document is new or one of its marks moved.
  #document(view: OperationView): void {
    const op = view.operation;
    if (!op?.document) return;
    const { fn, fd, type } = op.document;
    const lists = this.#client.getQueriesData<InfiniteData<ListDocumentsResponse>>({
      queryKey: this.documentsKey(view.tillId), // of all forms, and of some
    });
    for (const [key, old] of lists) {
      const types = (key[1] as { input?: { types?: number[] } } | undefined)?.input?.types ?? [];
      if (!old || (types.length > 0 && !types.includes(type))) continue;
      const known = old.pages
        .flatMap((p) => p.documents)
        .find((d) => d.document?.fn === fn && d.document?.fd === fd);
      if (known && known.paper === op.paper && known.ofd === op.ofd) continue;
      void this.#client.invalidateQueries({ queryKey: key, exact: true }, { cancelRefetch: false });
    }
  }

  #key<I extends DescMessage, O extends DescMessage>(
    schema: DescMethodUnary<I, O>,
    input: MessageInitShape<I>,
  ) {
    return createConnectQueryKey({ schema, transport: this.#transport, input, cardinality: "finite" });
  }

  #patch<D extends DescMessage>(
    _schema: D,
    key: readonly unknown[],
    change: (old: MessageShape<D>) => MessageShape<D>,
  ): void {
    this.#client.setQueryData<MessageShape<D>>(key, (old) => (old ? change(old) : old));
  }
}
