import type { Clock } from "../model/clock.ts";
import type { MessageAnswer } from "../model/event.ts";
import type { Log } from "../model/log.ts";
import type { Message } from "../model/message.ts";
import type { Status } from "../model/status.ts";
import type { Forward, Writer } from "../store/writer.ts";
import { type KeepingParts, keepRows } from "./kept.ts";
import type { Sender } from "./send.ts";

/** Messages whose sender waits for the outcome; above, they are refused with `overloaded` (0x58). */
export const transactionsMax = 10_000;

/** ms. An outcome that is being written when the time is over is waited for so much longer. */
const commitMs = 5_000;

/** Refused ones that are remembered, so that a status that is decided late is not told a second time. */
const refusedMax = 10_000;

/**
 * Messages in transaction mode (SMPP v3.4 §2.10.2): the answer to the submit is the outcome, or comes
 * when the time for it is over. What was not sent by then never is, and is refused; of what was sent
 * the outcome follows in a receipt.
 */
export interface Transactions {
  /** No further one may begin: the gateway stops, or too many wait. */
  isFull(): boolean;
  /**
   * Gives the answer for this message once that is known. Called after the commit and before anything
   * of it may be sent; never rejects.
   */
  begin(message: Message, forwards: readonly Forward[], waitMs: number): Promise<MessageAnswer>;
  /** After the commit: how one of its forwards stands. Nearly all are of no transaction. */
  ended(id: string, status: Status, error: string | undefined, reportAsked: boolean): void;
  /**
   * What becomes of it is told to its sender by the answer, not by a receipt. Whoever asks is about to
   * write that outcome.
   */
  hears(original: string, status: Status): boolean;
  /** Answers all that wait; settles when that is done. Before the sender drains. */
  stop(): Promise<void>;
}

type Stand = "waiting" | "sent" | "arrived" | "failed";

interface Transaction {
  readonly message: Message;
  readonly forwards: readonly Forward[];
  readonly stands: Map<string, Stand>;
  readonly startMs: number;
  error: string;
  /** An outcome of it is being decided or written. */
  deciding: boolean;
  timer: NodeJS.Timeout;
  readonly answer: (answer: MessageAnswer) => void;
  readonly answered: Promise<MessageAnswer>;
}

export function createTransactions(parts: {
  readonly store: KeepingParts["store"];
  readonly writer: Pick<Writer, "trace">;
  readonly sender: Pick<Sender, "keep" | "free" | "end">;
  readonly clock: Clock;
  readonly log: Log;
}): Transactions {
  const { store, writer, sender, clock, log } = parts;
  const waiting = new Map<string, Transaction>();
  /** By the ids of what they were forwarded as. */
  const byForward = new Map<string, Transaction>();
  const refused = new Set<string>();
  let stopped = false;

  return {
    isFull: () => stopped || waiting.size >= transactionsMax,
    begin(message, forwards, waitMs) {
      const { promise: answered, resolve: answer } = Promise.withResolvers<MessageAnswer>();
      const timer = setTimeout(() => void over(one), waitMs);
      timer.unref();
      const stands = new Map<string, Stand>();
      for (const forward of forwards) stands.set(forward.message.id, "waiting");
      const startMs = clock.tickMs();
      const state = { startMs, error: "", deciding: false, timer };
      const one: Transaction = { message, forwards, stands, ...state, answer, answered };
      waiting.set(message.id, one);
      for (const id of stands.keys()) byForward.set(id, one);
      return answered;
    },
    ended(id, status, error, reportAsked) {
      if (byForward.size === 0) return;
      const one = byForward.get(id);
      if (one === undefined) return;
      const known = one.stands.get(id);
      if (status === "SENT" && (known === "arrived" || known === "failed")) return;
      if (status === "SENT" && reportAsked) one.stands.set(id, "sent");
      else {
        const isThere = status === "SENT" || status === "DELIVERED";
        one.stands.set(id, isThere ? "arrived" : "failed");
        if (!isThere) one.error = error ?? status;
      }
      const stands = [...one.stands.values()];
      if (stands.every((stand) => stand === "arrived" || stand === "failed")) conclude(one);
    },
    hears(original, status) {
      if (waiting.size === 0 && refused.size === 0) return false;
      const one = waiting.get(original);
      if (one !== undefined) one.deciding = true;
      return one === undefined ? refused.has(original) && status !== "DELIVERED" : true;
    },
    async stop() {
      stopped = true;
      const all = [...waiting.values()];
      for (const one of all) void over(one);
      await Promise.all(all.map(({ answered }) => answered));
    },
  };

  /** The time for the outcome is over: what nobody was handed yet is ended now. */
  async function over(one: Transaction): Promise<void> {
    clearTimeout(one.timer);
    await Promise.all(
      one.forwards.map(async ({ message: { id }, queue }) => {
        if (one.stands.get(id) !== "waiting") return;
        try {
          const [row] = await keepRows({ store, sender }, queue, [id]);
          if (row === undefined) return;
          const { tries } = row;
          const end = { status: "EXPIRED", error: "expired_here", providerId: undefined } as const;
          await sender.end({ ...row, original: one.message }, { ...end, tries });
        } catch (cause) {
          // It stays in its queue, where it expires by itself; its sender is told then.
          log.warn({ message: id, err: cause }, "could not end what was not sent in time");
        }
      }),
    );
    if (!waiting.has(one.message.id)) return;
    // What is being written comes in a moment, and has been kept from being told in a receipt.
    if (one.deciding) one.timer = setTimeout(() => conclude(one), commitMs).unref();
    else conclude(one);
  }

  function conclude(one: Transaction): void {
    const { message, stands, startMs } = one;
    const { id, root } = message;
    if (!waiting.delete(id)) return;
    clearTimeout(one.timer);
    for (const forward of stands.keys()) byForward.delete(forward);
    const failed = [...stands.values()].every((stand) => stand === "failed");
    if (failed) remember(id);
    const facts = {
      result: failed ? "refused" : "accepted",
      ...(failed && { error: one.error }),
      waitedMs: Math.round(clock.tickMs() - startMs),
    };
    one.answer(
      failed
        ? { kind: "refused", code: "delivery_failure", reason: one.error }
        : { kind: "accepted", id },
    );
    writer
      .trace(root, [{ at: clock.nowMs(), what: "answered", facts }])
      .catch((cause: unknown) => log.warn({ message: id, err: cause }, "answer not traced"));
  }

  function remember(id: string): void {
    refused.add(id);
    if (refused.size <= refusedMax) return;
    for (const oldest of refused) {
      refused.delete(oldest);
      break;
    }
  }
}
