import type { Kysely } from "kysely";
import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import { type Backend, type DatabaseAddress, signLock, takeLock } from "./gateway-lock.ts";
import { type Messages, createMessages } from "./messages.ts";
import { migrate } from "./migrate.ts";
import { type Pipeline, openPipeline } from "./pipeline.ts";
import { startPostgres } from "./postgres.ts";
import { openPool } from "./pool.ts";
import { type Queue, createQueue } from "./queue.ts";
import { type ReportsTable, createReportsTable } from "./reports.ts";
import { STATEMENTS } from "./statements.ts";
import type { Tables } from "./tables.ts";
import { makePartitions, startUpkeep } from "./upkeep.ts";
import { type Writer, createWriter } from "./writer.ts";

export interface StoreSettings {
  /** A PostgreSQL of the operator's; undefined for the embedded one. */
  readonly databaseUrl: string | undefined;
  /** Where the embedded PostgreSQL keeps its files. */
  readonly dataDirectory: string;
  /** Writes that may wait for the database; above, messages are refused with `overloaded`. */
  readonly writerOperationsMax: number;
  /** How long a message waits for a database that is away before it is refused. */
  readonly writeTimeoutMs: number;
  /** How long a start waits for the lock of one that is just ending. */
  readonly lockWaitMs: number;
}

export const storeDefaults = {
  databaseUrl: undefined,
  dataDirectory: "./data",
  // A second of full load, about 60 MB of messages in memory.
  writerOperationsMax: 20_000,
  // Longer than PostgreSQL takes to come back after it died, and below what customers wait.
  writeTimeoutMs: 5_000,
  // A gateway that was killed leaves a backend that ends with what it is doing.
  lockWaitMs: 2_000,
} as const satisfies StoreSettings;

/** At a stop the last flushes get this long; then what is not committed is given up. */
const drainMs = 10_000;

/** The only door to the database. */
export interface Store {
  readonly writer: Writer;
  readonly queue: Queue;
  readonly reports: ReportsTable;
  readonly messages: Messages;
  readonly accounts: Accounts;
  /** Names this start of the gateway; the owner of what it has in flight. */
  readonly startId: string;
  facts(): StoreFacts;
  /** Commits what was asked, gives up the lock, stops the embedded server. */
  close(): Promise<void>;
}

/** For the operator: which database this is. Never a password. */
export interface StoreFacts {
  readonly embedded: boolean;
  /** The embedded server was running already, left by a gateway that was killed. */
  readonly adopted: boolean;
  /** `18.4`. */
  readonly version: string;
  /** The data directory, or host, port and database. */
  readonly where: string;
  /** Operations that wait for their commit. */
  readonly waiting: number;
}

/**
 * Opens the database: starts the embedded server if there is no URL, takes the lock, brings the
 * tables up to date. Called once per start. Rejects with `data_directory`, `database_unreachable`,
 * `database_taken` or `database_foreign`; nothing is left running then.
 */
export async function openStore(parts: {
  readonly settings: StoreSettings;
  readonly log: Log;
  readonly clock: Clock;
  readonly newId: () => string;
}): Promise<Store> {
  const { settings, log, clock, newId } = parts;
  const postgres =
    settings.databaseUrl === undefined
      ? await startPostgres({ dataDirectory: settings.dataDirectory, log })
      : undefined;
  const address: DatabaseAddress = postgres?.address ?? { connectionString: settings.databaseUrl };
  const startId = newId();
  let backend: Backend | undefined;
  let db: Kysely<Tables> | undefined;
  let held = false;
  try {
    const { client, ...holder } = await takeLock(address, {
      before: undefined,
      waitMs: settings.lockWaitMs,
    });
    held = true;
    backend = holder.backend;
    try {
      db = openPool(address, log);
      await migrateAlone(address, log);
      await makePartitions(db);
      await signLock(client, startId);
    } catch (error) {
      await client.end();
      throw error;
    }
    const { rows } = await client.query<{ server_version: string }>("show server_version");
    const where = postgres?.dataDirectory ?? `${client.host}:${client.port}/${client.database}`;
    const pipeline = await openPipeline(client, STATEMENTS);
    const { writerOperationsMax: operationsMax, writeTimeoutMs } = settings;
    const writer = createWriter(
      { startId, newId, clock, log, operationsMax, writeTimeoutMs, connect: reconnect },
      pipeline,
    );
    const upkeep = startUpkeep(db, log);
    const pool = db;
    return {
      writer,
      queue: createQueue({ db, startId, clock }),
      reports: createReportsTable(db, clock),
      messages: createMessages(db),
      accounts: createAccounts(db),
      startId,
      facts: () => ({
        embedded: postgres !== undefined,
        adopted: postgres?.adopted ?? false,
        version: rows[0]?.server_version ?? "",
        where,
        waiting: writer.waiting,
      }),
      async close() {
        upkeep.close();
        await writer.close(drainMs);
        await pool.destroy();
        await postgres?.close();
      },
    };
  } catch (error) {
    await db?.destroy();
    // A server that ran before, or whose lock another gateway has taken, is that one's.
    const taken = error instanceof GatewayError && error.code === "database_taken";
    const ours = held || (!taken && postgres?.adopted === false);
    await (ours ? postgres?.close() : postgres?.release());
    throw error;
  }

  async function reconnect(): Promise<Pipeline> {
    const holder = await takeLock(address, { before: backend, waitMs: settings.lockWaitMs });
    backend = holder.backend;
    return openPipeline(holder.client, STATEMENTS);
  }
}

/** A migration may take minutes, so it has connections of its own, without a time limit. */
async function migrateAlone(address: DatabaseAddress, log: Log): Promise<void> {
  const db = openPool(address, log, 0);
  try {
    await migrate(db);
  } finally {
    await db.destroy();
  }
}
