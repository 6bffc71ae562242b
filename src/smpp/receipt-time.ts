/**
 * Moments of a receipt. The specification knows `YYMMDDhhmm` (SMPP v3.4 appendix B) and does not say
 * in which time zone; networks add seconds or a year of four digits, leave out minutes or hours, and
 * mean the clock on their wall.
 */

/** Turns what a clock somewhere shows, written as if it were UTC, into milliseconds since 1970 UTC. */
export type WallClock = (shownMs: number) => number;

export const utc: WallClock = (shownMs) => shownMs;

/**
 * Milliseconds since 1970 for the digits of `YYMMDDhhmm`, as a clock in UTC would show them; 8 to 14
 * digits. undefined for zeros and for all else that is no moment. Of an odd number of digits one is
 * missing, and it may be the day's as well as the hour's: such a date cannot be read.
 */
export function timeOf(digits: string): number | undefined {
  if (digits !== last.digits) last = { digits, ms: read(digits) };
  return last.ms;
}

/** What was read last: a thousand receipts a second, and two dates in each, tell of the same minute. */
let last: { readonly digits: string; readonly ms: number | undefined } = {
  digits: "",
  ms: undefined,
};

function read(digits: string): number | undefined {
  if (!/^\d{8,14}$/.test(digits) || digits.length % 2 === 1) return undefined;
  return momentOf(`20${digits}`) ?? (digits.startsWith("20") ? momentOf(digits) : undefined);
}

/** `Europe/Berlin`, `UTC`, `+02:00`: is it one that this machine knows? */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/**
 * The clock on the wall of a time zone. An hour that summer time skips is taken as the one behind it,
 * one that comes twice as the first. Throws a RangeError for a zone that nobody knows.
 */
export function wallClock(timeZone: string): WallClock {
  const format = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  if (/^(UTC|GMT|Z)$/i.test(timeZone)) return utc;
  /** Milliseconds that the zone is ahead of UTC; the formatter takes microseconds for it. */
  const offsetAt = (ms: number): number => {
    const name = format.formatToParts(ms).find(({ type }) => type === "timeZoneName")?.value ?? "";
    const [, sign, hours, minutes, seconds = "0"] =
      /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(name) ?? [];
    if (sign === undefined) return 0;
    const ahead = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
    return sign === "-" ? -ahead : ahead;
  };
  // Receipts are of the last hours, so nearly all fall into a quarter that was looked up just before.
  const known = new Map<number, number>();
  return (shownMs) => {
    const quarter = Math.floor(shownMs / quarterMs);
    let ahead = known.get(quarter);
    if (ahead === undefined) {
      const early = offsetAt(shownMs - dayMs / 2);
      const late = offsetAt(shownMs + dayMs / 2);
      ahead =
        offsetAt(shownMs - early) !== early && offsetAt(shownMs - late) === late ? late : early;
      if (known.size >= quartersKept) known.clear();
      known.set(quarter, ahead);
    }
    return shownMs - ahead;
  };
}

const dayMs = 86_400_000;

/** Zones change their offset at full quarters of an hour only. */
const quarterMs = 900_000;

/** Quarters of an hour whose offset is remembered: ten days, longer than any message is on its way. */
const quartersKept = 960;

/** `YYYYMMDD`, with hours, minutes and seconds as far as they are there. */
function momentOf(digits: string): number | undefined {
  if (digits.length > 14) return undefined;
  const two = (at: number) => Number(digits.slice(at, at + 2));
  const year = Number(digits.slice(0, 4));
  const month = two(4);
  const day = two(6);
  const [hour, minutes, seconds] = [two(8), two(10), two(12)];
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minutes > 59 || seconds > 59)
    return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minutes, seconds);
  // Date.UTC turns 30 February into 1 March.
  return new Date(ms).getUTCDate() === day ? ms : undefined;
}
