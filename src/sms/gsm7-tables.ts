/** Characters of neighbouring codes, beginning at `code`. */
export type Run = readonly [code: number, characters: string];

/**
 * 3GPP TS 23.038 §6.2.1: the default alphabet, code 0x00 first, sixteen to a line. 0x1B is the
 * escape to the extension table and no character of its own.
 */
export const DEFAULT_ALPHABET =
  "@£$¥èéùìòÇ\nØø\rÅå" +
  "Δ_ΦΓΛΩΠΨΣΘΞ\u001bÆæßÉ" +
  " !\"#¤%&'()*+,-./" +
  "0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNO" +
  "PQRSTUVWXYZÄÖÑÜ§" +
  "¿abcdefghijklmno" +
  "pqrstuvwxyzäöñüà";

/** §6.2.1.1: the default extension table; what it does not name is not assigned. */
export const EXTENSION: readonly Run[] = [
  [0x0a, "\f"],
  [0x14, "^"],
  [0x28, "{}"],
  [0x2f, "\\"],
  [0x3c, "[~]"],
  [0x40, "|"],
  [0x65, "€"],
];
