export type LedgerKind = "opening" | "topup" | "correction" | "hold" | "commit" | "refund";

/** One line of a month's report; amounts in credits, exact, as text. */
export interface LedgerReportRow {
  /** `2026-11-21`, UTC: on which the messages came in, or somebody entered something. */
  readonly day: string;
  readonly what: "messages" | "opening" | "topup" | "correction";
  readonly channel: string;
  /** The rule of the routing table; empty where a trigger named the channel. */
  readonly route: string;
  /** Of one of these messages: its parts as it came in, and what it cost in all. */
  readonly parts: number;
  readonly price: string;
  readonly messages: number;
  readonly held: string;
  readonly committed: string;
  readonly refunded: string;
  readonly paidIn: string;
  /** At the end of the day; null where only the sum of the month is known. */
  readonly balance: string | null;
  readonly by: string | null;
  readonly note: string | null;
}

/** What the lines add up to; `opening` and `balance` are those of the month. */
export interface LedgerReportSums {
  readonly account: string;
  readonly month: string;
  readonly opening: string;
  readonly paidIn: string;
  readonly messages: number;
  readonly held: string;
  readonly committed: string;
  readonly refunded: string;
  readonly balance: string;
}

/** One entry of the ledger: what one flush did for one account, or what a person did. */
export interface LedgerEntryView {
  readonly atMs: number;
  /** Of entries that became one for their month, when the last of them was; else null. */
  readonly untilMs: number | null;
  readonly kind: LedgerKind;
  /** Negative only where a correction took some. */
  readonly credits: number;
  /** Messages, or children of messages, that it was for. */
  readonly messages: number;
  /** Who paid in or set right, and why; null for what messages did. */
  readonly by: string | null;
  readonly note: string | null;
}

/** Of all accounts since the start; credits are about right, as sums of many are. */
export interface LedgerTally {
  readonly hold: LedgerSum;
  readonly commit: LedgerSum;
  readonly refund: LedgerSum;
  /** Accounts whose balance is below the mark of their own. */
  readonly accountsLow: number;
}

export interface LedgerSum {
  readonly messages: number;
  readonly credits: number;
}
