import { type Rate, perMs } from "./rate.ts";

/**
 * A bucket of tokens that fills at a steady rate up to its burst. What it lets pass in any time is at
 * most burst + rate × time, however it is asked; a gap test, which only looks at the message before,
 * would refuse the second of two that come together after a pause.
 */
export interface TokenBucket {
  /** Whole tokens that are there. */
  room(nowMs: number): number;
  /**
   * Takes them if they are there. More than the burst are never there, so those go when it is full, and
   * are paid back before anything else goes.
   */
  take(tokens: number, nowMs: number): boolean;
  /** Takes them without asking, but never below empty: they were used by somebody before. */
  used(tokens: number, nowMs: number): void;
  /** Milliseconds until so many are there; 0 when they are. */
  waitMs(tokens: number, nowMs: number): number;
}

/** `nowMs` is a time that only goes forward; a step back counts as none. */
export function createTokenBucket(rate: Rate, nowMs: number): TokenBucket {
  const { count } = rate;
  // In tokens times milliseconds, so that whole milliseconds are counted in whole numbers.
  const unit = perMs[rate.per];
  const full = rate.burst * unit;
  let level = full;
  let atMs = nowMs;

  return {
    room: (now) => Math.max(0, Math.floor(fill(now) / unit)),
    take(tokens, now) {
      if (fill(now) < needed(tokens)) return false;
      level -= tokens * unit;
      return true;
    },
    used(tokens, now) {
      level = Math.max(Math.min(fill(now), 0), level - tokens * unit);
    },
    waitMs: (tokens, now) => Math.max(0, (needed(tokens) - fill(now)) / count),
  };

  function needed(tokens: number): number {
    return Math.min(tokens * unit, full);
  }

  function fill(now: number): number {
    if (now > atMs) {
      level = Math.min(full, level + (now - atMs) * count);
      atMs = now;
    }
    return level;
  }
}
