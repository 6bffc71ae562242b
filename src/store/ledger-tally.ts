import { type Kysely, sql } from "kysely";
import type { LedgerSum, LedgerTally } from "../model/ledger-view.ts";
import { inTime } from "./in-time.ts";
import type { Tables } from "./tables.ts";

/** ms. Metrics are asked for every few seconds and wait no longer. */
const tallyMostMs = 1_000;

type Kind = "hold" | "commit" | "refund";

/**
 * Adds up what messages held, committed and refunded since this moment; the ledger is only added to, so each time
 * only what is new is read. Up to the oldest transaction that may still add to it, since an entry has the time at
 * which its transaction began; a second ago at the latest, since one that has just begun has written nothing yet.
 */
export function ledgerTallyOf(
  db: Kysely<Tables>,
  startedMs: number,
): () => Promise<LedgerTally | undefined> {
  const sums: Record<Kind, LedgerSum> = { hold: none, commit: none, refund: none };
  let from: string | undefined;

  return inTime(tallyMostMs, async () => {
    const since =
      from === undefined ? sql`to_timestamp(${startedMs / 1_000})` : sql`${from}::timestamptz`;
    const { rows } = await sql<{
      readonly until: string;
      readonly low: number;
      readonly kind: Kind | null;
      readonly messages: number;
      readonly credits: number;
    }>`
      with edge as (
        select greatest(least(now() - interval '1 s', min(xact_start)), ${since}) as at
        from pg_stat_activity where datname = current_database() and backend_xid is not null)
      select edge.at::text as until,
        (select count(*)::integer from account where credits < low_at) as low,
        l.kind, coalesce(sum(l.messages), 0)::float8 as messages,
        coalesce(sum(l.amount), 0)::float8 as credits
      from edge left join ledger l
        on l.at >= ${since} and l.at < edge.at and l.until is null and l.kind in ('hold', 'commit', 'refund')
      group by edge.at, l.kind`.execute(db);
    for (const { kind, messages, credits } of rows) {
      if (kind === null) continue;
      const sum = sums[kind];
      sums[kind] = { messages: sum.messages + messages, credits: sum.credits + credits };
    }
    from = rows[0]?.until;
    return { ...sums, accountsLow: rows[0]?.low ?? 0 };
  });
}

const none: LedgerSum = { messages: 0, credits: 0 };
