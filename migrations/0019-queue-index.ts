import { type Kysely, sql } from "kysely";

/**
 * What stands in the order of its queue is what nobody has taken yet: rows that are written with our mark, nearly
 * all, are spared an entry. Runs at a start, so no gateway is writing; the new index is made of what waits.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements: readonly string[] = [
  `drop index pending_queue`,
  `create index pending_queue on pending (queue, priority desc, (coalesce(place, id)))
    where queue <> '' and owner is null`,
];
