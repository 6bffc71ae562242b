import type { Intake, Take } from "../model/intake.ts";

/**
 * Messages that are taken up for each flush. With 200 sessions 5,771 lives a second went through, 5,708 with 72 and 5,433
 * with 100; without a limit 4,914, since each lives longer then, outlives V8's young generation and costs a third more.
 */
export const invitedPerFlush = 48;

/** Messages that one who waits may bring in his turn: those that came in together are answered together. */
export const broughtPerTurn = 16;

/**
 * ms. Without a flush for so long the database is away or stands still, and nobody is kept waiting for it: what comes
 * waits in the writer's queue then, which has its own limits and answers when they are reached.
 */
export const stillMs = 250;

/** Invites as many messages as are worth it with each flush. Those who wait are bounded by who brings them. */
export interface WriterIntake extends Intake {
  /** A flush was made, or there is nothing to do: there is room for the next. */
  open(): void;
  close(): void;
}

/** `isBusy`: something is being written, or waits for it. */
export function createIntake(isBusy: () => boolean): WriterIntake {
  const waiting: Take[] = [];
  let places = invitedPerFlush;
  let planned = false;
  let stillness: NodeJS.Timeout | undefined;

  return {
    enter(take) {
      waiting.push(take);
      if (waiting.length > 1) return;
      if (places <= 0 && !isBusy()) places = invitedPerFlush;
      inviteAll();
      if (waiting.length > 0) watch();
    },
    open() {
      places = invitedPerFlush;
      plan();
    },
    close() {
      clearTimeout(stillness);
      places = Infinity;
      inviteAll();
    },
  };

  /** Not at once: first what has been made is sent. */
  function plan(): void {
    if (waiting.length === 0) return;
    watch();
    if (planned) return;
    planned = true;
    setImmediate(() => {
      planned = false;
      inviteAll();
      // What was invited may wait for something else than the database, such as a slow script.
      if (waiting.length > 0 && !isBusy()) {
        places = invitedPerFlush;
        plan();
      }
    });
  }

  function inviteAll(): void {
    while (places > 0) {
      const take = waiting.shift();
      if (take === undefined) return;
      const took = take(broughtPerTurn);
      places -= took;
      if (took === broughtPerTurn) waiting.push(take);
    }
  }

  function watch(): void {
    clearTimeout(stillness);
    stillness = setTimeout(onStill, stillMs);
    stillness.unref();
  }

  function onStill(): void {
    if (waiting.length === 0) return;
    places = Infinity;
    inviteAll();
  }
}
