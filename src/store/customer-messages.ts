import { type Kysely, type RawBuilder, sql } from "kysely";
import { firstIdAt, idFrom } from "../model/id.ts";
import type { Message, TraceLine } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import { linesFrom, messageFrom } from "./message-row.ts";
import type { MessageTable, Tables } from "./tables.ts";

/** What customers read of what they sent themselves. */
export interface CustomerMessages {
  /** undefined for one that is not kept, or that is another account's. */
  read(account: string, id: string): Promise<SentMessage | undefined>;
  /** The same for several, in the order of the ids; those that are not there are left out. */
  readAll(account: string, ids: readonly string[]): Promise<readonly SentMessage[]>;
  /** Newest first, one page. */
  list(wanted: WantedPage): Promise<Page>;
  /** What happened to it, oldest first; undefined as by `read`. */
  trace(account: string, id: string): Promise<readonly TraceLine[] | undefined>;
}

export interface SentMessage {
  readonly message: Message;
  readonly status: Status;
  /** A code of the catalogue, or a peer's own words; undefined when all is well. */
  readonly error: string | undefined;
  /** Of the last change of the status. */
  readonly atMs: number;
}

/** All that is named must fit. */
export interface WantedPage {
  readonly account: string;
  readonly to?: string;
  readonly reference?: string;
  readonly status?: readonly Status[];
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** Only those older than this id. */
  readonly before?: string;
  readonly limit: number;
}

export interface Page {
  readonly messages: readonly SentMessage[];
  /** Where the next page begins; undefined when there is none. A page may have fewer than its limit. */
  readonly before: string | undefined;
}

/**
 * There is no index by account, which each message would pay for: so many of the newest of all are
 * looked through for one page, some 20 ms, and the next page goes on behind them.
 */
const lookedThroughMax = 20_000;

type Row = MessageTable & {
  readonly status: Status;
  readonly error: string | null;
  readonly state_at: Date;
};

export function createCustomerMessages(db: Kysely<Tables>): CustomerMessages {
  const messages: CustomerMessages = {
    async read(account, text) {
      const id = idFrom(text);
      const [found] = id === undefined ? [] : await rowsOf(account, [id]);
      return found;
    },
    readAll: (account, ids) => rowsOf(account, ids),
    async list(wanted) {
      const { account, to, reference, status, sinceMs, untilMs, before, limit } = wanted;
      const upper = before ?? (untilMs === undefined ? undefined : firstIdAt(untilMs));
      const bounds = sql.join(
        [
          sql`m.parent is null`,
          ...(upper === undefined ? [] : [sql`m.id < ${upper}::uuid`]),
          ...(sinceMs === undefined ? [] : [sql`m.id >= ${firstIdAt(sinceMs)}::uuid`]),
          ...(to === undefined ? [] : [sql`m.to_address = ${to}`]),
          ...(reference === undefined
            ? []
            : [sql`m.account = ${account} and ${hasReference(reference)}`]),
        ],
        sql` and `,
      );
      const inState =
        status === undefined
          ? sql`true`
          : sql`exists (select from state s where s.id = c.id and s.status = any (${[...status]}))`;
      const { rows } = await sql<{ ids: string[]; looked: number; last: string | null }>`
        with looked as materialized (
          select m.id, m.account, m.kind from message m
          where ${bounds} order by m.id desc limit ${lookedThroughMax})
        select
          array(select c.id from looked c
            where c.account = ${account} and c.kind = 'sms' and ${inState}
            order by c.id desc limit ${limit}) as ids,
          (select count(*)::integer from looked) as looked,
          (select id from looked order by id limit 1) as last`.execute(db);
      const { ids = [], looked = 0, last = null } = rows[0] ?? {};
      const isFull = ids.length === limit;
      const next = isFull ? ids.at(-1) : looked === lookedThroughMax ? last : undefined;
      return { messages: await rowsOf(account, ids), before: next ?? undefined };
    },
    async trace(account, text) {
      const found = await messages.read(account, text);
      if (found === undefined) return undefined;
      const { id, log } = found.message;
      const { rows } = await sql<{ lines: string }>`
        select lines from trace where root = ${id}::uuid order by at`.execute(db);
      return [...log, ...rows.flatMap(({ lines }) => linesFrom(lines))].toSorted(
        (one, other) => one.at - other.at,
      );
    },
  };
  return messages;

  async function rowsOf(account: string, ids: readonly string[]): Promise<SentMessage[]> {
    if (ids.length === 0) return [];
    const sorted = ids.toSorted();
    // PostgreSQL chooses partitions by bounds, not by an array.
    const { rows } = await sql<Row>`
      select m.*, s.status, s.error, s.at as state_at
      from message m
      cross join lateral (select status, error, at from state where id = m.id offset 0) s
      where m.id = any (${[...ids]}::uuid[])
        and m.id between ${sorted[0]}::uuid and ${sorted.at(-1)}::uuid
        and m.account = ${account} and m.parent is null and m.kind = 'sms'`.execute(db);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.flatMap((id) => {
      const row = byId.get(id);
      if (row === undefined) return [];
      const { status, error, state_at: at } = row;
      const message = messageFrom({ ...row, ...noParent });
      return { message, status, error: error ?? undefined, atMs: at.getTime() };
    });
  }
}

const noParent = {
  parent_body: null,
  parent_data_coding: null,
  parent_meta: null,
  parent_from: null,
  parent_to: null,
} as const;

/** As the index `message_reference` has it. */
export function hasReference(reference: string): RawBuilder<unknown> {
  return sql`meta like '%"reference":"%' and substring(meta from '"reference":"([^"]*)"') = ${reference}`;
}
