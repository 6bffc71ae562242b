/** What triggers keep beyond one event. Part of "signalbox". */

/**
 * Keys and values in the database of the gateway, for state that outlives an event, a version of the
 * file and a restart: counters, who wrote last, what is being waited for. Each file has a namespace of its
 * own; `shared` is one that several files use.
 *
 * What has been awaited is committed. It is done at once and not undone when the event is rejected or
 * nobody waits for its decision any more; when an event is run again after a crash of the sandbox, it is
 * not done a second time. About 1 ms for each, and for many of one moment together.
 *
 * ```ts
 * const day = 86_400_000;
 * export const LIMIT = onMessage({ order: 5 }, async (message, { kv }) => {
 *   const sent = await kv.increment(`sent ${message.account}`, 1, { ttlMs: day });
 *   if (sent > 10_000) message.reject("throttled", "10,000 a day");
 * });
 * ```
 *
 * Limits: keys of 256 characters without control characters, values of 64 KiB as JSON, 1,000,000 entries
 * per namespace. What passes one of them is an error, thrown where the call is awaited.
 */
export interface Kv {
  /** The value, or undefined: nothing is kept there, or not any more. It is what the author says it is. */
  get<Value = unknown>(key: string): Promise<Value | undefined>;
  /** Keeps it in place of what was there, until `ttlMs` have passed, or for good without. */
  set(key: string, value: unknown, options?: Keeping): Promise<void>;
  /** true: something was there. */
  delete(key: string): Promise<boolean>;
  /**
   * Adds `by` (1 when left out; a whole number) to what is there, 0 if nothing is, and gives the sum, which no
   * other call gets. `ttlMs` counts from the call that makes the entry: what comes later is of the same
   * window of time. An error where something else than a whole number is kept.
   */
  increment(key: string, by?: number, options?: Keeping): Promise<number>;
  /**
   * Keeps `next` if what is there is `expected`, and tells whether it was: of several who try at once
   * one succeeds. `expected` undefined: nothing is there. `next` undefined: takes it away. Fields may
   * stand in any order.
   *
   * ```ts
   * export const FIRST = onMessage({}, async (message, { kv }) => {
   *   const mine = await kv.compareAndSet(`seen ${message.to}`, undefined, message.from);
   *   if (mine) message.trace("the first message to this number");
   * });
   * ```
   */
  compareAndSet(key: string, expected: unknown, next: unknown, options?: Keeping): Promise<boolean>;
  /** Entries in the order of their keys, one page at a time. */
  list<Value = unknown>(which?: Listing): Promise<KvPage<Value>>;
  /** A namespace that files share by its name: 1-64 letters, digits, `_`, `.`, `-`. */
  shared(name: string): Omit<Kv, "shared">;
}

/** How long a value is kept. */
export interface Keeping {
  /** Milliseconds from now after which it is gone, 1 to ten years; never when left out. */
  readonly ttlMs?: number;
}

/** Which entries, and how many at a time. */
export interface Listing {
  /** Keys that begin so; all when left out. */
  readonly prefix?: string;
  /** 1-1,000; 100 when left out. A page ends earlier at 128 KiB. */
  readonly limit?: number;
  /** Keys above this one: `next` of the page before. */
  readonly after?: string;
}

/** Some of the entries, by their keys. */
export interface KvPage<Value> {
  readonly entries: readonly { readonly key: string; readonly value: Value }[];
  /** For `after` of the next page; undefined: this was the last one. */
  readonly next: string | undefined;
}
