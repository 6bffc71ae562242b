import { GatewayError } from "./error.ts";

/**
 * Credit and prices: whole units of 1/10,000, so that adding, multiplying and comparing are exact. It
 * has no currency; what one credit is worth is the operator's to say.
 */
export type Amount = bigint;

/** Digits behind the point. */
const decimals = 4;

/** Units of one credit. */
export const unitsPerCredit: Amount = 10n ** BigInt(decimals);

/**
 * A billion credits. Far above any purse, and a number of JSON tells every amount up to it exactly: it
 * has fifteen digits that hold, this has fourteen.
 */
export const amountMax: Amount = 1_000_000_000n * unitsPerCredit;

/** Digits that are read at all, so that a text of a megabyte costs nothing. */
const textMax = 32;

/** `12`, `0.5`, `-3.0065`; no exponent, no separator of thousands, no comma. */
const form = /^(-?)(\d+)(?:\.(\d+))?$/;

/**
 * What a person or a file wrote, exactly. Throws `bad_request` that says what is wrong with it: no
 * number, a fraction below the unit, too much, or negative where that is not allowed.
 */
export function parseAmount(text: string, { negative = false } = {}): Amount {
  const parts = text.length > textMax ? undefined : form.exec(text);
  if (!parts) throw fault(shown(text), "is not an amount such as 12 or 0.0065");
  const [, sign = "", whole = "", fraction = ""] = parts;
  const written = fraction.replace(/0+$/, "");
  if (written.length > decimals)
    throw fault(text, `has more than ${decimals} digits behind the point`);
  const size = BigInt(whole) * unitsPerCredit + BigInt(written.padEnd(decimals, "0"));
  const amount = sign === "-" ? -size : size;
  if (amount < 0n && !negative) throw fault(text, "is negative");
  return within(amount, text);
}

/**
 * A number of credits as a script or JSON has it. Throws as `parseAmount` does; 0.1 is the decimal that
 * it is written as, not the binary fraction next to it.
 */
export function amountOf(credits: number, options: { negative?: boolean } = {}): Amount {
  // The most frequent by far: whole and small.
  if (Number.isSafeInteger(credits) && credits >= 0 && credits <= wholeMax)
    return BigInt(credits) * unitsPerCredit;
  return parseAmount(plainText(credits), options);
}

/** Can it be told in units, exactly? */
export function isAmount(credits: number): boolean {
  try {
    amountOf(credits);
    return true;
  } catch {
    return false;
  }
}

/** The shortest text that `parseAmount` reads as the same: `12`, `0.5`, `-3.0065`. */
export function amountText(amount: Amount): string {
  // Nearly all are whole.
  if (amount % unitsPerCredit === 0n) return String(amount / unitsPerCredit);
  const size = amount < 0n ? -amount : amount;
  const fraction = String(size % unitsPerCredit)
    .padStart(decimals, "0")
    .replace(/0+$/, "");
  const sign = amount < 0n ? "-" : "";
  return `${sign}${size / unitsPerCredit}${fraction === "" ? "" : `.${fraction}`}`;
}

/** As a number of JSON; exact up to `amountMax`. */
export function amountNumber(amount: Amount): number {
  return Number(amountText(amount));
}

/** Of credits that are read exactly; 0.1 and 0.2 are 0.3. */
export function sumOfCredits(one: number, other: number): number {
  if (Number.isSafeInteger(one) && Number.isSafeInteger(other)) return one + other;
  return amountNumber(amountOf(one) + amountOf(other));
}

/** Throws `bad_request` when it is too much. `parts`: a whole number, 0 or more. */
export function timesParts(amount: Amount, parts: number): Amount {
  return within(amount * BigInt(parts), `${amountText(amount)} times ${parts}`);
}

/**
 * As equal shares as units allow, which add up to the whole: the first ones are a unit larger. Empty
 * for no shares.
 */
export function sharesOf(amount: Amount, count: number): Amount[] {
  if (count === 0) return [];
  const share = amount / BigInt(count);
  const rest = Number(amount % BigInt(count));
  return Array.from({ length: count }, (_, n) => (n < rest ? share + 1n : share));
}

/** For sorting. */
export function compareAmounts(one: Amount, other: Amount): number {
  return one < other ? -1 : Number(one > other);
}

const wholeMax = Number(amountMax / unitsPerCredit);

/** 1e-7 is how a number that small is written: it is below the unit, and said to be so. */
function plainText(credits: number): string {
  const text = String(credits);
  if (!text.includes("e")) return text;
  return Math.abs(credits) < 1 ? credits.toFixed(20) : text;
}

function within(amount: Amount, text: string): Amount {
  if (amount <= amountMax && amount >= -amountMax) return amount;
  throw fault(text, `is more than ${amountText(amountMax)}`);
}

function shown(text: string): string {
  return text.length > textMax ? `${text.slice(0, textMax)}…` : text;
}

function fault(text: string, what: string): GatewayError {
  return new GatewayError("bad_request", `"${text}" ${what}.`);
}
