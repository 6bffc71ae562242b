import { type Wishes, choose, joiningOctets } from "./choose.ts";
import { CODECS, type Coding } from "./coding.ts";
import {
  type Concatenation,
  type Tlv,
  concatenationElement,
  concatenationTlvs,
} from "./concatenation.ts";
import { BINARY, type Codings, dataCodingFor, unicodeLike } from "./data-coding.ts";
import { roomFor } from "./segments.ts";
import { type Element, headerLength, headerOf, shiftElements } from "./user-data-header.ts";

/** How a content becomes short messages. */
export interface Splitting {
  /**
   * How parts are told to belong together; `udh8` when left out. `payload`: all of it in one PDU,
   * which the provider cuts; `partsMax` still counts what the networks will make of it.
   */
  readonly split?: "udh8" | "udh16" | "sar" | "payload";
  /** Other elements for the header of each part, behind what joins them. Not a concatenation. */
  readonly elements?: readonly Element[];
  /**
   * Equal in all parts of a content and another for the next one to the same receiver, 0-65,535. Only
   * its lower 8 bits count but for `udh16`: by `sar`, too, the network may have no more.
   */
  readonly reference: number;
  /** 1-255; 255, the most that the field for it can say, when left out. */
  readonly partsMax?: number;
}

export interface TextOptions extends Omit<Wishes, "otherOctets" | "split">, Splitting {}

export interface OctetOptions extends Splitting {
  /** 0x04 when left out. */
  readonly dataCoding?: number;
  readonly codings?: Codings;
}

/** What goes into one PDU. */
export interface Part {
  /** With the header in front when `hasUdh`, to be told in esm_class. */
  readonly octets: Buffer;
  readonly hasUdh: boolean;
  /** The TLVs that join parts by `sar`; else none. */
  readonly tlvs: readonly Tlv[];
}

export interface Parts {
  readonly coding: Coding | "binary";
  readonly dataCoding: number;
  /** As it goes out, which is not as it was given only after a transliteration; undefined for octets. */
  readonly text: string | undefined;
  readonly parts: readonly Part[];
}

/** Why a content cannot go; no part of it may be sent then. */
export interface Unsendable {
  /** `header_too_long`: the elements leave no room for the content. */
  readonly fault: "too_many_parts" | "header_too_long";
  /** 0 when the header is too long. */
  readonly parts: number;
  readonly partsMax: number;
}

/** What the field for the number of parts can say (3GPP TS 23.040 §9.2.3.24.1). */
const totalMax = 255;

/** The text as one short message or several, in the coding that `choose` takes. */
export function textParts(text: string, options: TextOptions): Parts | Unsendable {
  const { elements = [] } = options;
  const choice = choose(text, { ...options, otherOctets: elementOctets(elements) });
  const { coding, dataCoding, alphabet, shifts, pieces } = choice;
  const beside = [...elements, ...shiftElements(shifts)];
  const fault = faultOf(pieces.length, options);
  if (fault !== undefined) return fault;
  const parts: Part[] = [];
  for (const frame of framesFor(pieces.length, beside, options)) {
    const piece = frame.at === undefined ? choice.text : (pieces[frame.at] ?? "");
    const octets = CODECS[coding].write(piece, frame.header.length, alphabet);
    if (octets === undefined) return textParts(text, without(coding, options));
    parts.push(partOf(frame, octets));
  }
  return { coding, dataCoding, text: choice.text, parts };
}

/** Octets that are no text as one short message or several. */
export function octetParts(octets: Buffer, options: OctetOptions): Parts | Unsendable {
  const { elements = [], split = "udh8" } = options;
  const others = elementOctets(elements);
  const single = roomFor("octets", others === 0 ? 0 : 1 + others);
  const room = roomFor("octets", 1 + others + joiningOctets[split]);
  const total = octets.length <= single ? 1 : room < 1 ? 0 : Math.ceil(octets.length / room);
  const fault = faultOf(total, options);
  if (fault !== undefined) return fault;
  const parts = framesFor(total, elements, options).map((frame) => {
    const isWhole = frame.at === undefined || total === 1;
    const start = isWhole ? 0 : (frame.at ?? 0) * room;
    return partOf(frame, isWhole ? octets : octets.subarray(start, start + room));
  });
  const dataCoding = options.dataCoding ?? dataCodingFor("binary", options.codings) ?? BINARY;
  return { coding: "binary", dataCoding, text: undefined, parts };
}

/** What surrounds a part. */
interface Frame {
  /** Which piece it is for, from 0; undefined for all of them together. */
  readonly at: number | undefined;
  readonly header: Buffer;
  readonly tlvs: readonly Tlv[];
}

function framesFor(
  total: number,
  beside: readonly Element[],
  { split = "udh8", reference }: Splitting,
): readonly Frame[] {
  if (total === 1 || split === "payload")
    return [{ at: undefined, header: headerOf(beside), tlvs: [] }];
  return Array.from({ length: total }, (_, at) => {
    const number = split === "udh16" ? reference & 0xffff : reference & 0xff;
    const told: Concatenation = { kind: split, reference: number, total, sequence: at + 1 };
    return split === "sar"
      ? { at, header: headerOf(beside), tlvs: concatenationTlvs(told) }
      : { at, header: headerOf([concatenationElement(told), ...beside]), tlvs: [] };
  });
}

function partOf({ header, tlvs }: Frame, octets: Buffer): Part {
  const hasUdh = header.length > 0;
  return { octets: hasUdh ? Buffer.concat([header, octets]) : octets, hasUdh, tlvs };
}

function faultOf(parts: number, { partsMax = totalMax }: Splitting): Unsendable | undefined {
  if (parts === 0) return { fault: "header_too_long", parts, partsMax };
  const most = Math.min(partsMax, totalMax);
  return parts > most ? { fault: "too_many_parts", parts, partsMax: most } : undefined;
}

/** Packed septets cannot tell each text (see `unpack`); no other coding fails once it was chosen. */
function without(coding: Coding, options: TextOptions): TextOptions {
  const { dataCoding, prefer, ...others } = options;
  if (dataCoding !== undefined)
    return { ...others, dataCoding: unicodeLike(dataCoding, options.codings) };
  return { ...others, prefer: prefer?.filter((one) => one !== coding) ?? [] };
}

/** Octets of the elements, without the one that counts them. */
function elementOctets(elements: readonly Element[]): number {
  return Math.max(0, headerLength(elements) - 1);
}
