import { GatewayError } from "../model/error.ts";
import type { Tlv } from "../model/message.ts";
import { fits, standardTlv } from "../model/tlv.ts";
import { copyOf } from "./octets.ts";

/** A PDU of 64 KiB could hold 16,384 empty TLVs and grow a hundredfold in memory; phones use 10. */
export const tlvsMax = 255;

const NONE: readonly Tlv[] = Object.freeze([]);

/**
 * Reads all optional parameters from `at` to the end of the PDU (SMPP v3.4 §3.2.4), in their order,
 * with repeats and tags that nobody knows. Throws `tlv_stream` when one is cut short.
 */
export function decodeTlvs(pdu: Buffer, at: number): readonly Tlv[] {
  if (at === pdu.length) return NONE;
  const tlvs: Tlv[] = [];
  let next = at;
  while (next < pdu.length) {
    if (next + 4 > pdu.length) throw new GatewayError("tlv_stream", "a TLV header is cut short");
    const tag = uint16At(pdu, next);
    const start = next + 4;
    next = start + uint16At(pdu, next + 2);
    if (next > pdu.length)
      throw new GatewayError("tlv_stream", `TLV ${tagHex(tag)} is longer than the PDU`);
    if (tlvs.length === tlvsMax)
      throw new GatewayError("tlv_stream", `there are more than ${tlvsMax} TLVs`);
    tlvs.push({ tag, octets: copyOf(pdu, start, next) });
  }
  return tlvs;
}

export function tlvsOctets(tlvs: readonly Tlv[]): number {
  let octets = 0;
  for (const tlv of tlvs) octets += 4 + tlv.octets.length;
  return octets;
}

/** Writes them at `at`; gives the index behind. Throws `tlv_length` for what no TLV can carry. */
export function putTlvs(pdu: Buffer, at: number, tlvs: readonly Tlv[]): number {
  let next = at;
  for (const { tag, octets } of tlvs) next = putTlv(pdu, next, tag, octets);
  return next;
}

export function putTlv(pdu: Buffer, at: number, tag: number, octets: Buffer): number {
  if (octets.length > 0xffff || tag < 0 || tag > 0xffff)
    throw new GatewayError("tlv_length", `TLV ${tagHex(tag)} is longer than 65,535 octets`);
  pdu[at] = tag >>> 8;
  pdu[at + 1] = tag & 0xff;
  pdu[at + 2] = octets.length >>> 8;
  pdu[at + 3] = octets.length & 0xff;
  pdu.set(octets, at + 4);
  return at + 4 + octets.length;
}

/** The first of that tag. */
export function tlvOf(tlvs: readonly Tlv[], tag: number): Buffer | undefined {
  for (const tlv of tlvs) if (tlv.tag === tag) return tlv.octets;
  return undefined;
}

/** The tags that our code names; the whole table is in `model/tlv.ts`. */
export const TAG = {
  qos_time_to_live: 0x0017,
  additional_status_info_text: 0x001d,
  receipted_message_id: 0x001e,
  sar_msg_ref_num: 0x020c,
  sar_total_segments: 0x020e,
  sar_segment_seqnum: 0x020f,
  sc_interface_version: 0x0210,
  congestion_state: 0x0428,
  ms_availability_status: 0x0422,
  network_error_code: 0x0423,
  message_payload: 0x0424,
  delivery_failure_reason: 0x0425,
  message_state: 0x0427,
} as const;

/** Throws `tlv_length` when one of these has a length that SMPP does not allow for its tag. */
export function checkLengths(tlvs: readonly Tlv[]): void {
  for (const { tag, octets } of tlvs) {
    const known = standardTlv(tag);
    if (!fits(octets, known))
      throw new GatewayError("tlv_length", `${known?.name} has ${octets.length} octets`);
  }
}

function tagHex(tag: number): string {
  return `0x${tag.toString(16).padStart(4, "0")}`;
}

export function uint16At(pdu: Buffer, at: number): number {
  return ((pdu[at] ?? 0) << 8) | (pdu[at + 1] ?? 0);
}
