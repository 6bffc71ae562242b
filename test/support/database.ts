import { rmSync } from "node:fs";
import { mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { Log } from "../../src/model/log.ts";
import { migrate } from "../../src/store/migrate.ts";
import { openPool } from "../../src/store/pool.ts";
import { type Postgres, startPostgres } from "../../src/store/postgres.ts";
import { makePartitions } from "../../src/store/upkeep.ts";

/** A migrated, empty database of the caller's own, on a real PostgreSQL. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** For StoreSettings.databaseUrl and for pg. */
  readonly url: string;
  /** One statement beside whatever is under test, on a connection of its own. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** Says to test processes where the server of this run listens; test/run.ts sets it. */
export const socketVariable = "SIGNALBOX_TEST_SOCKET";

const template = "signalbox_template";

/** Parts that are handed a log and whose lines nobody reads. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};

let made = 0;

/**
 * `await using db = await freshDatabase();` A copy of the migrated template, dropped at the end. With
 * `empty` it has no tables at all. A test file that is run alone starts a server of its own.
 */
export async function freshDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const socket = await socketOfServer();
  made += 1;
  const name = `test_${process.pid}_${made}`;
  const from = options.empty === true ? "template0" : template;
  await administer(socket, `create database ${name} template ${from} strategy file_copy`);
  const client = await connectTo(socket, name);
  return {
    name,
    url: urlOf(socket, name),
    async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
      return (await client.query<Row>(text, [...values])).rows;
    },
    async [Symbol.asyncDispose]() {
      await client.end();
      await administer(socket, `drop database ${name} with (force)`);
    },
  };
}

/**
 * The server of one test run: as in production, but for fsync, because no test cuts the power. Its files are
 * in memory where there is room; `onDisk` is for runs that write more than memory holds.
 */
export async function startTestServer(options: { readonly onDisk?: boolean } = {}): Promise<{
  readonly socket: string;
  close(): Promise<void>;
  /** At once, if it was not closed. */
  drop(): void;
}> {
  const parent = options.onDisk === true ? tmpdir() : await quickFolder();
  const folder = await mkdtemp(join(parent, "signalbox-test-"));
  let postgres: Postgres | undefined;
  try {
    postgres = await startPostgres({
      dataDirectory: folder,
      log: silentLog,
      settings: {
        fsync: "off",
        max_connections: "100",
        shared_buffers: "128MB",
        max_wal_size: "512MB",
      },
    });
    const socket = postgres.address.host ?? "";
    await makeTemplate(socket);
    const running = postgres;
    let closed = false;
    return {
      socket,
      async close() {
        closed = true;
        await running.close();
        await rm(folder, { recursive: true, force: true });
      },
      drop() {
        if (closed) return;
        process.kill(running.pid(), "SIGQUIT");
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await postgres?.close();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Linux's file system in memory. To make and drop a database there takes a fifth of the processor's time. */
const memoryFolder = "/dev/shm";

/** Octets. All databases of a run at a time, its journal, and as much again. */
const memoryOctetsMin = 2 * 1024 ** 3;

async function quickFolder(): Promise<string> {
  // Not there on other systems, and small in most containers.
  const found = await statfs(memoryFolder).catch(() => undefined);
  const octets = found === undefined ? 0 : found.bavail * found.bsize;
  return octets >= memoryOctetsMin ? memoryFolder : tmpdir();
}

let server: Promise<string> | undefined;

function socketOfServer(): Promise<string> {
  const given = process.env[socketVariable];
  server ??= given === undefined ? startOwnServer() : Promise.resolve(given);
  return server;
}

async function startOwnServer(): Promise<string> {
  const own = await startTestServer();
  process.once("beforeExit", () => void own.close());
  // When the process ends in any other way, there is no time for more.
  process.once("exit", () => own.drop());
  return own.socket;
}

async function makeTemplate(socket: string): Promise<void> {
  await administer(socket, `create database ${template}`);
  const db = openPool({ connectionString: urlOf(socket, template) }, silentLog);
  await migrate(db);
  await makePartitions(db);
  await db.destroy();
}

async function administer(socket: string, statement: string): Promise<void> {
  const client = await connectTo(socket, "postgres");
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

async function connectTo(socket: string, database: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: urlOf(socket, database) });
  client.on("error", () => undefined); // The tests end backends and servers; queries tell of it.
  await client.connect();
  return client;
}

function urlOf(socket: string, database: string): string {
  return `postgresql://signalbox@/${database}?host=${encodeURIComponent(socket)}`;
}
