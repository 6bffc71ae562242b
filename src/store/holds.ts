import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** A channel that an operator holds, until he resumes it. */
export interface Hold {
  /** `paused`: nothing is handed over. `drained`: besides, nobody is bound. */
  readonly held: "paused" | "drained";
  /** Milliseconds since 1970 UTC. */
  readonly sinceMs: number;
  /** Who did it. */
  readonly by: string;
}

/** The channels that operators hold; kept, so that a restart changes nothing about them. */
export interface HoldsTable {
  all(): Promise<Map<string, Hold>>;
  /** In place of what was there. */
  put(channel: string, held: Hold["held"], by: string): Promise<Hold>;
  remove(channel: string): Promise<void>;
}

export function createHoldsTable(db: Kysely<Tables>): HoldsTable {
  return {
    async all() {
      const rows = await db.selectFrom("channel_hold").selectAll().execute();
      return new Map(
        rows.map(({ channel, held, since, by }) => [
          channel,
          { held, sinceMs: since.getTime(), by },
        ]),
      );
    },
    async put(channel, held, by) {
      const { since } = await db
        .insertInto("channel_hold")
        .values({ channel, held, by })
        .onConflict((conflict) =>
          conflict.column("channel").doUpdateSet({ held, by, since: new Date() }),
        )
        .returning("since")
        .executeTakeFirstOrThrow();
      return { held, sinceMs: since.getTime(), by };
    },
    async remove(channel) {
      await db.deleteFrom("channel_hold").where("channel", "=", channel).execute();
    },
  };
}
