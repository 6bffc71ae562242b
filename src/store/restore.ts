import { mkdir } from "node:fs/promises";
import { type Kysely, type Transaction, sql } from "kysely";
import pg from "pg";
import { GatewayError } from "../model/error.ts";
import type { Log } from "../model/log.ts";
import { type BackupFacts, type BackupFile, openBackupFile } from "./backup-file.ts";
import { readBackup } from "./backup-format.ts";
import type { BackupHeader, BackupTable } from "./backup-header.ts";
import { keptTables, prepareForCopy, tableNames } from "./backup-tables.ts";
import { type CopyIn, startCopyIn } from "./copy-in.ts";
import { type DatabasePlace, holdDatabase } from "./hold.ts";
import { knownMigrations, migrate, migrateTo, migrationNames, migrationTables } from "./migrate.ts";
import { kyselyOver } from "./one-connection.ts";
import { type RoomGuard, guardRoom, roomKeptMib } from "./room.ts";
import type { Tables } from "./tables.ts";

export interface RestoreOptions {
  readonly place: DatabasePlace;
  readonly file: string;
  /** What the database holds is removed first; else it has to be empty. */
  readonly replace: boolean;
  readonly log: Log;
  /** In octets of the file, which is read twice: once to check it, once to use it. */
  readonly progress?: (phase: "checking" | "restoring", done: number, total: number) => void;
}

/**
 * Puts the rows of a backup into a database on which no gateway works. The whole file is checked
 * first; then all is one transaction, so that whatever fails leaves the database as it was. The tables
 * are made as they were at the time of the backup, filled, and brought to this version. All that waits
 * to be sent is marked as maybe sent, since what the gateway did after the backup is not known.
 *
 * Rejects with `backup_file`, `backup_broken` or `backup_version` before the database is looked at;
 * then with `database_taken` (a gateway works on it), `database_not_empty`, `database_foreign`,
 * `database_unreachable`, `data_directory` or `restore_failed`. Called by `db restore`.
 */
export async function restoreBackup(options: RestoreOptions): Promise<BackupFacts> {
  const { place, log, progress = () => undefined } = options;
  await using file = await openBackupFile(options.file);
  const facts = await file.verify((done, total) => progress("checking", done, total));
  mustBeKnown(facts.header);
  if (place.databaseUrl === undefined) await makeDirectory(place.dataDirectory);
  const { postgres, holder, letGo } = await holdDatabase(place, log);
  const { client, backend } = holder;
  const course = { lost: false, filled: false };
  for (const event of ["error", "end"]) client.once(event, () => (course.lost = true));
  let room: RoomGuard | undefined;
  try {
    if (postgres !== undefined) {
      const { address, dataDirectory: path } = postgres;
      room = await guardRoom({ path, address, pid: backend.pid });
      if (room.low) throw noRoom();
    }
    await prepareForCopy(client);
    await kyselyOver(client)
      .transaction()
      .execute(async (db) => {
        await empty(db, options.replace);
        await migrateTo(db, facts.header.schema.at(-1) ?? "");
        for (const day of facts.header.days)
          await sql`select make_partitions(${day}::date, 1)`.execute(db);
        await fill(client, file, (done, total) => progress("restoring", done, total));
        await migrate(db);
        await db
          .updateTable("pending")
          .set({ maybe_twice: true })
          .where("kind", "=", "send")
          .execute();
        course.filled = true;
      });
    log.info({ file: options.file, rows: facts.rows }, "a backup is restored");
    return facts;
  } catch (error) {
    throw room?.low === true ? noRoom(error) : told(error, course);
  } finally {
    await room?.close();
    await letGo();
  }
}

/** Its migrations must be the first of ours: then ours go on where they end. */
function mustBeKnown({ schema, signalbox }: BackupHeader): void {
  if (schema.length > 0 && schema.every((name, n) => name === migrationNames[n])) return;
  const unknown = schema.filter((name) => !migrationNames.includes(name));
  throw new GatewayError(
    "backup_version",
    `The backup was made by Signalbox ${signalbox} with tables that this version does not know (${unknown.join(", ") || "none"}).`,
  );
}

/** As the gateway makes it. */
async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError("data_directory", `${path} cannot be made: ${why}`, { cause });
  });
}

/**
 * Removes our tables and functions, if there are any. A database of ours is ours alone, so all of its
 * functions go; a table of somebody else stays, and one that leans on ours makes it fail.
 */
async function empty(db: Transaction<Tables>, replace: boolean): Promise<void> {
  if ((await knownMigrations(db)).length === 0) return;
  // Then the tables are those of this version, whose names are known.
  await migrate(db);
  if (!replace) await mustBeEmpty(db);
  await sql`drop view if exists record`.execute(db);
  const tables = [...tableNames, ...migrationTables];
  await sql.raw(`drop table ${tables.join()}`).execute(db);
  const { rows } = await sql<{ signature: string }>`
    select p.oid::regprocedure::text as signature
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = current_schema() and p.prokind = 'f'
      and not exists (select from pg_depend d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')`.execute(db);
  if (rows.length > 0)
    await sql.raw(`drop function ${rows.map(({ signature }) => signature).join()}`).execute(db);
}

async function mustBeEmpty(db: Kysely<Tables>): Promise<void> {
  const filled: string[] = [];
  for (const table of keptTables) {
    const { rows } = await sql<{ filled: boolean }>`
      select exists (select from ${sql.table(table)}) as filled`.execute(db);
    if (rows[0]?.filled === true) filled.push(table);
  }
  if (filled.length > 0)
    throw new GatewayError(
      "database_not_empty",
      `The database holds rows already, in ${filled.join(", ")}.`,
    );
}

/** Copies all rows; the file is checked once more on the way. */
async function fill(
  client: pg.Client,
  file: BackupFile,
  progress: (done: number, total: number) => void,
): Promise<void> {
  let tables: readonly BackupTable[] = [];
  let open: { readonly number: number; readonly copy: CopyIn } | undefined;
  const written: number[] = [];
  try {
    for await (const part of readBackup(file.chunks(progress))) {
      if (part.kind === "header") tables = part.header.tables;
      const next = part.kind === "block" ? part.table : undefined;
      if (open !== undefined && open.number !== next) {
        const { number, copy } = open;
        open = undefined;
        written[number] = await copy.end();
      }
      if (part.kind === "block") {
        open ??= { number: part.table, copy: copyOf(client, tables[part.table]) };
        await open.copy.write(part.data);
      } else if (part.kind === "end") mustBeAll(part.rows, written);
    }
  } catch (error) {
    await open?.copy.abort();
    throw error;
  }
}

function copyOf(client: pg.Client, table: BackupTable | undefined): CopyIn {
  if (table === undefined) throw new Error("a block of a table that the header does not name");
  return startCopyIn(client, table.name, table.columns);
}

function mustBeAll(rows: readonly number[], written: readonly number[]): void {
  if (rows.every((count, table) => count === (written[table] ?? 0))) return;
  throw new Error(`PostgreSQL took ${written.join()} rows of ${rows.join()}`);
}

function noRoom(cause?: unknown): GatewayError {
  const why = `The disk has less than ${roomKeptMib} MiB left, which PostgreSQL itself needs.`;
  return new GatewayError("restore_failed", why, { cause });
}

/** What an operator can do something about; the rest is a fault of ours. */
function told(
  error: unknown,
  course: { readonly lost: boolean; readonly filled: boolean },
): unknown {
  if (error instanceof GatewayError) return error;
  // A migration that fails wraps the error of the database.
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (cause instanceof pg.DatabaseError && !course.filled) {
    const said = [cause.message, cause.detail, cause.hint].filter(Boolean).join("; ");
    return new GatewayError("restore_failed", `PostgreSQL says: ${said.replace(/\.$/, "")}.`, {
      cause: error,
    });
  }
  if (!course.lost) return error;
  const why = course.filled
    ? "PostgreSQL went away at the very end, so the backup is in or it is not; restore it again."
    : "PostgreSQL went away in the middle, so nothing was changed.";
  return new GatewayError("database_unreachable", why, { cause: error });
}
