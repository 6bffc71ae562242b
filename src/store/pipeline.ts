import type pg from "pg";

/** One statement of a transaction: its name in STATEMENTS and the values of its parameters, octets in their binary form. */
export interface Step {
  readonly name: string;
  readonly values: readonly (string | Buffer | null)[];
}

/** What a step gave: its rows as text, and how many rows it touched. */
export interface StepAnswer {
  readonly rows: readonly (readonly (string | null)[])[];
  readonly count: number;
}

export type RunOutcome =
  | { readonly kind: "committed"; readonly answers: readonly StepAnswer[] }
  /** The server refused and rolled back: certainly nothing of it is applied. */
  | { readonly kind: "rolledBack"; readonly error: pg.DatabaseError }
  /** The connection died with no answer: applied or not, nobody here can say. */
  | { readonly kind: "unknown"; readonly error: Error };

/**
 * A connection on which transactions are sent without waiting for the ones before. pg's own
 * pipeline option ends every statement with a Sync, which costs a turn of the server and a packet
 * each, and needs BEGIN and COMMIT besides; here all statements of a transaction stand between two
 * Syncs and so are one implicit transaction (PostgreSQL 18 manual, 54.2.4): either all commit at
 * the Sync or none, and after an error the server skips to the Sync by itself. pg does what it is
 * good at: connecting, authentication, TLS, framing and parsing.
 */
export interface Pipeline {
  /** Sends one transaction; transactions are done in the order in which they were sent. Never rejects. */
  run(steps: readonly Step[]): Promise<RunOutcome>;
  /** Settles when the connection is gone, for whatever reason. */
  readonly closed: Promise<Error>;
  /** Says goodbye, after what was sent. */
  end(): Promise<void>;
}

interface Flight {
  readonly answers: { rows: (string | null)[][]; count: number }[];
  rows: (string | null)[][];
  error: pg.DatabaseError | undefined;
  settle(outcome: RunOutcome): void;
}

/**
 * Takes over a connected client: nobody else may use it from now on. Rejects when a statement
 * cannot be prepared, which is a fault of ours.
 */
export async function openPipeline(
  client: pg.Client,
  statements: Readonly<Record<string, string>>,
): Promise<Pipeline> {
  const { connection } = client;
  const flights: Flight[] = [];
  let gone: Error | undefined;
  const closed = Promise.withResolvers<Error>();

  // From here on the answers are ours; the client would take them for those of its own queries.
  for (const event of [
    "dataRow",
    "commandComplete",
    "readyForQuery",
    "errorMessage",
    "parseComplete",
    "rowDescription",
    "emptyQuery",
    "portalSuspended",
  ])
    connection.removeAllListeners(event);

  connection.on("dataRow", (message: { fields: (string | null)[] }) => {
    flights[0]?.rows.push(message.fields);
  });
  connection.on("commandComplete", (message: { text: string }) => {
    const flight = flights[0];
    if (flight === undefined) return;
    flight.answers.push({ rows: flight.rows, count: countOf(message.text) });
    flight.rows = [];
  });
  connection.on("errorMessage", (error: pg.DatabaseError) => {
    const flight = flights[0];
    if (flight !== undefined) flight.error = error;
    // Without a transaction under way the server tells why it is about to hang up.
    else gone ??= error;
  });
  connection.on("readyForQuery", () => {
    const flight = flights.shift();
    if (flight === undefined) return;
    if (flight.error === undefined) flight.settle({ kind: "committed", answers: flight.answers });
    else flight.settle({ kind: "rolledBack", error: flight.error });
  });
  client.on("error", (error) => (gone ??= error));
  connection.once("end", () => {
    gone ??= flights[0]?.error ?? new Error("the connection to the database ended");
    for (const flight of flights.splice(0)) flight.settle({ kind: "unknown", error: gone });
    closed.resolve(gone);
  });

  const pipeline: Pipeline = { run, closed: closed.promise, end };
  await prepare();
  return pipeline;

  function send(write: () => void): Promise<RunOutcome> {
    return new Promise((resolve) => {
      if (gone !== undefined) {
        resolve({ kind: "unknown", error: gone });
        return;
      }
      flights.push({ answers: [], rows: [], error: undefined, settle: resolve });
      connection.stream.cork();
      write();
      connection.sync();
      connection.stream.uncork();
    });
  }

  function run(steps: readonly Step[]): Promise<RunOutcome> {
    return send(() => {
      for (const { name, values } of steps) {
        connection.bind({ statement: name, values: [...values] }, true);
        connection.execute({}, true);
      }
    });
  }

  async function prepare(): Promise<void> {
    const outcome = await send(() => {
      for (const [name, text] of Object.entries(statements))
        connection.parse({ name, text, types: [] }, true);
    });
    if (outcome.kind === "committed") return;
    await end();
    throw new Error("a statement of the writer cannot be prepared", { cause: outcome.error });
  }

  async function end(): Promise<void> {
    if (gone === undefined) connection.end();
    await closed.promise;
  }
}

/** `INSERT 0 5`, `UPDATE 3`, `SELECT 1`: the number at the end. */
function countOf(tag: string): number {
  const count = Number(tag.slice(tag.lastIndexOf(" ") + 1));
  return Number.isNaN(count) ? 0 : count;
}
