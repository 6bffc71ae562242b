import { type ErrorCode, GatewayError } from "../model/error.ts";

/**
 * Reading and writing of single fields. Text is Latin-1 in both directions, so that whatever octets
 * a peer puts into an address or an id come out again as they were.
 */

/**
 * The index of the NUL that ends a C-octet string which begins at `at`. `octetsMax` counts the NUL,
 * as the specification's tables do. A string that is too long is refused with `code`, one that
 * nothing ends with `bad_pdu_length`.
 */
export function endOfText(pdu: Buffer, at: number, octetsMax: number, code: ErrorCode): number {
  const limit = Math.min(pdu.length, at + octetsMax);
  for (let index = at; index < limit; index += 1) if (pdu[index] === 0) return index;
  if (limit < at + octetsMax) throw new GatewayError("bad_pdu_length", "a field is cut short");
  throw new GatewayError(code, `a field is longer than ${octetsMax - 1} octets`);
}

export function textAt(pdu: Buffer, start: number, end: number): string {
  return start === end ? "" : pdu.toString("latin1", start, end);
}

export function octetAt(pdu: Buffer, at: number): number {
  const octet = pdu[at];
  if (octet === undefined) throw new GatewayError("bad_pdu_length", "a field is missing");
  return octet;
}

/** Up to this many octets V8 keeps a buffer in its own heap: cheaper than the pool, and alone. */
const onHeapOctetsMax = 64;

/**
 * A copy of part of a PDU. What is decoded may live for hours in a queue; a slice would keep the
 * whole 64 KiB that were read with it in memory.
 */
export function copyOf(pdu: Buffer, start: number, end: number): Buffer {
  const length = end - start;
  if (length > onHeapOctetsMax) return Buffer.from(pdu.subarray(start, end));
  const copy = Buffer.allocUnsafeSlow(length);
  // A loop is ten times faster than `copy` for so few octets (measured).
  for (let index = 0; index < length; index += 1) copy[index] = pdu[start + index] ?? 0;
  return copy;
}

/**
 * Throws `code` for text that does not fit: longer than `octetsMax` with its NUL, a NUL inside
 * (which would shift all fields behind it), or a character that is no octet.
 */
export function checkText(text: string, octetsMax: number, code: ErrorCode): void {
  if (text.length >= octetsMax)
    throw new GatewayError(code, `a field is longer than ${octetsMax - 1} characters`);
  for (let index = 0; index < text.length; index += 1) {
    const octet = text.charCodeAt(index);
    if (octet === 0 || octet > 0xff)
      throw new GatewayError(code, "a field holds a character that SMPP cannot carry");
  }
}

/** Writes checked text and its NUL; gives the index behind them. */
export function putText(pdu: Buffer, at: number, text: string): number {
  const { length } = text;
  for (let index = 0; index < length; index += 1) pdu[at + index] = text.charCodeAt(index);
  pdu[at + length] = 0;
  return at + length + 1;
}
