import { type Alphabet, fromGsm7, septetsOf, toGsm7 } from "./gsm7.ts";
import { CYRILLIC, HEBREW, type OctetTable, fromTable, isInTable, toTable } from "./iso-8859.ts";
import { fillBitsBehind, pack, unpack } from "./packed.ts";
import { latin1Of } from "../model/octets-text.ts";

/**
 * How text is written as octets. `gsm7` is one septet to an octet, as SMPP carries it; `ucs2` is
 * UTF-16 with the high octet first, surrogate pairs included; `ascii` is IA5, 0x00-0x7F.
 */
export const CODINGS = [
  "gsm7",
  "gsm7-packed",
  "ascii",
  "latin1",
  "cyrillic",
  "hebrew",
  "utf8",
  "ucs2",
] as const;

export type Coding = (typeof CODINGS)[number];

/** What the length of a text in a coding is counted in. */
export type Unit = "septets" | "octets" | "utf16";

export interface Codec {
  readonly unit: Unit;
  /** How much the text takes in `unit`; undefined when the coding cannot say all of it. */
  readonly lengthOf: (text: string, alphabet: Alphabet) => number | undefined;
  /** From `start` on, behind a header; undefined when the octets are no text of this coding. */
  readonly read: (octets: Buffer, start: number, alphabet: Alphabet) => string | undefined;
  /** The octets behind a header of `start` octets; undefined when the coding cannot say all of it. */
  readonly write: (text: string, start: number, alphabet: Alphabet) => Buffer | undefined;
}

/**
 * The codings as data: nothing is replaced in either direction. Only the GSM ones heed the alphabet.
 * `lengthOf` needs nothing of Node, so that it runs in a trigger, too.
 */
export const CODECS: Readonly<Record<Coding, Codec>> = {
  gsm7: {
    unit: "septets",
    lengthOf: septetsOf,
    read: fromGsm7,
    write: (text, _start, alphabet) => toGsm7(text, alphabet),
  },
  "gsm7-packed": {
    unit: "septets",
    lengthOf: septetsOf,
    read: fromPacked,
    write: toPacked,
  },
  ascii: {
    unit: "octets",
    lengthOf: (text) => lengthUpTo(text, 0x7f),
    read: fromAscii,
    write: (text) =>
      lengthUpTo(text, 0x7f) === undefined ? undefined : Buffer.from(text, "latin1"),
  },
  latin1: {
    unit: "octets",
    lengthOf: (text) => lengthUpTo(text, 0xff),
    read: fromLatin1,
    write: (text) =>
      lengthUpTo(text, 0xff) === undefined ? undefined : Buffer.from(text, "latin1"),
  },
  cyrillic: ofTable(CYRILLIC),
  hebrew: ofTable(HEBREW),
  utf8: {
    unit: "octets",
    lengthOf: utf8Length,
    read: fromUtf8,
    write: (text) => (text.isWellFormed() ? Buffer.from(text, "utf8") : undefined),
  },
  ucs2: {
    unit: "utf16",
    lengthOf: (text) => text.length,
    read: fromUtf16,
    write: toUtf16,
  },
};

/** Octets that the code point takes in UTF-8 (RFC 3629 §3). */
export function utf8Octets(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

function ofTable(table: OctetTable): Codec {
  return {
    unit: "octets",
    lengthOf: (text) => (isInTable(text, table) ? text.length : undefined),
    read: (octets, start) => fromTable(octets, start, table),
    write: (text) => toTable(text, table),
  };
}

function fromPacked(octets: Buffer, start: number, alphabet: Alphabet): string | undefined {
  return fromGsm7(unpack(octets, { start, fillBits: fillBitsBehind(start) }), 0, alphabet);
}

/** undefined also for a text whose last `@` a reader would take for nothing; see `unpack`. */
function toPacked(text: string, start: number, alphabet: Alphabet): Buffer | undefined {
  const septets = toGsm7(text, alphabet);
  if (septets === undefined) return undefined;
  const fillBits = fillBitsBehind(start);
  const isFull = (septets.length * 7 + fillBits) % 8 === 0;
  return isFull && septets.at(-1) === 0 ? undefined : pack(septets, fillBits);
}

/** The coding of last resort: half a surrogate pair is written as it stands. */
export function toUtf16(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

function lengthUpTo(text: string, most: number): number | undefined {
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) > most) return undefined;
  }
  return text.length;
}

function fromAscii(octets: Buffer, start: number): string | undefined {
  for (let at = start; at < octets.length; at++) {
    if ((octets[at] ?? 0) > 0x7f) return undefined;
  }
  return fromLatin1(octets, start);
}

function fromLatin1(octets: Buffer, start: number): string {
  return latin1Of(octets, start);
}

let utf8: InstanceType<typeof TextDecoder> | undefined;

function fromUtf8(octets: Buffer, start: number): string | undefined {
  utf8 ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    return utf8.decode(octets.subarray(start));
  } catch {
    // Not UTF-8; the octets are kept by whoever asked.
    return undefined;
  }
}

function utf8Length(text: string): number | undefined {
  if (!text.isWellFormed()) return undefined;
  let length = 0;
  for (const character of text) length += utf8Octets(character.codePointAt(0) ?? 0);
  return length;
}

/** Half a surrogate pair is no text: PostgreSQL and JSON could only keep it replaced. */
function fromUtf16(octets: Buffer, start: number): string | undefined {
  const length = octets.length - start;
  if (length % 2 !== 0) return undefined;
  const swapped = Buffer.allocUnsafe(length);
  octets.copy(swapped, 0, start);
  const text = swapped.swap16().toString("utf16le");
  return text.isWellFormed() ? text : undefined;
}
