import { ofNetwork } from "../model/number-table.ts";

/**
 * Stretches of phone numbers as two numbers, so that they can be kept in typed arrays and compared at
 * once. A phone number of up to 15 digits (E.164 §6) is written in base 11: each digit is one more than
 * it says and 0 is "no further digit", so that 316 comes before 3160 and both before 317. 11^15 is below
 * 2^53, so it is exact.
 */

/** E.164 §6.2.1: digits of a number with its country code. */
export const digitsMax = 15;

const base = 11;

/** base^0 … base^15 */
const powers = Array.from({ length: digitsMax + 1 }, (_, n) => base ** n);

export interface Stretch {
  readonly low: number;
  readonly high: number;
}

/** All numbers that begin so; digits only, 1 to 15 of them. */
export function prefixStretch(prefix: string): Stretch {
  const low = numberValue(prefix);
  return { low, high: low + tail(prefix.length) };
}

/**
 * All numbers that begin with something between these, both included; of the same length. With whole
 * numbers it is these numbers.
 */
export function rangeStretch(from: string, to: string): Stretch {
  return { low: numberValue(from), high: numberValue(to) + tail(to.length) };
}

/** This one number. */
export function exactStretch(number: string): Stretch {
  const low = numberValue(number);
  return { low, high: low };
}

/** Where a number stands; digits only, 1 to 15 of them. */
export function numberValue(digits: string): number {
  let value = 0;
  for (let at = 0; at < digits.length; at++) value = value * base + digits.charCodeAt(at) - 47;
  return value * (powers[digitsMax - digits.length] ?? 1);
}

/** `+` is allowed; undefined for what is no number or has too many digits. */
export function digitsOf(number: string): string | undefined {
  const start = number.charCodeAt(0) === 43 ? 1 : 0;
  const { length } = number;
  if (length === start || length - start > digitsMax) return undefined;
  for (let at = start; at < length; at++) {
    const code = number.charCodeAt(at);
    if (code < 48 || code > 57) return undefined;
  }
  return start === 0 ? number : number.slice(1);
}

/** How a stretch was written. */
export type Selector =
  | { readonly prefix: string }
  | { readonly from: string; readonly to: string }
  | { readonly number: string }
  | { readonly network: true };

/** The shortest way to write it: a range of ten prefixes with one beginning is that prefix. */
export function selectorOf({ low, high }: Stretch): Selector {
  if (low === ofNetwork) return { network: true };
  const from = digitsAt(low);
  if (low === high) return { number: from };
  // The end has as many digits as the beginning, and then the highest that there is.
  const to = digitsAt(high - tail(from.length));
  return from === to ? { prefix: from } : { from, to };
}

/** For people: `316…`, `31610-31619`, `31612345678`. */
export function stretchText(stretch: Stretch): string {
  const selector = selectorOf(stretch);
  if ("prefix" in selector) return `${selector.prefix}…`;
  if ("from" in selector) return `${selector.from}-${selector.to}`;
  return "number" in selector ? selector.number : "network";
}

/** What the further digits of a number of so many can add. */
function tail(digits: number): number {
  return (powers[digitsMax - digits] ?? 1) - 1;
}

function digitsAt(value: number): string {
  let rest = value;
  let text = "";
  for (let at = digitsMax - 1; at >= 0 && rest > 0; at--) {
    const power = powers[at] ?? 1;
    const digit = Math.floor(rest / power);
    rest -= digit * power;
    text += String(digit - 1);
  }
  return text;
}
