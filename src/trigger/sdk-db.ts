/** The customer's own databases, as a handler asks them. Part of "signalbox". */

/**
 * One of the databases that `dataSources` in signalbox.yaml names: a tag for SQL.
 *
 * ```ts
 * const [owner] = await db.customers<{ system_id: string }>`
 *   select system_id from users where address_range = ${message.to}`;
 * if (owner !== undefined) message.forward({ channel: "SMPP_SERVER1", account: owner.system_id });
 * ```
 *
 * A value never becomes SQL: it goes to PostgreSQL beside the text, as $1, $2, ... So it stands where a
 * value may stand, not for a table or a column, and without quotes around it. Where PostgreSQL cannot
 * tell what is meant, say so: `${n}::integer`. A query of the same database as a value is a part of the
 * statement:
 *
 * ```ts
 * const onlyActive = active ? db.customers`and active` : db.customers``;
 * await db.customers`select credits from users where system_id = ${id} ${onlyActive}`;
 * ```
 *
 * Limits, each a setting of the data source: 500 ms (timeoutMs), 1,000 rows, 256 KiB, 4 connections;
 * a statement has 1,000 values at most. What passes a limit, what PostgreSQL refuses and a database that
 * is down are an error, thrown where the query is awaited. With `readOnly: false` a statement is a
 * transaction of its own. It is not undone when the event is rejected later.
 */
export interface DataSource {
  <Row extends object = Record<string, SqlAnswer>>(
    sql: TemplateStringsArray,
    ...values: readonly (SqlValue | Query<object>)[]
  ): Query<Row>;
}

/** Runs when it is awaited, once; one that nobody awaits never runs, and the log tells so. */
export interface Query<Row extends object = Record<string, SqlAnswer>> extends PromiseLike<
  readonly Row[]
> {
  /** Where the query goes. */
  readonly source: string;
}

/** An array is PostgreSQL's: `where system_id = any (${["a", "b"]})`. */
export type SqlValue =
  | string
  | number
  | bigint
  | boolean
  | null
  /** As ISO 8601 in UTC, for timestamptz. */
  | Date
  /** For bytea. */
  | Uint8Array
  | readonly SqlValue[];

/**
 * What a column gives: numbers for integers and floats (a bigint beyond 2^53 is an error: select it as
 * text), ISO 8601 in UTC for timestamptz, values for json and simple arrays. All else is the text that
 * PostgreSQL writes: numeric, date, uuid, bytea.
 */
export type SqlAnswer = string | number | boolean | null | object;

/** How a password is checked against a customer's own table. */
export interface VerifyWith {
  /**
   * The first column of its first row is the hash; no row is an unknown account. It runs in the
   * gateway, and what it finds never comes into the script.
   */
  readonly with: Query<object>;
  /**
   * What the hash is: `sha1-utf16le`: hex of the SHA-1 over the password in UTF-16LE. `scrypt`:
   * `N$r$p$salt$key`, as Signalbox keeps its own. `plain`: the password as it is; better not.
   */
  readonly scheme: "sha1-utf16le" | "scrypt" | "plain";
}
