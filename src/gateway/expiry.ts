import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { Queue } from "../store/queue.ts";
import type { SendRow } from "./finish.ts";
import { type QueueState, type Queues, take } from "./queues.ts";

/** How often what waits in memory is looked through for messages whose validity has ended. */
const expiryLookMs = 1_000;

/** The same for the table, where a look costs more and nobody else comes by. */
const expirySweepMs = 10_000;

/** Expired rows that one sweep finishes: what a flush takes without delaying others. */
const expiredPerSweep = 500;

/** Looks for what has waited for too long, in memory and in the table, and hands it to `expired`. */
export function startExpiry(parts: {
  readonly queues: Queues;
  readonly table: Pick<Queue, "expired">;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends a row that was taken. */
  readonly expired: (state: QueueState, row: SendRow) => void;
}): { stop(): void } {
  const { queues, table, clock, log, expired } = parts;
  const look = setInterval(inMemory, expiryLookMs);
  const sweep = setInterval(() => void inTable(), expirySweepMs);
  for (const timer of [look, sweep]) timer.unref();

  return {
    stop() {
      clearInterval(look);
      clearInterval(sweep);
    },
  };

  function inMemory(): void {
    const nowMs = clock.nowMs();
    for (const state of queues.all())
      for (const row of state.waiting.takeAll(({ expiresMs }) => expiresMs <= nowMs)) {
        take(state, row.id);
        expired(state, row);
      }
  }

  async function inTable(): Promise<void> {
    try {
      for (const row of await table.expired(expiredPerSweep)) {
        const state = queues.of(row.queue);
        if (state.busy.has(row.id) || state.waiting.has(row.id)) continue;
        take(state, row.id);
        expired(state, { ...row, original: undefined });
      }
    } catch (cause) {
      log.error({ err: cause }, "could not look for expired messages");
    }
  }
}
