import { type Kysely, type RawBuilder, sql } from "kysely";
import { idFrom } from "../model/id.ts";
import type { Message, TraceLine } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import type { AttemptView } from "../model/view.ts";
import { type ParentColumns, linesFrom, messageFrom } from "./message-row.ts";
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
}

export interface Wanted {
  readonly all: boolean;
  readonly limit: number;
  readonly account?: string;
  readonly channel?: string;
  readonly status?: Status;
  /** Sender or destination of an original, with or without `+`. */
  readonly number?: string;
  /** Only those older than this id, to go on where a list ended. */
  readonly before?: string;
}

/** A page; more is asked for again with `before`. */
const listRowsMax = 1_000;

/** A number's lives in one answer. */
const livesMax = 100;

export function createMessages(db: Kysely<Tables>): Messages {
  return {
    async life(key, limit) {
      const roots = await rootsFor(db, key, Math.min(limit, livesMax));
      return Promise.all(roots.map((root) => lifeOf(db, root)));
    },
    async list({ all, limit, account, channel, status, number, before }) {
      const numbers = number === undefined ? null : bothForms(number);
      const { rows } = await sql<Row>`
        ${selectEntries}
        where (${all} or m.kind <> 'bind')
          and (${account ?? null}::text is null or m.account = ${account ?? null})
          and (${channel ?? null}::text is null or m.channel = ${channel ?? null})
          and (${status ?? null}::text is null
            or (m.kind <> 'report' and coalesce(s.status, r.status) = ${status ?? null})
            or (m.kind = 'report' and ${reportIs(status)}))
          and (${numbers}::text[] is null
            or (m.parent is null
              and (m.to_address = any (${numbers}) or m.from_address = any (${numbers}))))
          and (${before ?? null}::uuid is null or m.id < ${before ?? null}::uuid)
        order by m.id desc limit ${Math.min(limit, listRowsMax)}`.execute(db);
      return entriesFrom(db, rows);
    },
    async show(id) {
      const full = idFrom(id);
      if (full === undefined) return undefined;
      const { rows } = await sql<Row>`${selectEntries} where m.id = ${full}::uuid`.execute(db);
      const [entry] = await entriesFrom(db, rows);
      return entry;
    },
  };
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
    maybe_twice: boolean | null;
  };

const selectEntries = sql`
  select m.*, o.body as parent_body, o.data_coding as parent_data_coding, o.meta as parent_meta,
    o.from_address as parent_from, o.to_address as parent_to,
    r.status, r.error, s.status as own_status, s.error as own_error,
    p.queue, p.due, p.tries, p.owner is not null as own_sending, p.maybe_twice,
    r.status = 'QUEUED' and exists (
      select from message c join pending q on q.id = c.id
      where c.root = m.root and c.parent is not null and c.id > m.root and c.kind <> 'report'
        and q.owner is not null
    ) as life_sending
  from message m
  left join lateral (select * from message where id = m.parent offset 0) o on true
  join lateral (select * from state where id = m.root offset 0) r on true
  left join lateral (select * from state where id = m.id offset 0) s on true
  left join lateral (select * from pending where id = m.id offset 0) p on true`;

/** The lines that say of a report out how it ended, and so stand for a state of its own. */
const ENDS: Readonly<Record<string, Status>> = { delivered: "DELIVERED", failed: "FAILED" };

function reportIs(status: Status | undefined): RawBuilder<boolean> {
  if (status === "QUEUED") return sql`p.id is not null`;
  const what = Object.keys(ENDS).find((word) => ENDS[word] === status);
  if (what === undefined) return sql`false`;
  // As text, because PostgreSQL's json functions refuse what a script may have written (U+0000).
  return sql`exists (
    select from trace t where t.root = m.root
      and t.lines ~ (${`"what":"${what}","facts":\\{[^}]*"message":"`}::text || m.id || '"'))`;
}

async function rootsFor(db: Kysely<Tables>, key: string, limit: number): Promise<string[]> {
  const id = idFrom(key);
  if (id !== undefined) {
    const { rows } = await sql<{ root: string }>`
      select root from message where id = ${id}::uuid`.execute(db);
    if (rows.length > 0) return rows.map((row) => row.root);
  }
  const text = key.replaceAll("\0", "");
  if (text === "") return [];
  const byProvider = await sql<{ root: string }>`
    select distinct root from attempt
    where provider_id is not null
      and ltrim(lower(provider_id collate "C"), '0') = ltrim(lower(${text} collate "C"), '0')
    order by root desc limit ${limit}`.execute(db);
  if (byProvider.rows.length > 0) return byProvider.rows.map((row) => row.root);
  const numbers = bothForms(text);
  const byNumber = await sql<{ id: string }>`
    (select id from message where parent is null and to_address = any (${numbers})
      order by id desc limit ${limit})
    union
    (select id from message where parent is null and from_address = any (${numbers})
      order by id desc limit ${limit})
    order by id desc limit ${limit}`.execute(db);
  return byNumber.rows.map((row) => row.id);
}

/** A person may write a number with or without its `+`. */
function bothForms(number: string): string[] {
  return number.startsWith("+") ? [number, number.slice(1)] : [number, `+${number}`];
}

async function lifeOf(db: Kysely<Tables>, root: string): Promise<LifeRow> {
  // Children are made after their original, so days before it are not looked at.
  const { rows } = await sql<Row>`
    ${selectEntries} where m.id = ${root}::uuid
    union all
    ${selectEntries} where m.root = ${root}::uuid and m.parent is not null and m.id > ${root}::uuid
    order by id`.execute(db);
  const entries = await entriesFrom(db, rows);
  const first = rows[0];
  if (first === undefined) throw new Error(`the life ${root} has no rows`);
  return {
    root,
    status: first.life_sending ? "SENDING" : first.status,
    error: first.error ?? undefined,
    entries,
  };
}

async function entriesFrom(db: Kysely<Tables>, rows: readonly Row[]): Promise<EntryRow[]> {
  const ids = rows.map((row) => row.id);
  const attempts = new Map<string, AttemptView[]>();
  const traces = new Map<string, TraceLine[]>();
  const maybeTwice = new Set<string>();
  if (ids.length > 0) {
    const found = await db
      .selectFrom("attempt")
      .selectAll()
      .where("id", "in", ids)
      .orderBy("at")
      .orderBy("tries")
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

function attemptFrom(row: Tables["attempt"]): AttemptView {
  return {
    tries: row.tries,
    channel: row.channel,
    providerId: row.provider_id ?? undefined,
    status: row.status,
    error: row.error ?? undefined,
    atMs: row.at.getTime(),
  };
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, (list = []));
  return list;
}
