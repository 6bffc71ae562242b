import type { Sent } from "../model/message.ts";
import { createPassing } from "../model/passing.ts";

/**
 * Keeps a message from being concluded twice: by two reports at once, or by a report and the sweep
 * for those that never came. The gateway is the only writer, so memory is the lock.
 */
export interface Concluding {
  /**
   * Call before the database is read, and `end` once what was read has been gone through: what is
   * concluded in between is known, though the rows that were read do not show it.
   */
  reading(): { end(): void };
  /** False when it is being concluded by somebody else, or has been since the oldest reading began. */
  begin(key: string): boolean;
  /** Resolves at once, or when what makes `begin` say no is over: who then looks again finds what came of it. */
  over(key: string): Promise<void>;
  /** Nothing came of it: the next one may. */
  release(key: string): void;
  /** It is committed. */
  settled(key: string): void;
}

/** A message that we split has a report for each part. */
export function concludingKey({ message: { id }, part }: Sent): string {
  return part === undefined ? id : `${id}/${part.number}`;
}

export function createConcluding(): Concluding {
  const busy = createPassing<string, true>();
  // Bounded by what is concluded while one query runs: it is emptied when none is under way.
  const recent = new Set<string>();
  /** Nearly always empty: somebody waits only where two are about one message at the same time. */
  const waiting = new Map<string, (() => void)[]>();
  let readings = 0;
  return {
    reading() {
      readings += 1;
      return {
        end() {
          readings -= 1;
          if (readings > 0) return;
          recent.clear();
          for (const key of waiting.keys()) wake(key);
        },
      };
    },
    begin(key) {
      if (!isFree(key)) return false;
      busy.set(key, true);
      return true;
    },
    over(key) {
      if (isFree(key)) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.set(key, [...(waiting.get(key) ?? []), resolve]);
      });
    },
    release(key) {
      busy.delete(key);
      wake(key);
    },
    settled(key) {
      busy.delete(key);
      if (readings > 0) recent.add(key);
      wake(key);
    },
  };

  function isFree(key: string): boolean {
    return !busy.has(key) && !recent.has(key);
  }

  function wake(key: string): void {
    const resolves = waiting.get(key);
    if (resolves === undefined || !isFree(key)) return;
    waiting.delete(key);
    for (const resolve of resolves) resolve();
  }
}
