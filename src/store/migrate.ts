import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import * as start from "../../migrations/0001-start.ts";
import * as reports from "../../migrations/0002-reports.ts";
import * as operations from "../../migrations/0003-operations.ts";
import * as erasure from "../../migrations/0004-erasure.ts";
import * as text from "../../migrations/0005-text.ts";
import * as matching from "../../migrations/0006-reports.ts";
import * as smpp from "../../migrations/0007-smpp.ts";
import * as platform from "../../migrations/0008-trigger-platform.ts";
import * as ledger from "../../migrations/0009-ledger.ts";
import * as inbound from "../../migrations/0010-inbound.ts";
import * as routes from "../../migrations/0011-routes.ts";
import * as ways from "../../migrations/0012-ways.ts";
import * as http from "../../migrations/0013-http.ts";
import * as webhooks from "../../migrations/0014-webhooks.ts";
import * as accounts from "../../migrations/0015-accounts.ts";
import * as records from "../../migrations/0016-records.ts";
import * as callbacks from "../../migrations/0017-callbacks.ts";
import * as references from "../../migrations/0018-references.ts";
import * as queueIndex from "../../migrations/0019-queue-index.ts";
import { GatewayError } from "../model/error.ts";
import type { Tables } from "./tables.ts";

/** All migrations in their order. A new one is a new file and a new line; none is ever changed. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001-start": start,
  "0002-reports": reports,
  "0003-operations": operations,
  "0004-erasure": erasure,
  "0005-text": text,
  "0006-reports": matching,
  "0007-smpp": smpp,
  "0008-trigger-platform": platform,
  "0009-ledger": ledger,
  "0010-inbound": inbound,
  "0011-routes": routes,
  "0012-ways": ways,
  "0013-http": http,
  "0014-webhooks": webhooks,
  "0015-accounts": accounts,
  "0016-records": records,
  "0017-callbacks": callbacks,
  "0018-references": references,
  "0019-queue-index": queueIndex,
};

/** Says that a database is ours; named so that another program's Kysely is not taken for us. */
const migrationTable = "signalbox_migration";

/** What the migrations themselves are written down in. */
export const migrationTables = [migrationTable, `${migrationTable}_lock`] as const;

/** The names of all migrations in their order. */
export const migrationNames: readonly string[] = Object.keys(MIGRATIONS);

/**
 * Brings the database to this version; called at every start, by the holder of the lock. Rejects
 * with `database_foreign` when it holds tables of somebody else, or is of a newer version.
 */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const known = await knownMigrations(db);
  if (known.length < migrationNames.length) await migrateTo(db, migrationNames.at(-1) ?? "");
}

/**
 * Goes through the migrations that are missing up to this one. In a transaction that is given, or
 * in one of its own.
 */
export async function migrateTo(db: Kysely<Tables>, name: string): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) },
    migrationTableName: migrationTables[0],
    migrationLockTableName: migrationTables[1],
  });
  const { error, results } = await migrator.migrateTo(name);
  if (error === undefined) return;
  const failed = results?.find((result) => result.status === "Error")?.migrationName ?? "the list";
  throw new Error(`migration ${failed} failed`, { cause: error });
}

/**
 * The migrations that the database has gone through; none when it is empty. Rejects with
 * `database_foreign` when it holds tables of somebody else, or is of a newer version.
 */
export async function knownMigrations(db: Kysely<Tables>): Promise<string[]> {
  const { rows } = await sql<{ ours: boolean; tables: number }>`
    select to_regclass(${migrationTable}) is not null as ours,
      (select count(*)::integer from information_schema.tables
        where table_schema = current_schema()) as tables`.execute(db);
  const found = rows[0];
  if (found === undefined) throw new Error("information_schema gave no answer");
  if (!found.ours) {
    if (found.tables === 0) return [];
    throw new GatewayError(
      "database_foreign",
      `The database holds ${found.tables} tables that are not ours; name an empty one.`,
    );
  }
  const done = await sql<{ name: string }>`
    select name from ${sql.table(migrationTable)} order by name`.execute(db);
  const names = done.rows.map((row) => row.name);
  const newer = names.filter((name) => MIGRATIONS[name] === undefined);
  if (newer.length > 0)
    throw new GatewayError(
      "database_foreign",
      `The database is of a newer version of Signalbox (${newer.join(", ")}); start that version.`,
    );
  return names;
}
