/**
 * Accents of Latin, Greek and Cyrillic letters, and the points of Hebrew and Arabic. Not the vowel signs
 * of Indian alphabets: without them it would be another word.
 */
const MARKS =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]/g;

/** Letters, digits and marks, from the first of them on. */
const FIRST_WORD = /[\p{L}\p{N}\p{M}]+/u;

/** Nothing in it has an accent, and each letter has two cases at most. */
// oxlint-disable-next-line no-control-regex -- all of ASCII.
const PLAIN = /^[\0-\x7f]*$/;

/** The text with upper and lower case, accents, points and forms of width made one. */
export function folded(text: string): string {
  if (PLAIN.test(text)) return text.toUpperCase();
  return text.normalize("NFKD").replace(MARKS, "").toUpperCase();
}

/** The first word, folded; empty when there is none. */
export function firstWord(text: string): string {
  return folded(FIRST_WORD.exec(text)?.[0] ?? "");
}

/** Is it one word, and nothing else? */
export function isWord(text: string): boolean {
  return FIRST_WORD.exec(text)?.[0] === text;
}

/** All words, folded; of a text without any the empty list. */
export function wordsOf(text: string): string[] {
  return (text.match(WORDS) ?? []).map(folded);
}

const WORDS = new RegExp(FIRST_WORD, "gu");
