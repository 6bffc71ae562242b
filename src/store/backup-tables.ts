import { type Kysely, sql } from "kysely";
import type pg from "pg";
import type { BackupTable } from "./backup-header.ts";
import type { Tables } from "./tables.ts";

/**
 * Is it part of a backup? In the order in which tables are filled, so that what is referred to is
 * there first. Who has the lock, and which flushes were committed, is of that start alone.
 */
const KEPT = {
  account: true,
  account_number: true,
  inbound_number: true,
  opt_out: true,
  message: true,
  state: true,
  attempt: true,
  trace: true,
  pending: true,
  dead_letter: true,
  channel_hold: true,
  id_base: true,
  trigger_version: true,
  trigger_pin: true,
  trigger_canary: true,
  trigger_disabled: true,
  trigger_schedule: true,
  kv: true,
  number_table: true,
  number_table_version: true,
  number_table_entry: true,
  ledger: true,
  ledger_day: true,
  channel_address: true,
  api_key: true,
  idempotency: true,
  http_batch: true,
  webhook: true,
  webhook_call: true,
  batch: false,
  gateway: false,
} as const satisfies Record<keyof Tables, boolean>;

/** All tables of this version. */
export const tableNames: readonly string[] = Object.keys(KEPT);

/** Those whose rows are in a backup. */
export const keptTables: readonly string[] = Object.entries(KEPT).flatMap(([name, kept]) =>
  kept ? [name] : [],
);

/** The kept tables that are there, with their columns: a database may be of an older version. */
export async function columnsOfTables(
  db: Kysely<Tables>,
): Promise<readonly Omit<BackupTable, "rowsEstimated">[]> {
  const { rows } = await sql<{ name: string; columns: string[] }>`
    select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid
    where n.nspname = current_schema() and c.relname = any (${[...keptTables]}::text[])
      and a.attnum > 0 and not a.attisdropped
    group by c.relname order by array_position(${[...keptTables]}::text[], c.relname::text)`.execute(
    db,
  );
  return rows;
}

/** The days for which any of the tables has a partition, oldest first. */
export async function daysOfPartitions(db: Kysely<Tables>): Promise<readonly string[]> {
  const { rows } = await sql<{ day: string }>`
    select distinct to_char(to_date(substring(c.relname from '_p(\\d{8})$'), 'YYYYMMDD'), 'YYYY-MM-DD') as day
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    join pg_class p on p.oid = i.inhparent
    join pg_namespace n on n.oid = p.relnamespace
    where n.nspname = current_schema() and p.relname = any (${[...keptTables]}::text[])
      and c.relname ~ '_p\\d{8}$'
    order by day`.execute(db);
  return rows.map(({ day }) => day);
}

/** How many rows the planner expects, which looks at the size of the files. */
export async function estimatedRows(db: Kysely<Tables>, table: string): Promise<number> {
  const { rows } = await sql<{ "QUERY PLAN": [{ Plan: { "Plan Rows": number } }] }>`
    explain (format json) select from ${sql.table(table)}`.execute(db);
  return rows[0]?.["QUERY PLAN"][0].Plan["Plan Rows"] ?? 0;
}

/**
 * What a copy of one connection means is the same in every database: times in ISO 8601 and UTC,
 * octets in hex, numbers in full; and it may take as long as it takes.
 */
export async function prepareForCopy(client: pg.Client): Promise<void> {
  await client.query("reset all");
  for (const [name, value] of Object.entries(COPY_SETTINGS))
    await client.query("select set_config($1, $2, false)", [name, value]);
}

const COPY_SETTINGS = {
  client_encoding: "UTF8",
  datestyle: "ISO, YMD",
  timezone: "UTC",
  bytea_output: "hex",
  extra_float_digits: "1",
  statement_timeout: "0",
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  jit: "off",
} as const;
