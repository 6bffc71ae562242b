/**
 * Times of SMPP v3.4 §7.1.1: `YYMMDDhhmmsstnnp`. With `+` or `-` it is a moment, nn quarter hours
 * ahead of or behind UTC; with `R` it is as long from now.
 */
const form = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([+\-R])$/;

/**
 * Milliseconds since 1970 UTC that a schedule_delivery_time or validity_period means; undefined for
 * the empty one and for what is not of the form. A relative one is counted from `nowMs`, a month
 * being as long as the calendar says.
 */
export function timeFrom(text: string, nowMs: number): number | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second, tenth, quarters] = match.slice(1, 9).map(Number);
  if (
    year === undefined ||
    month === undefined ||
    day === undefined ||
    hour === undefined ||
    minute === undefined ||
    second === undefined ||
    tenth === undefined ||
    quarters === undefined
  )
    return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  if (match[9] === "R") {
    // The specification says `000`; some peers fill in more and mean nothing by it.
    if (month > 12 || day > 31) return undefined;
    const now = new Date(nowMs);
    return Date.UTC(
      now.getUTCFullYear() + year,
      now.getUTCMonth() + month,
      now.getUTCDate() + day,
      now.getUTCHours() + hour,
      now.getUTCMinutes() + minute,
      now.getUTCSeconds() + second,
      now.getUTCMilliseconds(),
    );
  }
  if (quarters > 48) return undefined;
  const local = Date.UTC(2000 + year, month - 1, day, hour, minute, second, tenth * 100);
  // Date.UTC turns 30 February into 1 March, which the peer did not mean.
  const date = new Date(local);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const aheadMs = quarters * 15 * 60_000;
  return match[9] === "+" ? local - aheadMs : local + aheadMs;
}

/** Empty (the network's default) or a time that can be read. */
export function isTimeField(text: string): boolean {
  return text === "" || timeFrom(text, 0) !== undefined;
}

/** A moment of this century as the wire says it, in UTC, cut to tenths of a second. */
export function absoluteTime(ms: number): string {
  const date = new Date(ms);
  const fields = [
    date.getUTCFullYear() % 100,
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ];
  return `${fields.map(two).join("")}${Math.floor(date.getUTCMilliseconds() / 100)}00+`;
}

/** Seconds that are in one day. */
const daySeconds = 86_400;
/** Days; a longer wait would need months, which are not all of one length. */
const relativeDaysMax = 31;

/** A wait as the wire says it, cut to seconds and to 31 days. */
export function relativeTime(waitMs: number): string {
  const most = (relativeDaysMax + 1) * daySeconds - 1;
  const seconds = Math.min(Math.max(0, Math.floor(waitMs / 1_000)), most);
  const fields = [
    Math.floor(seconds / daySeconds),
    Math.floor((seconds % daySeconds) / 3_600),
    Math.floor((seconds % 3_600) / 60),
    seconds % 60,
  ];
  return `0000${fields.map(two).join("")}000R`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
