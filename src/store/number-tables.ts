import { type Kysely, sql } from "kysely";
import type pg from "pg";
import { GatewayError } from "../model/error.ts";
import type {
  NumberTableDifference,
  NumberTableEntry,
  NumberTableOptions,
  NumberTableVersion,
} from "../model/number-table.ts";
import { type CopyIn, startCopyIn } from "./copy-in.ts";
import { type DatabaseAddress, connect } from "./gateway-lock.ts";
import { differenceOf } from "./number-table-difference.ts";
import type { Tables } from "./tables.ts";

/** Versions of a table that can be gone back to, the one that runs among them. */
export const numberTableVersionsMax = 5;

/** Entries read at a time: some 5 ms for who reads them. */
const entriesPerFetch = 1_000;

/** Number tables as they are kept. Each call that reads or writes entries has a connection of its own. */
export interface NumberTablesStore {
  /** The version of each table that is asked, by name. */
  all(): Promise<(NumberTableVersion & { readonly name: string })[]>;
  /** Newest first; empty for a table that is not there. */
  versions(name: string): Promise<NumberTableVersion[]>;
  /** As `tableBuilder` wants them. Who stops early ends it. */
  read(name: string, version: number): AsyncGenerator<readonly NumberTableEntry[]>;
  /**
   * Takes a whole table as a new version, and asks `accept` before it is committed: all of it is kept,
   * or when that throws, or `isTry`, nothing. Rejects with `database_unreachable`.
   */
  import(
    wanted: {
      readonly name: string;
      readonly options: NumberTableOptions;
      readonly by: string;
      readonly atMs: number;
      readonly isTry: boolean;
    },
    entries: AsyncIterable<readonly NumberTableEntry[]>,
    accept: (kept: Arrived) => Promise<void>,
  ): Promise<Imported>;
  /** From now on this version is the one that is asked. */
  use(name: string, version: number): Promise<void>;
  /** With all its versions. */
  drop(name: string): Promise<void>;
}

/** What was imported and is not committed yet. */
interface Arrived {
  readonly entries: number;
  /** As `NumberTablesStore.read`. */
  read(): AsyncGenerator<readonly NumberTableEntry[]>;
}

interface Imported {
  readonly version: number;
  readonly entries: number;
  readonly difference: NumberTableDifference;
}

export function createNumberTablesStore(
  db: Kysely<Tables>,
  address: DatabaseAddress,
): NumberTablesStore {
  return {
    async all() {
      const rows = await db
        .selectFrom("number_table as t")
        .innerJoin("number_table_version as v", (join) =>
          join.onRef("v.name", "=", "t.name").onRef("v.version", "=", "t.version"),
        )
        .selectAll("v")
        .orderBy("t.name")
        .execute();
      return rows.map((row) => ({ name: row.name, ...versionOf(row, true) }));
    },
    async versions(name) {
      const rows = await db
        .selectFrom("number_table_version as v")
        .leftJoin("number_table as t", (join) =>
          join.onRef("v.name", "=", "t.name").onRef("v.version", "=", "t.version"),
        )
        .selectAll("v")
        .select(sql<boolean>`t.name is not null`.as("runs"))
        .where("v.name", "=", name)
        .orderBy("v.version", "desc")
        .execute();
      return rows.map((row) => versionOf(row, row.runs));
    },
    async *read(name, version) {
      const client = await connect(address);
      try {
        await client.query("begin read only");
        yield* entriesOver(client, name, version);
      } finally {
        await client.end();
      }
    },
    async import({ name, options, by, atMs, isTry }, entries, accept) {
      const client = await connect(address);
      try {
        await client.query("begin");
        // One import of a table at a time, also where two tables of that name are new.
        await client.query("select pg_advisory_xact_lock(hashtext($1))", [`number table ${name}`]);
        const { before, version } = await versionsOf(client, name);
        const count = await copyEntries(client, { name, version }, entries);
        await client.query(
          `insert into number_table_version
            (name, version, entries, quality_min, per_provider, at, by)
            values ($1, $2, $3, $4, $5, $6, $7)`,
          [name, version, count, options.qualityMin, options.perProvider, new Date(atMs), by],
        );
        await accept({ entries: count, read: () => entriesOver(client, name, version) });
        const difference = await differenceOf(client, { name, before, after: version });
        if (!isTry) {
          await client.query(
            `insert into number_table (name, version) values ($1, $2)
              on conflict (name) do update set version = excluded.version`,
            [name, version],
          );
          await forget(client, name);
        }
        await client.query(isTry ? "rollback" : "commit");
        return { version, entries: count, difference };
      } catch (cause) {
        // A connection that ends takes its transaction with it.
        throw isLost(cause) ? lost(cause) : cause;
      } finally {
        await client.end();
      }
    },
    async use(name, version) {
      await db.updateTable("number_table").set({ version }).where("name", "=", name).execute();
    },
    async drop(name) {
      // Longer than an operator's query may take, where five versions have a million lines each.
      const client = await connect(address);
      try {
        await client.query("begin");
        for (const table of ["number_table", "number_table_version", "number_table_entry"])
          await client.query(`delete from ${table} where name = $1`, [name]);
        await client.query("commit");
      } finally {
        await client.end();
      }
    },
  };
}

interface VersionRow {
  readonly version: number;
  readonly entries: number;
  readonly quality_min: number;
  readonly per_provider: boolean;
  readonly at: Date;
  readonly by: string;
}

function versionOf(row: VersionRow, runs: boolean): NumberTableVersion {
  const { version, entries, at, by } = row;
  const options = { qualityMin: row.quality_min, perProvider: row.per_provider };
  return { version, entries, options, atMs: at.getTime(), by, runs };
}

/** The one that runs, if any, and the number of the next. */
async function versionsOf(client: pg.Client, name: string) {
  const { rows } = await client.query<{ before: number | null; last: number | null }>(
    `select (select version from number_table where name = $1) as before,
      (select max(version) from number_table_version where name = $1) as last`,
    [name],
  );
  return { before: rows[0]?.before ?? undefined, version: (rows[0]?.last ?? 0) + 1 };
}

/** The columns as they are copied; the first two are the same for all. */
const COLUMNS = [
  "name",
  "version",
  "low",
  "high",
  "network",
  "provider",
  "price",
  "quality",
  "weight",
  "valid_from",
  "blocked",
  "line",
] as const satisfies readonly (keyof Tables["number_table_entry"])[];

async function copyEntries(
  client: pg.Client,
  { name, version }: { readonly name: string; readonly version: number },
  entries: AsyncIterable<readonly NumberTableEntry[]>,
): Promise<number> {
  const copy: CopyIn = startCopyIn(client, "number_table_entry", COLUMNS);
  const head = `${name}\t${version}\t`;
  try {
    for await (const batch of entries)
      if (batch.length > 0)
        await copy.write(Buffer.from(batch.map((entry) => `${head}${rowOf(entry)}\n`).join("")));
  } catch (cause) {
    await copy.abort();
    throw cause;
  }
  return copy.end();
}

/** The text form of COPY; names have no character that is escaped in it. */
function rowOf(entry: NumberTableEntry): string {
  const { low, high, network, provider, price, quality, weight, validFromS, blocked, line } = entry;
  return [
    low,
    high,
    network,
    provider,
    price ?? "\\N",
    quality ?? "\\N",
    weight,
    validFromS,
    blocked ? "t" : "f",
    line,
  ].join("\t");
}

/** Over a connection with a transaction; nothing else may be asked until it ends. */
async function* entriesOver(
  client: pg.Client,
  name: string,
  version: number,
): AsyncGenerator<readonly NumberTableEntry[]> {
  // Not a parameter, which a cursor's plan would not look at. Both were checked; the name once more.
  const of = `name = ${client.escapeLiteral(name)} and version = ${version}`;
  await client.query(`declare entries no scroll cursor for
    select low::float8, high::float8, network, provider, price::float8, quality, weight,
      valid_from::float8 as "validFromS", blocked, line
    from number_table_entry where ${of}
    order by low, number_table_entry.high desc, network, provider, line`);
  for (;;) {
    const { rows } = await client.query<EntryRow>(`fetch ${entriesPerFetch} from entries`);
    if (rows.length > 0)
      yield rows.map(({ price, quality, ...row }) => ({
        ...row,
        price: price ?? undefined,
        quality: quality ?? undefined,
      }));
    if (rows.length < entriesPerFetch) break;
  }
  await client.query("close entries");
}

type EntryRow = Omit<NumberTableEntry, "price" | "quality"> & {
  readonly price: number | null;
  readonly quality: number | null;
};

/** Versions above the bound, the oldest first, but never the one that runs. */
async function forget(client: pg.Client, name: string): Promise<void> {
  await client.query(
    `with old as (
      delete from number_table_version where name = $1
        and version not in (select version from number_table where name = $1)
        and version not in (
          select version from number_table_version where name = $1 order by version desc limit $2)
      returning version
    )
    delete from number_table_entry where name = $1 and version in (select version from old)`,
    [name, numberTableVersionsMax],
  );
}

/** The connection ended, whatever was asked. */
function isLost(cause: unknown): boolean {
  if (cause instanceof GatewayError || !(cause instanceof Error)) return false;
  const code = "code" in cause ? String(cause.code) : "";
  return /^(ECONN|EPIPE|57P0)/.test(code) || cause.message.startsWith("Connection terminated");
}

function lost(cause: unknown): GatewayError {
  const why = "The database went away in the middle, so nothing was changed.";
  return new GatewayError("database_unreachable", why, { cause });
}
