/**
 * Ids of eight hex digits, for sessions of SMPP 3.3, whose message_id has no room for more
 * (v3.3 §6.2.4), and for who keeps them in a small column. A short id is the end of the message's own
 * id, so nothing is stored or looked up to tell it again in a receipt; and it says at which moment of
 * the day it was made, so that its message is found among those of that moment.
 */

/** Milliseconds of a day. */
const dayMs = 86_400_000;

/** What a millisecond of the day has room for in 32 bits. */
const perMs = 49;

/** Hex digits. */
const shortLength = 8;

/**
 * The variant of RFC 9562 and 30 bits that no other id of ours has: in those the last bit of the second
 * octet is set, see `id.ts`.
 */
const mark = "9a52-51d0";
const markAt = 19;

/** ms. More of them than a millisecond has room for take that of the next ones, at most so far ahead. */
export const shortAheadMs = 20;

const short = /^[0-9a-f]{8}$/i;

/**
 * Gives a message an id that has a short form, unique among those of one day: `id` is a new one, of
 * which the moment and the count stay. Some 49,000 a second; above, for as long as that lasts, ids are
 * given back as they are, and so without one.
 */
export function shortIdMaker(): (id: string) => string {
  let last = -1;
  return (id) => {
    const madeMs = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
    const first = madeMs * perMs;
    const next = Math.max(first, last + 1);
    if (next >= first + shortAheadMs * perMs) return id;
    last = next;
    const ofDay = next % (dayMs * perMs);
    return `${id.slice(0, markAt)}${mark}${ofDay.toString(16).padStart(shortLength, "0")}`;
  };
}

/** Was it made to have a short form? Asked for with each answer and each receipt. */
export function isShortable(id: string): boolean {
  return id.startsWith(mark, markAt);
}

/** The short form of an id that has one. */
export function shortOf(id: string): string {
  return id.slice(-shortLength);
}

/** Where an id of this short form may be found: moments and the end of the id itself. */
export interface ShortPlace {
  /** The id from its 20th character on. */
  readonly end: string;
  /** In milliseconds since 1970 UTC; for each day the moments from `fromMs` to `untilMs`, inclusive. */
  readonly moments: readonly { readonly fromMs: number; readonly untilMs: number }[];
}

/**
 * Where the ids stand that are known by this text to who was given short ones, the newest day first;
 * undefined for what is none.
 */
export function shortPlace(
  text: string,
  { nowMs, days }: { readonly nowMs: number; readonly days: number },
): ShortPlace | undefined {
  if (!short.test(text)) return undefined;
  const ofDayMs = Math.floor(Number.parseInt(text, 16) / perMs);
  if (ofDayMs >= dayMs) return undefined;
  const today = Math.floor(nowMs / dayMs) * dayMs;
  // A clock that was set back: what is of later today may be of a message that is there.
  const moments = Array.from({ length: days + 1 }, (_, back) => {
    const untilMs = today - back * dayMs + ofDayMs;
    return { fromMs: untilMs - shortAheadMs, untilMs };
  });
  return { end: mark + text.toLowerCase(), moments };
}
