import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { sql } from "kysely";
import type pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import { blockOctetsMax, createBackupWriter } from "./backup-format.ts";
import type { BackupHeader, BackupTable } from "./backup-header.ts";
import {
  columnsOfTables,
  daysOfPartitions,
  estimatedRows,
  prepareForCopy,
} from "./backup-tables.ts";
import { type DatabaseAddress, connect } from "./gateway-lock.ts";
import { type DatabasePlace, holdDatabase } from "./hold.ts";
import { knownMigrations } from "./migrate.ts";
import { kyselyOver } from "./one-connection.ts";

/** While a backup lasts, PostgreSQL removes nothing that it may still read; one that nobody reads is ended. */
const stallMs = 60_000;

/** Makes backups of a database. */
export interface Backups {
  /**
   * Begins one: all that is committed at this moment, in the form of docs/backup-format.md, read as
   * fast as it is taken and no faster. Writers go on meanwhile. The stream fails when the database
   * goes away, and with `backup_stalled` when it is not read for a minute; destroying it ends all.
   * Only what ended with "end" is whole. Rejects with `backup_running`, `database_unreachable` or
   * `database_foreign`. Called by the admin API.
   */
  open(): Promise<Readable>;
  /** Gives up the one that runs. */
  close(): Promise<void>;
}

export function createBackups(given: {
  readonly address: DatabaseAddress;
  readonly log: Log;
  readonly stallMs?: number;
}): Backups {
  const { address, log } = given;
  let running: Promise<Flow> | undefined;
  let last: Promise<void> | undefined;

  return {
    async open() {
      if (running !== undefined)
        throw new GatewayError("backup_running", "Another backup is being made.");
      running = flowFrom(address, { log, stallMs: given.stallMs ?? stallMs });
      try {
        const flow = await running;
        flow.stream.once("close", () => (running = undefined));
        last = flow.ended;
        return flow.stream;
      } catch (error) {
        running = undefined;
        throw error;
      }
    },
    async close() {
      const flow = await running?.catch(() => undefined); // Told to whoever began it.
      flow?.stream.destroy();
      await last;
    },
  };
}

/** A backup that is being made. */
interface Flow {
  readonly stream: Readable;
  /** Its connection is closed, so its transaction is over; however that came. Never rejects. */
  readonly ended: Promise<void>;
}

/** A backup of a database on which no gateway works. */
export interface LoneBackup extends AsyncDisposable {
  readonly chunks: Readable;
}

/**
 * As `Backups.open`, while no gateway runs and none can start: the lock is held until it is disposed,
 * and an embedded server runs for as long. The tables are left as they are, so a backup can be made
 * with a new version before that version changes them. Rejects with `database_taken`,
 * `database_unreachable`, `database_foreign` or `data_directory`. Called by `db backup`.
 */
export async function openBackup(place: DatabasePlace, log: Log): Promise<LoneBackup> {
  if (place.databaseUrl === undefined) await mustHoldDatabase(place.dataDirectory);
  const { address, letGo } = await holdDatabase(place, log);
  try {
    const backups = createBackups({ address, log });
    const chunks = await backups.open();
    const close = async (): Promise<void> => {
      await backups.close();
      await letGo();
    };
    return { chunks, [Symbol.asyncDispose]: close };
  } catch (error) {
    await letGo();
    throw error;
  }
}

async function flowFrom(
  address: DatabaseAddress,
  { log, stallMs }: { readonly log: Log; readonly stallMs: number },
): Promise<Flow> {
  const client = await connect(address);
  const header = await begin(client).catch(async (error: unknown) => {
    await client.end();
    throw error;
  });
  const startedMs = performance.now();
  let octets = 0;
  // Each piece that is taken puts it off.
  const limit = setTimeout(() => {
    // The server may be what hangs, and then a goodbye would wait for it.
    client.connection.stream.destroy();
    const why = `Nothing of the backup was read for ${stallMs / 1_000} s.`;
    stream.destroy(new GatewayError("backup_stalled", why));
  }, stallMs);
  limit.unref();
  const watched = async function* (): AsyncGenerator<Buffer> {
    for await (const piece of piecesOf(client, header)) {
      limit.refresh();
      octets += piece.length;
      yield piece;
    }
  };
  const stream = Readable.from(watched(), { objectMode: false });
  // Told below, and to whoever reads; without a listener Node would exit when nobody does.
  stream.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => {
    stream.once("close", () => {
      clearTimeout(limit);
      const ms = Math.round(performance.now() - startedMs);
      if (stream.errored === null && stream.readableEnded)
        log.info({ sizeOctets: octets, ms }, "backup made");
      else log.warn({ sizeOctets: octets, ms, err: stream.errored }, "backup given up");
      // In the middle of a copy this closes the connection, which ends the transaction as well.
      client.end().then(resolve, resolve);
    });
  });
  return { stream, ended };
}

/** Begins the transaction that sees one moment. Nothing can change the tables until it ends. */
async function begin(client: pg.Client): Promise<BackupHeader> {
  await prepareForCopy(client);
  const db = kyselyOver(client);
  const schema = await knownMigrations(db);
  if (schema.length === 0)
    throw new GatewayError(
      "database_foreign",
      "The database is empty; there is nothing to back up.",
    );
  const tables = await columnsOfTables(db);
  await client.query("begin isolation level repeatable read, read only");
  // Before the snapshot, which the first query takes: a day that is dropped in between would be missing.
  await client.query(`lock table ${tables.map(({ name }) => name).join()} in access share mode`);
  const { rows } = await sql<{ version: string; at: number }>`
    select current_setting('server_version') as version,
      (extract(epoch from now()) * 1000)::float8 as at`.execute(db);
  const estimated: BackupTable[] = [];
  for (const table of tables)
    estimated.push({ ...table, rowsEstimated: await estimatedRows(db, table.name) });
  return {
    signalbox: ourVersion(),
    server: rows[0]?.version ?? "",
    atMs: Math.round(rows[0]?.at ?? 0),
    schema,
    days: await daysOfPartitions(db),
    tables: estimated,
  };
}

async function* piecesOf(client: pg.Client, header: BackupHeader): AsyncGenerator<Buffer> {
  const writer = createBackupWriter();
  yield writer.head(header);
  for (const [number, { name, columns }] of header.tables.entries()) {
    const names = columns.map((column) => `"${column}"`).join();
    const rows = client.query(copyTo(`copy (select ${names} from ${name}) to stdout`));
    for await (const data of blocksOf(rows)) yield await writer.block(number, data);
  }
  await client.query("commit");
  yield writer.end();
}

/** The same octets in pieces of `blockOctetsMax`, but for the last one. */
async function* blocksOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let octets = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    octets += chunk.length;
    if (octets < blockOctetsMax) continue;
    let all = Buffer.concat(held);
    for (; all.length >= blockOctetsMax; all = all.subarray(blockOctetsMax))
      yield all.subarray(0, blockOctetsMax);
    held = [all];
    octets = all.length;
  }
  if (octets > 0) yield Buffer.concat(held);
}

async function mustHoldDatabase(dataDirectory: string): Promise<void> {
  const found = await stat(join(dataDirectory, "postgres", "PG_VERSION")).catch(() => undefined);
  if (found === undefined)
    throw new GatewayError("data_directory", `There is no database in ${dataDirectory}.`);
}

function ourVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const all: unknown = JSON.parse(text);
  const version: unknown = typeof all === "object" ? Reflect.get(all ?? {}, "version") : undefined;
  return typeof version === "string" ? version : "";
}
