/** command_length, command_id, command_status, sequence_number: 4 octets each (SMPP v3.4 §3.2). */
export const headerOctets = 16;

/** The largest sequence_number; 0 and what has bit 31 set is not used (SMPP v3.4 §5.1.4). */
export const sequenceMax = 0x7fff_ffff;

export interface Header {
  readonly id: number;
  readonly status: number;
  readonly sequence: number;
}

/** The number that begins at `at`, high octet first; half the time of `readUInt32BE`. */
export function uint32At(pdu: Buffer, at: number): number {
  return (
    (pdu[at] ?? 0) * 0x100_0000 +
    (((pdu[at + 1] ?? 0) << 16) | ((pdu[at + 2] ?? 0) << 8) | (pdu[at + 3] ?? 0))
  );
}

export function headerOf(pdu: Buffer): Header {
  return { id: uint32At(pdu, 4), status: uint32At(pdu, 8), sequence: uint32At(pdu, 12) };
}

/** A PDU of `octets` with its header written; the body is whatever memory held. */
export function newPdu(octets: number, id: number, status: number, sequence: number): Buffer {
  const pdu = Buffer.allocUnsafe(octets);
  putUint32(pdu, 0, octets);
  putUint32(pdu, 4, id);
  putUint32(pdu, 8, status);
  putUint32(pdu, 12, sequence);
  return pdu;
}

export function putUint32(pdu: Buffer, at: number, value: number): void {
  pdu[at] = value >>> 24;
  pdu[at + 1] = (value >>> 16) & 0xff;
  pdu[at + 2] = (value >>> 8) & 0xff;
  pdu[at + 3] = value & 0xff;
}
