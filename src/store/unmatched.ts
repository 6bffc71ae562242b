import { type Kysely, sql } from "kysely";
import { firstIdAt, idTimeMs } from "../model/id.ts";
import type { Status } from "../model/status.ts";
import { arrayText, quoted } from "./array-text.ts";
import type { Tables } from "./tables.ts";

/** Messages to one number that are looked through for the nearest ones. */
const perNumberMax = 20;

/** A message that a report may be about, going by its number. */
export interface SentTo {
  readonly id: string;
  readonly root: string;
  readonly channel: string;
  /** As in the answer; undefined when it gave none. */
  readonly providerId: string | undefined;
  readonly status: Status;
  readonly reportAsked: boolean;
  /** Milliseconds since 1970 UTC: when it was taken. */
  readonly atMs: number;
}

/** A report without its message: one that is still tried, or one that was given up. */
export interface UnmatchedRow {
  readonly id: string;
  readonly state: "again" | "dead";
  /** Tries made so far. */
  readonly tries: number;
  readonly payload: string;
}

/** Reports whose message is not known; for operators, so a query may take some milliseconds. */
export interface UnmatchedTable {
  /** How many there are with ids below this one; of these alone when ids are given. */
  count(of: { readonly before: string; readonly ids?: readonly string[] }): Promise<number>;
  /**
   * The next ones by id, behind `after`. Each waits in `pending` afterwards and is left alone by
   * everybody else for `leaseMs`; one that was given up gets `tries`, so that it is given up again when
   * this start ends before it is done with.
   */
  take(next: {
    readonly after: string;
    readonly before: string;
    readonly limit: number;
    readonly ids?: readonly string[] | undefined;
    readonly leaseMs: number;
    readonly tries: number;
  }): Promise<UnmatchedRow[]>;
  /**
   * Messages that went out to these numbers and were taken before `beforeMs`, newest first, whichever
   * channel they went by. In one query for all, in its order.
   */
  sentTo(
    asked: readonly { readonly numbers: readonly string[]; readonly beforeMs: number }[],
  ): Promise<(readonly SentTo[])[]>;
  /** When the oldest message that is kept came; undefined when none is. */
  oldestMs(): Promise<number | undefined>;
}

export function createUnmatchedTable(db: Kysely<Tables>): UnmatchedTable {
  return {
    async count({ before, ids }) {
      const { rows } = await sql<{ count: number }>`
        select count(*)::integer as count from (${placesOf(before, ids)}) p`.execute(db);
      return rows[0]?.count ?? 0;
    },
    async take({ after, before, limit, ids, leaseMs, tries }) {
      const due = sql`now() + ${leaseMs}::float8 * interval '1 ms'`;
      const { rows } = await sql<UnmatchedRow>`
        with picked as materialized (
          select id from (${placesOf(before, ids)}) p where id > ${after}::uuid
          order by id limit ${limit}
        ), letters as (
          delete from dead_letter where id in (select id from picked) returning id, payload
        ), revived as (
          insert into pending (id, root, kind, queue, priority, due, expires, tries, maybe_twice, payload)
          select id, id, 'match', '', 0, ${due}, 'infinity', ${tries}::integer, false, payload
          from letters
        ), waiting as (
          update pending set due = ${due} where id in (select id from picked)
          returning id, tries, payload
        )
        select id, 'dead' as state, ${tries}::integer as tries, payload from letters
        union all select id, 'again' as state, tries, payload from waiting
        order by id`.execute(db);
      return rows;
    },
    async sentTo(asked) {
      const positions: number[] = [];
      const numbers: string[] = [];
      const befores: string[] = [];
      for (const [position, one] of asked.entries())
        for (const number of new Set(one.numbers)) {
          positions.push(position);
          numbers.push(quoted(number));
          befores.push(firstIdAt(one.beforeMs));
        }
      const found: SentTo[][] = asked.map(() => []);
      if (positions.length === 0) return found;
      const { rows } = await sql<SentToRow>`
        select w.position, a.*
        from unnest(${arrayText(positions)}::int[], ${arrayText(numbers)}::text[],
          ${arrayText(befores)}::uuid[]) as w (position, number, before)
        cross join lateral (
          select id from (
            (select id from message
              where to_address = w.number and parent is null and kind = 'sms' and id < w.before
              order by id desc limit ${perNumberMax})
            union all
            (select root as id from message
              where to_address = w.number and parent is not null and kind = 'sms'
                and meta is not null and id < w.before
              order by message.id desc limit ${perNumberMax})
          ) roots group by id order by id desc limit ${perNumberMax} offset 0) r
        cross join lateral (
          select m.id, m.root, a.channel, a.provider_id, a.status, a.report_asked, a.at
          from message m cross join lateral (
            select * from attempt where id = m.id order by tries desc limit 1 offset 0) a
          where m.root = r.id and m.parent is not null and m.direction = 'out' and m.kind = 'sms'
            and m.to_address = w.number
          offset 0) a
        order by w.position, a.id desc`.execute(db);
      for (const { position, provider_id, report_asked, at, ...row } of rows)
        found[position]?.push({
          ...row,
          providerId: provider_id ?? undefined,
          reportAsked: report_asked,
          atMs: at.getTime(),
        });
      return found;
    },
    async oldestMs() {
      const row = await db
        .selectFrom("message")
        .select("id")
        .orderBy("id")
        .limit(1)
        .executeTakeFirst();
      return row === undefined ? undefined : idTimeMs(row.id);
    },
  };
}

interface SentToRow {
  readonly position: number;
  readonly id: string;
  readonly root: string;
  readonly channel: string;
  readonly provider_id: string | null;
  readonly status: Status;
  readonly report_asked: boolean;
  readonly at: Date;
}

function placesOf(before: string, ids: readonly string[] | undefined) {
  const these = ids === undefined ? sql`` : sql`and id = any (${arrayText(ids)}::uuid[])`;
  return sql<{ id: string }>`
    select id from pending where queue = '' and kind = 'match' and id < ${before}::uuid ${these}
    union all
    select id from dead_letter where kind = 'report' and id < ${before}::uuid ${these}`;
}
