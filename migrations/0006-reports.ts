import { type Kysely, sql } from "kysely";

/**
 * How providers write ids in their reports. Runs at a start, so no gateway is writing; takes no time.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // What was learnt from the reports themselves; a provider group that is not named here is new, or
  // says nothing.
  `create table id_base (
    provider text primary key,
    base text not null,
    since timestamptz not null default now()
  )`,

  // What a customer has otherwise than others, as JSON: only what differs from the standard.
  `alter table account add column options text not null default '{}'`,
];
