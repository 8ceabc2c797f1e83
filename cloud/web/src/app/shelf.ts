/**
 * Where the last answers of the cabinet lie between two openings of the page: the browser's own database, and the
 * memory where a browser has none or forbids it. Nothing here knows what the answers are.
 */

/** An answer as it lies there. */
export type Kept = {
  /** Whose and of what: person, organisation, method, what was asked. */
  key: string;
  /** When it was read, Unix ms. */
  at: number;
  /** The message, as bytes. */
  bytes: Uint8Array;
};

export type Shelf = {
  get(key: string): Promise<Kept | undefined>;
  put(answers: readonly Kept[]): Promise<void>;
  clear(): Promise<void>;
};

/** How many answers are kept; the oldest give way. */
export const MOST = 200;

export function memoryShelf(): Shelf {
  const all = new Map<string, Kept>();
  return {
    get: async (key) => all.get(key),
    put: async (answers) => {
      for (const a of answers) all.set(a.key, a);
      const oldest = [...all.values()].sort((a, b) => a.at - b.at);
      for (const a of oldest.slice(0, Math.max(0, all.size - MOST))) all.delete(a.key);
    },
    clear: async () => all.clear(),
  };
}

const STORE = "answers";
const BY_AGE = "at";

const asked = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open("chekan", 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE, { keyPath: "key" }).createIndex(BY_AGE, BY_AGE);
  };
  return asked(request);
}

export function browserShelf(): Shelf {
  let opened: Promise<IDBDatabase> | undefined;
  const store = async (mode: IDBTransactionMode) => {
    opened ??= open();
    return (await opened).transaction(STORE, mode).objectStore(STORE);
  };
  return {
    get: async (key) => asked<Kept | undefined>((await store("readonly")).get(key)),
    put: async (answers) => {
      const s = await store("readwrite");
      await Promise.all(answers.map((a) => asked(s.put(a))));
      let over = (await asked(s.count())) - MOST;
      if (over <= 0) return;
      const oldest = s.index(BY_AGE).openCursor();
      await new Promise<void>((resolve, reject) => {
        oldest.onerror = () => reject(oldest.error);
        oldest.onsuccess = () => {
          const cursor = oldest.result;
          if (!cursor || over-- <= 0) return resolve();
          cursor.delete();
          cursor.continue();
        };
      });
    },
    clear: async () => void (await asked((await store("readwrite")).clear())),
  };
}

let ours: Shelf | undefined;

/** The shelf of this browser. A browser that forbids its database loses nothing but what it would show offline. */
export function shelf(): Shelf {
  ours ??= typeof indexedDB === "undefined" ? memoryShelf() : browserShelf();
  return ours;
}
