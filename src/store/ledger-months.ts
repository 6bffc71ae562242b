import { type Kysely, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** Entries that one transaction takes, so that it holds nobody up. */
const entriesPerRound = 10_000;

/** Rounds of one sweep; what is more comes with the next. */
const roundsPerSweep = 200;

/**
 * What messages did before this moment becomes one entry for each account, kind and month (UTC), so that
 * the sums stay when the messages are gone. What was paid in and set right stays as it is, with who and
 * why. Each round is one transaction, so that the sums are right at any moment. Gives how many entries
 * went into others.
 */
export async function rollUpLedger(db: Kysely<Tables>, beforeMs: number): Promise<number> {
  let rolled = 0;
  for (let n = 0; n < roundsPerSweep; n += 1) {
    const { rows } = await sql<{ entries: number }>`
      with gone as (
        delete from ledger where ctid = any (array(
          select ctid from ledger
          where at < to_timestamp(${beforeMs / 1000}) and until is null
            and kind in ('hold', 'commit', 'refund')
          limit ${entriesPerRound}))
        returning account, kind, amount, messages, at
      ), kept as (
        insert into ledger (account, kind, amount, messages, at, until)
        select account, kind, sum(amount), sum(messages),
          date_trunc('month', at, 'UTC'), max(at)
        from gone group by account, kind, date_trunc('month', at, 'UTC')
        on conflict (account, kind, at) where until is not null
        do update set amount = ledger.amount + excluded.amount,
          messages = ledger.messages + excluded.messages,
          until = greatest(ledger.until, excluded.until)
      )
      select count(*)::integer as entries from gone`.execute(db);
    const entries = rows[0]?.entries ?? 0;
    rolled += entries;
    if (entries < entriesPerRound) break;
  }
  return rolled;
}
