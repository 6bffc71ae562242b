import { type Kysely, sql } from "kysely";
import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import { type KeptDay, type RetentionSettings, sweepOld } from "./retention.ts";
import { type Rounds, startRounds } from "./rounds.ts";
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

export interface Upkeep extends Pick<Rounds, "now" | "close"> {
  /** Days that are kept longer than they need be, as the last sweep found. */
  kept(): readonly KeptDay[];
}

export interface UpkeepParts {
  readonly db: Kysely<Tables>;
  readonly retention: RetentionSettings;
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes days ahead and forgets old ones, a minute after the start and then every hour. */
export function startUpkeep(parts: UpkeepParts): Upkeep {
  const { db, retention, clock, log } = parts;
  let kept: readonly KeptDay[] = [];
  const rounds = startRounds(hourMs, async () => {
    // There are seven days of them left, and then the default ones.
    await attempt("partitions could not be made", () => makePartitions(db));
    await attempt("old flushes could not be forgotten", () => sweepBatches(db));
    await attempt("old days could not be forgotten", sweep);
  });
  return { ...rounds, kept: () => kept };

  async function attempt(trouble: string, act: () => Promise<unknown>): Promise<void> {
    if (rounds.isClosed()) return;
    await act().catch((cause: unknown) => {
      log.warn({ err: cause }, `${trouble}; tried again with the next round`);
    });
  }

  async function sweep(): Promise<void> {
    const swept = await sweepOld(db, retention, clock.nowMs());
    const { dropped, busy, deleted } = swept;
    if (dropped.length > 0 || deleted > 0)
      log.info({ dropped, deleted }, "what is older than it is kept was forgotten");
    if (busy.length > 0) log.info({ busy }, "old days are in use; tried again with the next round");
    // Told when it changes, not every hour.
    if (swept.kept.length > 0 && JSON.stringify(swept.kept) !== JSON.stringify(kept))
      log.warn({ kept: swept.kept }, "old days are kept because messages of theirs still wait");
    kept = swept.kept;
  }
}
