import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Clock } from "../model/clock.ts";
import type { Ways } from "../model/failure-policy.ts";
import type { Message } from "../model/message.ts";
import { arrayText } from "./array-text.ts";
import { messageFrom, type ParentColumns } from "./message-row.ts";
import { type WaitingRow, rowFrom, selectRows, withMessage } from "./queue-row.ts";
import { type TakenPart, takenPartsOf } from "./parts.ts";
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
  /** The id by which it stands among those of its priority; its own when left out. */
  readonly place?: string;
  /** What is known of its ways; left out where nothing is. */
  readonly ways?: Ways;
  /** Of the message that it was made of: whose it was, and where it came in. */
  readonly came?: Pick<Message, "account" | "channel">;
  /** Of a message that goes in parts, those that a peer has; none when left out. */
  readonly taken?: readonly TakenPart[];
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
  /**
   * Rows of each queue that has any, and since when the first of them is due; of `earlier` starts only,
   * for who counts what comes from now on himself.
   */
  counts(of?: "all" | "earlier"): Promise<Map<string, QueueCount>>;
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
  /**
   * Called at a start: parts of earlier ones that wait for the others of their text, in the order in
   * which they came, after this id. Their rows stay until they are joined or concluded.
   */
  waitingParts(after: string | undefined, limit: number): Promise<WaitingPart[]>;
  /**
   * For going through a queue from its front to its end: the next ids of rows that nobody has taken,
   * after `after`. Rows of messages made after `before` are left out, so that it ends however fast new
   * ones come.
   */
  walk(queue: string, walk: Walk): Promise<readonly Place[]>;
  /** The same, and all of these rows that wait to be tried again are due now. */
  hurry(
    queue: string,
    walk: Walk,
  ): Promise<{ readonly places: readonly Place[]; readonly hurried: number }>;
  /**
   * Those of these reports for customers after which another one of the same message was written.
   * Asked only before one is tried again.
   */
  outdated(reports: readonly string[]): Promise<ReadonlySet<string>>;
  /** Those of these rows that wait and that nobody has taken. */
  rowsOf(ids: readonly string[]): Promise<QueueRow[]>;
  /** What was given up, newest first. */
  deadLetters(limit: number): Promise<DeadLetter[]>;
  /**
   * Puts a dead letter back as work that is due now, as if it had not been tried; undefined when
   * there is none of this id.
   */
  revive(id: string): Promise<{ readonly id: string; readonly kind: string } | undefined>;
  /** Reports whose message is not known, newest first: still tried, or given up. */
  unmatched(limit: number): Promise<UnmatchedReport[]>;
}

/** Where a row stands in its queue. */
export interface Place {
  readonly id: string;
  /** Its own id, or the one that it stands under since it was put behind others. */
  readonly place: string;
  readonly priority: number;
}

export interface Walk {
  readonly after: Place | undefined;
  readonly before: string;
  readonly limit: number;
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

/** A part that waits, RECEIVING. */
export interface WaitingPart {
  readonly message: Message;
  /** The part that it repeats, by whose id its sender knows it. */
  readonly repeats: string | undefined;
}

export interface DeadLetter {
  readonly id: string;
  readonly root: string | undefined;
  readonly kind: string;
  readonly atMs: number;
  readonly reason: string;
  readonly payload: string;
}

export interface UnmatchedReport {
  readonly id: string;
  readonly state: "again" | "dead";
  readonly payload: string;
}

export interface QueueCount {
  readonly rows: number;
  /** Those that the peer may have already. */
  readonly uncertain: number;
  readonly oldestDueMs: number;
}

export function createQueue(parts: {
  readonly db: Kysely<Tables>;
  readonly startId: string;
  readonly clock: Clock;
}): Queue {
  const { db, startId, clock } = parts;

  return {
    async fetch(queue, limit) {
      const where = sql`p.queue = ${queue} and p.owner is null`;
      // One statement, so that both parts have the same now(): a row that becomes due between two
      // statements would be seen by neither, and nobody would look for it again.
      // To find the next of them takes a look at each row that waits: never while more are due than fit.
      const { rows } = await sql<WaitingRow & { next_in_ms: number | null; found: boolean }>`
        with r as materialized (
          ${selectRows} from pending p ${withMessage}
          where ${where} and p.due <= now()
          order by p.priority desc, coalesce(p.place, p.id) limit ${limit}
        ),
        n as (
          select case when (select count(*) from r) < ${limit} then (
            select (extract(epoch from min(p.due) - now()) * 1000)::float8
            from pending p where ${where} and p.due > now()
          ) end as next_in_ms
        )
        select r.*, r.id is not null as found, n.next_in_ms
        from n left join r on true
        order by r.priority desc, coalesce(r.place, r.id)`.execute(db);
      const due = rows.filter((row) => row.found);
      const inMs = due.length >= limit ? null : rows[0]?.next_in_ms;
      const nowMs = clock.nowMs();
      return {
        rows: await withParts(due.map((row) => rowFrom(row, nowMs))),
        nextDueMs: inMs === null || inMs === undefined ? undefined : Math.ceil(nowMs + inMs),
      };
    },
    async counts(of = "all") {
      const made = of === "all" ? sql`true` : sql`id < ${startId}::uuid`;
      const { rows } = await sql<{ queue: string; rows: number; uncertain: number; ms: number }>`
        select queue, count(*)::integer as rows,
          (count(*) filter (where maybe_twice))::integer as uncertain,
          (extract(epoch from min(due) - now()) * 1000)::float8 as ms
        from pending where kind = 'send' and ${made} group by queue order by queue`.execute(db);
      const nowMs = clock.nowMs();
      return new Map(
        rows.map(({ queue, ms, ...row }) => [
          queue,
          { ...row, oldestDueMs: Math.round(nowMs + ms) },
        ]),
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
      const { rows } = await sql<WaitingRow>`
        ${selectRows} from pending p ${withMessage}
        where p.kind = 'send' and p.expires <= now() and p.owner is null limit ${limit}`.execute(
        db,
      );
      const nowMs = clock.nowMs();
      return withParts(rows.map((row) => rowFrom(row, nowMs)));
    },
    async walk(queue, walk) {
      const { rows } = await placesIn(queue, walk).execute(db);
      return rows;
    },
    async hurry(queue, walk) {
      const { rows } = await sql<Place & { late: boolean }>`
        with places as materialized (${placesIn(queue, walk)}),
        hurried as (
          update pending set due = now()
          where id in (select id from places) and owner is null and due > now() and tries > 0 returning id
        )
        select p.id, p.place, p.priority, h.id is not null as late
        from places p left join hurried h on h.id = p.id
        order by p.priority desc, p.place`.execute(db);
      return { places: rows, hurried: rows.filter((row) => row.late).length };
    },
    async outdated(reports) {
      // One text may be told of under several ids, which customers were given for its parts.
      const { rows } = await sql<{ id: string }>`
        select one.id from message one
        where one.id = any (${arrayText(reports)}::uuid[]) and exists (
          select from message later
          where later.root = one.root and later.parent is not null and later.parent = one.parent
            and later.kind = 'report' and later.id > one.id
            and later.meta::jsonb #>> '{report,0}' = one.meta::jsonb #>> '{report,0}')`.execute(db);
      return new Set(rows.map((row) => row.id));
    },
    async rowsOf(ids) {
      if (ids.length === 0) return [];
      const { rows } = await sql<WaitingRow>`
        ${selectRows} from pending p ${withMessage}
        where p.id = any (${arrayText(ids)}::uuid[]) and p.kind = 'send' and p.owner is null`.execute(
        db,
      );
      const nowMs = clock.nowMs();
      return withParts(rows.map((row) => rowFrom(row, nowMs)));
    },
    async waitingEvents(limit) {
      const { rows } = await sql<WaitingEvent>`
        select id, root, kind, tries, payload from pending
        where queue = '' and kind <> 'part' and due <= now() order by due, id limit ${limit}`.execute(
        db,
      );
      return rows;
    },
    async waitingParts(after, limit) {
      const { rows } = await sql<MessageTable & ParentColumns & { payload: string }>`
        select m.*, p.payload, null as parent_body, null as parent_data_coding,
          null as parent_meta, null as parent_from, null as parent_to
        from (
          select id, payload from pending
          where queue = '' and kind = 'part' and id > ${after ?? front.place}::uuid
            and id < ${startId}::uuid
          order by id limit ${limit}
        ) p
        cross join lateral (select * from message where id = p.id offset 0) m
        order by m.id`.execute(db);
      return rows.map((row) => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only flush.ts writes it.
        const { repeats } = JSON.parse(row.payload) as { readonly repeats?: string };
        return { message: messageFrom(row), repeats };
      });
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
    async revive(id) {
      // One statement, so one transaction. A report that was given up had no root.
      const { rows } = await sql<{ id: string; kind: string }>`
        with letter as (delete from dead_letter where id = ${id}::uuid returning *),
        revived as (
          insert into pending (id, root, kind, queue, priority, due, expires, tries, maybe_twice, payload)
          select id, coalesce(root, id), case kind when 'report' then 'match' else kind end, '', 0,
            now(), 'infinity', 0, false, payload
          from letter
        )
        select id, kind from letter`.execute(db);
      return rows[0];
    },
    async unmatched(limit) {
      const { rows } = await sql<UnmatchedReport>`
        (select id, 'again' as state, payload from pending
          where queue = '' and kind = 'match' order by id desc limit ${limit})
        union all
        (select id, 'dead' as state, payload from dead_letter
          where kind = 'report' order by id desc limit ${limit})
        order by id desc limit ${limit}`.execute(db);
      return rows;
    },
  };

  /** Nothing is asked for what was never handed over or was not written here, which is nearly all. */
  async function withParts(rows: QueueRow[]): Promise<QueueRow[]> {
    const ids = rows.flatMap(({ id, message, tries, maybeTwice }) =>
      message.sms?.text !== undefined && (tries > 0 || maybeTwice) ? id : [],
    );
    if (ids.length === 0) return rows;
    const taken = await takenPartsOf(db, ids);
    return rows.map((row) => {
      const parts = taken.get(row.id);
      return parts === undefined ? row : { ...row, taken: parts };
    });
  }
}

/** Two pieces of the index, in its order, so that each step begins where the last one ended. */
function placesIn(queue: string, { after, before, limit }: Walk): RawBuilder<Place> {
  const { place, priority } = after ?? front;
  const at = sql`coalesce(place, id)`;
  const where = sql`queue = ${queue} and id < ${before}::uuid and owner is null`;
  return sql<Place>`
    (select id, ${at} as place, priority from pending
      where ${where} and priority = ${priority} and ${at} > ${place}::uuid
      order by ${at} limit ${limit})
    union all
    (select id, ${at} as place, priority from pending
      where ${where} and priority < ${priority} order by priority desc, ${at} limit ${limit})
    limit ${limit}`;
}

/** Before every row: above the highest smallint that is used, and below every id. */
const front: Omit<Place, "id"> = {
  place: "00000000-0000-0000-0000-000000000000",
  priority: 32_767,
};
