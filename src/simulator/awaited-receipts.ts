import type { Report } from "../model/report.ts";
import { createLatencies, type LatencySummary } from "./latencies.ts";

/** Which of the reports that were asked for came back, and after how long. */
export interface AwaitedReceipts {
  /** A message was accepted that asked for one. */
  accepted(messageId: string, nowMs: number): void;
  /** One came; it may stand before the answer that tells its id. */
  came(receipt: Report, nowMs: number): void;
  /** Awaited still. */
  readonly open: number;
  facts(): ReceiptFacts;
}

export interface ReceiptFacts {
  readonly asked: number;
  readonly back: number;
  /** For a message whose report had come already, or that asked for none. */
  readonly unexpected: number;
  /** Asked for beyond `awaitedMax`, and not looked after. */
  readonly untracked: number;
  /** From the acceptance to the receipt. */
  readonly delayMs: LatencySummary | undefined;
  /** How often each state was told, `DELIVRD` for one. */
  readonly states: Readonly<Record<string, number>>;
}

/** Messages. At 200 octets each that is 200 MB; a gateway with so many reports open has its own trouble. */
export const awaitedMax = 1_000_000;

/** Receipts that came before their answer; as many as windows hold, and the oldest go first. */
const earlyMax = 100_000;

/** States that are told apart; a peer may write what it likes, and the rest is one sum. */
const statesMax = 32;

export function createAwaitedReceipts(): AwaitedReceipts {
  const awaited = new Map<string, number>();
  const early = new Map<string, number>();
  const delays = createLatencies();
  const states: Record<string, number> = {};
  let asked = 0;
  let back = 0;
  let untracked = 0;
  let unexpected = 0;

  return {
    get open() {
      return awaited.size;
    },
    accepted(messageId, nowMs) {
      const id = messageId.toLowerCase();
      asked += 1;
      if (early.delete(id)) {
        back += 1;
        delays.add(0);
      } else if (awaited.size < awaitedMax) awaited.set(id, nowMs);
      else untracked += 1;
    },
    came(receipt, nowMs) {
      // On its way still: the final one follows.
      if (receipt.status === "SENT") return;
      const known = receipt.state in states || Object.keys(states).length < statesMax;
      const state = known ? receipt.state : "others";
      states[state] = (states[state] ?? 0) + 1;
      const id = receipt.messageId.toLowerCase();
      const sinceMs = awaited.get(id);
      if (sinceMs === undefined) return keepEarly(id, nowMs);
      awaited.delete(id);
      back += 1;
      delays.add(nowMs - sinceMs);
    },
    facts: () => ({
      asked,
      back,
      unexpected: unexpected + early.size,
      untracked,
      delayMs: delays.summary(),
      states,
    }),
  };

  function keepEarly(id: string, nowMs: number): void {
    if (early.has(id)) unexpected += 1;
    early.set(id, nowMs);
    if (early.size <= earlyMax) return;
    unexpected += 1;
    for (const oldest of early.keys()) return void early.delete(oldest);
  }
}
