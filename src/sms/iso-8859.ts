import type { Run } from "./gsm7-tables.ts";

/** One octet to a character; below 0xA0 each part of ISO 8859 is as Latin-1. */
export interface OctetTable {
  /** UTF-16 unit of each octet; 0xFFFF where nothing is assigned. */
  readonly units: Uint16Array;
  readonly octets: ReadonlyMap<number, number>;
}

const UNHELD = 0xffff;

/** ISO/IEC 8859-5:1999, from 0xA0 on. */
export const CYRILLIC = tableOf([
  [0xa0, "\u00a0ЁЂЃЄЅІЇЈЉЊЋЌ\u00adЎЏ"],
  [0xb0, "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ"],
  [0xd0, "абвгдежзийклмнопрстуфхцчшщъыьэюя"],
  [0xf0, "№ёђѓєѕіїјљњћќ§ўџ"],
]);

/** ISO/IEC 8859-8:1999, from 0xA0 on; 0xFD and 0xFE are the marks of direction. */
export const HEBREW = tableOf([
  [0xa0, "\u00a0"],
  [0xa2, "¢£¤¥¦§¨©×«¬\u00ad®¯°±²³´µ¶·¸¹÷»¼½¾"],
  [0xdf, "\u2017"],
  [0xe0, "\u05d0\u05d1\u05d2\u05d3\u05d4\u05d5\u05d6\u05d7\u05d8\u05d9\u05da\u05db\u05dc\u05dd"],
  [0xee, "\u05de\u05df\u05e0\u05e1\u05e2\u05e3\u05e4\u05e5\u05e6\u05e7\u05e8\u05e9\u05ea"],
  [0xfd, "\u200e\u200f"],
]);

/** From `start` on; undefined when an octet has no character. */
export function fromTable(
  octets: Buffer,
  start: number,
  { units }: OctetTable,
): string | undefined {
  const read = Buffer.allocUnsafe((octets.length - start) * 2);
  for (let at = start, to = 0; at < octets.length; at++, to += 2) {
    const unit = units[octets[at] ?? 0] ?? UNHELD;
    if (unit === UNHELD) return undefined;
    read[to] = unit & 0xff;
    read[to + 1] = unit >> 8;
  }
  return read.toString("utf16le");
}

export function isInTable(text: string, { octets }: OctetTable): boolean {
  for (let at = 0; at < text.length; at++) {
    if (!octets.has(text.charCodeAt(at))) return false;
  }
  return true;
}

/** undefined when the table lacks a character. */
export function toTable(text: string, { octets }: OctetTable): Buffer | undefined {
  const written = Buffer.allocUnsafe(text.length);
  for (let at = 0; at < text.length; at++) {
    const octet = octets.get(text.charCodeAt(at));
    if (octet === undefined) return undefined;
    written[at] = octet;
  }
  return written;
}

function tableOf(runs: readonly Run[]): OctetTable {
  const units = Uint16Array.from({ length: 256 }, (_, octet) => (octet < 0xa0 ? octet : UNHELD));
  for (const [first, characters] of runs) {
    for (let at = 0; at < characters.length; at++) units[first + at] = characters.charCodeAt(at);
  }
  const octets = new Map<number, number>();
  units.forEach((unit, octet) => {
    if (unit !== UNHELD) octets.set(unit, octet);
  });
  return { units, octets };
}
