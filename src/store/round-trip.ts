import { type Kysely, sql } from "kysely";
import type { Clock } from "../model/clock.ts";
import { inTime } from "./in-time.ts";
import type { Tables } from "./tables.ts";

/** ms. A database that takes longer for nothing at all is as good as away. */
const roundTripMostMs = 1_000;

/** Measures the shortest question to the database; undefined when it fails or takes longer than a second. */
export function roundTripOf(db: Kysely<Tables>, clock: Clock): () => Promise<number | undefined> {
  return inTime(roundTripMostMs, async () => {
    const startMs = clock.tickMs();
    await sql`select 1`.execute(db);
    return clock.tickMs() - startMs;
  });
}
