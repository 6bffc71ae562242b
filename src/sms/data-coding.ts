import { fromGsm7, toGsm7 } from "./gsm7.ts";

/** data_coding values (SMPP v3.4 §5.2.19) that we write ourselves. */
export const GSM7 = 0x00;
export const UCS2 = 0x08;

/**
 * The text that user data carries; undefined when it is binary, is not text in the coding it names,
 * or its header (UDH) is longer than the whole. `octets` are never changed: what cannot be read is
 * passed on as it came.
 */
export function decode(octets: Buffer, dataCoding: number, hasUdh: boolean): string | undefined {
  // 3GPP TS 23.040 §9.2.3.24: the first octet counts the header's octets behind it.
  const start = hasUdh ? 1 + (octets[0] ?? octets.length) : 0;
  if (start > octets.length) return undefined;
  return readerOf(dataCoding)?.(octets, start);
}

/**
 * Writes text for a peer of whom nothing is known: GSM 7-bit, one septet to an octet, if that
 * alphabet holds all of it, else UTF-16 with the high octet first. Nothing is replaced; half a
 * surrogate pair is written as it stands.
 */
export function encode(text: string): { readonly dataCoding: number; readonly octets: Buffer } {
  const septets = toGsm7(text);
  if (septets !== undefined) return { dataCoding: GSM7, octets: septets };
  return { dataCoding: UCS2, octets: Buffer.from(text, "utf16le").swap16() };
}

type Reader = (octets: Buffer, start: number) => string | undefined;

/**
 * SMPP v3.4 §5.2.19 and 3GPP TS 23.038 §4 for the groups from 0xC0 on: message waiting (text in
 * GSM 7-bit, from 0xE0 in UCS-2) and message class (bit 2 set means binary). Text of all of them
 * is unpacked here, as everywhere in SMPP.
 */
function readerOf(dataCoding: number): Reader | undefined {
  if (dataCoding >= 0xf0) return (dataCoding & 0x04) === 0 ? fromGsm7 : undefined;
  if (dataCoding >= 0xe0) return fromUtf16;
  if (dataCoding >= 0xc0) return fromGsm7;
  switch (dataCoding) {
    case GSM7:
      return fromGsm7;
    case 0x01:
      return fromAscii;
    case 0x03:
      return fromLatin1;
    case UCS2:
      return fromUtf16;
    default:
      return undefined;
  }
}

function fromAscii(octets: Buffer, start: number): string | undefined {
  for (let at = start; at < octets.length; at++) {
    if ((octets[at] ?? 0) > 0x7f) return undefined;
  }
  return fromLatin1(octets, start);
}

function fromLatin1(octets: Buffer, start: number): string {
  return octets.toString("latin1", start, octets.length);
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
