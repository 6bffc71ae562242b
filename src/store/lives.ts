import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Message, TraceLine } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import type { AttemptView } from "../model/view.ts";
import { arrayText } from "./array-text.ts";
import { type ParentColumns, linesFrom, messageFrom } from "./message-row.ts";
import { boundsOf } from "./moves.ts";
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
const superseded = (children: RawBuilder<unknown>) => sql<boolean>`
  (m.kind = 'sms' and m.parent is not null and s.id is null and (r.children > 1 or exists (
    select from message c
    where c.root = m.root and c.parent = m.parent and c.id > m.id and c.kind = 'sms' and ${children}
  )))`;

/** Of a message `m` the state of its original and its own, and its place in the queue. */
const joinStates = (which: RawBuilder<unknown>) => sql`
  join lateral (select * from state where id = m.root and ${which} offset 0) r on true
  left join lateral (select * from state where id = m.id and ${which} offset 0) s on true
  left join lateral (select * from pending where id = m.id offset 0) p on true`;

/** For a filter by status: what it needs beside `message m`, on any day. */
export const statesOfAny = joinStates(sql`true`);

export function statusIs(status: Status): RawBuilder<boolean> {
  return sql`(
    (m.kind <> 'report' and case when ${superseded(sql`true`)}
      then (select a.status from attempt a where a.id = m.id
        order by a.status = any (${arrayText(FAILURES)}::text[]) desc, a.at desc, a.tries desc limit 1)
      else coalesce(s.status, r.status) end = ${status})
    or (m.kind = 'report' and ${reportIs(status)}))`;
}

/** A message as far as it says on which days its life is kept. */
export interface Found {
  readonly id: string;
  readonly root: string;
  readonly parent: string | null;
}

/**
 * PostgreSQL plans for each day that a table may be read on, and that takes longer than reading, the
 * first time above all. So each table is asked for ids that are known, whose days are then the only ones.
 */
async function read(
  db: Kysely<Tables>,
  which: {
    readonly ids: readonly string[];
    /** With their originals and parents. */
    readonly related: readonly string[];
    /** What is known of the ids of all `c` that have these originals. */
    readonly children: RawBuilder<unknown>;
  },
): Promise<Row[]> {
  const { ids, related, children } = which;
  const isRelated = sql`id = ${anyOf(related)}`;
  const { rows } = await sql<Row>`
    select m.*, o.body as parent_body, o.data_coding as parent_data_coding, o.meta as parent_meta,
      o.from_address as parent_from, o.to_address as parent_to,
      r.status, r.error, s.status as own_status, s.error as own_error,
      p.queue, p.due, p.tries, p.owner is not null as own_sending, p.maybe_twice,
      r.status = 'QUEUED' and exists (
        select from message c join pending q on q.id = c.id
        where c.root = m.root and c.parent is not null and c.id > m.root and c.kind <> 'report'
          and q.owner is not null and ${children}
      ) as life_sending,
      ${superseded(children)} as superseded
    from message m
    left join lateral (select * from message where id = m.parent and ${isRelated} offset 0) o on true
    ${joinStates(isRelated)}
    where m.id = ${anyOf(ids)}
    order by m.id`.execute(db);
  return rows;
}

export function anyOf(ids: readonly string[]): RawBuilder<unknown> {
  return sql`any (${arrayText(ids)}::uuid[])`;
}

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
export async function livesOf(db: Kysely<Tables>, roots: readonly string[]): Promise<LifeRow[]> {
  if (roots.length === 0) return [];
  const ids = await idsOfLives(db, roots);
  const rows = await read(db, { ids, related: ids, children: sql`c.id = ${anyOf(ids)}` });
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

/** Of at least one original: those, and of all that came of them. */
export async function idsOfLives(db: Kysely<Tables>, roots: readonly string[]): Promise<string[]> {
  // Children are made after their original, so days before it are not looked at.
  const { rows } = await sql<{ id: string }>`
    select id from message
    where root = ${anyOf(roots)} and parent is not null and id > ${boundsOf(roots).lowest}::uuid`.execute(
    db,
  );
  return [...roots, ...rows.map(({ id }) => id)];
}

/** In this order, each with what its life says of it. */
export async function entriesOf(db: Kysely<Tables>, found: readonly Found[]): Promise<EntryRow[]> {
  if (found.length === 0) return [];
  const ids = found.map(({ id }) => id);
  const roots = found.map(({ root }) => root);
  const parents = found.flatMap(({ parent }) => parent ?? []);
  const related = [...new Set([...ids, ...roots, ...parents])];
  const children = sql`c.id > ${boundsOf(roots).lowest}::uuid`;
  const entries = await entriesFrom(db, await read(db, { ids, related, children }));
  const byId = new Map(entries.map((entry) => [entry.message.id, entry]));
  return ids.flatMap((id) => byId.get(id) ?? []);
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
