import { type Kysely, sql } from "kysely";

/**
 * Where else a message may go, and its place behind others. Runs at a start, so no gateway is writing;
 * the new index is made of what waits, which is little.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements: readonly string[] = [
  // An id by whose order it stands among those of its priority; its own where it is null.
  `alter table pending add column place uuid`,
  `drop index pending_queue`,
  `create index pending_queue on pending (queue, priority desc, (coalesce(place, id)))
    where queue <> ''`,
];
