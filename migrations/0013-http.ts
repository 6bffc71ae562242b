import { type Kysely, sql } from "kysely";

/**
 * The HTTP channel: keys of customers, batches, and answers that are given again. The index finds a
 * message by what its sender calls it; only messages that have such a name are in it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements: readonly string[] = [
  // Of the key itself only the SHA-256 is known.
  `create table api_key (
    id text primary key,
    account text not null references account (id) on delete cascade,
    name text not null,
    sha256 text not null,
    scopes text[] not null,
    allow_from text not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    by text not null
  )`,

  // What an Idempotency-Key stands for. Without an answer it is under way, or was when a start ended:
  // ids are those that its messages have, or would have.
  `create table idempotency (
    account text not null,
    key text not null,
    body_sha256 text not null,
    ids uuid[] not null,
    answer text,
    at timestamptz not null,
    primary key (account, key)
  )`,
  `create index idempotency_at on idempotency (at)`,

  // items: for each message, in the order of the request, its id or why it was refused; as JSON.
  `create table http_batch (
    id uuid primary key,
    account text not null,
    items text not null,
    at timestamptz not null
  )`,
  `create index http_batch_at on http_batch (at)`,

  `create index message_reference on message (
      account, (substring(meta from '"reference":"([^"]*)"')), id)
    where parent is null and meta like '%"reference":"%'`,
];
