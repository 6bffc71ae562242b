import type { Clock } from "../model/clock.ts";

/** Lines of one text about one source; what a peer does a hundred times says nothing new. */
export const linesPerMinute = 10;

/** Sources and texts that are counted apart; above, the oldest is told and forgotten. */
export const sourcesMax = 10_000;

const minuteMs = 60_000;

/** What was left out of the log in one minute. */
export interface LeftOut {
  readonly source: string;
  readonly text: string;
  readonly lines: number;
}

/** Keeps a peer that fails a thousand times a second from filling the log. */
export interface Flood {
  /** Is one more line of this text about this source to be written? If not, it is counted. */
  allows(source: string, text: string): boolean;
  /** Tells what was left out in the minutes that are over. Called by itself, too. */
  sweep(): void;
}

interface Minute extends Pick<LeftOut, "source" | "text"> {
  readonly startMs: number;
  written: number;
  leftOut: number;
}

/** `tell` writes the one line with the count. */
export function createFlood(clock: Clock, tell: (leftOut: LeftOut) => void): Flood {
  /** In the order in which they began. */
  const minutes = new Map<string, Minute>();
  let timer: NodeJS.Timeout | undefined;

  return { allows, sweep };

  function allows(source: string, text: string): boolean {
    sweep();
    const key = `${text}\n${source}`;
    let minute = minutes.get(key);
    if (minute === undefined) {
      minute = { source, text, startMs: clock.tickMs(), written: 0, leftOut: 0 };
      minutes.set(key, minute);
      if (minutes.size > sourcesMax) endOldest();
    }
    if (minute.written < linesPerMinute) {
      minute.written += 1;
      return true;
    }
    minute.leftOut += 1;
    // So that the count is told also when nothing more is logged.
    timer ??= setTimeout(onTimer, minuteMs).unref();
    return false;
  }

  function sweep(): void {
    const endedMs = clock.tickMs() - minuteMs;
    for (const minute of minutes.values()) {
      if (minute.startMs > endedMs) return;
      endOldest();
    }
  }

  function onTimer(): void {
    timer = undefined;
    sweep();
    for (const { leftOut } of minutes.values())
      if (leftOut > 0) {
        timer = setTimeout(onTimer, minuteMs).unref();
        return;
      }
  }

  function endOldest(): void {
    for (const [key, { source, text, leftOut }] of minutes) {
      minutes.delete(key);
      if (leftOut > 0) tell({ source, text, lines: leftOut });
      return;
    }
  }
}
