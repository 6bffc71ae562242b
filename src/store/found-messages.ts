import { type Kysely, type RawBuilder, sql } from "kysely";
import { firstIdAt, idFrom } from "../model/id.ts";
import type { Message } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import { type ParentColumns, messageFrom } from "./message-row.ts";
import { idsOfShort } from "./short-ids.ts";
import type { MessageTable, Tables } from "./tables.ts";

/** Messages of a number that are looked through for what else is asked. */
const ofNumberMax = 1_000;

/** There is no index by account: among so many of the newest of all, some 20 ms. */
const ofAllMax = 20_000;

/** What a script may ask about the messages that are kept. */
export interface FoundMessages {
  /** The newest first. One query, of a few milliseconds by an id or a number. */
  find(search: SearchedMessages): Promise<readonly FoundRow[]>;
}

/** All that is named must fit; an id, a root, a peer's id or an account is among it. */
export interface SearchedMessages {
  readonly id?: string;
  readonly root?: string;
  readonly peerId?: string;
  readonly account?: string;
  readonly from?: string;
  readonly to?: string;
  readonly channel?: string;
  readonly sinceMs?: number;
  readonly limit: number;
}

export interface FoundRow {
  readonly message: Message;
  readonly status: Status;
  readonly error: string | undefined;
  readonly atMs: number;
}

type Row = MessageTable &
  ParentColumns & { readonly shown_status: Status; readonly shown_error: string | null };

export function createFoundMessages(db: Kysely<Tables>): FoundMessages {
  return {
    async find(search) {
      const ids = search.id === undefined ? undefined : await idsOf(search.id);
      if (ids?.length === 0) return [];
      const root = search.root === undefined ? undefined : idFrom(search.root);
      if (search.root !== undefined && root === undefined) return [];
      const { account, from, to, channel, sinceMs, limit } = search;
      const since = sinceMs === undefined ? sql`true` : sql`m.id >= ${firstIdAt(sinceMs)}::uuid`;
      const fits = sql.join(
        [
          sql`m.kind = 'sms'`,
          since,
          ...(account === undefined ? [] : [sql`m.account = ${account}`]),
          ...(from === undefined ? [] : [sql`m.from_address = ${from}`]),
          ...(to === undefined ? [] : [sql`m.to_address = ${to}`]),
          ...(channel === undefined ? [] : [sql`m.channel = ${channel}`]),
          ...(ids === undefined ? [] : [sql`m.id = any (${ids}::uuid[])`]),
          ...(root === undefined ? [] : [sql`m.root = ${root}::uuid`]),
        ],
        sql` and `,
      );
      const { rows } = await sql<Row>`
        select m.*, o.body as parent_body, o.data_coding as parent_data_coding,
          o.meta as parent_meta, o.from_address as parent_from, o.to_address as parent_to,
          coalesce(s.status, r.status) as shown_status,
          case when s.status is null then r.error else s.error end as shown_error
        from (${candidates(search, { ids, root, since })}) c
        join lateral (select * from message m where m.id = c.id and ${fits} offset 0) m on true
        left join lateral (select * from message where id = m.parent offset 0) o on true
        join lateral (select * from state where id = m.root offset 0) r on true
        left join lateral (select * from state where id = m.id offset 0) s on true
        order by m.id desc limit ${limit}`.execute(db);
      return rows.map((row) => ({
        message: messageFrom(row),
        status: row.shown_status,
        error: row.shown_error ?? undefined,
        atMs: row.at.getTime(),
      }));
    },
  };

  async function idsOf(text: string): Promise<readonly string[]> {
    const id = idFrom(text);
    return id === undefined ? idsOfShort(db, text) : [id];
  }
}

/** The ids among which the rest is looked for, by the index that leaves the fewest of them. */
function candidates(
  { peerId, from, to, account }: SearchedMessages,
  known: {
    readonly ids: readonly string[] | undefined;
    readonly root: string | undefined;
    readonly since: RawBuilder<unknown>;
  },
): RawBuilder<unknown> {
  const { ids, root, since } = known;
  const newest = sql`and ${since} order by m.id desc limit ${ofNumberMax}`;
  if (ids !== undefined) return sql`select unnest(${ids}::uuid[]) as id`;
  if (root !== undefined)
    return sql`select ${root}::uuid as id
      union select m.id from message m where m.root = ${root}::uuid and m.parent is not null`;
  if (peerId !== undefined)
    return sql`select distinct id from attempt
      where provider_id is not null
        and ltrim(lower(provider_id collate "C"), '0') = ltrim(lower(${peerId} collate "C"), '0')
      limit ${ofNumberMax}`;
  // Only the first messages of lives are found by a number.
  if (to !== undefined)
    return sql`select m.id from message m where m.to_address = ${to} and m.parent is null ${newest}`;
  if (from !== undefined)
    return sql`
      select m.id from message m where m.from_address = ${from} and m.parent is null ${newest}`;
  return sql`
    select m.id from (
      select m.id, m.account from message m where ${since} order by m.id desc limit ${ofAllMax}) m
    where m.account = ${account}`;
}
