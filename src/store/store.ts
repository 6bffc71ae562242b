import { type Kysely, sql } from "kysely";
import type { Clock } from "../model/clock.ts";
import { idTimeMs } from "../model/id.ts";
import type { Log } from "../model/log.ts";
import { type Meter, silentMeter } from "../model/meter.ts";
import type { LedgerTally } from "../model/ledger-view.ts";
import type { DiskView } from "../model/view.ts";
import { type Accounts, createAccounts } from "./accounts.ts";
import { type ApiKeys, createApiKeys } from "./api-keys.ts";
import { type Backups, createBackups } from "./backup.ts";
import { type ChannelAddresses, createChannelAddresses } from "./channel-addresses.ts";
import { watchDisk } from "./disk.ts";
import { type CustomerMessages, createCustomerMessages } from "./customer-messages.ts";
import { type FoundMessages, createFoundMessages } from "./found-messages.ts";
import { type Erasure, createErasure } from "./erasure.ts";
import { type DatabaseAddress, signLock, takeLock } from "./gateway-lock.ts";
import { type DatabasePlace, type HeldDatabase, holdDatabase, lockWaitMs } from "./hold.ts";
import { type HoldsTable, createHoldsTable } from "./holds.ts";
import { type KvTable, createKvTable } from "./kv.ts";
import { type StoreLook, createLook } from "./look.ts";
import { type IdBasesTable, createIdBasesTable } from "./id-bases.ts";
import { type Ledger, createLedger } from "./ledger.ts";
import { ledgerTallyOf } from "./ledger-tally.ts";
import { type HttpBatches, createHttpBatches } from "./http-batches.ts";
import { type Idempotency, createIdempotency } from "./idempotency.ts";
import { openLookUps } from "./look-ups.ts";
import { type Messages, createMessages } from "./messages.ts";
import { type NumberTablesStore, createNumberTablesStore } from "./number-tables.ts";
import { type OwnMessages, createOwnMessages } from "./own-messages.ts";
import { migrate } from "./migrate.ts";
import { type Pipeline, openPipeline } from "./pipeline.ts";
import { openPool } from "./pool.ts";
import { type NumbersTable, createNumbersTable } from "./numbers.ts";
import { type OptOutsTable, createOptOutsTable } from "./opt-outs.ts";
import { type Queue, createQueue } from "./queue.ts";
import { type RecordDaysSettings, startRecordDays } from "./record-days.ts";
import { type Records, createRecords } from "./records.ts";
import { type SchedulesTable, createSchedulesTable } from "./schedules.ts";
import { type ReportsTable, createReportsTable } from "./reports.ts";
import type { KeptDay, RetentionSettings } from "./retention.ts";
import { roundTripOf } from "./round-trip.ts";
import { scriptsAddress } from "./scripts-schema.ts";
import { STATEMENTS } from "./statements.ts";
import type { Tables } from "./tables.ts";
import { type TriggerVersions, createTriggerVersions } from "./trigger-versions.ts";
import { type UnmatchedTable, createUnmatchedTable } from "./unmatched.ts";
import { type Usage, createUsage } from "./usage.ts";
import { makePartitions, startUpkeep } from "./upkeep.ts";
import { type WebhooksTable, createWebhooksTable } from "./webhooks.ts";
import { type LowBalance, type Writer, createWriter } from "./writer.ts";

export interface StoreSettings extends DatabasePlace {
  /** Writes that may wait for the database; above, messages are refused with `overloaded`. */
  readonly writerOperationsMax: number;
  /** How long a message waits for a database that is away before it is refused. */
  readonly writeTimeoutMs: number;
  readonly retention: RetentionSettings;
  /** With less room on the embedded server's disk it is low; 0: it never is. */
  readonly minFreeMib: number;
  /** Left out: records are only written when asked for. */
  readonly records?: RecordDaysSettings | undefined;
}

export const storeDefaults = {
  databaseUrl: undefined,
  dataDirectory: "./data",
  // A second of full load, about 60 MB of messages in memory.
  writerOperationsMax: 20_000,
  // Longer than PostgreSQL takes to come back after it died, and below what customers wait.
  writeTimeoutMs: 5_000,
  lockWaitMs,
  retention: { keepTraceDays: 7, keepMessageDays: 30, awaitedOn: [] },
  minFreeMib: 512,
} as const satisfies StoreSettings;

/** At a stop the last flushes get this long; then what is not committed is given up. */
const drainMs = 10_000;

export type { WaitingHook, WebhooksTable, WhichDead } from "./webhooks.ts";
export type { KvChange, KvEntry, KvPlace } from "./kv.ts";

/** The only door to the database. */
export interface Store {
  readonly writer: Writer;
  readonly queue: Queue;
  readonly reports: ReportsTable;
  readonly messages: Messages;
  readonly ownMessages: OwnMessages;
  readonly foundMessages: FoundMessages;
  readonly accounts: Accounts;
  readonly ledger: Ledger;
  readonly records: Records;
  readonly channelAddresses: ChannelAddresses;
  /** Who is told, after the commit, that an account has come below its mark; one at a time. */
  onLowBalance(listener: (low: LowBalance) => void): void;
  readonly numbers: NumbersTable;
  readonly optOuts: OptOutsTable;
  readonly apiKeys: ApiKeys;
  readonly customerMessages: CustomerMessages;
  readonly httpBatches: HttpBatches;
  readonly idempotency: Idempotency;
  readonly backups: Backups;
  readonly holds: HoldsTable;
  /** What scripts keep. */
  readonly kv: KvTable;
  readonly numberTables: NumberTablesStore;
  readonly idBases: IdBasesTable;
  readonly schedules: SchedulesTable;
  readonly triggerVersions: TriggerVersions;
  readonly unmatched: UnmatchedTable;
  readonly usage: Usage;
  /** URLs of customers, and what is still to be told there. */
  readonly webhooks: WebhooksTable;
  /** Names this start of the gateway; the owner of what it has in flight. */
  readonly startId: string;
  /**
   * Makes the schema `scripts` and the role that sees nothing but it, and gives how to connect as that.
   * Rejects with `bad_configuration`, telling what to run, where we may not make them.
   */
  scriptsAddress(): Promise<DatabaseAddress>;
  facts(): StoreFacts;
  /** What the database itself knows of how things stand; undefined when it does not answer in time. */
  look(): Promise<StoreLook | undefined>;
  /** What is kept about one number; throws `bad_request` for what is none. */
  erasureOf(number: string): Erasure;
  /** The embedded server's disk has less room than `minFreeMib`: take nothing new. Costs nothing. */
  isDiskLow(): boolean;
  /** What messages held, committed and refunded since the start; undefined: no answer within a second. */
  ledgerTally(): Promise<LedgerTally | undefined>;
  /** How long the database takes to answer the shortest question; undefined: more than a second. */
  roundTripMs(): Promise<number | undefined>;
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
  /** The file system of the embedded server; undefined for one of the operator's. */
  readonly disk: DiskView | undefined;
  /** Days that are older than `keepMessageDays` and kept, because messages of theirs still wait. */
  readonly kept: readonly KeptDay[];
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
  readonly meter?: Meter;
  /** What `holdDatabase` gives for these settings, where it was begun before; it is let go here. */
  readonly held?: Promise<HeldDatabase>;
}): Promise<Store> {
  const { settings, log, clock, newId, meter = silentMeter } = parts;
  const held = await (parts.held ?? holdDatabase(settings, log));
  const { address, postgres, holder, letGo } = held;
  const { client } = holder;
  let { backend } = holder;
  const startId = newId();
  let db: Kysely<Tables> | undefined;
  try {
    db = openPool(address, log);
    await migrateAlone(address, log);
    await makePartitions(db);
    await signLock(client, startId);
    const accounts = await createAccounts(db, newId);
    const apiKeys = await createApiKeys(db);
    const { rows } = await client.query<{ server_version: string }>("show server_version");
    const where = postgres?.dataDirectory ?? `${client.host}:${client.port}/${client.database}`;
    const pipeline = await openPipeline(client, STATEMENTS);
    const { writerOperationsMax: operationsMax, writeTimeoutMs } = settings;
    let tellLow: (low: LowBalance) => void = () => {};
    const onLow = (low: LowBalance): void => {
      log.warn({ ...low }, "the balance of an account is low");
      tellLow(low);
    };
    const given = { startId, newId, clock, log, meter, operationsMax, writeTimeoutMs, onLow };
    const writer = createWriter({ ...given, connect: reconnect }, pipeline);
    const upkeep = startUpkeep({ db, retention: settings.retention, clock, log });
    const pool = db;
    const records = createRecords(db);
    const channelAddresses = createChannelAddresses(db, log);
    const recordDays =
      settings.records && startRecordDays({ records, settings: settings.records, clock, log });
    const lookUps = openLookUps(address, log);
    const kv = createKvTable({ db, clock, log });
    const backups = createBackups({ address, log });
    const disk =
      postgres === undefined
        ? undefined
        : await watchDisk({
            path: postgres.dataDirectory,
            minFreeMib: settings.minFreeMib,
            log,
            // Up to 8 GB of the server's log are only needed until the next checkpoint.
            relieve: () => sql`checkpoint`.execute(pool),
          });
    return {
      writer,
      queue: createQueue({ db, startId, clock }),
      reports: createReportsTable(db, lookUps, clock),
      messages: createMessages(db),
      ownMessages: createOwnMessages(db),
      foundMessages: createFoundMessages(db),
      scriptsAddress: () => scriptsAddress(pool, address, postgres !== undefined),
      accounts,
      ledger: createLedger(db, clock),
      records,
      channelAddresses,
      onLowBalance: (listener) => (tellLow = listener),
      numbers: createNumbersTable(db),
      optOuts: createOptOutsTable(db),
      apiKeys,
      customerMessages: createCustomerMessages(db),
      httpBatches: createHttpBatches(db),
      idempotency: createIdempotency(db),
      backups,
      holds: createHoldsTable(db),
      kv,
      numberTables: createNumberTablesStore(db, address),
      idBases: createIdBasesTable(db),
      schedules: createSchedulesTable(db),
      triggerVersions: createTriggerVersions(db),
      unmatched: createUnmatchedTable(db),
      usage: createUsage(db, clock, idTimeMs(startId)),
      webhooks: createWebhooksTable(db, clock),
      startId,
      ledgerTally: ledgerTallyOf(db, idTimeMs(startId)),
      roundTripMs: roundTripOf(db, clock),
      look: createLook(db, idTimeMs(startId)),
      facts: () => ({
        embedded: postgres !== undefined,
        adopted: postgres?.adopted ?? false,
        version: rows[0]?.server_version ?? "",
        where,
        waiting: writer.waiting,
        disk: disk?.view(),
        kept: upkeep.kept(),
      }),
      erasureOf: (number) => createErasure(pool, number),
      isDiskLow: () => disk?.low ?? false,
      async close() {
        disk?.close();
        await upkeep.close();
        await recordDays?.close();
        await channelAddresses.close();
        await backups.close();
        await writer.close(drainMs);
        await kv.close();
        await lookUps.close();
        await pool.destroy();
        await letGo();
      },
    };
  } catch (error) {
    await db?.destroy();
    await letGo();
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
