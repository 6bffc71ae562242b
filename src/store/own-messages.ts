import { type Kysely, sql } from "kysely";
import { idFrom } from "../model/id.ts";
import type { Status } from "../model/status.ts";
import { arrayText } from "./array-text.ts";
import type { Meta } from "./message-row.ts";
import { idsOfShort } from "./short-ids.ts";
import type { Tables } from "./tables.ts";

/** Newest messages between two numbers that are looked through for those that still wait. */
const sameNumbersMax = 1_000;

/** What customers may ask about: the messages that they sent themselves, and how these stand. */
export interface OwnMessages {
  /**
   * In the order of what is wanted, by the id in any form that we hand out; undefined for one that is
   * not kept, or that is another account's. One or two queries for all of them.
   */
  find(wanted: readonly Wanted[]): Promise<(OwnMessage | undefined)[]>;
  /** Those between these numbers that still wait to be sent, newest first. */
  waiting(between: {
    readonly account: string;
    readonly from: string;
    readonly to: string;
    /** Only of this service_type; when it is empty and not to be `exact`, of any. */
    readonly serviceType: string;
    readonly exact?: true;
  }): Promise<readonly string[]>;
}

export interface Wanted {
  readonly account: string;
  readonly messageId: string;
}

export interface OwnMessage {
  readonly id: string;
  readonly from: string;
  readonly status: Status;
  /** A code of the catalogue, or a peer's own words; undefined when all is well. */
  readonly error: string | undefined;
  /** Of the last change of the status. */
  readonly atMs: number;
}

interface Row {
  readonly id: string;
  readonly account: string | null;
  readonly from_address: string;
  readonly status: Status;
  readonly error: string | null;
  readonly at: Date;
}

export function createOwnMessages(db: Kysely<Tables>): OwnMessages {
  return {
    async find(wanted) {
      const ids = await Promise.all(wanted.map(idOf));
      const there = ids.filter((id) => id !== undefined).toSorted();
      if (there.length === 0) return wanted.map(() => undefined);
      // PostgreSQL chooses partitions by bounds, not by an array.
      const { rows } = await sql<Row>`
        select m.id, m.account, m.from_address, s.status, s.error, s.at
        from message m
        cross join lateral (
          select status, error, at from state where id = m.id offset 0) s
        where m.id = any (${arrayText(there)}::uuid[])
          and m.id between ${there[0]}::uuid and ${there.at(-1)}::uuid
          and m.parent is null and m.kind = 'sms'`.execute(db);
      const byId = new Map(rows.map((row) => [row.id, row]));
      return wanted.map(({ account }, at) => {
        const row = byId.get(ids[at] ?? "");
        if (row === undefined || row.account !== account) return undefined;
        const { id, from_address: from, status, error } = row;
        return { id, from, status, error: error ?? undefined, atMs: row.at.getTime() };
      });
    },
    async waiting({ account, from, to, serviceType, exact = false }) {
      // A message to many is found by the message that goes to this one of them.
      const { rows } = await sql<{ id: string; meta: string | null }>`
        select m.id, m.meta from (
          select id, account, from_address, kind, meta from message
          where to_address = ${to} and parent is null order by id desc limit ${sameNumbersMax}) m
        cross join lateral (select status from state where id = m.id offset 0) s
        where m.account = ${account} and m.from_address = ${from} and m.kind = 'sms'
          and s.status in ('QUEUED', 'SCHEDULED')
          and (m.meta is null or m.meta not like '%"destinations":%')
        union all
        select c.id, c.meta from (
          select id, root, meta from message
          where to_address = ${to} and parent is not null and kind = 'sms' and meta is not null
          order by id desc limit ${sameNumbersMax}) c
        cross join lateral (
          select account, from_address from message where id = c.root offset 0) r
        cross join lateral (select queue from pending where id = c.id offset 0) p
        where r.account = ${account} and r.from_address = ${from}
          and c.meta like '%"destinations":%'
        order by id desc`.execute(db);
      if (serviceType === "" && !exact) return rows.map(({ id }) => id);
      return rows.flatMap(({ id, meta }) => (serviceTypeIn(meta) === serviceType ? id : []));
    },
  };

  async function idOf({ account, messageId }: Wanted): Promise<string | undefined> {
    return idFrom(messageId) ?? (await idsOfShort(db, messageId, account))[0];
  }
}

function serviceTypeIn(meta: string | null): string {
  if (meta === null) return "";
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only metaText writes it.
  return (JSON.parse(meta) as Meta).serviceType ?? "";
}
