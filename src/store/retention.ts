import { type Kysely, sql } from "kysely";
import { firstIdAt } from "../model/id.ts";
import { keepDay, reportDaysMax } from "./ledger-days.ts";
import { rollUpLedger } from "./ledger-months.ts";
import { codeOf } from "./system-error.ts";
import { idempotencyHours } from "./idempotency.ts";
import type { Tables } from "./tables.ts";

export interface RetentionSettings {
  readonly keepTraceDays: number;
  /** At least `keepTraceDays`. */
  readonly keepMessageDays: number;
  /** Channels whose reports are awaited; what is SENT on another one has its last status. */
  readonly awaitedOn: readonly string[];
}

/** A day that is older than `keepMessageDays` and of which something is not over yet. */
export interface KeptDay {
  /** `20260731`, UTC. */
  readonly day: string;
  /** What waits in a queue, is to be decided, or waits for its report. */
  readonly rows: number;
}

export interface Swept {
  /** Partitions, as `message_p20260731`. */
  readonly dropped: readonly string[];
  /** Such that were in use just now; tried again with the next sweep. */
  readonly busy: readonly string[];
  readonly kept: readonly KeptDay[];
  /** Rows deleted one by one: of no day's partition, dead letters, entries that became a month's. */
  readonly deleted: number;
}

/**
 * Dropping a partition needs its whole table for an instant. Who writes stands in line behind us for
 * so long at most, when a long query is in our way. It is less than `deadlock_timeout`, so that it is
 * always we who give way.
 */
const lockTimeoutMs = 200;

/** Rows that one delete takes, so that it holds nobody up and its transaction is short. */
const rowsPerDelete = 5_000;

/** Deletes of one table in a sweep; what is more comes with the next. */
const deletesPerSweep = 200;

const dayMs = 86_400_000;

/**
 * Forgets what is older than it may be: whole days by dropping their partitions, the rest by deletes.
 * A day with a message that still waits is kept, except its trace. Called by the upkeep every hour;
 * a second call at the same time does no harm. Rejects when the database is away; what was done
 * until then is done.
 */
export async function sweepOld(
  db: Kysely<Tables>,
  settings: RetentionSettings,
  nowMs: number,
): Promise<Swept> {
  // Ids have our time and the database has its own; when one is ahead, the earlier one counts.
  const agreedMs = Math.min(nowMs, await nowOf(db));
  const traceFromMs = firstKeptMs(agreedMs, settings.keepTraceDays);
  const messagesFromMs = firstKeptMs(agreedMs, settings.keepMessageDays);
  const kept = await keptDays(db, messagesFromMs, settings.awaitedOn);
  const held = new Set(kept.map(({ day }) => day));
  const dropped: string[] = [];
  const busy: string[] = [];
  for (const { name, parent, day } of await partitions(db)) {
    const fromMs = parent === "trace" ? traceFromMs : messagesFromMs;
    if (day >= dayOf(fromMs) || (parent !== "trace" && held.has(day))) continue;
    if (parent === "message") await keepDay(db, day);
    // The message goes first: without it a life is not found, so nobody sees one half gone.
    ((await drop(db, name)) ? dropped : busy).push(name);
  }
  let deleted = 0;
  for (const part of defaultParts(messagesFromMs, traceFromMs, settings.awaitedOn))
    deleted += await deleteAll(db, part);
  deleted += await rollUpLedger(db, messagesFromMs);
  return { dropped, busy, kept, deleted };
}

/** The first day of which something may be younger than so many days. */
function firstKeptMs(nowMs: number, keepDays: number): number {
  return Math.floor((nowMs - keepDays * dayMs) / dayMs) * dayMs;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll("-", "");
}

async function nowOf(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ ms: number }>`
    select (extract(epoch from now()) * 1000)::float8 as ms`.execute(db);
  return rows[0]?.ms ?? 0;
}

interface Partition {
  readonly name: string;
  readonly parent: string;
  readonly day: string;
}

/** Those that are made for a day, oldest first, `message` before what belongs to it. */
async function partitions(db: Kysely<Tables>): Promise<Partition[]> {
  const { rows } = await sql<Partition>`
    select c.relname as name, p.relname as parent, right(c.relname, 8) as day
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    join pg_class p on p.oid = i.inhparent
    where p.oid = any (array['message', 'state', 'attempt', 'trace']::regclass[])
      and c.relname ~ '_p[0-9]{8}$'
    order by day, array_position(array['message', 'state', 'attempt', 'trace'], p.relname::text)`.execute(
    db,
  );
  return rows;
}

/**
 * Days before this moment that hold a message which is not over, or what such a message needs: its
 * original, the one whose content it shares, the one that a waiting status is about.
 */
async function keptDays(
  db: Kysely<Tables>,
  fromMs: number,
  awaitedOn: readonly string[],
): Promise<KeptDay[]> {
  const from = firstIdAt(fromMs);
  const awaited = sql`status = 'SENT' and report_asked and channel = any (${[...awaitedOn]}::text[])`;
  const { rows } = await sql<KeptDay>`
    with held (row, id) as (
      select p.id, unnest(array[p.id, p.root, m.parent,
        case p.kind when 'event' then
          substring(p.payload from '^[{]"message":"([0-9a-f-]{36})"')::uuid end])
      from pending p
      left join lateral (select parent from message where id = p.id offset 0) m on true
      where p.root < ${from}::uuid
      union all
      select id, unnest(array[id, root]) from attempt where id < ${from}::uuid and ${awaited}
      union all
      select c.id, c.root from message c
      cross join lateral (select from attempt where id = c.id and ${awaited} limit 1 offset 0) a
      where c.parent is not null and c.root < ${from}::uuid and c.id >= ${from}::uuid
    )
    select to_char(to_timestamp(
        ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint / 1000.0
      ) at time zone 'utc', 'YYYYMMDD') as day, count(distinct row)::integer as rows
    from held where id < ${from}::uuid
    group by day order by day`.execute(db);
  return rows;
}

/** False when somebody uses the table and did not let go of it in time. */
async function drop(db: Kysely<Tables>, name: string): Promise<boolean> {
  try {
    // Alone in its transaction: with two locks we could stand crosswise to the writer.
    await db.transaction().execute(async (transaction) => {
      await sql`select set_config('lock_timeout', ${`${lockTimeoutMs}ms`}, true)`.execute(
        transaction,
      );
      await sql`drop table if exists ${sql.table(name)}`.execute(transaction);
    });
    return true;
  } catch (cause) {
    if (codeOf(cause) === "55P03") return false;
    throw cause;
  }
}

/** What is to be deleted row by row. */
interface Part {
  readonly table: string;
  readonly where: ReturnType<typeof sql>;
}

/**
 * A default partition holds what came when the clock was wrong, and the lines of lives whose day is
 * gone already.
 */
function defaultParts(
  messagesFromMs: number,
  traceFromMs: number,
  awaitedOn: readonly string[],
): Part[] {
  const from = firstIdAt(messagesFromMs);
  const over = sql`id < ${from}::uuid and root not in (
    select root from pending where root < ${from}::uuid
    union all
    select root from attempt where id < ${from}::uuid and status = 'SENT' and report_asked
      and channel = any (${[...awaitedOn]}::text[]))`;
  return [
    { table: "message_default", where: over },
    { table: "state_default", where: over },
    { table: "attempt_default", where: over },
    { table: "trace_default", where: sql`root < ${firstIdAt(traceFromMs)}::uuid` },
    {
      table: "ledger_day",
      where: sql`day < current_date - ${reportDaysMax}::integer`,
    },
    { table: "http_batch", where: sql`at < to_timestamp(${messagesFromMs / 1000})` },
    { table: "idempotency", where: sql`at < now() - ${`${idempotencyHours} hours`}::interval` },
    { table: "dead_letter", where: sql`at < to_timestamp(${messagesFromMs / 1000})` },
    { table: "webhook_call", where: sql`dead_at < to_timestamp(${messagesFromMs / 1000})` },
  ];
}

async function deleteAll(db: Kysely<Tables>, { table, where }: Part): Promise<number> {
  let deleted = 0;
  for (let n = 0; n < deletesPerSweep; n += 1) {
    const { numAffectedRows } = await sql`
      delete from ${sql.table(table)} where ctid = any (array(
        select ctid from ${sql.table(table)} where ${where} limit ${rowsPerDelete}))`.execute(db);
    const count = Number(numAffectedRows ?? 0n);
    deleted += count;
    if (count < rowsPerDelete) break;
  }
  return deleted;
}
