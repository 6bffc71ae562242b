import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { Queue } from "../store/queue.ts";
import type { QueueState } from "./queues.ts";

/** Messages of one queue in memory; what is behind them stays in the table and costs nothing. */
export const queueAhead = 2_000;

/** After a fault of the database or of ours, a queue is looked at again this much later. */
export const faultPauseMs = 1_000;

/** Brings rows of a queue from the table into memory, as far as there is room and they are due. */
export function createRefill(parts: {
  readonly queue: Pick<Queue, "fetch">;
  readonly clock: Clock;
  readonly log: Log;
  readonly isDraining: () => boolean;
  /** There is something to be sent. */
  readonly plan: (state: QueueState) => void;
  /** There will be, after so long. */
  readonly wakeIn: (state: QueueState, waitMs: number) => void;
  /** Called when it is through, with or without success. */
  readonly done: () => void;
}): (state: QueueState) => Promise<void> {
  const { queue, clock, log, isDraining, plan, wakeIn, done } = parts;

  return async (state) => {
    if (state.fetching || isDraining()) return;
    state.fetching = true;
    const { left, changed } = state;
    try {
      const wanted = queueAhead - state.waiting.size;
      const known = state.busy.size + state.waiting.size;
      // Rows that memory knows already may come first, so as many more are asked for.
      const batch = await queue.fetch(state.name, wanted + known);
      // One of them may have been moved away meanwhile, and would be sent twice.
      if (state.changed !== changed) return plan(state);
      let added = 0;
      let isCut = false;
      for (const row of batch.rows) {
        if (state.waiting.has(row.id) || state.busy.has(row.id)) continue;
        // Some that were known have been finished since, so there may be more than there is room for.
        isCut = added === wanted;
        if (isCut) break;
        state.waiting.put({ ...row, original: undefined });
        added += 1;
      }
      // What is not due yet delays nothing: the timer looks for it.
      state.complete = !isCut && batch.rows.length < wanted + known && state.left === left;
      if (state.left === left) state.tableDueMs = batch.nextDueMs;
      if (batch.nextDueMs !== undefined) wakeIn(state, batch.nextDueMs - clock.nowMs());
      // What was left in the table meanwhile may not have been seen.
      if (added > 0 || state.left !== left) plan(state);
    } catch (cause) {
      log.error({ queue: state.name, err: cause }, "could not fetch from the queue");
      wakeIn(state, faultPauseMs);
    } finally {
      state.fetching = false;
      done();
    }
  };
}
