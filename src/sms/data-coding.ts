import { CODECS, type Coding, toUtf16 } from "./coding.ts";
import { DEFAULT } from "./gsm7.ts";
import { nationalAlphabet } from "./national.ts";
import { headerIn, shiftsIn } from "./user-data-header.ts";

/** data_coding values (SMPP v3.4 §5.2.19) that we write ourselves. */
export const GSM7 = 0x00;
export const BINARY = 0x04;
export const UCS2 = 0x08;

/**
 * What a peer means by a data_coding where it departs from the specification, above all by 0x00, the
 * "SMSC default alphabet": `{ 0: "latin1" }`; also a vendor's own numbers: `{ 0xf5: "utf8" }`.
 */
export type Codings = Readonly<Partial<Record<number, Coding | "binary">>>;

export interface DataCoding {
  /** undefined for reserved values and alphabets that are not read here: such octets are passed on. */
  readonly coding: Coding | "binary" | undefined;
  /** 0 shown at once and not kept, 1 the phone, 2 the SIM, 3 other equipment; undefined for none. */
  readonly messageClass: number | undefined;
  /** Message waiting (3GPP TS 23.038 §4, groups 1100-1110); undefined for an ordinary message. */
  readonly waiting:
    | {
        readonly what: "voicemail" | "fax" | "email" | "other";
        readonly active: boolean;
        /** False: the phone may throw the text away. */
        readonly store: boolean;
      }
    | undefined;
}

/** What a data_coding says, 0-255; SMPP v3.4 §5.2.19 and 3GPP TS 23.038 §4. */
export function dataCodingOf(dataCoding: number, codings?: Codings): DataCoding {
  return {
    coding: codingOf(dataCoding, codings),
    messageClass: isClass(dataCoding) ? dataCoding & 0x03 : undefined,
    waiting: isWaiting(dataCoding)
      ? {
          what: WAITING[dataCoding & 0x03] ?? "other",
          active: (dataCoding & 0x08) !== 0,
          store: dataCoding >= 0xd0,
        }
      : undefined,
  };
}

/**
 * The text that user data carries; undefined when it is binary, is not text in the coding it names,
 * or its header (UDH) is longer than the whole or names a national table that nobody knows. `octets`
 * are never changed: what cannot be read is passed on as it came.
 */
export function decode(
  octets: Buffer,
  dataCoding: number,
  hasUdh: boolean,
  codings?: Codings,
): string | undefined {
  const coding = codingOf(dataCoding, codings);
  if (coding === undefined || coding === "binary") return undefined;
  if (!hasUdh) return CODECS[coding].read(octets, 0, DEFAULT);
  const header = headerIn(octets);
  const shifts = shiftsIn(header.elements);
  if (header.fault === "too_long" || shifts === undefined) return undefined;
  return CODECS[coding].read(octets, header.length, nationalAlphabet(shifts));
}

export interface Preference {
  /**
   * In this order; what none of them can say goes as UCS-2. GSM 7-bit when left out. One that the peer
   * has no data_coding for is passed over.
   */
  readonly prefer?: readonly Coding[];
  readonly codings?: Codings;
}

/**
 * Writes text as one content, whatever its length, in the first coding that holds all of it. Nothing
 * is replaced; half a surrogate pair is written as it stands, in UCS-2.
 */
export function encode(text: string, { prefer = ["gsm7"], codings }: Preference = {}): Encoded {
  for (const coding of prefer) {
    const dataCoding = dataCodingFor(coding, codings);
    const octets = dataCoding === undefined ? undefined : CODECS[coding].write(text, 0, DEFAULT);
    if (dataCoding !== undefined && octets !== undefined) return { coding, dataCoding, octets };
  }
  const dataCoding = dataCodingFor("ucs2", codings) ?? UCS2;
  return { coding: "ucs2", dataCoding, octets: toUtf16(text) };
}

export interface Encoded {
  readonly coding: Coding;
  readonly dataCoding: number;
  readonly octets: Buffer;
}

/** The data_coding by which a peer knows the coding; undefined when it has none for it. */
export function dataCodingFor(coding: Coding | "binary", codings?: Codings): number | undefined {
  if (codings !== undefined) {
    for (const [dataCoding, meant] of Object.entries(codings)) {
      if (meant === coding) return Number(dataCoding);
    }
  }
  const usual = USUAL[coding];
  return usual === undefined || codings?.[usual] !== undefined ? undefined : usual;
}

/**
 * The data_coding for UCS-2 that keeps the message class or the waiting indication of another, for a
 * text that this other one cannot say.
 */
export function unicodeLike(dataCoding: number, codings?: Codings): number {
  if (isClass(dataCoding)) return 0x18 | (dataCoding & 0x03);
  // TS 23.038 §4: UCS-2 is there for "store" only.
  if (isWaiting(dataCoding)) return 0xe0 | (dataCoding & 0x0f);
  return dataCodingFor("ucs2", codings) ?? UCS2;
}

const LOW: readonly (Coding | "binary" | undefined)[] = [
  "gsm7",
  "ascii",
  "binary",
  "latin1",
  "binary",
  undefined,
  "cyrillic",
  "hebrew",
  "ucs2",
];

/** The general group of TS 23.038 §4: bits 3-2 are the alphabet. */
const GENERAL: readonly (Coding | "binary")[] = ["gsm7", "binary", "ucs2"];

const WAITING = ["voicemail", "fax", "email", "other"] as const;

/** SMPP v3.4 §5.2.19. Packed GSM 7-bit and UTF-8 have no number of their own. */
const USUAL: Readonly<Partial<Record<Coding | "binary", number>>> = {
  gsm7: GSM7,
  ascii: 0x01,
  latin1: 0x03,
  binary: 0x04,
  cyrillic: 0x06,
  hebrew: 0x07,
  ucs2: UCS2,
};

/**
 * The meaning of each data_coding. 0x05, 0x09, 0x0A, 0x0D and 0x0E are alphabets of Japan and Korea,
 * which are passed on unread. 0x10-0x1F are reserved by SMPP, but in use as what TS 23.038 §4 means
 * by them: a message class, the alphabet in bits 3-2.
 */
const MEANINGS: readonly (Coding | "binary" | undefined)[] = Array.from({ length: 256 }, (_, n) => {
  if (n >= 0xf0) return (n & 0x04) === 0 ? "gsm7" : "binary";
  if (n >= 0xe0) return "ucs2";
  if (n >= 0xc0) return "gsm7";
  if (n >= 0x10) return n >= 0x20 ? undefined : GENERAL[(n >> 2) & 0x03];
  return LOW[n];
});

function codingOf(dataCoding: number, codings: Codings | undefined): Coding | "binary" | undefined {
  return codings?.[dataCoding] ?? MEANINGS[dataCoding];
}

function isClass(dataCoding: number): boolean {
  return dataCoding >= 0xf0 || (dataCoding >= 0x10 && dataCoding <= 0x1f);
}

function isWaiting(dataCoding: number): boolean {
  return dataCoding >= 0xc0 && dataCoding <= 0xef;
}
