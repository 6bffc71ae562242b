import { sql } from "kysely";
import type { Ways } from "../model/failure-policy.ts";
import { type ParentColumns, messageFrom } from "./message-row.ts";
import type { QueueRow } from "./queue.ts";
import type { MessageTable } from "./tables.ts";

/** A row of `pending` with its message and what is known of its parent. */
export type WaitingRow = Omit<MessageTable, "at"> &
  ParentColumns & {
    queue: string;
    priority: number;
    due_in_ms: number;
    expires_in_ms: number;
    tries: number;
    maybe_twice: boolean;
    place: string | null;
    payload: string | null;
    parent_channel: string | null;
    parent_account: string | null;
  };

// Times go out as distances from now, so that due times are of the database's clock and the gateway
// may have another one.
export const selectRows = sql`
  select m.*, p.queue, p.priority, p.tries, p.maybe_twice, p.place, p.payload,
    (extract(epoch from p.due - now()) * 1000)::float8 as due_in_ms,
    (extract(epoch from p.expires - now()) * 1000)::float8 as expires_in_ms`;

// One look-up per row and day, whatever the statistics say.
export const withMessage = sql`
  cross join lateral (
    select m.id, m.root, m.parent, m.direction, m.kind, m.channel, m.account, m.from_address,
      m.to_address, m.body, m.data_coding, m.meta, m.hops, m.log,
      o.body as parent_body, o.data_coding as parent_data_coding, o.meta as parent_meta,
      o.from_address as parent_from, o.to_address as parent_to, o.channel as parent_channel,
      o.account as parent_account
    from message m
    left join lateral (select * from message where id = m.parent offset 0) o on true
    where m.id = p.id offset 0) m`;

export function rowFrom(row: WaitingRow, nowMs: number): QueueRow {
  return {
    id: row.id,
    message: messageFrom(row),
    queue: row.queue,
    priority: row.priority,
    dueMs: Math.round(nowMs + row.due_in_ms),
    expiresMs: Math.round(nowMs + row.expires_in_ms),
    tries: row.tries,
    maybeTwice: row.maybe_twice,
    ...(row.place === null ? {} : { place: row.place }),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Only flush.ts writes it.
    ...(row.payload === null ? {} : { ways: JSON.parse(row.payload) as Ways }),
    ...(row.parent_channel === null
      ? {}
      : { came: { account: row.parent_account ?? undefined, channel: row.parent_channel } }),
  };
}
