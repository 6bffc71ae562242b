import { type Kysely, sql } from "kysely";
import type { AccountUsage } from "../model/account-view.ts";
import { amountNumber } from "../model/amount.ts";
import { GatewayError } from "../model/error.ts";
import type { Clock } from "../model/clock.ts";
import type { LedgerEntryView, LedgerKind, LedgerReportSums } from "../model/ledger-view.ts";
import { type CheckedLedger, type CheckStep, checkLedger } from "./ledger-check.ts";
import { type ReportStep, reportMonth } from "./ledger-report.ts";
import type { Tables } from "./tables.ts";

/** What was held, committed, refunded and paid in; see docs/accounts.md. */
export interface Ledger {
  /** The newest first. Rejects with `unknown_account`. */
  entries(account: string, limit: number): Promise<LedgerEntryView[]>;
  /** Proves the sums of all accounts, or of one, as of one moment; work goes on meanwhile. */
  /** What each account had of its messages in the present month (UTC); those without any are left out. */
  usage(): Promise<ReadonlyMap<string, AccountUsage>>;
  /** A month of an account, day by day; rejects with `unknown_account` or `bad_request`. */
  report(account: string, month: string): AsyncGenerator<ReportStep, LedgerReportSums, void>;
  check(account: string | undefined): AsyncGenerator<CheckStep, CheckedLedger, void>;
}

export function createLedger(db: Kysely<Tables>, clock: Pick<Clock, "nowMs">): Ledger {
  return {
    async entries(account, limit) {
      await known(account);
      const rows = await db
        .selectFrom("ledger")
        .selectAll()
        .where("account", "=", account)
        .orderBy("at", "desc")
        .orderBy(sql`ctid`, "desc")
        .limit(limit)
        .execute();
      return rows.map(({ at, until, kind, amount, messages, by, note }) => ({
        atMs: at.getTime(),
        untilMs: until?.getTime() ?? null,
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The table checks it.
        kind: kind as LedgerKind,
        credits: amountNumber(unitsOf(amount)),
        messages,
        by,
        note,
      }));
    },
    async usage() {
      const { rows } = await sql<AccountUsage & { account: string }>`
        select account,
          coalesce(sum(messages) filter (where kind = 'hold'), 0)::float8 as messages,
          coalesce(sum(amount) filter (where kind = 'hold'), 0)::float8 as charged,
          coalesce(sum(amount) filter (where kind = 'commit'), 0)::float8 as committed,
          coalesce(sum(amount) filter (where kind = 'refund'), 0)::float8 as refunded
        from ledger where at >= date_trunc('month', now(), 'UTC')
          and kind in ('hold', 'commit', 'refund')
        group by account`.execute(db);
      return new Map(rows.map(({ account, ...used }) => [account, used]));
    },
    report: (account, month) => reportMonth(db, { account, month, nowMs: clock.nowMs() }),
    async *check(account) {
      if (account !== undefined) await known(account);
      return yield* checkLedger(db, account);
    },
  };

  async function known(id: string): Promise<void> {
    const found = await db.selectFrom("account").select("id").where("id", "=", id).execute();
    if (found.length === 0) throw new GatewayError("unknown_account", `There is no account ${id}.`);
  }
}

/** An amount as PostgreSQL writes it, always with four digits behind the point. */
function unitsOf(text: string): bigint {
  return BigInt(text.replace(".", ""));
}
