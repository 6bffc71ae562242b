import { type Language, type Shifts, identifierOf, languageOf } from "./national.ts";

/** An information element of the header. The meaning of `id` is in 3GPP TS 23.040 §9.2.3.24. */
export interface Element {
  /** 0-255. */
  readonly id: number;
  /** At most 253, so that the header with its own octets holds it. */
  readonly octets: Buffer;
}

export interface UserDataHeader {
  /** In the order in which they stood, repeats and unknown ones too; none when the header is broken. */
  readonly elements: readonly Element[];
  /** Octets of the whole header with the one that counts it: the text begins there. */
  readonly length: number;
  /**
   * `too_long`: it ends behind the message, so there is no text either. `element_cut`: the elements do
   * not fill it; TS 23.040 §9.2.3.24 has a receiver ignore all of them then, and the text still stands.
   */
  readonly fault: "too_long" | "element_cut" | undefined;
}

/** Octets of a header with the one that counts the others. */
export const headerOctetsMax = 256;

/** TS 23.040 §9.2.3.24.1, §9.2.3.24.8, §9.2.3.24.3 and .4, §9.2.3.24.15 and .16. */
export const ELEMENT = {
  concatenated8: 0x00,
  ports8: 0x04,
  ports16: 0x05,
  concatenated16: 0x08,
  singleShift: 0x24,
  lockingShift: 0x25,
} as const;

/** Reads the header at the begin of `octets`; never throws. The elements share the memory of `octets`. */
export function headerIn(octets: Buffer): UserDataHeader {
  const length = 1 + (octets[0] ?? 0);
  if (length > octets.length) return { elements: [], length: octets.length, fault: "too_long" };
  const elements: Element[] = [];
  let at = 1;
  while (at < length) {
    const end = at + 2 + (octets[at + 1] ?? 0);
    if (at + 1 >= length || end > length) return { elements: [], length, fault: "element_cut" };
    elements.push({ id: octets[at] ?? 0, octets: octets.subarray(at + 2, end) });
    at = end;
  }
  return { elements, length, fault: undefined };
}

/** Octets that the elements take with the octet that counts them; 0 for none, as no header is written. */
export function headerLength(elements: readonly Element[]): number {
  if (elements.length === 0) return 0;
  return elements.reduce((sum, { octets }) => sum + 2 + octets.length, 1);
}

/** The header of these elements, in their order; nothing for none. Throws above `headerOctetsMax`. */
export function headerOf(elements: readonly Element[]): Buffer {
  const length = headerLength(elements);
  if (length > headerOctetsMax)
    throw new RangeError(`a header of ${length} octets, ${headerOctetsMax} at most`);
  const header = Buffer.allocUnsafe(length);
  if (length > 0) header[0] = length - 1;
  let at = 1;
  for (const { id, octets } of elements) {
    header[at] = id;
    header[at + 1] = octets.length;
    octets.copy(header, at + 2);
    at += 2 + octets.length;
  }
  return header;
}

/** The ports of an application, as §9.2.3.24.3 (8 bit) and .4 (16 bit) have them; the last one counts. */
export function portsIn(
  elements: readonly Element[],
): { readonly to: number; readonly from: number } | undefined {
  const last = elements.findLast(
    ({ id, octets }) =>
      (id === ELEMENT.ports8 && octets.length === 2) ||
      (id === ELEMENT.ports16 && octets.length === 4),
  );
  if (last === undefined) return undefined;
  const { id, octets } = last;
  if (id === ELEMENT.ports8) return { to: octets.readUInt8(0), from: octets.readUInt8(1) };
  return { to: octets.readUInt16BE(0), from: octets.readUInt16BE(2) };
}

/** The element for ports 0-65,535; always the 16-bit form, which all phones know. */
export function portsElement({
  to,
  from,
}: {
  readonly to: number;
  readonly from: number;
}): Element {
  const octets = Buffer.allocUnsafe(4);
  octets.writeUInt16BE(to, 0);
  octets.writeUInt16BE(from, 2);
  return { id: ELEMENT.ports16, octets };
}

/** The national tables that the header names; undefined when one of them is of a language unknown here. */
export function shiftsIn(elements: readonly Element[]): Shifts | undefined {
  let shifts: Shifts = {};
  for (const { id, octets } of elements) {
    if (id !== ELEMENT.singleShift && id !== ELEMENT.lockingShift) continue;
    const language = octets.length === 1 ? languageOf(octets[0] ?? 0) : undefined;
    if (language === undefined) return undefined;
    shifts =
      id === ELEMENT.singleShift
        ? { ...shifts, single: language }
        : { ...shifts, locking: language };
  }
  return shifts;
}

/** The elements that name these tables, the locking one first. */
export function shiftElements({ locking, single }: Shifts): readonly Element[] {
  const element = (id: number, language: Language | undefined) =>
    language === undefined ? [] : [{ id, octets: Buffer.of(identifierOf(language)) }];
  return [...element(ELEMENT.lockingShift, locking), ...element(ELEMENT.singleShift, single)];
}
