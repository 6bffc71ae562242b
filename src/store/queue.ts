import { type Kysely, sql } from "kysely";
import type { Clock } from "../model/clock.ts";
import type { Message } from "../model/message.ts";
import { messageFrom, type ParentColumns } from "./message-row.ts";
import type { MessageTable, Tables } from "./tables.ts";

/** A message that waits to go out. */
export interface QueueRow {
  readonly id: string;
  /** With the octets of its parent where it shares them. */
  readonly message: Message;
  readonly queue: string;
  readonly priority: number;
  /** Milliseconds since 1970 UTC. */
  readonly dueMs: number;
  readonly expiresMs: number;
  /** Tries made so far. */
  readonly tries: number;
  /** The peer may have it already. */
  readonly maybeTwice: boolean;
}

/** What stands in `pending`: the crash copy of what memory is doing. */
export interface Queue {
  /**
   * The first due rows of a queue in (priority, id) order, except those that this start has taken.
   * `nextDueMs` is the moment at which the next of the others is due; undefined when all that wait
   * are due now or the limit was reached.
   */
  fetch(
    queue: string,
    limit: number,
  ): Promise<{ readonly rows: QueueRow[]; readonly nextDueMs: number | undefined }>;
  /** Rows of each queue that has any, and since when the first of them is due. */
  counts(): Promise<Map<string, QueueCount>>;
  /**
   * Called once per start, before anything is sent: what an earlier start had in flight becomes free
   * and is marked, because the peer may have it. Gives how many.
   */
  takeUp(): Promise<number>;
  /** Rows of all queues whose validity has ended and that nobody has taken, at most `limit`. */
  expired(limit: number): Promise<QueueRow[]>;
  /**
   * The first due statuses to decide and reports without a message, oldest first. Nobody claims
   * them: one caller asks, and again when it is done with them.
   */
  waitingEvents(limit: number): Promise<WaitingEvent[]>;
  /** What was given up, newest first. */
  deadLetters(limit: number): Promise<DeadLetter[]>;
}

/** Work that waits without being sent. */
export interface WaitingEvent {
  readonly id: string;
  readonly root: string;
  readonly kind: "event" | "match";
  /** Tries made so far. */
  readonly tries: number;
  readonly payload: string;
}

export interface DeadLetter {
  readonly id: string;
  readonly root: string | undefined;
  readonly kind: string;
  readonly atMs: number;
  readonly reason: string;
  readonly payload: string;
}

export interface QueueCount {
  readonly rows: number;
  readonly oldestDueMs: number;
}

type Row = Omit<MessageTable, "at"> &
  ParentColumns & {
    queue: string;
    priority: number;
    due_in_ms: number;
    expires_in_ms: number;
    tries: number;
    maybe_twice: boolean;
  };

export function createQueue(parts: {
  readonly db: Kysely<Tables>;
  readonly startId: string;
  readonly clock: Clock;
}): Queue {
  const { db, startId, clock } = parts;

  return {
    async fetch(queue, limit) {
      const where = sql`p.queue = ${queue} and p.owner is distinct from ${startId}::uuid`;
      // One statement, so that both parts have the same now(): a row that becomes due between two
      // statements would be seen by neither, and nobody would look for it again.
      const { rows } = await sql<Row & { next_in_ms: number | null; found: boolean }>`
        select r.*, r.id is not null as found, n.next_in_ms
        from (
          select (extract(epoch from min(p.due) - now()) * 1000)::float8 as next_in_ms
          from pending p where ${where} and p.due > now()
        ) n
        left join (
          ${selectRows} from pending p ${withMessage}
          where ${where} and p.due <= now()
          order by p.priority desc, p.id limit ${limit}
        ) r on true
        order by r.priority desc, r.id`.execute(db);
      const due = rows.filter((row) => row.found);
      const inMs = due.length >= limit ? null : rows[0]?.next_in_ms;
      const nowMs = clock.nowMs();
      return {
        rows: due.map((row) => rowFrom(row, nowMs)),
        nextDueMs: inMs === null || inMs === undefined ? undefined : Math.ceil(nowMs + inMs),
      };
    },
    async counts() {
      const { rows } = await sql<{ queue: string; rows: number; ms: number }>`
        select queue, count(*)::integer as rows,
          (extract(epoch from min(due) - now()) * 1000)::float8 as ms
        from pending where kind = 'send' group by queue order by queue`.execute(db);
      const nowMs = clock.nowMs();
      return new Map(
        rows.map((row) => [row.queue, { rows: row.rows, oldestDueMs: Math.round(nowMs + row.ms) }]),
      );
    },
    async takeUp() {
      const taken = await db
        .updateTable("pending")
        .set({ owner: null, maybe_twice: true })
        .where("owner", "is not", null)
        .where("owner", "!=", startId)
        .executeTakeFirst();
      return Number(taken.numUpdatedRows);
    },
    async expired(limit) {
      const { rows } = await sql<Row>`
        ${selectRows} from pending p ${withMessage}
        where p.kind = 'send' and p.expires <= now() and p.owner is null limit ${limit}`.execute(
        db,
      );
      const nowMs = clock.nowMs();
      return rows.map((row) => rowFrom(row, nowMs));
    },
    async waitingEvents(limit) {
      const { rows } = await sql<WaitingEvent>`
        select id, root, kind, tries, payload from pending
        where queue = '' and due <= now() order by due, id limit ${limit}`.execute(db);
      return rows;
    },
    async deadLetters(limit) {
      const rows = await db
        .selectFrom("dead_letter")
        .selectAll()
        .orderBy("id", "desc")
        .limit(limit)
        .execute();
      return rows.map(({ root, at, ...row }) => ({
        ...row,
        root: root ?? undefined,
        atMs: at.getTime(),
      }));
    },
  };
}

// Times go out as distances from now, so that due times are of the database's clock and the gateway
// may have another one.
const selectRows = sql`
  select m.*, p.queue, p.priority, p.tries, p.maybe_twice,
    (extract(epoch from p.due - now()) * 1000)::float8 as due_in_ms,
    (extract(epoch from p.expires - now()) * 1000)::float8 as expires_in_ms`;

// One look-up per row and day, whatever the statistics say.
const withMessage = sql`
  cross join lateral (
    select m.id, m.root, m.parent, m.direction, m.kind, m.channel, m.account, m.from_address,
      m.to_address, m.body, m.data_coding, m.meta, m.hops, m.log,
      o.body as parent_body, o.data_coding as parent_data_coding, o.meta as parent_meta,
      o.from_address as parent_from, o.to_address as parent_to
    from message m
    left join lateral (select * from message where id = m.parent offset 0) o on true
    where m.id = p.id offset 0) m`;

function rowFrom(row: Row, nowMs: number): QueueRow {
  return {
    id: row.id,
    message: messageFrom(row),
    queue: row.queue,
    priority: row.priority,
    dueMs: Math.round(nowMs + row.due_in_ms),
    expiresMs: Math.round(nowMs + row.expires_in_ms),
    tries: row.tries,
    maybeTwice: row.maybe_twice,
  };
}
