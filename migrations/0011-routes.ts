import { type Kysely, sql } from "kysely";

/** Number tables: where numbers go, with prices. New tables only, so it takes no time. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements: readonly string[] = [
  // The version of each table that is asked.
  `create table number_table (
    name text primary key,
    version integer not null
  )`,

  // A version is never changed; the last few are kept to go back to.
  `create table number_table_version (
    name text not null,
    version integer not null,
    entries integer not null,
    quality_min smallint not null,
    per_provider boolean not null,
    at timestamptz not null,
    by text not null,
    primary key (name, version)
  )`,

  // low and high: the stretch of numbers as src/route/stretch.ts writes them, -1 for a network. price:
  // units of 1/10,000. valid_from: seconds since 1970, 0 for always. Names are '' where there is none.
  `create table number_table_entry (
    name text not null,
    version integer not null,
    low bigint not null,
    high bigint not null,
    network text collate "C" not null,
    provider text collate "C" not null,
    price bigint,
    quality smallint,
    weight smallint not null,
    valid_from bigint not null,
    blocked boolean not null,
    line integer not null
  )`,
  // In the order in which it is read, which is the one in which it is looked through.
  `create index number_table_entry_order on number_table_entry
    (name, version, low, high desc, network, provider, line)`,
];
