import { hostname } from "node:os";
import pg from "pg";
import { GatewayError } from "../model/error.ts";
import { SESSION_SETTINGS } from "./statements.ts";

/**
 * The advisory lock that a gateway holds on its database, on the connection by which it writes: the
 * letters "signalbo". Advisory locks are per database.
 */
const lockKey = "8316582904837861999";

/** How often a lock that another one holds is tried; it may be a dying start of ours. */
const lockPollMs = 50;

/** Where and as whom to connect. */
export type DatabaseAddress = pg.ClientConfig;

/** A connection that holds the lock: nobody else writes to this database while it lives. */
export interface Holder {
  readonly client: pg.Client;
  /** Names the backend for certain, also when the system gives its number to another process. */
  readonly backend: Backend;
}

export interface Backend {
  readonly pid: number;
  readonly startedAt: string;
}

/**
 * Connects and takes the lock. `before` is the backend that this gateway had before: should it
 * still be there (a connection that only we lost), it is ended first. Rejects with
 * `database_unreachable`, or with `database_taken` when another gateway keeps the lock for `waitMs`.
 */
export async function takeLock(
  address: DatabaseAddress,
  given: { readonly before: Backend | undefined; readonly waitMs: number },
): Promise<Holder> {
  const client = await connect(address);
  try {
    for (const [name, value] of Object.entries(SESSION_SETTINGS))
      await client.query("select set_config($1, $2, false)", [name, value]);
    const { before } = given;
    if (before !== undefined)
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and backend_start::text = $2",
        [before.pid, before.startedAt],
      );
    const untilMs = performance.now() + given.waitMs;
    while (!(await tryLock(client))) {
      if (performance.now() >= untilMs) throw await takenBy(client);
      await new Promise((resolve) => setTimeout(resolve, lockPollMs));
    }
    return { client, backend: await backendOf(client) };
  } catch (error) {
    await client.end().catch(() => undefined); // It is being given up; how that ends changes nothing.
    throw error;
  }
}

/** Tells later starts who holds the lock. Called once, when the tables are there. */
export async function signLock(client: pg.Client, startId: string): Promise<void> {
  await client.query(
    `insert into gateway (start_id, host, pid, since) values ($1, $2, $3, now())
     on conflict (only_row) do update set start_id = excluded.start_id, host = excluded.host,
       pid = excluded.pid, since = excluded.since`,
    [startId, hostname(), process.pid],
  );
}

/** Connects, and tells in the error where to; never with whose password. */
export async function connect(address: DatabaseAddress): Promise<pg.Client> {
  const client = new pg.Client({
    ...address,
    application_name: `signalbox ${process.pid}@${hostname()}`.slice(0, 63),
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // Whoever uses the client hears of its end by its queries; without a listener Node would exit.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (cause) {
    const where = client.host.startsWith("/") ? client.host : `${client.host}:${client.port}`;
    const why = cause instanceof Error ? cause.message || cause.name : String(cause);
    throw new GatewayError(
      "database_unreachable",
      `PostgreSQL at ${where}, database ${client.database ?? ""}: ${why}.`,
      { cause },
    );
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ got: boolean }>(
    `select pg_try_advisory_lock(${lockKey}) as got`,
  );
  return rows[0]?.got ?? false;
}

async function backendOf(client: pg.Client): Promise<Backend> {
  const { rows } = await client.query<Backend>(
    `select pid, backend_start::text as "startedAt" from pg_stat_activity where pid = pg_backend_pid()`,
  );
  const backend = rows[0];
  if (backend === undefined) throw new Error("pg_stat_activity does not show our own backend");
  return backend;
}

async function takenBy(client: pg.Client): Promise<GatewayError> {
  // The other one may be before its migrations; then there is no table yet that names it.
  const found = await client
    .query<{ host: string; pid: number; since: Date }>("select host, pid, since from gateway")
    .catch(() => undefined);
  const other = found?.rows[0];
  const who =
    other === undefined
      ? "another gateway"
      : `the gateway with process id ${other.pid} on ${other.host}, since ${other.since.toISOString()}`;
  return new GatewayError("database_taken", `The database is held by ${who}; stop it first.`);
}
