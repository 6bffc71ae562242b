/** A start has better things to do first: what waits is taken up, peers bind. */
const firstRoundMs = 60_000;

/** Work that is in no hurry, done again and again. */
export interface Rounds {
  /** One round besides, after the one that is under way. Never rejects. */
  now(): Promise<void>;
  /** True once it is to end: what is under way may stop where it is. */
  isClosed(): boolean;
  /** Settles when what is under way has ended. */
  close(): Promise<void>;
}

/**
 * The first round is a minute after the start, the others every so often; never are there two at once.
 * `round` does not reject: it tells what failed, and the next one tries again.
 */
export function startRounds(everyMs: number, round: () => Promise<void>): Rounds {
  let closed = false;
  let work: Promise<void> = Promise.resolve();
  let timer = setTimeout(onTime, firstRoundMs);
  timer.unref();
  return {
    now,
    isClosed: () => closed,
    async close() {
      closed = true;
      clearTimeout(timer);
      await work;
    },
  };

  function onTime(): void {
    timer = setTimeout(onTime, everyMs);
    timer.unref();
    void now();
  }

  function now(): Promise<void> {
    work = work.then(async () => {
      if (!closed) await round();
    });
    return work;
  }
}
