import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { copyFile, readFile, rmdir, stat, truncate } from "node:fs/promises";
import { join, resolve } from "node:path";
import pg from "pg";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { DatabaseAddress } from "./gateway-lock.ts";
import { type Binaries, findBinaries } from "./postgres-binaries.ts";
import { nameFor, prepareDirectory, serverUser, socketDirectoryFor } from "./postgres-directory.ts";
import { type Person, personFor } from "./postgres-person.ts";
import { clearStalePidFile, isAlive, leftBackends, readPidFile } from "./postgres-process.ts";
import { logMaxMib, serverPort, serverSettings } from "./postgres-settings.ts";

/** How often a server is asked while it starts or stops. */
const pollMs = 20;

/** Recovery after a crash reads up to 8 GB of log; minutes on a slow disk, never this long. */
const startTimeoutMs = 600_000;

/** A fast shutdown ends with a checkpoint; after this the server is told to drop everything. */
const stopTimeoutMs = 60_000;

/** How often a server that is not our child is looked after, and the size of its log. */
const watchMs = 250;

/** Pause after a start that failed; it doubles up to the second number. */
const restartFirstMs = 100;
const restartMostMs = 5_000;

/** The embedded PostgreSQL under our care. */
export interface Postgres {
  readonly address: DatabaseAddress;
  readonly dataDirectory: string;
  /** It was running already: an earlier gateway died without stopping it. */
  readonly adopted: boolean;
  /** Its process now; another one after a restart. */
  pid(): number;
  /** Stops it in good order. Whatever was committed is on disk either way. */
  close(): Promise<void>;
  /** Looks after it no more and lets it run: it is another gateway's. */
  release(): Promise<void>;
}

export interface PostgresOptions {
  readonly dataDirectory: string;
  readonly log: Log;
  /** Over our own settings; for tests and benches. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Called when the server's process has been started: from here on it needs us no more until it answers. */
  readonly launched?: (() => void) | undefined;
}

interface Server {
  readonly pid: number;
  readonly socketDirectory: string;
  readonly child: ChildProcess | undefined;
}

interface Place {
  readonly directory: string;
  readonly logFile: string;
  readonly binaries: Binaries;
  readonly person: Person;
  readonly socketDirectory: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly launched: (() => void) | undefined;
}

/**
 * Starts PostgreSQL in `postgres` below the data directory, or adopts the one that runs there, and
 * from then on restarts it when it dies. It is in a session of its own, so that it outlives a gateway
 * that is killed. Rejects with `data_directory` or `database_unreachable`.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { log } = options;
  const dataDirectory = resolve(options.dataDirectory);
  const directory = join(dataDirectory, "postgres");
  const person = await personFor(directory);
  const binaries = await findBinaries(person);
  await prepareDirectory(directory, binaries, person);
  const socketDirectory = await socketDirectoryFor(directory, person);
  const place: Place = {
    directory,
    logFile: join(dataDirectory, "postgres.log"),
    binaries,
    person,
    socketDirectory,
    settings: { ...serverSettings(socketDirectory), ...options.settings },
    launched: options.launched,
  };

  let closing = false;
  let restarting: Promise<void> | undefined;
  let server = await launch(place, () => closing).catch(async (error: unknown) => {
    await rmdir(socketDirectory).catch(() => undefined); // As at close, below.
    throw error;
  });
  const adopted = server.child === undefined;
  await makeDatabase(addressAt(server.socketDirectory));
  look();
  const timer = setInterval(() => void watch(), watchMs);
  timer.unref();

  return {
    address: { ...addressAt(server.socketDirectory), database: serverUser },
    dataDirectory,
    adopted,
    pid: () => server.pid,
    async close() {
      await release();
      await stop(server);
      // Empty now; it may stand in the common folder for temporary files.
      await rmdir(socketDirectory).catch(() => undefined);
    },
    release,
  };

  async function release(): Promise<void> {
    closing = true;
    clearInterval(timer);
    await restarting;
  }

  /** A child that dies is known at once; the timer is for servers that are not our children. */
  function look(): void {
    server.child?.once("exit", () => void watch());
  }

  async function watch(): Promise<void> {
    if (closing || restarting !== undefined) return;
    if (await isAlive(server.pid)) {
      await boundLog(place.logFile);
      return;
    }
    if (closing || restarting !== undefined) return;
    restarting = restart().finally(() => (restarting = undefined));
  }

  async function restart(): Promise<void> {
    log.error({ pid: server.pid, logFile: place.logFile }, "PostgreSQL died; it is started again");
    for (let pauseMs = restartFirstMs; ; pauseMs = Math.min(pauseMs * 2, restartMostMs)) {
      if (closing) return;
      try {
        server = await launch(place, () => closing);
        look();
        log.info({ pid: server.pid }, "PostgreSQL runs again");
        return;
      } catch (cause) {
        log.error({ err: cause }, "PostgreSQL could not be started");
        await pause(pauseMs);
      }
    }
  }
}

/** Gives a server that answers: the one that runs, else a new one once everything old has gone. */
async function launch(place: Place, givenUp: () => boolean): Promise<Server> {
  const untilMs = performance.now() + startTimeoutMs;
  while (performance.now() < untilMs && !givenUp()) {
    const file = await readPidFile(place.directory);
    if (file !== undefined && (await isAlive(file.pid))) {
      const socketDirectory = file.socketDirectory || place.socketDirectory;
      if (await answers(addressAt(socketDirectory)))
        return { pid: file.pid, socketDirectory, child: undefined };
    }
    // A server that is starting, stopping or dying is waited for, and so are its last backends.
    if (
      (file === undefined || (await clearStalePidFile(place.directory, file))) &&
      (await leftBackends(place.directory)).length === 0
    ) {
      const child = await start(place, givenUp);
      if (child?.pid !== undefined)
        return { pid: child.pid, socketDirectory: place.socketDirectory, child };
    }
    await pause(pollMs);
  }
  throw new GatewayError(
    "data_directory",
    `PostgreSQL in ${place.directory} did not start in ${startTimeoutMs / 1_000} s; see ${place.logFile}.`,
  );
}

/** Gives undefined when an earlier server was not quite gone yet. */
async function start(place: Place, givenUp: () => boolean): Promise<ChildProcess | undefined> {
  const { directory, logFile, binaries, person, settings } = place;
  const name = await nameFor(directory, person);
  const options = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
  const from = await sizeOf(logFile);
  const output = openSync(logFile, "a", 0o600);
  const child = spawn(join(binaries.folder, "bin", "postgres"), ["-D", name, ...options], {
    cwd: directory,
    env: { LC_ALL: "C", PG_OOM_ADJUST_FILE: "/proc/self/oom_score_adj" },
    detached: true,
    stdio: ["ignore", output, output],
    ...(person.uid === undefined || person.gid === undefined
      ? {}
      : { uid: person.uid, gid: person.gid }),
  });
  closeSync(output);
  child.unref();
  place.launched?.();
  const ended: string[] = [];
  child.once("error", (error) => ended.push(error.message));
  child.once("exit", (code, signal) => ended.push(`it ended with ${signal ?? `code ${code}`}`));
  const address = addressAt(place.socketDirectory);
  while (ended.length === 0 && !givenUp()) {
    if (await answers(address)) return child;
    await pause(pollMs);
  }
  const told = (await readFile(logFile)).subarray(from).toString();
  if (/lock file "postmaster.pid"|shared memory block/.test(told)) return undefined;
  const fatal = told.split("\n").find((line) => /FATAL|PANIC|error while loading/.test(line));
  throw new GatewayError(
    "data_directory",
    `PostgreSQL in ${directory} did not start: ${fatal ?? ended.join(", ")}; see ${logFile}.`,
  );
}

async function stop(server: Server): Promise<void> {
  // SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one (manual, 18.5).
  for (const [signal, limitMs] of [
    ["SIGINT", stopTimeoutMs],
    ["SIGQUIT", stopTimeoutMs],
  ] as const) {
    const untilMs = performance.now() + limitMs;
    if (!(await isAlive(server.pid))) return;
    process.kill(server.pid, signal);
    while (performance.now() < untilMs) {
      if (!(await isAlive(server.pid))) return;
      await pause(pollMs);
    }
  }
}

async function makeDatabase(address: DatabaseAddress): Promise<void> {
  const client = new pg.Client(address);
  await client.connect();
  try {
    const found = await client.query("select from pg_database where datname = $1", [serverUser]);
    if (found.rowCount === 0) await client.query(`create database ${serverUser}`);
  } finally {
    await client.end();
  }
}

function addressAt(socketDirectory: string): DatabaseAddress {
  return { host: socketDirectory, port: serverPort, user: serverUser, database: "postgres" };
}

async function answers(address: DatabaseAddress): Promise<boolean> {
  const client = new pg.Client({ ...address, connectionTimeoutMillis: 5_000 });
  client.on("error", () => undefined); // Told by connect as well.
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false; // No socket yet, or "the database system is starting up": asked again.
  }
}

/** Whatever the server tells, its log takes at most twice `logMaxMib`. It appends, so it can be cut. */
async function boundLog(logFile: string): Promise<void> {
  if ((await sizeOf(logFile)) < logMaxMib * 1024 * 1024) return;
  await copyFile(logFile, `${logFile}.old`);
  await truncate(logFile);
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found?.size ?? 0;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
