/** Failures in a row after which an endpoint is left alone for a while. */
export const failuresMax = 10;

/** Milliseconds for which it is; doubled with each time in a row, up to the second number. */
const openFirstMs = 30_000;
const openMostMs = 600_000;

/**
 * Keeps us from calling an endpoint that does not answer: what is for it waits, without losing its tries.
 * When the time is over one call is let through; on that it depends whether the others follow.
 */
export interface Breaker {
  state(nowMs: number): "closed" | "open" | "trying";
  /** How many calls may be under way. */
  room(nowMs: number, most: number): number;
  /** undefined unless it is open. */
  readonly untilMs: number | undefined;
  succeeded(): void;
  failed(nowMs: number): void;
  /** An operator wants it to be tried now. */
  reset(): void;
}

export function createBreaker(chance: () => number, firstMs = openFirstMs): Breaker {
  let failures = 0;
  let times = 0;
  let untilMs: number | undefined;
  return {
    state: (nowMs) => (untilMs === undefined ? "closed" : nowMs < untilMs ? "open" : "trying"),
    room: (nowMs, most) => (untilMs === undefined ? most : nowMs < untilMs ? 0 : 1),
    get untilMs() {
      return untilMs;
    },
    succeeded: close,
    failed(nowMs) {
      failures += 1;
      // What was under way when it opened tells nothing new.
      if (failures < failuresMax || (untilMs !== undefined && nowMs < untilMs)) return;
      const forMs = Math.min(firstMs * 2 ** times, openMostMs);
      times += 1;
      untilMs = nowMs + forMs * (1 + 0.1 * chance());
    },
    reset: close,
  };

  function close(): void {
    failures = 0;
    times = 0;
    untilMs = undefined;
  }
}
