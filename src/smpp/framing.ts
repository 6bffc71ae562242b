import { GatewayError } from "../model/error.ts";
import { headerOctets, uint32At } from "./pdu.ts";

/** Cuts a stream of octets into PDUs. */
export interface Framer {
  /** Takes what was read. Only called when `next` has given undefined. */
  push(chunk: Buffer): void;
  /**
   * The next whole PDU, or undefined until more is pushed. It lies in what was pushed: who keeps
   * part of it copies that. Throws `bad_pdu_length`, for good, as soon as the first 4 octets of a
   * PDU tell a length below 16 or above the limit: nothing behind them can be found.
   */
  next(): Buffer | undefined;
}

const lengthOctets = 4;
const NOTHING = Buffer.alloc(0);

export function createFramer(pduOctetsMax: number): Framer {
  let chunk: Buffer = NOTHING;
  let at = 0;
  /** The begin of a PDU whose rest has not come; a copy, so that the chunk can go. */
  let partial: Buffer = NOTHING;
  let partialOctets = 0;

  return { push, next };

  function push(octets: Buffer): void {
    chunk = octets;
    at = 0;
  }

  function next(): Buffer | undefined {
    const pdu = partialOctets > 0 ? rest() : whole();
    // Let go of what is used up; the session may be silent for hours.
    if (pdu === undefined) push(NOTHING);
    return pdu;
  }

  function whole(): Buffer | undefined {
    const left = chunk.length - at;
    if (left >= lengthOctets) {
      const length = lengthAt(chunk, at);
      if (length <= left) {
        const pdu = chunk.subarray(at, at + length);
        at += length;
        return pdu;
      }
    }
    if (left > 0) hold(left);
    return undefined;
  }

  /** Completes the PDU that is held, if what was pushed suffices. */
  function rest(): Buffer | undefined {
    if (partialOctets < lengthOctets)
      hold(Math.min(lengthOctets - partialOctets, chunk.length - at));
    if (partialOctets < lengthOctets) return undefined;
    const length = lengthAt(partial, 0);
    hold(Math.min(length - partialOctets, chunk.length - at));
    if (partialOctets < length) return undefined;
    const pdu = partial.subarray(0, length);
    partial = NOTHING;
    partialOctets = 0;
    return pdu;
  }

  /**
   * Keeps some more octets. Room doubles with what really came, so a peer that announces 64 KiB and
   * sends 5 octets costs little, and one that sends them singly does not cost a copy of all each.
   */
  function hold(octets: number): void {
    const needed = partialOctets + octets;
    if (needed > partial.length) {
      const wider = Buffer.allocUnsafeSlow(Math.max(needed, partial.length * 2, 64));
      partial.copy(wider, 0, 0, partialOctets);
      partial = wider;
    }
    chunk.copy(partial, partialOctets, at, at + octets);
    at += octets;
    partialOctets = needed;
  }

  function lengthAt(octets: Buffer, index: number): number {
    const length = uint32At(octets, index);
    if (length < headerOctets || length > pduOctetsMax)
      throw new GatewayError(
        "bad_pdu_length",
        `command_length is ${length}, ${headerOctets} to ${pduOctetsMax} are possible`,
      );
    return length;
  }
}
