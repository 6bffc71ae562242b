import { GatewayError } from "../model/error.ts";
import { folded, isWord } from "../model/folded.ts";

/** Which numbers a row of the table is for. */
export type NumberPattern =
  | { readonly kind: "exact"; readonly number: string }
  /** Both ends are among it; they have the same form and length. */
  | { readonly kind: "range"; readonly first: string; readonly last: string }
  | { readonly kind: "prefix"; readonly prefix: string };

const exactForm = /^(?:\+?\d{1,20}|[0-9A-Za-z]{1,20})$/;
const rangeForm = /^(\+?\d{1,20})-(\+?\d{1,20})$/;
const prefixForm = /^(\+?\d{0,19})\*$/;

/** Characters of a keyword: a word of a short message. */
const keywordLengthMax = 40;

/**
 * `+31600000000`, `+31600000000-+31600000099` or `+3161*`, as numbers stand in `message.to`. Throws
 * `bad_request` for what is none of them.
 */
export function patternFrom(text: string): NumberPattern {
  const [, first, last] = rangeForm.exec(text) ?? [];
  if (first !== undefined && last !== undefined) {
    if (shapeOf(first) !== shapeOf(last))
      throw wrong(`the ends of ${text} must have the same number of digits, with or without +`);
    if (first > last) throw wrong(`${text} ends before it begins`);
    return first === last ? { kind: "exact", number: first } : { kind: "range", first, last };
  }
  const [, prefix] = prefixForm.exec(text) ?? [];
  if (prefix !== undefined) return { kind: "prefix", prefix };
  if (exactForm.test(text)) return { kind: "exact", number: text };
  throw wrong(`"${text.slice(0, 64)}" is no number, range (first-last) or prefix (+3161*)`);
}

/** The one form in which it is kept and told. */
export function patternText(pattern: NumberPattern): string {
  switch (pattern.kind) {
    case "exact":
      return pattern.number;
    case "range":
      return `${pattern.first}-${pattern.last}`;
    case "prefix":
      return `${pattern.prefix}*`;
  }
}

/** A keyword as it is compared; throws `bad_request` for what is not one word. Empty stays empty. */
export function keywordFrom(text: string): string {
  if (text === "") return "";
  if (!isWord(text) || text.length > keywordLengthMax)
    throw wrong(`"${text.slice(0, 64)}" is not one word of at most ${keywordLengthMax} characters`);
  return folded(text);
}

/** Numbers of one shape are compared as texts. */
export function shapeOf(number: string): string {
  return `${number.startsWith("+") ? "+" : ""}${number.length}`;
}

function wrong(why: string): GatewayError {
  return new GatewayError("bad_request", why);
}
