import type { Clock } from "../model/clock.ts";
import type { QueueState } from "./queues.ts";

/** ms. A timer cannot wait for a month; who is woken before anything is due looks and sleeps again. */
const wakeMostMs = 3_600_000;

/**
 * Looks at a queue again after so long, when something of it in the table will be due. The first of all
 * that are asked for counts: whoever looks then asks for the next.
 */
export function createWaking(parts: {
  readonly clock: Clock;
  readonly isDraining: () => boolean;
  readonly plan: (state: QueueState) => void;
}): (state: QueueState, waitMs: number) => void {
  const { clock, isDraining, plan } = parts;

  return (state, waitMs) => {
    if (isDraining()) return;
    const pauseMs = Math.min(wakeMostMs, Math.max(1, Math.ceil(waitMs)));
    const atMs = clock.tickMs() + pauseMs;
    if (state.wake !== undefined && state.wakeAtMs <= atMs) return;
    clearTimeout(state.wake);
    state.wakeAtMs = atMs;
    state.wake = setTimeout(() => {
      state.wake = undefined;
      // What is due now is in the table.
      state.complete = false;
      plan(state);
    }, pauseMs);
    state.wake.unref();
  };
}
