import type { Clock } from "./clock.ts";
import { createPassing } from "./passing.ts";

/** Watches whatever may take one and the same time: so the first that came is the first to be over. */
export interface Deadline<One> {
  /** Milliseconds that each may take. */
  readonly ms: number;
  /** Its time begins. Costs no timer of its own. Gives the ticket with which it is released. */
  hold(one: One): number;
  /** It has ended. Whoever is told that something is over has to release it. */
  release(ticket: number): void;
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
  const held = createPassing<number, { readonly one: One; readonly atMs: number }>();
  let lastTicket = 0;
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    timer = undefined;
    const nowMs = clock.tickMs();
    for (const [ticket, { one, atMs }] of held.entries()) {
      if (atMs > nowMs) {
        timer = setTimeout(look, Math.ceil(atMs - nowMs));
        return;
      }
      held.delete(ticket);
      over(one);
    }
  }

  return {
    ms,
    hold(one) {
      lastTicket += 1;
      held.set(lastTicket, { one, atMs: clock.tickMs() + ms });
      timer ??= setTimeout(look, ms);
      return lastTicket;
    },
    release(ticket) {
      held.delete(ticket);
    },
    close() {
      held.clear();
      clearTimeout(timer);
    },
  };
}
