import { type Kysely, sql } from "kysely";
import { inTime } from "./in-time.ts";
import type { Tables } from "./tables.ts";

/** ms. Whoever looks at the status waits for it, also when the database hangs. */
const lookMostMs = 800;

/** What an operator's first look needs of the database. */
export interface StoreLook {
  /** Of the whole database, its log left out. */
  readonly octets: number;
  /** Messages that a peer may have twice and that are not waiting any more. */
  readonly uncertain: number;
  /** Reports whose message is not known: still tried, or given up. */
  readonly unmatchedReports: number;
  readonly deadLetters: number;
  /** Those of them that were given up since this start. */
  readonly newDeadLetters: number;
}

/** Looks; undefined when the database fails or takes longer than 800 ms. */
export function createLook(
  db: Kysely<Tables>,
  startedMs: number,
): () => Promise<StoreLook | undefined> {
  return inTime(lookMostMs, ask);

  async function ask(): Promise<StoreLook | undefined> {
    const { rows } = await sql<StoreLook>`
      select pg_database_size(current_database()) as octets,
        (select count(distinct id) from attempt where maybe_twice and status <> 'QUEUED') as uncertain,
        (select count(*) from pending where queue = '' and kind = 'match')
          + d.reports as "unmatchedReports",
        d.letters as "deadLetters", d.fresh as "newDeadLetters"
      from (
        select count(*) as letters, count(*) filter (where kind = 'report') as reports,
          count(*) filter (where at >= to_timestamp(${startedMs / 1000})) as fresh
        from dead_letter
      ) d`.execute(db);
    return rows[0];
  }
}
