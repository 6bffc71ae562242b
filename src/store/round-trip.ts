import { type Kysely, sql } from "kysely";
import type { Clock } from "../model/clock.ts";
import type { Tables } from "./tables.ts";

/** ms. A database that takes longer for nothing at all is as good as away. */
const roundTripMostMs = 1_000;

/**
 * Measures the shortest question to the database; undefined when it fails or takes longer than a
 * second. Whoever asks meanwhile gets the same answer, so that a database that hangs collects no
 * questions.
 */
export function roundTripOf(db: Kysely<Tables>, clock: Clock): () => Promise<number | undefined> {
  let asked: Promise<number | undefined> | undefined;

  return async () => {
    asked ??= ask().finally(() => (asked = undefined));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((end) => {
      timer = setTimeout(() => end(undefined), roundTripMostMs);
    });
    const first = await Promise.race([asked, late]);
    clearTimeout(timer);
    return first;
  };

  async function ask(): Promise<number | undefined> {
    const startMs = clock.tickMs();
    try {
      await sql`select 1`.execute(db);
      return clock.tickMs() - startMs;
    } catch {
      // Why is told by whoever has work for it.
      return undefined;
    }
  }
}
