import { type Kysely, sql } from "kysely";

/**
 * A message may name the URL where its sender is told of it. Runs at a start, so no gateway is writing;
 * nothing is read or rewritten, so it takes no time however many calls wait.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // Empty: that of the webhook.
  await sql`alter table webhook_call add column url text not null default ''`.execute(db);
}
