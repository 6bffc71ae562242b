import { type Kysely, type RawBuilder, sql } from "kysely";
import { firstIdAt, idFrom } from "../model/id.ts";
import type { Message, TraceLine } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import type { AttemptView } from "../model/view.ts";
import { arrayText } from "./array-text.ts";
import { type ParentColumns, linesFrom, messageFrom } from "./message-row.ts";
import { boundsOf } from "./moves.ts";
import { type Side, newestOfNumbers } from "./of-number.ts";
import { bothForms, rootsFor } from "./roots.ts";
import { newestOfShort } from "./short-ids.ts";
import type { MessageTable, Tables } from "./tables.ts";

/** Everything about one SMS: the original and what came of it, oldest first. */
export interface LifeRow {
  readonly root: string;
  readonly status: Status;
  readonly error: string | undefined;
  readonly entries: readonly EntryRow[];
}

/** One message of a life. Its octets are as stored; what they say is for the reader to decode. */
export interface EntryRow {
  readonly message: Message;
  readonly status: Status;
  readonly error: string | undefined;
  readonly pending:
    | { readonly queue: string; readonly dueMs: number; readonly tries: number }
    | undefined;
  readonly maybeTwice: boolean;
  /** An operator has sent it once more, as another message of the same life, which stands for it now. */
  readonly superseded: boolean;
  readonly attempts: readonly AttemptView[];
  /** Of the acceptance and, for the original, of all that came after it. */
  readonly log: readonly TraceLine[];
  /** What is told of the whole life after the acceptance; the same for all its entries. */
  readonly lifeLog: readonly TraceLine[];
  readonly atMs: number;
}

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
      // All in one: with a partition for each day it is planning that takes the time.
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
      const { rows } = await sql<Row>`
        ${selectEntries}
        where (${all} or m.kind <> 'bind')
          and (${account ?? null}::text is null or m.account = ${account ?? null})
          and (${channel ?? null}::text is null or m.channel = ${channel ?? null})
          and (${status ?? null}::text is null
            or (m.kind <> 'report' and ${ownStatus} = ${status ?? null})
            or (m.kind = 'report' and ${reportIs(status)}))
          ${before === undefined ? sql`` : sql`and m.id < ${before}::uuid`}
          ${least === undefined ? sql`` : sql`and m.id >= ${least}::uuid`}
          ${ofNumber === undefined ? sql`` : sql`and m.id = any (array(${ofNumber}))`}
          ${only === undefined ? sql`` : sql`and m.id = any (array(${idsOf(only, before)}))`}
        order by m.id desc limit ${Math.min(limit, listRowsMax)}`.execute(db);
      return entriesFrom(db, rows);
    },
    async show(id) {
      const full = idFrom(id) ?? (await newestOfShort(db, id));
      if (full === undefined) return undefined;
      const { rows } = await sql<Row>`${selectEntries} where m.id = ${full}::uuid`.execute(db);
      const [entry] = await entriesFrom(db, rows);
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

type Row = MessageTable &
  ParentColumns & {
    status: Status;
    error: string | null;
    own_status: Status | null;
    own_error: string | null;
    queue: string | null;
    due: Date | null;
    tries: number | null;
    own_sending: boolean;
    life_sending: boolean;
    superseded: boolean;
    maybe_twice: boolean | null;
  };

/** Of the tries of a message the last one; of those of its parts any may have ended so. */
const FAILURES: readonly Status[] = ["FAILED", "EXPIRED", "NOTDELIVERED"];

/** A message that was sent once more has lost its state to the newer one, or shares it with that. */
const isSuperseded = sql<boolean>`
  (m.kind = 'sms' and m.parent is not null and s.id is null and (r.children > 1 or exists (
    select from message c
    where c.root = m.root and c.parent = m.parent and c.id > m.id and c.kind = 'sms'
  )))`;

const ownStatus = sql<Status>`
  case when ${isSuperseded}
    then (select a.status from attempt a where a.id = m.id
      order by a.status = any (${arrayText(FAILURES)}::text[]) desc, a.at desc, a.tries desc limit 1)
    else coalesce(s.status, r.status) end`;

const selectEntries = sql`
  select m.*, o.body as parent_body, o.data_coding as parent_data_coding, o.meta as parent_meta,
    o.from_address as parent_from, o.to_address as parent_to,
    r.status, r.error, s.status as own_status, s.error as own_error,
    p.queue, p.due, p.tries, p.owner is not null as own_sending, p.maybe_twice,
    r.status = 'QUEUED' and exists (
      select from message c join pending q on q.id = c.id
      where c.root = m.root and c.parent is not null and c.id > m.root and c.kind <> 'report'
        and q.owner is not null
    ) as life_sending,
    ${isSuperseded} as superseded
  from message m
  left join lateral (select * from message where id = m.parent offset 0) o on true
  join lateral (select * from state where id = m.root offset 0) r on true
  left join lateral (select * from state where id = m.id offset 0) s on true
  left join lateral (select * from pending where id = m.id offset 0) p on true`;

/** The lines that say of a report out how it ended, and so stand for a state of its own. */
const ENDS: Readonly<Record<string, Status>> = {
  delivered: "DELIVERED",
  failed: "FAILED",
  cancelled: "CANCELLED",
  dropped: "CANCELLED",
};

function reportIs(status: Status | undefined): RawBuilder<boolean> {
  if (status === "QUEUED") return sql`p.id is not null`;
  const words = Object.keys(ENDS).filter((word) => ENDS[word] === status);
  if (words.length === 0) return sql`false`;
  // As text, because PostgreSQL's json functions refuse what a script may have written (U+0000).
  return sql`exists (
    select from trace t where t.root = m.root
      and t.lines ~ (${`"what":"(${words.join("|")})","facts":\\{[^}]*"message":"`}::text || m.id || '"'))`;
}

/** In this order; those are left out whose original's day is not kept any more, though a later one is. */
async function livesOf(db: Kysely<Tables>, roots: readonly string[]): Promise<LifeRow[]> {
  const least = roots.reduce((one, other) => (other < one ? other : one), roots[0] ?? "");
  if (least === "") return [];
  // Children are made after their original, so days before it are not looked at.
  const { rows } = await sql<Row>`
    ${selectEntries} where m.id = any (${arrayText(roots)}::uuid[])
    union all
    ${selectEntries} where m.root = any (${arrayText(roots)}::uuid[])
      and m.parent is not null and m.id > ${least}::uuid
    order by id`.execute(db);
  const entries = Map.groupBy(await entriesFrom(db, rows), ({ message }) => message.root);
  const states = new Map(rows.map((row) => [row.root, row]));
  return roots.flatMap((root) => {
    const state = states.get(root);
    if (state === undefined) return [];
    return {
      root,
      status: state.life_sending ? "SENDING" : state.status,
      error: state.error ?? undefined,
      entries: entries.get(root) ?? [],
    };
  });
}

async function entriesFrom(db: Kysely<Tables>, rows: readonly Row[]): Promise<EntryRow[]> {
  const ids = rows.map((row) => row.id);
  const attempts = new Map<string, AttemptView[]>();
  const traces = new Map<string, TraceLine[]>();
  const maybeTwice = new Set<string>();
  if (ids.length > 0) {
    const { lowest, highest } = boundsOf(ids);
    const found = await db
      .selectFrom("attempt")
      .selectAll()
      .where("id", "in", ids)
      // By these PostgreSQL leaves out other days.
      .where(sql<boolean>`id between ${lowest}::uuid and ${highest}::uuid`)
      .orderBy("at")
      .orderBy("tries")
      .orderBy("part")
      .execute();
    for (const one of found) {
      listIn(attempts, one.id).push(attemptFrom(one));
      if (one.maybe_twice) maybeTwice.add(one.id);
    }
    const lines = await db
      .selectFrom("trace")
      .select(["root", "lines"])
      // How a report out ended stands in the trace of its root, which may not be among the rows.
      .where("root", "in", [...new Set(rows.map((row) => row.root))])
      .orderBy("at")
      .execute();
    for (const one of lines) listIn(traces, one.root).push(...linesFrom(one.lines));
  }
  return rows.map((row) => {
    const message = messageFrom(row);
    const tried = attempts.get(row.id) ?? [];
    const sending = row.parent === null ? row.life_sending : row.own_sending;
    const ended =
      row.kind === "report"
        ? endOfReport(row, traces.get(row.root) ?? [])
        : row.superseded
          ? endOfSuperseded(tried)
          : {
              status: row.own_status ?? row.status,
              error: (row.own_status === null ? row.error : row.own_error) ?? undefined,
            };
    return {
      message,
      status: sending && ended.status === "QUEUED" ? "SENDING" : ended.status,
      error: ended.error,
      pending:
        row.queue === null || row.due === null
          ? undefined
          : { queue: row.queue, dueMs: row.due.getTime(), tries: row.tries ?? 0 },
      superseded: row.superseded,
      maybeTwice: (row.maybe_twice ?? false) || maybeTwice.has(row.id),
      attempts: tried,
      log: [...message.log, ...(traces.get(row.id) ?? [])],
      lifeLog: traces.get(row.root) ?? [],
      atMs: row.at.getTime(),
    };
  });
}

/** While it waits it stands in the queue; without either, its trace has been forgotten. */
function endOfReport(
  row: Row,
  lines: readonly TraceLine[],
): { readonly status: Status; readonly error: string | undefined } {
  if (row.queue !== null) return { status: "QUEUED", error: undefined };
  for (const { what, facts } of lines) {
    const status = ENDS[what];
    if (status === undefined || facts["message"] !== row.id) continue;
    const { error } = facts;
    return { status, error: error === undefined ? undefined : String(error) };
  }
  return { status: "SENT", error: undefined };
}

/** The life goes on without it, so what is known of it is how its last try, or a part of it, ended. */
function endOfSuperseded(attempts: readonly AttemptView[]): {
  readonly status: Status;
  readonly error: string | undefined;
} {
  const last = attempts.findLast(({ status }) => FAILURES.includes(status)) ?? attempts.at(-1);
  return { status: last?.status ?? "CANCELLED", error: last?.error };
}

function attemptFrom(row: Tables["attempt"]): AttemptView {
  return {
    tries: row.tries,
    channel: row.channel,
    providerId: row.provider_id ?? undefined,
    status: row.status,
    error: row.error ?? undefined,
    atMs: row.at.getTime(),
    part: row.part ?? undefined,
    parts: row.parts ?? undefined,
  };
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, (list = []));
  return list;
}
