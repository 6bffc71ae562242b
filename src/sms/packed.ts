/**
 * GSM 7-bit as it travels on the air (3GPP TS 23.038 §6.1.2.1): eight septets in seven octets, the
 * first septet in the lowest bits. A few SMPP peers send it so, too.
 */

/** Bits between a header of so many octets and the septets behind it (TS 23.040 §9.2.3.24). */
export function fillBitsBehind(headerOctets: number): number {
  return (7 - ((headerOctets * 8) % 7)) % 7;
}

/** Septets, one to an octet, become the octets behind `fillBits` (0-6) of zero. Eighth bits are lost. */
export function pack(septets: Uint8Array, fillBits = 0): Buffer {
  const octets = Buffer.alloc(Math.ceil((septets.length * 7 + fillBits) / 8));
  let bit = fillBits;
  for (const septet of septets) {
    const at = bit >> 3;
    const wide = (septet & 0x7f) << (bit & 7);
    octets[at] = (octets[at] ?? 0) | (wide & 0xff);
    if (wide > 0xff) octets[at + 1] = wide >> 8;
    bit += 7;
  }
  return octets;
}

/**
 * The septets from the octet `start` on, one to an octet. The air says how many there are; SMPP
 * counts octets only, so that a last septet of zero which fills the last octet may be an `@` or
 * nothing: without `septets` it is taken for nothing.
 */
export function unpack(
  octets: Uint8Array,
  { start = 0, fillBits = 0, septets }: UnpackOptions = {},
): Buffer {
  const bits = Math.max(0, (octets.length - start) * 8 - fillBits);
  const most = Math.floor(bits / 7);
  const read = Buffer.alloc(Math.min(most, septets ?? most));
  let bit = start * 8 + fillBits;
  for (let n = 0; n < read.length; n++) {
    const at = bit >> 3;
    read[n] = ((((octets[at + 1] ?? 0) << 8) | (octets[at] ?? 0)) >> (bit & 7)) & 0x7f;
    bit += 7;
  }
  const unsure = septets === undefined && bits % 7 === 0 && read.at(-1) === 0;
  return unsure ? read.subarray(0, -1) : read;
}

interface UnpackOptions {
  readonly start?: number;
  readonly fillBits?: number;
  /** How many there are, where that is known; never more than the octets hold. */
  readonly septets?: number;
}
