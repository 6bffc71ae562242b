import { ELEMENT, type Element } from "./user-data-header.ts";

/** How the parts of one text are told apart from those of another. */
export interface Concatenation {
  /**
   * `udh8` and `udh16`: an element of the header (3GPP TS 23.040 §9.2.3.24.1 and .8); `sar`: the three
   * TLVs of SMPP v3.4 §5.3.2.22 to .24, which the provider turns into such an element.
   */
  readonly kind: "udh8" | "udh16" | "sar";
  /** Equal in all parts; 0-255 for `udh8`, else 0-65,535. */
  readonly reference: number;
  /** 1-255. */
  readonly total: number;
  /** 1 to `total`. */
  readonly sequence: number;
}

/** An optional parameter of SMPP. */
export interface Tlv {
  readonly tag: number;
  readonly octets: Buffer;
}

export const SAR = { reference: 0x020c, total: 0x020e, sequence: 0x020f } as const;

/**
 * What the elements of a header say; the last one counts, and one with a sequence of 0 or above the
 * total is none (§9.2.3.24.1).
 */
export function concatenationIn(elements: readonly Element[]): Concatenation | undefined {
  return elements.map(concatenationOf).findLast((found) => found !== undefined);
}

/** What the TLVs say; undefined when one of the three is missing or cannot be. */
export function concatenationInTlvs(tlvs: readonly Tlv[]): Concatenation | undefined {
  const valueOf = (tag: number) => {
    const octets = tlvs.find((tlv) => tlv.tag === tag)?.octets;
    // Some send the reference in one octet, or the counts in two.
    return octets?.length === 1 || octets?.length === 2
      ? octets.readUIntBE(0, octets.length)
      : undefined;
  };
  return checked(
    "sar",
    valueOf(SAR.reference) ?? -1,
    valueOf(SAR.total) ?? 0,
    valueOf(SAR.sequence) ?? 0,
  );
}

export function isConcatenation({ id }: Element): boolean {
  return id === ELEMENT.concatenated8 || id === ELEMENT.concatenated16;
}

export function concatenationElement(of: Concatenation): Element {
  const { kind, reference, total, sequence } = of;
  if (kind === "udh8")
    return { id: ELEMENT.concatenated8, octets: Buffer.of(reference & 0xff, total, sequence) };
  const octets = Buffer.of((reference >> 8) & 0xff, reference & 0xff, total, sequence);
  return { id: ELEMENT.concatenated16, octets };
}

export function concatenationTlvs({ reference, total, sequence }: Concatenation): readonly Tlv[] {
  return [
    { tag: SAR.reference, octets: Buffer.of((reference >> 8) & 0xff, reference & 0xff) },
    { tag: SAR.total, octets: Buffer.of(total) },
    { tag: SAR.sequence, octets: Buffer.of(sequence) },
  ];
}

function concatenationOf({ id, octets }: Element): Concatenation | undefined {
  const [first = 0, second = 0, third = 0, fourth = 0] = octets;
  if (id === ELEMENT.concatenated8 && octets.length === 3)
    return checked("udh8", first, second, third);
  if (id === ELEMENT.concatenated16 && octets.length === 4)
    return checked("udh16", (first << 8) | second, third, fourth);
  return undefined;
}

function checked(
  kind: Concatenation["kind"],
  reference: number,
  total: number,
  sequence: number,
): Concatenation | undefined {
  const isSound = reference >= 0 && total <= 255 && sequence >= 1 && sequence <= total;
  return isSound ? { kind, reference, total, sequence } : undefined;
}
