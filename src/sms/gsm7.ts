/**
 * 3GPP TS 23.038 §6.2.1: the default alphabet, code 0x00 first, sixteen to a line. 0x1B is the
 * escape to the extension table and no character of its own.
 */
const DEFAULT_ALPHABET =
  "@£$¥èéùìòÇ\nØø\rÅå" +
  "Δ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ" +
  " !\"#¤%&'()*+,-./" +
  "0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNO" +
  "PQRSTUVWXYZÄÖÑÜ§" +
  "¿abcdefghijklmno" +
  "pqrstuvwxyzäöñüà";

/** §6.2.1.1: the default extension table; what it does not name is not assigned. */
const EXTENSION: readonly (readonly [code: number, character: string])[] = [
  [0x0a, "\f"],
  [0x14, "^"],
  [0x28, "{"],
  [0x29, "}"],
  [0x2f, "\\"],
  [0x3c, "["],
  [0x3d, "~"],
  [0x3e, "]"],
  [0x40, "|"],
  [0x65, "€"],
];

const ESCAPE = 0x1b;
const UNHELD = 0xffff;
const ESCAPED = 0x1000;

/** UTF-16 unit of each code, and of each code behind an escape. */
const UNITS = Uint16Array.from(DEFAULT_ALPHABET, (character) => character.charCodeAt(0));
const EXTENSION_UNITS = extensionUnits();

/** 1 where the code is the character's Latin-1 octet too: such texts need no table on the way in. */
const SAME_IN_LATIN1 = UNITS.map((unit, code) => (unit === code && code !== ESCAPE ? 1 : 0));

/** Code of each UTF-16 unit up to the euro sign, the highest one held. */
const CODES = codes();

/**
 * How many septets a text takes, an escape pair counting two; undefined when the alphabet cannot
 * hold it. Nothing is replaced by something alike.
 */
export function septetsOf(text: string): number | undefined {
  let septets = text.length;
  for (let at = 0; at < text.length; at++) {
    const code = CODES[text.charCodeAt(at)] ?? UNHELD;
    if (code >= ESCAPED) {
      if (code === UNHELD) return undefined;
      septets++;
    }
  }
  return septets;
}

/** One septet to an octet (unpacked, as SMPP carries them); undefined when the alphabet lacks a character. */
export function toGsm7(text: string): Buffer | undefined {
  const septets = septetsOf(text);
  if (septets === undefined) return undefined;
  const octets = Buffer.allocUnsafe(septets);
  let to = 0;
  for (let at = 0; at < text.length; at++) {
    const code = CODES[text.charCodeAt(at)] ?? UNHELD;
    if (code >= ESCAPED) octets[to++] = ESCAPE;
    octets[to++] = code & 0x7f;
  }
  return octets;
}

/**
 * Reads unpacked septets from `start` on; undefined when an octet has its eighth bit or an escape
 * stands alone at the end. As §6.2.1.1 asks of a receiver: an escaped code that is not assigned
 * reads as its character of the default alphabet, an escaped escape as a space.
 */
export function fromGsm7(octets: Buffer, start = 0): string | undefined {
  let at = start;
  while (at < octets.length && SAME_IN_LATIN1[octets[at] ?? 0] === 1) at++;
  if (at >= octets.length) return octets.toString("latin1", start, octets.length);

  // Through a buffer, because building the string unit by unit costs three times as much.
  const units = Buffer.allocUnsafe((octets.length - start) * 2);
  let to = 0;
  for (at = start; at < octets.length; at++) {
    let octet = octets[at] ?? 0;
    if (octet > 0x7f) return undefined;
    let table: Uint16Array = UNITS;
    if (octet === ESCAPE) {
      if (++at === octets.length) return undefined;
      octet = octets[at] ?? 0;
      if (octet > 0x7f) return undefined;
      table = EXTENSION_UNITS;
    }
    const unit = table[octet] ?? 0;
    units[to++] = unit & 0xff;
    units[to++] = unit >> 8;
  }
  return units.toString("utf16le", 0, to);
}

function extensionUnits(): Uint16Array {
  const units = UNITS.slice();
  units[ESCAPE] = 0x20;
  for (const [code, character] of EXTENSION) units[code] = character.charCodeAt(0);
  return units;
}

function codes(): Uint16Array {
  const table: Uint16Array = new Uint16Array(0x20ad).fill(UNHELD);
  UNITS.forEach((unit, code) => {
    if (code !== ESCAPE) table[unit] = code;
  });
  for (const [code, character] of EXTENSION) table[character.charCodeAt(0)] = ESCAPED | code;
  return table;
}
