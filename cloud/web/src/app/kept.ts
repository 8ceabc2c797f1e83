/**
 * The last answers of the pages one opens first, kept for when there is no connection. Only readings in the table
 * below are kept, apart for each person and organisation; an answer comes back with the time when it was read, so
 * that the page tells its age, and never takes the place of one that the cabinet gave. When the session ends,
 * somebody else comes in or rights change, everything is wiped.
 */
import { create, type DescMethod, equals, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import type { InfiniteData, Query, QueryClient, QueryKey } from "@tanstack/react-query";
import {
  AccessService,
  type Person,
  PersonSchema,
  type WhoAmIResponse,
  WhoAmIResponseSchema,
} from "../gen/cabinet/v1/access_pb";
import { DocumentsService } from "../gen/cabinet/v1/documents_pb";
import { FleetService } from "../gen/cabinet/v1/fleet_pb";
import type { Kept, Shelf } from "./shelf";
import { toBytes } from "./slices";
import { troubleOf } from "./transport";

/** What is kept: home, tills, one till, receipts. Nothing that changes anything can be here: a test says so. */
export const KEPT: readonly DescMethod[] = [
  FleetService.method.listTills,
  FleetService.method.getTill,
  DocumentsService.method.listOutlets,
  DocumentsService.method.listOperations,
  DocumentsService.method.listDocuments,
  DocumentsService.method.searchDocuments,
  DocumentsService.method.getDocument,
  DocumentsService.method.getRevenue,
];

const WHO = AccessService.method.whoAmI;
const LIMIT = 4 << 20;
const RARELY = 30;
const nameOf = (m: DescMethod) => `${m.parent.typeName}/${m.name}`;
const METHODS = new Map([...KEPT, WHO].map((m) => [nameOf(m), m]));

type Key = { serviceName?: string; methodName?: string; input?: unknown; cardinality?: string };

function read(key: QueryKey): { method: DescMethod; asked: string; many: boolean } | undefined {
  const of = key[1] as Key | undefined;
  const method = METHODS.get(`${of?.serviceName}/${of?.methodName}`);
  if (!method || key[0] !== "connect-query") return undefined;
  return {
    method,
    asked: JSON.stringify([of?.cardinality, of?.input ?? {}]),
    many: of?.cardinality === "infinite",
  };
}

export type KeepOptions = {
  /** How long answers gather before they are written, ms. */
  pause?: number;
};

/** Keeps what the client reads, and gives it back where the cabinet does not answer. Returns how to stop. */
export function keepAnswers(queries: QueryClient, shelf: Shelf, { pause = 1000 }: KeepOptions = {}) {
  let owner = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  let due = 0;
  const dirty = new Map<string, Query>();
  // One after another: what was wiped must not be written after all.
  let last: Promise<unknown> = Promise.resolve();
  const then = (act: () => Promise<unknown>) => {
    last = last.then(act).catch(() => {}); // a full disk or a closed database: nothing will be shown offline
    return last;
  };

  const place = (method: DescMethod, asked: string) =>
    method === WHO ? "who" : `${owner} ${nameOf(method)} ${asked}`;

  const flush = () => {
    timer = undefined;
    const answers = [...dirty].flatMap(([key, query]) => {
      const found = read(query.queryKey);
      const message = found?.many ? (query.state.data as InfiniteData<Message>)?.pages[0] : query.state.data;
      if (!found || !message) return [];
      return { key, at: query.state.dataUpdatedAt, schema: found.method.output, message: message as Message };
    });
    dirty.clear();
    if (answers.length === 0) return;
    void then(async () => {
      const kept: Kept[] = [];
      for (const { key, at, schema, message } of answers) {
        const bytes = await toBytes(schema, message);
        if (bytes.length <= LIMIT) kept.push({ key, at, bytes });
      }
      await shelf.put(kept);
    });
  };

  /** What was read is written soon; what the stream puts into it, now and then: of thousands of tills some always change. */
  const later = (wait: number) => {
    const at = Date.now() + wait;
    if (timer !== undefined && due <= at) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(flush, wait);
  };

  const forget = () => {
    clearTimeout(timer);
    timer = undefined;
    dirty.clear();
    owner = "";
    return then(() => shelf.clear());
  };

  /** Somebody is here: what another person saw, or this one under other rights, goes. */
  const welcome = (query: Query) => {
    const who = query.state.data as WhoAmIResponse | undefined;
    if (!who?.person) return;
    owner = `${who.person.id} ${who.person.organisationId}`;
    const { person } = who;
    const bytes = toBinary(WhoAmIResponseSchema, who);
    const at = query.state.dataUpdatedAt;
    void then(async () => {
      const before = await shelf.get("who");
      if (before && !equals(PersonSchema, personOf(before.bytes), person)) await shelf.clear();
      await shelf.put([{ key: "who", at, bytes }]);
    });
  };

  const restore = (query: Query) => {
    const found = read(query.queryKey);
    if (!found || query.state.data !== undefined) return;
    void then(async () => {
      if (found.method !== WHO && !owner) return;
      const kept = await shelf.get(place(found.method, found.asked));
      // The cabinet may have answered meanwhile: its word is newer.
      if (!kept || query.state.data !== undefined) return;
      const message = fromBinary(found.method.output, kept.bytes);
      const data = found.many ? { pages: [message], pageParams: [first(query)] } : message;
      queries.setQueryData(query.queryKey, data, { updatedAt: kept.at });
    });
  };

  const stop = queries.getQueryCache().subscribe((event) => {
    if (event.type !== "updated") return;
    const { query, action } = event;
    const found = read(query.queryKey);
    if (!found) return;
    if (action.type === "success" || action.type === "setState") {
      if (found.method === WHO) welcome(query);
      else if (owner) {
        dirty.set(place(found.method, found.asked), query);
        later(action.type === "success" ? pause : pause * RARELY);
      }
    } else if (action.type === "failed" || action.type === "error") {
      const trouble = troubleOf(action.error);
      if (trouble === "signedout") void forget();
      else if (trouble === "unreachable") restore(query);
    }
  });
  return () => {
    stop();
    clearTimeout(timer);
    return last;
  };
}

/** The first page's parameter, as the page that asks knows it. */
function first(query: Query): unknown {
  return (query.options as { initialPageParam?: unknown }).initialPageParam;
}

function personOf(who: Uint8Array): Person {
  return fromBinary(WhoAmIResponseSchema, who).person ?? create(PersonSchema);
}
