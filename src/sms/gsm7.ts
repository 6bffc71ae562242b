import { DEFAULT_ALPHABET, EXTENSION, type Run } from "./gsm7-tables.ts";
import { latin1Of } from "../model/octets-text.ts";

const ESCAPE = 0x1b;
/** Stands for "not in this alphabet" in both directions; a noncharacter of Unicode. */
const UNHELD = 0xffff;
const ESCAPED = 0x1000;

/** Above the highest UTF-16 unit of any table of TS 23.038: U+221E, infinity, in the Portuguese one. */
const unitsHeld = 0x2220;

/** A main table and a table behind the escape, laid out for speed; made by `alphabetOf`. */
export interface Alphabet {
  /** UTF-16 unit of each code, and of each code behind an escape. */
  readonly units: Uint16Array;
  readonly escapedUnits: Uint16Array;
  /** Code of each UTF-16 unit, `ESCAPED` added where it takes an escape. */
  readonly codes: Uint16Array;
  /** 1 where the code is the character's Latin-1 octet too: such texts need no table on the way in. */
  readonly sameInLatin1: Uint8Array;
}

/** `main` has 128 UTF-16 units; U+FFFF where nothing is assigned. */
export function alphabetOf(main: string, extension: readonly Run[]): Alphabet {
  const units = Uint16Array.from({ length: 128 }, (_, code) => main.charCodeAt(code));
  const escapedUnits = units.slice();
  escapedUnits[ESCAPE] = 0x20;
  const codes: Uint16Array = new Uint16Array(unitsHeld).fill(UNHELD);
  // A character that stands twice is written with its lower code, and never escaped without need.
  const hold = (unit: number, code: number) => {
    codes[unit] = Math.min(code, codes[unit] ?? UNHELD);
  };
  units.forEach((unit, code) => {
    if (code !== ESCAPE && unit !== UNHELD) hold(unit, code);
  });
  for (const [first, characters] of extension) {
    for (let at = 0; at < characters.length; at++) {
      const unit = characters.charCodeAt(at);
      escapedUnits[first + at] = unit;
      hold(unit, ESCAPED | (first + at));
    }
  }
  const sameInLatin1 = Uint8Array.from(units, (unit, code) =>
    unit === code && code !== ESCAPE ? 1 : 0,
  );
  return { units, escapedUnits, codes, sameInLatin1 };
}

/** TS 23.038 §6.2.1: what every phone knows. */
export const DEFAULT = alphabetOf(DEFAULT_ALPHABET, EXTENSION);

/** Septets that the UTF-16 unit takes: 2 with its escape, 0 when the alphabet lacks it. */
export function septetsOfUnit(unit: number, alphabet: Alphabet = DEFAULT): number {
  const code = alphabet.codes[unit] ?? UNHELD;
  return code === UNHELD ? 0 : code >= ESCAPED ? 2 : 1;
}

/**
 * How many septets a text takes, an escape pair counting two; undefined when the alphabet cannot
 * hold it. Nothing is replaced by something alike.
 */
export function septetsOf(text: string, { codes }: Alphabet = DEFAULT): number | undefined {
  let septets = text.length;
  for (let at = 0; at < text.length; at++) {
    const code = codes[text.charCodeAt(at)] ?? UNHELD;
    if (code >= ESCAPED) {
      if (code === UNHELD) return undefined;
      septets++;
    }
  }
  return septets;
}

/** One septet to an octet (unpacked, as SMPP carries them); undefined when the alphabet lacks a character. */
export function toGsm7(text: string, alphabet: Alphabet = DEFAULT): Buffer | undefined {
  const septets = septetsOf(text, alphabet);
  if (septets === undefined) return undefined;
  const { codes } = alphabet;
  const octets = Buffer.allocUnsafe(septets);
  let to = 0;
  for (let at = 0; at < text.length; at++) {
    const code = codes[text.charCodeAt(at)] ?? UNHELD;
    if (code >= ESCAPED) octets[to++] = ESCAPE;
    octets[to++] = code & 0x7f;
  }
  return octets;
}

/**
 * Reads unpacked septets from `start` on; undefined when an octet has its eighth bit, an escape
 * stands alone at the end, or the alphabet assigns nothing to the code. As §6.2.1.1 asks of a
 * receiver: an escaped code that is not assigned reads as its character of the main table, an escaped
 * escape as a space.
 */
export function fromGsm7(
  octets: Buffer,
  start = 0,
  { units, escapedUnits, sameInLatin1 }: Alphabet = DEFAULT,
): string | undefined {
  let at = start;
  while (at < octets.length && sameInLatin1[octets[at] ?? 0] === 1) at++;
  if (at >= octets.length) return latin1Of(octets, start);

  // Through a buffer, because building the string unit by unit costs three times as much.
  const read = Buffer.allocUnsafe((octets.length - start) * 2);
  let to = 0;
  for (at = start; at < octets.length; at++) {
    let octet = octets[at] ?? 0;
    if (octet > 0x7f) return undefined;
    let table = units;
    if (octet === ESCAPE) {
      if (++at === octets.length) return undefined;
      octet = octets[at] ?? 0;
      if (octet > 0x7f) return undefined;
      table = escapedUnits;
    }
    const unit = table[octet] ?? UNHELD;
    if (unit === UNHELD) return undefined;
    read[to++] = unit & 0xff;
    read[to++] = unit >> 8;
  }
  return read.toString("utf16le", 0, to);
}
