import type { Clock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { QueueRow } from "../store/queue.ts";
import type { End, SendRow } from "./finish.ts";
import { type QueueState, type Queues, count, doubt, leave, take } from "./queues.ts";

/** What operators' orders do to rows that wait. */
export interface Keeping {
  /**
   * Keeps rows of a queue from being sent, whether memory holds them or the table; gives those that
   * are kept now: the others are with a peer, or their result is being written. Who keeps rows looks
   * which of them the table still has, and then ends, moves or frees each. Throws `overloaded`
   * during a drain.
   */
  keep(queue: string, ids: readonly string[]): string[];
  /** Those of these rows that are still kept stay where they were, or are gone already. */
  free(queue: string, ids: readonly string[]): void;
  /** Kept rows stand in another queue of the table now. */
  moved(rows: readonly QueueRow[], to: string): void;
  /** Kept rows are in the table no more, because others stand for them. */
  gone(rows: readonly QueueRow[]): void;
  /** Ends a kept row as `finisher` does; false when that could not be stored, and it waits on. */
  end(row: SendRow, end: End): Promise<boolean>;
  /** Rows of this queue have become due in the table. */
  hurried(queue: string): void;
}

export function createKeeping(parts: {
  readonly queues: Queues;
  readonly clock: Clock;
  readonly isDraining: () => boolean;
  readonly plan: (state: QueueState) => void;
  readonly release: (state: QueueState, id: string) => void;
  readonly finish: (state: QueueState, row: SendRow, end: End) => Promise<boolean>;
}): Keeping {
  const { queues, clock, isDraining, plan, release, finish } = parts;

  return {
    keep(name, ids) {
      if (isDraining()) throw new GatewayError("overloaded", "The gateway stops.");
      const state = queues.of(name);
      const kept = ids.filter((id) => !state.busy.has(id));
      const wanted = new Set(kept);
      state.waiting.takeAll(({ id }) => wanted.has(id));
      for (const id of kept) {
        take(state, id);
        state.kept.add(id);
      }
      return kept;
    },
    free(name, ids) {
      const state = queues.of(name);
      for (const id of ids)
        if (state.kept.delete(id)) {
          state.changed += 1;
          leave(state);
          release(state, id);
        }
    },
    moved(rows, to) {
      const target = queues.of(to);
      for (const { id, queue: from, maybeTwice, dueMs } of rows) {
        const state = queues.of(from);
        count(state, -1);
        count(target, 1);
        if (maybeTwice) doubt(state, -1);
        if (maybeTwice) doubt(target, 1);
        leave(target, dueMs);
        state.kept.delete(id);
        state.changed += 1;
        release(state, id);
      }
      plan(target);
    },
    gone(rows) {
      for (const { id, queue, maybeTwice } of rows) {
        const state = queues.of(queue);
        count(state, -1);
        if (maybeTwice) doubt(state, -1);
        state.kept.delete(id);
        state.changed += 1;
        release(state, id);
      }
    },
    end(row, end) {
      const state = queues.of(row.queue);
      state.kept.delete(row.id);
      return finish(state, row, end);
    },
    hurried(name) {
      const state = queues.of(name);
      leave(state, clock.nowMs());
      plan(state);
    },
  };
}
