import { type Kysely, type RawBuilder, sql } from "kysely";
import { firstIdAt, idFrom } from "../model/id.ts";
import type { Status } from "../model/status.ts";
import {
  type EntryRow,
  type Found,
  type LifeRow,
  entriesOf,
  livesOf,
  statesOfAny,
  statusIs,
} from "./lives.ts";
import { type Side, newestOfNumbers } from "./of-number.ts";
import { bothForms, rootsFor } from "./roots.ts";
import { idsOfShort } from "./short-ids.ts";
import type { Tables } from "./tables.ts";

/** Reads lives; for the operator, so each call is one or a few queries beside the hot path. */
export interface Messages {
  /**
   * Lives by our id (any form that we hand out) of any of their messages, else by the id that a
   * provider gave, else by a number, in or out. Newest first.
   */
  life(key: string, limit: number): Promise<LifeRow[]>;
  /** Messages, newest first; binds only with `all`. */
  list(wanted: Wanted): Promise<EntryRow[]>;
  /** By our id. */
  show(id: string): Promise<EntryRow | undefined>;
  /** Lives by the ids of their originals, newest first: one page of those that began at that time. */
  page(wanted: WantedLives): Promise<LifeRow[]>;
}

export interface WantedLives {
  /** Of this customer; everybody's when undefined. */
  readonly account: string | undefined;
  /** That began at this time or later, in milliseconds since 1970 UTC. */
  readonly sinceMs: number;
  /** Only those older than this id, to go on where a page ended. */
  readonly before: string | undefined;
  readonly limit: number;
}

export interface Wanted {
  readonly all: boolean;
  readonly limit: number;
  readonly account?: string;
  readonly channel?: string;
  readonly status?: Status;
  /** Sender or destination of an original, with or without `+`. */
  readonly number?: string;
  /** The one or the other only. */
  readonly to?: string;
  readonly from?: string;
  /** Of this time or later, in milliseconds since 1970 UTC. */
  readonly sinceMs?: number;
  /** Only those older than this id, to go on where a list ended. */
  readonly before?: string;
  readonly only?: Only;
}

/** What an operator looks for when something is wrong. */
export type Only =
  /**
   * Waits although it has been due for longer than that, or was taken by a provider whose report is
   * longer overdue than its channel waits.
   */
  | {
      readonly what: "stuck";
      readonly stuckMs: number;
      readonly reportWaits: readonly { readonly channel: string; readonly waitMs: number }[];
    }
  /** A peer may have it twice. */
  | { readonly what: "uncertain" }
  /** Accepted, and forwarded nowhere. */
  | { readonly what: "unrouted" };

/** A page; more is asked for again with `before`. */
const listRowsMax = 1_000;

/**
 * Ids that are looked through for a list of what is stuck, uncertain or unrouted: the newest of them.
 * What else is asked for is asked of these.
 */
const onlyRowsMax = 10_000;

/** A number's lives in one answer. */
const livesMax = 100;

export function createMessages(db: Kysely<Tables>): Messages {
  return {
    async life(key, limit) {
      return livesOf(db, await rootsFor(db, key, Math.min(limit, livesMax)));
    },
    async page({ account, sinceMs, before, limit }) {
      const { rows } = await sql<{ id: string }>`
        select id from message
        where parent is null and kind = 'sms' and id >= ${firstIdAt(sinceMs)}::uuid
          and (${account ?? null}::text is null or account = ${account ?? null})
          and (${before ?? null}::uuid is null or id < ${before ?? null}::uuid)
        order by id desc limit ${Math.min(limit, livesMax)}`.execute(db);
      return livesOf(
        db,
        rows.map(({ id }) => id),
      );
    },
    async list({ all, limit, account, channel, status, before, sinceMs, only, ...ends }) {
      const least = sinceMs === undefined ? undefined : firstIdAt(sinceMs);
      const asked = { before, least, limit: onlyRowsMax };
      const ofNumber = idsOfEnds(ends, asked);
      const { rows } = await sql<Found>`
        select m.id, m.root, m.parent from message m
        ${status === undefined ? sql`` : statesOfAny}
        where (${all} or m.kind <> 'bind')
          and (${account ?? null}::text is null or m.account = ${account ?? null})
          and (${channel ?? null}::text is null or m.channel = ${channel ?? null})
          ${status === undefined ? sql`` : sql`and ${statusIs(status)}`}
          ${before === undefined ? sql`` : sql`and m.id < ${before}::uuid`}
          ${least === undefined ? sql`` : sql`and m.id >= ${least}::uuid`}
          ${ofNumber === undefined ? sql`` : sql`and m.id = any (array(${ofNumber}))`}
          ${only === undefined ? sql`` : sql`and m.id = any (array(${idsOf(only, before)}))`}
        order by m.id desc limit ${Math.min(limit, listRowsMax)}`.execute(db);
      return entriesOf(db, rows);
    },
    async show(id) {
      const full = idFrom(id) ?? (await idsOfShort(db, id))[0];
      if (full === undefined) return undefined;
      const { rows } = await sql<Found>`
        select id, root, parent from message where id = ${full}::uuid`.execute(db);
      const [entry] = await entriesOf(db, rows);
      return entry;
    },
  };
}

/** The newest originals with these ends; undefined when none is named. */
function idsOfEnds(
  { number, to, from }: Pick<Wanted, "number" | "to" | "from">,
  asked: {
    readonly before: string | undefined;
    readonly least: string | undefined;
    readonly limit: number;
  },
): RawBuilder<{ id: string }> | undefined {
  const of = (text: string, ...sides: Side[]) =>
    newestOfNumbers(bothForms(text), { ...asked, sides });
  const all = [
    ...(number === undefined ? [] : [of(number, "to", "from")]),
    ...(to === undefined ? [] : [of(to, "to")]),
    ...(from === undefined ? [] : [of(from, "from")]),
  ];
  return all.length === 0 ? undefined : sql`(${sql.join(all, sql`) intersect (`)})`;
}

/** Newest first, so that the pages behind `before` are complete too. */
function idsOf(only: Only, before: string | undefined): RawBuilder<{ id: string }> {
  const older = before === undefined ? sql`true` : sql`id < ${before}::uuid`;
  const end = sql`and ${older} order by id desc limit ${onlyRowsMax}`;
  switch (only.what) {
    case "stuck": {
      const overdue = only.reportWaits.map(
        ({ channel, waitMs }) =>
          sql`(channel = ${channel} and at < now() - ${waitMs}::float8 * interval '1 ms')`,
      );
      const since = sql`due < now() - ${only.stuckMs}::float8 * interval '1 ms'`;
      return sql`
        (select id from pending where kind = 'send' and ${since} ${end})
        union all
        (select id from attempt where status = 'SENT' and report_asked
          and (${sql.join([sql`false`, ...overdue], sql` or `)}) ${end})`;
    }
    case "uncertain":
      return sql`
        (select id from pending where kind = 'send' and maybe_twice ${end})
        union all
        (select id from attempt where maybe_twice ${end})`;
    case "unrouted":
      return sql`(
        select id from state s where status = 'RECEIVED' and children = 0
          and exists (select from message o where o.id = s.id and o.kind = 'sms') ${end})`;
  }
}
