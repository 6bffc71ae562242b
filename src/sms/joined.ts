import { isConcatenation } from "./concatenation.ts";
import { type Codings, dataCodingOf, decode } from "./data-coding.ts";
import { fillBitsBehind, pack, unpack } from "./packed.ts";
import { ELEMENT, type Element, headerIn, headerOf } from "./user-data-header.ts";

/** A part as it came: the octets with the header in front when `hasUdh`. */
export interface PartContent {
  readonly octets: Buffer;
  readonly hasUdh: boolean;
  readonly dataCoding: number;
}

/** What the parts are together. */
export interface Joined {
  /** undefined when a part is no text; see `decode`. */
  readonly text: string | undefined;
  /**
   * One content, which can be passed on as message_payload: the octets of all parts, behind those
   * elements of the first one's header that do not speak of joining. undefined when the parts differ
   * in coding or in national tables, or have a broken header: then only the text, if any, is left.
   */
  readonly whole: PartContent | undefined;
}

/**
 * Puts parts together that stand in their order; at least one. The octets are joined before they are
 * read, because some senders cut in the middle of a character.
 */
export function joinedContent(parts: readonly PartContent[], codings?: Codings): Joined {
  const whole = wholeOf(parts, codings);
  if (whole !== undefined && !isPackedIn(whole.dataCoding, codings))
    return { text: textOf(whole), whole };
  const texts = parts.map(textOf);
  if (!texts.includes(undefined)) return { text: texts.join(""), whole };
  return { text: whole && textOf(whole), whole };

  function textOf({ octets, dataCoding, hasUdh }: PartContent): string | undefined {
    return decode(octets, dataCoding, hasUdh, codings);
  }
}

/** A last `@` may be told by the end of a part, and no more when all are packed anew; see `unpack`. */
function isPackedIn(dataCoding: number, codings: Codings | undefined): boolean {
  return dataCodingOf(dataCoding, codings).coding === "gsm7-packed";
}

function wholeOf(parts: readonly PartContent[], codings?: Codings): PartContent | undefined {
  const [first] = parts;
  if (first === undefined || parts.some((part) => part.dataCoding !== first.dataCoding))
    return undefined;
  const headers = parts.map((part) => (part.hasUdh ? headerIn(part.octets) : NO_HEADER));
  if (headers.some((header) => header.fault !== undefined)) return undefined;
  if (new Set(headers.map((header) => tablesIn(header.elements))).size > 1) return undefined;
  const { dataCoding } = first;
  const isPacked = isPackedIn(dataCoding, codings);
  // Septets of each part begin at a bit of their own, so they are unpacked before they are joined.
  const pieces = parts.map(({ octets }, at) => {
    const start = headers[at]?.length ?? 0;
    return isPacked
      ? unpack(octets, { start, fillBits: fillBitsBehind(start) })
      : octets.subarray(start);
  });
  const elements = headers[0]?.elements.filter((element) => !isConcatenation(element)) ?? [];
  const header = headerOf(elements);
  const data = Buffer.concat(pieces);
  const behind = isPacked ? pack(data, fillBitsBehind(header.length)) : data;
  return { octets: Buffer.concat([header, behind]), hasUdh: header.length > 0, dataCoding };
}

const NO_HEADER = { elements: [], length: 0, fault: undefined } as const;

/** The national tables that a header names, to be compared. */
function tablesIn(elements: readonly Element[]): string {
  return elements
    .filter(({ id }) => id === ELEMENT.singleShift || id === ELEMENT.lockingShift)
    .map(({ id, octets }) => `${id}:${octets.toString("hex")}`)
    .sort()
    .join(" ");
}
