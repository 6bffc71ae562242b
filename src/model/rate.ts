import { GatewayError } from "./error.ts";

/** So many messages, or parts of them, in that time. */
export interface Rate {
  readonly count: number;
  readonly of: "messages" | "parts";
  readonly per: "second" | "minute" | "day";
  /** How many may come at once after a pause; `count` where it is not said. */
  readonly burst: number;
}

/** How a rate stands at this moment. */
export interface RateStanding {
  readonly rate: Rate;
  /** What may still go now, in its own kind. */
  readonly left: number;
  /** Milliseconds until its whole burst is there again. */
  readonly fullInMs: number;
}

export const perMs = { second: 1_000, minute: 60_000, day: 86_400_000 } as const;

/** Nobody sends more, and a bucket of it for a day is still exact as a double. */
const countMax = 10_000_000;

/** One for each pair of time and kind. */
const ratesMax = 6;

const form = /^(\d{1,8})(?: (messages|parts))?\/(second|minute|day)(?: burst (\d{1,8}))?$/;

/**
 * Reads rates as an operator writes them, `20/second burst 40, 5000 parts/day`; all of them hold
 * together, and an empty text is none. Throws `bad_request` that says what is wrong.
 */
export function ratesFrom(text: string): readonly Rate[] {
  if (text.trim() === "") return [];
  const rates = text.split(",").map((one) => rateFrom(one.trim().replaceAll(/\s+/g, " ")));
  if (rates.length > ratesMax) throw wrong(`there are more than ${ratesMax} rates`);
  for (const [at, { of, per }] of rates.entries())
    if (rates.findIndex((other) => other.of === of && other.per === per) < at)
      throw wrong(`there are two rates of ${of} per ${per}`);
  return rates;
}

/** As it is told to people. */
export function rateText({ count, of, per }: Rate): string {
  return of === "parts" ? `${count} parts/${per}` : `${count}/${per}`;
}

function rateFrom(text: string): Rate {
  const found = form.exec(text);
  if (found === null)
    throw wrong(`"${text}" is no rate such as 20/second, 500 parts/minute or 20/second burst 40`);
  const [, countText, of = "messages", per, burstText = countText] = found;
  const [count, burst] = [Number(countText), Number(burstText)];
  if (Math.min(count, burst) < 1 || Math.max(count, burst) > countMax)
    throw wrong(`"${text}" is not from 1 to ${countMax}`);
  return { count, of: of === "parts" ? "parts" : "messages", per: perOf(per), burst };
}

function perOf(text: string | undefined): Rate["per"] {
  return text === "minute" || text === "day" ? text : "second";
}

function wrong(why: string): GatewayError {
  return new GatewayError("bad_request", `${why}.`);
}
