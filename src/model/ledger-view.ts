export type LedgerKind = "opening" | "topup" | "correction" | "hold" | "commit" | "refund";

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
