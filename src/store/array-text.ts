/**
 * PostgreSQL's text form of arrays (PostgreSQL 18 manual, 8.15.6), built by hand: the escaping of
 * the pg package was 12 % of the gateway's time on the hot path.
 */

import { hexOf } from "../model/octets-text.ts";

/** An array of elements that are in their text form already. */
export function arrayText(elements: readonly (string | number | boolean)[]): string {
  return `{${elements.join(",")}}`;
}

const needsCare = /["\\\0]/;

/** An element that is text. U+0000 cannot be stored by PostgreSQL and becomes U+FFFD. */
export function quoted(text: string | undefined): string {
  if (text === undefined) return "NULL";
  if (!needsCare.test(text)) return `"${text}"`;
  const escaped = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\0", "\u{FFFD}");
  return `"${escaped}"`;
}

/** An element that is octets (bytea in its hex form, 8.4.1). */
export function quotedOctets(octets: Buffer | undefined): string {
  return octets === undefined ? "NULL" : `"\\\\x${hexOf(octets)}"`;
}

/**
 * Texts that are JSON, for `string_to_array(…, U+001F, '')`: JSON never holds that character
 * itself, so nothing is escaped, which was half the cost of a flush. undefined becomes null.
 */
export function jsonList(texts: readonly (string | undefined)[]): string {
  return texts.join("\u001f");
}
