import { type Kysely, sql } from "kysely";
import { amountNumber } from "../model/amount.ts";
import { GatewayError } from "../model/error.ts";
import type { LedgerEntryView, LedgerKind } from "../model/ledger-view.ts";
import { type CheckedLedger, type CheckStep, checkLedger } from "./ledger-check.ts";
import type { Tables } from "./tables.ts";

/** What was held, committed, refunded and paid in; see docs/accounts.md. */
export interface Ledger {
  /** The newest first. Rejects with `unknown_account`. */
  entries(account: string, limit: number): Promise<LedgerEntryView[]>;
  /** Proves the sums of all accounts, or of one, as of one moment; work goes on meanwhile. */
  check(account: string | undefined): AsyncGenerator<CheckStep, CheckedLedger, void>;
}

export function createLedger(db: Kysely<Tables>): Ledger {
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
