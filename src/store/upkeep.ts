import { type Kysely, sql } from "kysely";
import type { Log } from "../model/log.ts";
import type { Tables } from "./tables.ts";

/** Days that have partitions of their own ahead: a gateway that is left alone for a week loses none. */
const daysAhead = 7;

const hourMs = 3_600_000;

/** Making a partition locks its table for an instant; it must not stand in line behind a long query. */
const lockTimeoutMs = 500;

/**
 * Makes the partitions from yesterday to a week ahead, as far as they are not there. Called at start
 * and every hour. Gives how many it made.
 */
export function makePartitions(db: Kysely<Tables>): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    const timeout = `${lockTimeoutMs}ms`;
    await sql`select set_config('lock_timeout', ${timeout}, true)`.execute(transaction);
    const { rows } = await sql<{ made: number }>`
      select make_partitions((now() at time zone 'utc')::date - 1, ${daysAhead + 2}) as made`.execute(
      transaction,
    );
    return rows[0]?.made ?? 0;
  });
}

/** Forgets flushes that nobody can ask for any more. Gives how many. */
export async function sweepBatches(db: Kysely<Tables>): Promise<number> {
  const swept = await db
    .deleteFrom("batch")
    .where("at", "<", sql<Date>`now() - interval '1 hour'`)
    .executeTakeFirst();
  return Number(swept.numDeletedRows);
}

/** Does both every hour until it is closed. */
export function startUpkeep(db: Kysely<Tables>, log: Log): { close(): void } {
  const timer = setInterval(() => {
    makePartitions(db).catch((cause: unknown) => {
      // There are seven days of them left, and then the default ones.
      log.warn({ err: cause }, "partitions could not be made; tried again in an hour");
    });
    sweepBatches(db).catch((cause: unknown) => {
      log.warn({ err: cause }, "old flushes could not be forgotten; tried again in an hour");
    });
  }, hourMs);
  timer.unref();
  return { close: () => clearInterval(timer) };
}
