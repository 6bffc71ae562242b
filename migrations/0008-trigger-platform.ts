import { type Kysely, sql } from "kysely";

/**
 * The trigger platform: versions of trigger files and what operators say about them. Runs at a start,
 * so no gateway is writing; nothing is read or rewritten, so it takes no time however many messages are
 * kept.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements: readonly string[] = [
  // Every version of a trigger file that ran, with all texts that it was made of.
  `create table trigger_version (
    file text not null,
    version integer not null,
    hash text not null,
    sources text not null,
    at timestamptz not null,
    by text not null,
    primary key (file, version)
  )`,

  // The version that runs although the folder has another text: passed_over names that text. It ends
  // when the folder's text is another one.
  `create table trigger_pin (
    file text primary key,
    version integer not null,
    passed_over text not null,
    instead_of integer,
    why text not null,
    by text not null,
    at timestamptz not null
  )`,

  // Who gets the newer version first: a share in percent, or the accounts that are named. Without a
  // version it is the next one that is saved.
  `create table trigger_canary (
    file text primary key,
    version integer,
    share double precision check (share > 0 and share < 100),
    accounts text[],
    by text not null,
    at timestamptz not null,
    check ((share is null) <> (accounts is null))
  )`,

  // By the name of the trigger, so that it stays so whatever becomes of its file.
  `create table trigger_disabled (
    name text primary key,
    by text not null,
    at timestamptz not null
  )`,

  // How far each schedule is: what is due after `since` has not been run. While `run` is in pending the
  // next one waits.
  `create table trigger_schedule (
    name text primary key,
    cron text not null,
    zone text not null,
    since timestamptz not null,
    due timestamptz,
    run uuid
  )`,

  // What scripts keep; a value is a text of JSON. Ordered by the octets of the key, so that a prefix is
  // one stretch of the index.
  `create table kv (
    namespace text collate "C" not null,
    key text collate "C" not null,
    value text not null,
    expires_at timestamptz,
    primary key (namespace, key)
  )`,
  `create index kv_expires on kv (expires_at) where expires_at is not null`,
];
