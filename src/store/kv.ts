import { type Kysely, sql } from "kysely";
import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import { openLane } from "./kv-lane.ts";
import type { Tables } from "./tables.ts";

/** What is kept under one key. */
export interface KvEntry {
  /** JSON. */
  readonly value: string;
  /** Milliseconds since 1970 UTC; undefined: until it is deleted. */
  readonly expiresMs: number | undefined;
}

/** What a change makes of an entry: without `next` it stays as it is, null takes it away. */
export interface KvChange<Answer> {
  readonly answer: Answer;
  readonly next?: KvEntry | null;
}

export interface KvPlace {
  readonly namespace: string;
  readonly key: string;
}

/**
 * What scripts keep. Many calls at a time: those of one moment go as one statement. Rejects with
 * `database_unreachable` when the database did not answer for 2 s; with `overloaded` when 10,000
 * calls wait; with `kv_full` when a namespace would have too many entries.
 */
export interface KvTable {
  get(place: KvPlace): Promise<KvEntry | undefined>;
  /**
   * Replaces an entry by what `decide` makes of it, as if nothing else happened meanwhile; resolves
   * when it is committed. `decide` is called once and must be pure; what it throws rejects this call only.
   */
  change<Answer>(
    place: KvPlace,
    decide: (entry: KvEntry | undefined) => KvChange<Answer>,
  ): Promise<Answer>;
  /** By key, as octets. */
  list(namespace: string, page: KvPage): Promise<(KvEntry & { readonly key: string })[]>;
  /** Those that have entries, with how many, by name. */
  namespaces(): Promise<{ readonly namespace: string; readonly entries: number }[]>;
  /** Takes away what has expired; called by itself each minute. */
  sweep(): Promise<void>;
  /** Commits what was asked. */
  close(): Promise<void>;
}

export interface KvPage {
  readonly prefix: string;
  /** Keys above this one. */
  readonly after: string;
  readonly limit: number;
}

/** Entries of one namespace; some 100 MB of small ones. What is more is a table of one's own. */
export const kvEntriesMax = 1_000_000;

/** What expired is not seen in any case, so this bounds only what it takes up on the disk. */
const sweepMs = 60_000;

/** Rows of one statement of the sweep: some 10 ms, for which changes wait. */
const sweepRows = 2_000;

/** Waits before a statement that failed is tried again; a server that died is back after a second. */
const againMs = [50, 200, 500, 1_200] as const;

interface Reading {
  readonly place: KvPlace;
  resolve(entry: KvEntry | undefined): void;
  reject(cause: unknown): void;
}

interface Changing {
  readonly place: KvPlace;
  /** Gives what is to be kept, and who is to be told when it is committed. */
  decide(entry: KvEntry | undefined): { next?: KvEntry | null; done: () => void };
  reject(cause: unknown): void;
}

/**
 * The gateway that has the lock is the only one who writes here, so a change is decided in memory, one
 * batch after another, and written as the value that it leads to. A statement of which nobody knows
 * whether it was committed is therefore simply run again, and counts once.
 */
export function createKvTable(given: {
  readonly db: Kysely<Tables>;
  readonly clock: Clock;
  readonly log: Log;
  readonly entriesMax?: number;
}): KvTable {
  const { db, clock, log, entriesMax = kvEntriesMax } = given;
  /** Entries per namespace, expired ones that were not swept included; read when one is added. */
  const counts = new Map<string, number>();
  const reads = openLane(readBatch);
  const writes = openLane(writeBatch);
  let swept: Promise<void> | undefined;
  const timer = setInterval(() => {
    void sweep().catch((cause: unknown) => log.warn({ err: cause }, "kv was not swept"));
  }, sweepMs);
  timer.unref();

  async function readBatch(batch: readonly Reading[]): Promise<void> {
    try {
      const found = await patiently(() => entriesAt(batch));
      for (const { place, resolve } of batch) resolve(living(found.get(nameOf(place))));
    } catch (cause) {
      for (const { reject } of batch) reject(cause);
    }
  }

  async function writeBatch(batch: readonly Changing[]): Promise<void> {
    try {
      const found = await patiently(() => entriesAt(batch));
      await countNamespaces(batch, found);
      const changed = new Map<string, { place: KvPlace; next: KvEntry | null }>();
      const done: (() => void)[] = [];
      for (const one of batch) {
        const name = nameOf(one.place);
        const now = changed.has(name) ? (changed.get(name)?.next ?? undefined) : found.get(name);
        try {
          const decided = one.decide(living(now));
          if (decided.next !== undefined) {
            count(one.place, now, decided.next);
            changed.set(name, { place: one.place, next: decided.next });
          }
          done.push(decided.done);
        } catch (cause) {
          one.reject(cause);
        }
      }
      if (changed.size > 0) await patiently(() => write([...changed.values()]));
      for (const tell of done) tell();
    } catch (cause) {
      // What of it was written is not known.
      counts.clear();
      for (const { reject } of batch) reject(cause);
    }
  }

  function living(entry: KvEntry | undefined): KvEntry | undefined {
    const { expiresMs = Infinity } = entry ?? {};
    return expiresMs <= clock.nowMs() ? undefined : entry;
  }

  /** Throws when there would be too many. */
  function count({ namespace }: KvPlace, now: KvEntry | undefined, next: KvEntry | null): void {
    const entries = counts.get(namespace) ?? 0;
    const more = (next === null ? 0 : 1) - (now === undefined ? 0 : 1);
    if (more > 0 && entries >= entriesMax) {
      void sweep().catch(() => {});
      throw new GatewayError(
        "kv_full",
        `The kv namespace ${namespace} has ${entriesMax} entries; delete some, or set them with a ttlMs`,
      );
    }
    counts.set(namespace, entries + more);
  }

  async function countNamespaces(
    batch: readonly Changing[],
    found: ReadonlyMap<string, KvEntry>,
  ): Promise<void> {
    for (const { place } of batch) {
      const { namespace } = place;
      if (counts.has(namespace) || found.has(nameOf(place))) continue;
      const { rows } = await patiently(() =>
        sql<{ entries: number }>`
          select count(*) as entries from kv where namespace = ${namespace}`.execute(db),
      );
      counts.set(namespace, rows[0]?.entries ?? 0);
    }
  }

  async function entriesAt(
    batch: readonly { readonly place: KvPlace }[],
  ): Promise<Map<string, KvEntry>> {
    const places = [...new Map(batch.map(({ place }) => [nameOf(place), place])).values()];
    const { rows } = await sql<Row>`
      select kv.namespace, kv.key, kv.value, kv.expires_at as "expiresAt"
      from unnest(
        ${places.map(({ namespace }) => namespace)}::text[],
        ${places.map(({ key }) => key)}::text[]
      ) asked (namespace, key)
      join kv on kv.namespace = asked.namespace and kv.key = asked.key`.execute(db);
    return new Map(rows.map((row) => [nameOf(row), entryOf(row)]));
  }

  async function write(
    changed: readonly { readonly place: KvPlace; readonly next: KvEntry | null }[],
  ): Promise<void> {
    const gone = changed.filter(({ next }) => next === null).map(({ place }) => place);
    const kept = changed.flatMap(({ place, next }) =>
      next === null ? [] : [{ ...place, ...next }],
    );
    await sql`
      with gone as (
        delete from kv using unnest(
          ${gone.map(({ namespace }) => namespace)}::text[],
          ${gone.map(({ key }) => key)}::text[]
        ) asked (namespace, key)
        where kv.namespace = asked.namespace and kv.key = asked.key
      )
      insert into kv (namespace, key, value, expires_at)
      select * from unnest(
        ${kept.map(({ namespace }) => namespace)}::text[],
        ${kept.map(({ key }) => key)}::text[],
        ${kept.map(({ value }) => value)}::text[],
        ${kept.map(({ expiresMs }) => (expiresMs === undefined ? null : new Date(expiresMs)))}::timestamptz[]
      )
      on conflict (namespace, key)
      do update set value = excluded.value, expires_at = excluded.expires_at`.execute(db);
  }

  /** One at a time, between batches: no change can meet a row that is just being taken away. */
  function sweep(): Promise<void> {
    swept ??= sweepAll().finally(() => (swept = undefined));
    return swept;
  }

  async function sweepAll(): Promise<void> {
    for (let rows = sweepRows; rows === sweepRows;) rows = await writes.between(sweepSome);
  }

  async function sweepSome(): Promise<number> {
    const { rows } = await sql<{ namespace: string }>`
      delete from kv where (namespace, key) in (
        select namespace, key from kv where expires_at <= ${new Date(clock.nowMs())} limit ${sweepRows}
      ) returning namespace`.execute(db);
    for (const { namespace } of rows) {
      const entries = counts.get(namespace);
      if (entries !== undefined) counts.set(namespace, entries - 1);
    }
    return rows.length;
  }

  return {
    get: (place) => new Promise((resolve, reject) => reads.add({ place, resolve, reject })),
    change: (place, decide) =>
      new Promise((resolve, reject) => {
        const one: Changing = {
          place,
          reject,
          decide(entry) {
            const { answer, ...next } = decide(entry);
            return { ...next, done: () => resolve(answer) };
          },
        };
        writes.add(one);
      }),
    async list(namespace, { prefix, after, limit }) {
      const { rows } = await sql<Row>`
        select namespace, key, value, expires_at as "expiresAt" from kv
        where namespace = ${namespace} and key >= ${prefix} and starts_with(key, ${prefix})
          and (key < ${beyond(prefix)} or ${beyond(prefix)} = '')
          and key > ${after} and (expires_at is null or expires_at > ${new Date(clock.nowMs())})
        order by key limit ${limit}`.execute(db);
      return rows.map((row) => ({ key: row.key, ...entryOf(row) }));
    },
    async namespaces() {
      const { rows } = await sql<{ namespace: string; entries: number }>`
        select namespace, count(*) as entries from kv
        where expires_at is null or expires_at > ${new Date(clock.nowMs())}
        group by namespace order by namespace`.execute(db);
      return rows;
    },
    sweep,
    async close() {
      clearInterval(timer);
      await Promise.all([reads.idle(), writes.idle()]);
    },
  };
}

interface Row extends KvPlace {
  readonly value: string;
  readonly expiresAt: Date | null;
}

function entryOf({ value, expiresAt }: Row): KvEntry {
  return { value, expiresMs: expiresAt?.getTime() };
}

function nameOf({ namespace, key }: KvPlace): string {
  // Neither of them has a control character.
  return `${namespace}\n${key}`;
}

/** The first key after all with this prefix, so that the index ends there; empty: there is none. */
function beyond(prefix: string): string {
  const last = prefix.codePointAt(prefix.length - 1);
  // Past ASCII the next character is not always the next code point; then the prefix alone decides.
  if (last === undefined || last >= 0x7e) return "";
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

/** Each of our statements may be run again, so a connection that died is no reason to give up. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const waitMs of [...againMs, undefined]) {
    try {
      return await work();
    } catch (cause) {
      if (waitMs !== undefined) await new Promise((end) => setTimeout(end, waitMs));
      else
        throw new GatewayError("database_unreachable", "kv: the database does not answer", {
          cause,
        });
    }
  }
  throw new Error("no try was the last one");
}
