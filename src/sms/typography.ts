/**
 * What word processors and phones put in the place of characters of GSM 7-bit, and what they stand
 * for. No letter is here: a letter without its accent is another one.
 */
const PLAIN: readonly (readonly [typographic: string, plain: string])[] = [
  // Quotes: “ ” „ ‟ ″ « », then ‘ ’ ‚ ‛ ′ ‹ › ` ´.
  ["\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'],
  ["\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u0060\u00b4\u02bc", "'"],
  // Hyphens, dashes and the minus: ‐ ‑ ‒ – — ― −.
  ["\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"],
  ["\u2026", "..."],
  // Dots: • · ‣.
  ["\u2022\u00b7\u2023", "*"],
  // A tabulator and blanks that do not break or have another width.
  [
    "\u0009\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f",
    " ",
  ],
  // Line and paragraph separators.
  ["\u2028\u2029", "\n"],
  // What takes no room: soft hyphen, zero-width space, word joiner, byte order mark, direction marks.
  ["\u00ad\u200b\u2060\ufeff\u200e\u200f", ""],
  // Signs in common use: × ™ © ®.
  ["\u00d7", "x"],
  ["\u2122", "(TM)"],
  ["\u00a9", "(C)"],
  ["\u00ae", "(R)"],
];

const REPLACEMENTS: ReadonlyMap<string, string> = new Map(
  PLAIN.flatMap(([typographic, plain]) =>
    typographic.split("").map((character): [string, string] => [character, plain]),
  ),
);

/**
 * The text with plain characters for typographic ones that `isHeld` says no to; all else stays, also
 * what cannot be helped. Letters followed by their accents become one character (NFC) where that is
 * held. Only ever called for an account or a channel that asked for it.
 */
export function plainly(text: string, isHeld: (character: string) => boolean): string {
  let plain = "";
  for (const character of text.normalize("NFC")) {
    plain += isHeld(character) ? character : (REPLACEMENTS.get(character) ?? character);
  }
  return plain;
}
