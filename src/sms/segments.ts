import { type Unit, utf8Octets } from "./coding.ts";
import { type Alphabet, DEFAULT, septetsOf, septetsOfUnit } from "./gsm7.ts";

/** Octets of user data in one short message, its header included (3GPP TS 23.040 §9.2.3.16). */
export const userDataOctets = 140;

/** Octets of a header that only joins parts, by a reference of 8 bits (§9.2.3.24.1). */
const joiningHeaderOctets = 6;

/** How much of a text one short message holds behind a header of so many octets; below 0 for none. */
export function roomFor(unit: Unit, headerOctets: number): number {
  const octets = userDataOctets - headerOctets;
  if (unit === "septets") return Math.floor((octets * 8) / 7);
  return unit === "utf16" ? Math.floor(octets / 2) : octets;
}

/** How much of its unit the character at `at` takes; called for its first UTF-16 unit only. */
export type WidthAt = (text: string, at: number) => number;

export const WIDTHS = {
  utf16: (text, at) => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1),
  utf8: (text, at) => utf8Octets(text.codePointAt(at) ?? 0),
  octet: () => 1,
} as const satisfies Readonly<Record<string, WidthAt>>;

export function septetWidths(alphabet: Alphabet): WidthAt {
  return (text, at) => septetsOfUnit(text.charCodeAt(at), alphabet);
}

/**
 * The text cut into parts of at most `room` each; joined they are the text again. An escape pair or a
 * surrogate pair is never cut, and with `whole` neither is what a reader takes for one character (a
 * letter with its marks, an emoji of several), unless it alone is longer than a part. `room` must be
 * at least the width of the widest character.
 */
export function cut(
  text: string,
  { room, widthAt, whole }: { room: number; widthAt: WidthAt; whole: boolean },
): readonly string[] {
  const characters = whole ? segmenter().segment(text) : undefined;
  const parts: string[] = [];
  let start = 0;
  let filled = 0;
  for (let at = 0; at < text.length;) {
    const width = widthAt(text, at);
    if (filled + width > room) {
      const first = characters?.containing(at)?.index ?? at;
      // The part ends before the character that would be cut; what was already counted of it is
      // counted again for the next one.
      if (first > start) at = first;
      parts.push(text.slice(start, at));
      start = at;
      filled = 0;
      continue;
    }
    filled += width;
    at += WIDTHS.utf16(text, at);
  }
  parts.push(text.slice(start));
  return parts;
}

/**
 * The text as the networks will cut it, who are told nothing more about it: in septets of GSM 7-bit
 * if that alphabet holds the text, else in UTF-16 units; `coding` asks for the coding that it came
 * in. An empty text is one part.
 */
export function partsOf(text: string, coding?: "gsm7" | "ucs2"): readonly string[] {
  const septets = coding === "ucs2" ? undefined : septetsOf(text);
  const unit = septets === undefined ? "utf16" : "septets";
  if ((septets ?? text.length) <= roomFor(unit, 0)) return [text];
  return cut(text, {
    room: roomFor(unit, joiningHeaderOctets),
    widthAt: septets === undefined ? WIDTHS.utf16 : septetWidths(DEFAULT),
    whole: septets === undefined,
  });
}

/** How many short messages so many octets of binary content take; none is still one. */
export function binaryParts(octets: number): number {
  const part = roomFor("octets", joiningHeaderOctets);
  return octets <= userDataOctets ? 1 : Math.ceil(octets / part);
}

let shared: Intl.Segmenter | undefined;

/** Made once, when the first long text comes: it costs more than the text. UAX #29 in every language. */
function segmenter(): Intl.Segmenter {
  shared ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return shared;
}
