import { type Rate, type RateStanding, ratesFrom } from "./rate.ts";
import { type TokenBucket, createTokenBucket } from "./token-bucket.ts";

/** What one request uses of rates: a message to many is as many messages. */
export interface Use {
  readonly messages: number;
  readonly parts: number;
}

const one: Use = { messages: 1, parts: 1 };

/** Several rates that hold together. */
export interface Pace {
  readonly rates: readonly Rate[];
  /** The rate that is in the way of this; undefined when it may go. Takes nothing. */
  inTheWay(use: Use, nowMs: number): Rate | undefined;
  /** Only after nothing was in its way. */
  take(use: Use, nowMs: number): void;
  /** How many messages of one part may go now. */
  room(nowMs: number): number;
  /** Milliseconds until this may go; one message of one part when left out. */
  waitMs(nowMs: number, use?: Use): number;
  standing(nowMs: number): readonly RateStanding[];
  /** What was used in the day before this was made counts towards its rates per day. */
  usedToday(used: Use, nowMs: number): void;
  /** The same with other rates: what was used of one that stays in kind is used of the new one. */
  changed(text: string, nowMs: number): Pace;
}

export function createPace(text: string, nowMs: number): Pace {
  return paceOf(ratesFrom(text).map((rate) => ({ rate, bucket: createTokenBucket(rate, nowMs) })));
}

interface Held {
  readonly rate: Rate;
  readonly bucket: TokenBucket;
}

function paceOf(held: readonly Held[]): Pace {
  return {
    rates: held.map(({ rate }) => rate),
    inTheWay: (use, nowMs) =>
      held.find(({ rate, bucket }) => bucket.waitMs(use[rate.of], nowMs) > 0)?.rate,
    take(use, nowMs) {
      for (const { rate, bucket } of held) bucket.take(use[rate.of], nowMs);
    },
    room: (nowMs) =>
      held.reduce((least, { bucket }) => Math.min(least, bucket.room(nowMs)), Infinity),
    waitMs: (nowMs, use = one) =>
      held.reduce(
        (most, { rate, bucket }) => Math.max(most, bucket.waitMs(use[rate.of], nowMs)),
        0,
      ),
    standing: (nowMs) =>
      held.map(({ rate, bucket }) => ({
        rate,
        left: bucket.room(nowMs),
        fullInMs: bucket.waitMs(rate.burst, nowMs),
      })),
    usedToday(used, nowMs) {
      for (const { rate, bucket } of held) {
        if (rate.per !== "day") continue;
        // Who may send more at once than in a day began with more than what the day's use tells.
        bucket.used(used[rate.of] + Math.max(0, rate.burst - rate.count), nowMs);
      }
    },
    changed(text, nowMs) {
      const next = ratesFrom(text).map((rate) => {
        const bucket = createTokenBucket(rate, nowMs);
        const before = held.find((one) => one.rate.per === rate.per && one.rate.of === rate.of);
        if (before !== undefined) bucket.used(before.rate.burst - before.bucket.room(nowMs), nowMs);
        return { rate, bucket };
      });
      return paceOf(next);
    },
  };
}
