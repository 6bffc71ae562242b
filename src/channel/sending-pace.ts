import type { Clock } from "../model/clock.ts";
import { createPace } from "../model/pace.ts";
import { type Rate, perMs } from "../model/rate.ts";
import type { ChannelHost } from "./channel.ts";

/** ms. At the limit what has become free in this time goes together, so that a claim takes many. */
const togetherMs = 10;

/** Keeps what a channel sends below its rates. */
export interface SendingPace {
  /** How many of so many requests may go now. When none may, `ready` is called as soon as one may. */
  within(requests: number): number;
  /** One has gone. */
  sent(): void;
  /** Requests of the day before this start. */
  usedToday(requests: number): void;
  close(): void;
}

/**
 * `text` is a list of rates, see `model/rate.ts`; undefined when there is none. Tokens are taken when a
 * request is written, so what waits in a queue or is claimed takes none. Time alone goes on with sending:
 * one timer, and only while the bucket is empty. What was sent in the day before counts, too.
 */
export async function createSendingPace(
  text: string,
  {
    clock,
    log,
    ready,
    sentToday,
  }: Pick<ChannelHost, "log" | "ready" | "sentToday"> & { readonly clock: Pick<Clock, "tickMs"> },
): Promise<SendingPace | undefined> {
  const pace = createPace(text, clock.tickMs());
  if (pace.rates.length === 0) return undefined;
  const restMs = Math.min(togetherMs, ...pace.rates.map(fillMs));
  const one = { messages: 1, parts: 1 };
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  if (sentToday !== undefined && pace.rates.some(({ per }) => per === "day"))
    try {
      const requests = await sentToday();
      pace.usedToday({ messages: requests, parts: requests }, clock.tickMs());
    } catch (cause) {
      log.error({ err: cause }, "the rate per day begins anew: what was sent today is not known");
    }

  return {
    within(requests) {
      const free = pace.room(clock.tickMs());
      if (free === 0) arm();
      return Math.min(requests, free);
    },
    sent() {
      const nowMs = clock.tickMs();
      pace.take(one, nowMs);
      if (pace.room(nowMs) === 0) arm();
    },
    usedToday(requests) {
      pace.usedToday({ messages: requests, parts: requests }, clock.tickMs());
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };

  function arm(): void {
    if (timer !== undefined || closed) return;
    const waitMs = Math.max(restMs, pace.waitMs(clock.tickMs()));
    // A day at most: a timer of more than 24 days would fire at once.
    timer = setTimeout(
      () => {
        timer = undefined;
        ready();
      },
      Math.min(Math.ceil(waitMs), perMs.day),
    );
    timer.unref();
  }
}

/** Half of the time that an empty bucket needs to be full: waiting longer would lose tokens. */
function fillMs({ count, per, burst }: Rate): number {
  return (burst * perMs[per]) / count / 2;
}
