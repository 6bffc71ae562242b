import { performance } from "node:perf_hooks";
import pg from "pg";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import type { DataSourceTestView } from "../model/data-source-view.ts";
import { connectTrouble } from "./connect-trouble.ts";
import { type DataValue, getTypeParser } from "./data-source-values.ts";
import type { DatabaseAddress } from "./gateway-lock.ts";

/** A database of the customer's, which scripts may ask. */
export interface DataSource {
  /**
   * Runs one statement with its values, which PostgreSQL reads as the types that it needs. Called for
   * each query of a script, many at once. Rejects with `data_source_down` when there is no
   * connection, else with `data_source_failed`: PostgreSQL refused it, it took too long, or its answer
   * passed a bound. Then nothing was changed, but when the message says that this is not known.
   */
  query(text: string, values: readonly (string | null)[]): Promise<readonly DataRow[]>;
  /** Connects anew and looks at what is there. Never rejects. */
  test(): Promise<DataSourceTestView>;
  facts(): DataSourceFacts;
  close(): Promise<void>;
}

export type DataRow = Readonly<Record<string, DataValue>>;

export interface DataSourceFacts {
  readonly calls: number;
  readonly errors: number;
  /** Milliseconds of all calls together, the wait for a connection included. */
  readonly tookMs: number;
  readonly connections: number;
  readonly waiting: number;
}

export interface DataSourceOptions {
  readonly name: string;
  readonly address: DatabaseAddress;
  readonly readOnly: boolean;
  readonly timeoutMs: number;
  readonly rowsMax: number;
  readonly octetsMax: number;
  readonly connectionsMax: number;
  readonly log: Log;
}

/** Statements that wait for a connection; as many as 16 triggers may have in flight. */
const waitingMax = 1_024;

/** ms. The server's own limit comes first as long as it lives; this is for one that does not answer. */
const graceMs = 250;

/** ms. A connection that nobody needed so long is given back to the server. */
const idleMs = 60_000;

/** ms. A test is for a person who waits, and finds out why it takes long. */
const testTimeoutMs = 5_000;

/** Connects when the first statement comes. */
export function openDataSource(options: DataSourceOptions): DataSource {
  const { name, address, readOnly, timeoutMs, rowsMax, octetsMax, connectionsMax, log } = options;
  const config = {
    ...address,
    application_name: `signalbox ${name}`,
    keepAlive: true,
    types: { getTypeParser },
  };
  const pool = new pg.Pool({
    ...config,
    max: connectionsMax,
    connectionTimeoutMillis: timeoutMs,
    idleTimeoutMillis: idleMs,
  });
  // An idle connection that the server closed; the next statement opens another one.
  pool.on("error", (error) =>
    log.debug({ source: name, why: error.message }, "a connection ended"),
  );
  // Without a listener the end of one that is in use would end the process; its statement tells it.
  pool.on("connect", (client) => client.on("error", () => {}));
  // Set for each statement, so that it holds whatever a script has set, and behind a pooler, too.
  const begin = `begin ${readOnly ? "read only" : "read write"}; set local statement_timeout = ${timeoutMs}`;
  let calls = 0;
  let errors = 0;
  let tookMs = 0;

  return {
    async query(text, values) {
      const fromMs = performance.now();
      calls += 1;
      try {
        return await onConnection(text, values);
      } catch (cause) {
        errors += 1;
        throw cause;
      } finally {
        tookMs += performance.now() - fromMs;
      }
    },
    test: () => testSource(options, config),
    facts: () => ({
      calls,
      errors,
      tookMs,
      connections: pool.totalCount,
      waiting: pool.waitingCount,
    }),
    close: () => pool.end(),
  };

  async function onConnection(
    text: string,
    values: readonly (string | null)[],
  ): Promise<readonly DataRow[]> {
    const client = await connection();
    let ending = false;
    let reusable = false;
    try {
      return await inTime(async () => {
        await client.query(begin);
        const rows = await bounded(client, text, values);
        ending = !readOnly;
        // What only reads may still have set something for its connection: that goes back as well.
        await client.query(readOnly ? "rollback" : "commit");
        reusable = true;
        return rows;
      });
    } catch (cause) {
      // What PostgreSQL itself refused leaves a connection that can be used again.
      if (cause instanceof pg.DatabaseError && cause.severity === "ERROR")
        reusable = await client.query("rollback").then(
          () => true,
          () => false,
        );
      throw failure(cause, ending);
    } finally {
      client.release(!reusable);
    }
  }

  async function connection(): Promise<pg.PoolClient> {
    if (pool.waitingCount >= waitingMax)
      throw new GatewayError("data_source_down", `${name}: ${waitingMax} statements wait for it`);
    try {
      return await pool.connect();
    } catch (cause) {
      if (pool.totalCount >= connectionsMax && isTimeout(cause))
        throw new GatewayError(
          "data_source_down",
          `${name}: all ${connectionsMax} connections were in use for ${timeoutMs} ms`,
          { cause },
        );
      throw new GatewayError("data_source_down", connectTrouble(cause, name).what, { cause });
    }
  }

  /** The statement's answer is read row by row, and given up where it passes a bound. */
  function bounded(
    client: pg.PoolClient,
    text: string,
    values: readonly (string | null)[],
  ): Promise<readonly DataRow[]> {
    return new Promise((resolve, reject) => {
      const rows: DataRow[] = [];
      let octets = 0;
      const stream = client instanceof pg.Client ? client.connection.stream : undefined;
      const count = (chunk: Buffer): void => {
        octets += chunk.length;
        if (octets > octetsMax) fail(tooMuch(`${octetsMax} octets (octetsMax)`));
      };
      // Beside the driver's own reading: a single value may be larger than our memory.
      stream?.prependListener("data", count);
      const done = (): void => {
        stream?.off("data", count);
      };
      const fail = (cause: unknown): void => {
        done();
        reject(cause);
        if (!(cause instanceof pg.DatabaseError)) stream?.destroy();
      };
      // The extended protocol takes one statement only, also when it has no values.
      const asked = { text, values: [...values], queryMode: "extended" };
      const query = new pg.Query<DataRow>(asked);
      query.on("row", (row) => {
        if (rows.push(row) > rowsMax) fail(tooMuch(`${rowsMax} rows (rowsMax)`));
      });
      query.on("error", fail);
      query.on("end", () => {
        done();
        resolve(rows);
      });
      client.query(query);
    });
  }

  function tooMuch(bound: string): GatewayError {
    return new GatewayError(
      "data_source_failed",
      `${name}: the answer has more than ${bound}; ask for less, by a where or a limit`,
    );
  }

  async function inTime<T>(work: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(late()), timeoutMs + graceMs);
    });
    try {
      return await Promise.race([work(), limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  function late(): GatewayError {
    return new GatewayError(
      "data_source_down",
      `${name}: no answer within ${timeoutMs} ms (timeoutMs)`,
    );
  }

  function failure(cause: unknown, ending: boolean): GatewayError {
    const after = ending ? "; whether the change was made is not known" : "";
    if (cause instanceof GatewayError)
      return new GatewayError(cause.code, `${cause.message}${after}`, { cause });
    if (!(cause instanceof pg.DatabaseError))
      return new GatewayError("data_source_down", `${connectTrouble(cause, name).what}${after}`, {
        cause,
      });
    const code = cause.code ?? "";
    // The statement was stopped (57014), or the server is going down.
    if (code === "57014")
      return new GatewayError(
        "data_source_failed",
        `${name}: the statement took longer than ${timeoutMs} ms (timeoutMs)`,
        { cause },
      );
    if (cause.severity !== "ERROR")
      return new GatewayError("data_source_down", `${name}: ${cause.message}${after}`, { cause });
    const why =
      code === "25006"
        ? `${cause.message}; a source that may write says readOnly: false`
        : cause.message;
    const hint = cause.hint === undefined ? "" : `; ${cause.hint}`;
    return new GatewayError("data_source_failed", `${name}: ${why}${hint} (SQLSTATE ${code})`, {
      cause,
    });
  }
}

function isTimeout(cause: unknown): boolean {
  return cause instanceof Error && /timeout/i.test(cause.message);
}

interface Seen {
  readonly version: string;
  readonly role: string;
  readonly database: string;
  readonly superuser: boolean;
  readonly standby: boolean;
  readonly tls: boolean;
}

/** Also asked without a gateway, by the command line. */
export async function testSource(
  { name, readOnly, timeoutMs }: Pick<DataSourceOptions, "name" | "readOnly" | "timeoutMs">,
  config: DatabaseAddress,
): Promise<DataSourceTestView> {
  const fromMs = performance.now();
  let client: pg.Client | undefined;
  try {
    client = new pg.Client({
      ...config,
      connectionTimeoutMillis: testTimeoutMs,
      query_timeout: testTimeoutMs,
    });
    client.on("error", () => {});
    await client.connect();
    const connectMs = performance.now() - fromMs;
    const { rows } = await client.query<Seen>(`
      select current_setting('server_version') as version, current_user as role,
        current_database() as database, pg_is_in_recovery() as standby,
        (select rolsuper from pg_roles where rolname = current_user) as superuser,
        coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false) as tls`);
    const [seen] = rows;
    if (seen === undefined) throw new Error("pg_roles gave no answer");
    const askedMs = performance.now();
    await client.query("select");
    const answerMs = performance.now() - askedMs;
    const { version, role, database, tls } = seen;
    const warnings: string[] = [];
    if (seen.superuser)
      warnings.push(
        "The role is a superuser: make one for the triggers that may only what they need.",
      );
    if (seen.standby && !readOnly)
      warnings.push("The server is a standby, which takes no changes, and readOnly is false.");
    if (connectMs > timeoutMs)
      warnings.push(`To connect took longer than timeoutMs, ${timeoutMs} ms: raise it.`);
    if (!tls && isElsewhere(client.host))
      warnings.push("The connection is not encrypted: write sslmode=verify-full in the URL.");
    const facts = { version, role, database, tls, connectMs, answerMs, warnings };
    return { name, ok: true, readOnly, ...facts, where: whereOf(client) };
  } catch (cause) {
    const where = client === undefined ? name : whereOf(client);
    const trouble =
      cause instanceof Error && /^ENOENT|no such file/i.test(cause.message) && client === undefined
        ? {
            what: `${name}: a file that its URL names cannot be read`,
            advice: "Check sslrootcert, sslcert and sslkey in the URL.",
          }
        : connectTrouble(cause, where);
    return { name, ok: false, readOnly, where, trouble };
  } finally {
    // It may be broken already; the answer is there in either case.
    await client?.end().catch(() => undefined);
  }
}

function whereOf({ host, port, database }: pg.Client): string {
  return `${host.startsWith("/") ? host : `${host}:${port}`}/${database ?? ""}`;
}

function isElsewhere(host: string): boolean {
  return !host.startsWith("/") && !/^(localhost|127\.|::1$)/.test(host);
}
