/** Where the time comes from, so that a test can walk a minute in a microsecond. */
export interface Clock {
  /** Milliseconds since 1970 UTC; may step when the machine's time is set. */
  nowMs(): number;
  /** Milliseconds that only ever go forward; for durations and deadlines. */
  tickMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  tickMs: () => performance.now(),
};
