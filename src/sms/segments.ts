import { septetsOf } from "./gsm7.ts";

/**
 * What one short message carries: 140 octets (3GPP TS 23.040 §9.2.3.16), and 134 beside the six
 * octets of a header that joins parts by an 8-bit reference (§9.2.3.24.1).
 */
const SIZES = {
  gsm7: { single: 160, part: 153 },
  ucs2: { single: 70, part: 67 },
  binary: { single: 140, part: 134 },
} as const;

/**
 * The text cut into what fits a short message each, in septets of GSM 7-bit if that alphabet holds
 * the text, else in UTF-16 units; `coding` asks for the coding that it came in. Parts joined give
 * the text back. An escape pair or a surrogate pair is never cut; an empty text is one part.
 */
export function partsOf(text: string, coding?: "gsm7" | "ucs2"): readonly string[] {
  const septets = coding === "ucs2" ? undefined : septetsOf(text);
  const size = septets === undefined ? SIZES.ucs2 : SIZES.gsm7;
  if ((septets ?? text.length) <= size.single) return [text];
  const widthAt = septets === undefined ? pairWidthAt : septetWidthAt;
  const parts: string[] = [];
  let start = 0;
  let filled = 0;
  for (let at = 0; at < text.length;) {
    const width = widthAt(text, at);
    if (filled + width > size.part) {
      parts.push(text.slice(start, at));
      start = at;
      filled = 0;
    }
    filled += width;
    at += septets === undefined ? width : 1;
  }
  parts.push(text.slice(start));
  return parts;
}

/** How many short messages so many octets of binary content take; none is still one. */
export function binaryParts(octets: number): number {
  return octets <= SIZES.binary.single ? 1 : Math.ceil(octets / SIZES.binary.part);
}

/** UTF-16 units that belong together: two for a surrogate pair. */
function pairWidthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}

function septetWidthAt(text: string, at: number): number {
  return septetsOf(text.charAt(at)) ?? 1;
}
