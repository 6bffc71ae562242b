import pg from "pg";
import type { Log } from "../model/log.ts";
import type { DatabaseAddress } from "./gateway-lock.ts";
import { statementTimeoutMs } from "./pool.ts";

/** The matcher asks one thing at a time, operators seldom; one more for each costs nothing. */
const connectionsMax = 2;

/** A connection that is not to be had in this time is reported instead of waited for. */
const connectTimeoutMs = 5_000;

/**
 * A plan for all values, made once per connection: with a partition for each day planning takes
 * longer than looking up. Index scans only, whatever the statistics of a new day's partition say.
 */
const options = [
  "plan_cache_mode=force_generic_plan",
  "enable_seqscan=off",
  "enable_bitmapscan=off",
  "enable_hashjoin=off",
  "enable_mergejoin=off",
  "enable_sort=off",
  "enable_incremental_sort=off",
  "jit=off",
  `statement_timeout=${statementTimeoutMs}`,
];

/** Statements that stay prepared, for look-ups on the hot path. */
export interface LookUps {
  /** `name` stands for `text` as long as the program runs. */
  rows<Row extends pg.QueryResultRow>(
    name: string,
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]>;
  close(): Promise<void>;
}

export function openLookUps(address: DatabaseAddress, log: Log): LookUps {
  const pool = new pg.Pool({
    ...address,
    max: connectionsMax,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    options: options.map((one) => `-c ${one}`).join(" "),
  });
  // An idle connection that the server closed; the next query opens another one.
  pool.on("error", (error) => log.debug({ err: error }, "a connection to the database ended"));
  // One that is in use tells it to its query, and besides as an event: that nobody listened to it
  // would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  return {
    async rows<Row extends pg.QueryResultRow>(
      name: string,
      text: string,
      values: readonly unknown[],
    ) {
      return (await pool.query<Row>({ name, text, values: [...values] })).rows;
    },
    close: () => pool.end(),
  };
}
