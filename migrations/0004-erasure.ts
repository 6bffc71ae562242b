import { type Kysely, sql } from "kysely";

/**
 * Erasing a number also finds it where a trigger wrote it. Runs at a start, so no gateway is writing;
 * building the indexes reads the messages that are kept, about a second per million.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

// What was forwarded as it came has no meta of its own and is not in them, so it pays nothing.
const statements = ["to", "from"].map(
  (side) => `create index message_changed_${side} on message (${side}_address, id)
    where parent is not null and kind = 'sms' and meta is not null`,
);
