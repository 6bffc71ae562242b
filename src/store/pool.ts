import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { Log } from "../model/log.ts";
import type { DatabaseAddress } from "./gateway-lock.ts";
import type { Tables } from "./tables.ts";

/** Connections for everything but the hot path: the admin API, scripts' look-ups, upkeep. */
const connectionsMax = 8;

/** A connection that is not to be had in this time is reported instead of waited for. */
const connectTimeoutMs = 5_000;

/** An operator's query that runs longer helps nobody and holds up the making of partitions. */
export const statementTimeoutMs = 30_000;

/** PostgreSQL's number of the type bigint (pg_type.dat). */
const bigintType = 20;

/** Opens connections as they are needed; `timeoutMs` 0 is for migrations, which take their time. */
export function openPool(
  address: DatabaseAddress,
  log: Log,
  timeoutMs: number = statementTimeoutMs,
): Kysely<Tables> {
  const pool = new pg.Pool({
    ...address,
    max: connectionsMax,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    types: { getTypeParser },
    // Compiling costs hundreds of milliseconds for queries over many partitions, and saves nothing.
    options: `-c jit=off -c statement_timeout=${timeoutMs}`,
  });
  // An idle connection that the server closed; the next query opens another one.
  pool.on("error", (error) => log.debug({ err: error }, "a connection to the database ended"));
  // One that is in use tells it to its query, and besides as an event: that nobody listened to it
  // would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

/** No bigint of ours comes near 2^53, so they are numbers here. */
const getTypeParser: typeof pg.types.getTypeParser = (type: number, format?: "text" | "binary") =>
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- pg's own enum is of numbers.
  type === bigintType ? Number : pg.types.getTypeParser(type, format);
