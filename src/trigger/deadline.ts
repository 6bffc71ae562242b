import type { Clock } from "../model/clock.ts";

/** Watches whatever may take one and the same time: so the first that came is the first to be over. */
export interface Deadline<One> {
  /** Milliseconds that each may take. */
  readonly ms: number;
  /** Its time begins. Costs no timer of its own. */
  hold(one: One): void;
  /** It has ended. Whoever is told that something is over has to release it. */
  release(one: One): void;
  /** Nothing is over any more. */
  close(): void;
}

/** `over` is called once for each that was not released in time. */
export function openDeadline<One>(
  ms: number,
  clock: Clock,
  over: (one: One) => void,
): Deadline<One> {
  /** With the tick at which its time is over, in the order in which they came. */
  const held = new Map<One, number>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    timer = undefined;
    const nowMs = clock.tickMs();
    for (const [one, atMs] of held) {
      if (atMs > nowMs) {
        timer = setTimeout(look, Math.ceil(atMs - nowMs));
        return;
      }
      held.delete(one);
      over(one);
    }
  }

  return {
    ms,
    hold(one) {
      held.set(one, clock.tickMs() + ms);
      timer ??= setTimeout(look, ms);
    },
    release(one) {
      held.delete(one);
    },
    close() {
      held.clear();
      clearTimeout(timer);
    },
  };
}
