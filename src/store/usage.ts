import { type Kysely, sql } from "kysely";
import type { Clock } from "../model/clock.ts";
import { firstIdAt } from "../model/id.ts";
import { partsOfBody } from "./parts-of-body.ts";
import type { Tables } from "./tables.ts";

/** What came in over one channel from one account in the last day. */
export interface Used {
  readonly account: string | undefined;
  readonly channel: string;
  readonly messages: number;
  readonly parts: number;
}

/** What was used of rates per day, so that a restart does not give it once more. Read only where there are any. */
export interface Usage {
  /** Of these accounts and these channels, up to this start; reads every row of the day. */
  cameToday(of: {
    readonly accounts: readonly string[];
    readonly channels: readonly string[];
  }): Promise<Used[]>;
  /** Requests that were handed to this provider in the last day. */
  sentToday(channel: string): Promise<number>;
}

const dayMs = 86_400_000;

/** What is sent today was made today or has waited for a day; what has waited longer is not counted. */
const madeBeforeMs = dayMs;

/** `startMs`: what came since is counted by who asks. */
export function createUsage(db: Kysely<Tables>, clock: Clock, startMs: number): Usage {
  return {
    async cameToday({ accounts, channels }) {
      const low = firstIdAt(clock.nowMs() - dayMs);
      const { rows } = await sql<Used>`
        select m.account, m.channel, count(*)::int as messages,
          sum(${partsOfBody("m")})::int as parts
        from message m join state s on s.id = m.id
        where m.id >= ${low}::uuid and m.id < ${firstIdAt(startMs)}::uuid
          and m.parent is null and m.kind = 'sms' and m.direction = 'in'
          and s.error is distinct from 'throttled'
          and (m.account = any(${[...accounts]}) or m.channel = any(${[...channels]}))
        group by m.account, m.channel`.execute(db);
      return rows.map((row) => ({ ...row, account: row.account ?? undefined }));
    },
    async sentToday(channel) {
      const sinceMs = clock.nowMs() - dayMs;
      const { rows } = await sql<{ sent: number }>`
        select count(*)::int as sent from attempt
        where id >= ${firstIdAt(sinceMs - madeBeforeMs)}::uuid and channel = ${channel}
          and at >= ${new Date(sinceMs)} and tries > 0`.execute(db);
      return rows[0]?.sent ?? 0;
    },
  };
}
