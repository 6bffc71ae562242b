import { type Kysely, sql } from "kysely";

/**
 * A message is found by what its sender calls it also by who does not know whose it is. Runs at a start,
 * so no gateway is writing; only messages that have such a name are in the index, but all are read for it,
 * about a second per million.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements: readonly string[] = [
  `drop index message_reference`,
  `create index message_reference on message (
      (substring(meta from '"reference":"([^"]*)"')), account, id)
    where parent is null and meta like '%"reference":"%'`,
];
