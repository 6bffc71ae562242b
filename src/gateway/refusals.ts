import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";

/** A minute: one row each for a hammering peer would let him fill the database with his mistakes. */
const refusalsStoredPerMinute = 10;

/** Addresses and accounts that are counted apart; above, the oldest are forgotten. */
const subjectsMax = 10_000;

const minuteMs = 60_000;

/**
 * Says whether one more refusal of this address or account is worth a row. The others are counted
 * and told in one line of the log when the minute is over.
 */
export function createRefusals(clock: Clock, log: Log): (subject: string) => boolean {
  const minutes = new Map<string, { startMs: number; stored: number; counted: number }>();
  return (subject) => {
    const nowMs = clock.tickMs();
    let minute = minutes.get(subject);
    if (minute === undefined || nowMs - minute.startMs >= minuteMs) {
      if (minute !== undefined && minute.counted > 0)
        log.warn({ subject, refusals: minute.counted }, "more refusals than are stored one by one");
      minute = { startMs: nowMs, stored: 0, counted: 0 };
      minutes.delete(subject);
      minutes.set(subject, minute);
      if (minutes.size > subjectsMax) forgetOldest(minutes);
    }
    if (minute.stored < refusalsStoredPerMinute) {
      minute.stored += 1;
      return true;
    }
    minute.counted += 1;
    return false;
  };
}

function forgetOldest(minutes: Map<string, unknown>): void {
  const oldest = minutes.keys().next();
  if (oldest.done !== true) minutes.delete(oldest.value);
}
