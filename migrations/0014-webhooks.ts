import { type Kysely, sql } from "kysely";

/**
 * Webhooks: URLs of customers, and what is still to be told there. Runs at a start, so no gateway is
 * writing; nothing is read or rewritten, so it takes no time however many messages are kept.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements: readonly string[] = [
  // The account may be kept in a database of the operator's own, so nothing is referred to.
  `create table webhook (
    id uuid primary key,
    account text not null,
    url text not null,
    form text not null,
    events text[] not null,
    channels text[] not null,
    secrets text not null,
    disabled text,
    created_at timestamptz not null
  )`,

  // Small and hot like pending, and beside it, so that an endpoint that is away for a day weighs on no
  // message. It refers to nothing: a flush must not fail because an endpoint was just removed.
  `create table webhook_call (
    id uuid primary key,
    webhook uuid not null,
    subject text not null,
    event text not null,
    payload text not null,
    at timestamptz not null,
    due timestamptz not null,
    tries integer not null,
    dead_at timestamptz,
    reason text
  ) with (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 50000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 50000
  )`,
  `create index webhook_call_due on webhook_call (webhook, due, id) where dead_at is null`,
  `create index webhook_call_dead on webhook_call (webhook, id) where dead_at is not null`,
  // For their order, and for erasure. Its condition keeps it from look-ups by id, as that of pending_queue.
  `create index webhook_call_subject on webhook_call (subject, webhook, id) where subject <> ''`,
];
