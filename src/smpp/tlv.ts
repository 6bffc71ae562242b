import { GatewayError } from "../model/error.ts";
import type { Tlv } from "../model/message.ts";
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
  octets.copy(pdu, at + 4);
  return at + 4 + octets.length;
}

/** The first of that tag. */
export function tlvOf(tlvs: readonly Tlv[], tag: number): Buffer | undefined {
  for (const tlv of tlvs) if (tlv.tag === tag) return tlv.octets;
  return undefined;
}

/** The tags that our code names; the whole table is TLVS below. */
export const TAG = {
  additional_status_info_text: 0x001d,
  receipted_message_id: 0x001e,
  sar_msg_ref_num: 0x020c,
  sar_total_segments: 0x020e,
  sar_segment_seqnum: 0x020f,
  sc_interface_version: 0x0210,
  network_error_code: 0x0423,
  message_payload: 0x0424,
  delivery_failure_reason: 0x0425,
  message_state: 0x0427,
} as const;

/**
 * Name, fewest and most octets of each standard TLV (SMPP v3.4 §5.3.2, v5.0 §4.8.4). Where versions
 * or common peers differ the range holds both: source_telematics_id has 1 octet in v3.4 and 2 in
 * v5.0, ms_validity 1 or 4, and a text's NUL may be missing.
 */
export const TLVS: ReadonlyMap<number, readonly [name: string, least: number, most: number]> =
  new Map([
    [0x0005, ["dest_addr_subunit", 1, 1]],
    [0x0006, ["dest_network_type", 1, 1]],
    [0x0007, ["dest_bearer_type", 1, 1]],
    [0x0008, ["dest_telematics_id", 2, 2]],
    [0x000d, ["source_addr_subunit", 1, 1]],
    [0x000e, ["source_network_type", 1, 1]],
    [0x000f, ["source_bearer_type", 1, 1]],
    [0x0010, ["source_telematics_id", 1, 2]],
    [0x0017, ["qos_time_to_live", 4, 4]],
    [0x0019, ["payload_type", 1, 1]],
    [0x001d, ["additional_status_info_text", 0, 256]],
    [0x001e, ["receipted_message_id", 0, 65]],
    [0x0030, ["ms_msg_wait_facilities", 1, 1]],
    [0x0201, ["privacy_indicator", 1, 1]],
    [0x0202, ["source_subaddress", 2, 23]],
    [0x0203, ["dest_subaddress", 2, 23]],
    [0x0204, ["user_message_reference", 2, 2]],
    [0x0205, ["user_response_code", 1, 1]],
    [0x020a, ["source_port", 2, 2]],
    [0x020b, ["dest_port", 2, 2]],
    [0x020c, ["sar_msg_ref_num", 2, 2]],
    [0x020d, ["language_indicator", 1, 1]],
    [0x020e, ["sar_total_segments", 1, 1]],
    [0x020f, ["sar_segment_seqnum", 1, 1]],
    [0x0210, ["sc_interface_version", 1, 1]],
    [0x0302, ["callback_num_pres_ind", 1, 1]],
    [0x0303, ["callback_num_atag", 0, 65]],
    [0x0304, ["number_of_messages", 1, 1]],
    [0x0381, ["callback_num", 4, 19]],
    [0x0420, ["dpf_result", 1, 1]],
    [0x0421, ["set_dpf", 1, 1]],
    [0x0422, ["ms_availability_status", 1, 1]],
    [0x0423, ["network_error_code", 3, 3]],
    [0x0424, ["message_payload", 0, 65_535]],
    [0x0425, ["delivery_failure_reason", 1, 1]],
    [0x0426, ["more_messages_to_send", 1, 1]],
    [0x0427, ["message_state", 1, 1]],
    [0x0428, ["congestion_state", 1, 1]],
    [0x0501, ["ussd_service_op", 1, 1]],
    [0x0600, ["broadcast_channel_indicator", 1, 1]],
    [0x0601, ["broadcast_content_type", 3, 3]],
    [0x0602, ["broadcast_content_type_info", 0, 255]],
    [0x0603, ["broadcast_message_class", 1, 1]],
    [0x0604, ["broadcast_rep_num", 2, 2]],
    [0x0605, ["broadcast_frequency_interval", 3, 3]],
    [0x0606, ["broadcast_area_identifier", 1, 100]],
    [0x0607, ["broadcast_error_status", 4, 4]],
    [0x0608, ["broadcast_area_success", 1, 1]],
    [0x0609, ["broadcast_end_time", 0, 17]],
    [0x060a, ["broadcast_service_group", 1, 255]],
    [0x060b, ["billing_identification", 1, 1024]],
    [0x060d, ["source_network_id", 7, 65]],
    [0x060e, ["dest_network_id", 7, 65]],
    [0x060f, ["source_node_id", 6, 6]],
    [0x0610, ["dest_node_id", 6, 6]],
    [0x0611, ["dest_addr_np_resolution", 1, 1]],
    [0x0612, ["dest_addr_np_information", 10, 10]],
    [0x0613, ["dest_addr_np_country", 1, 5]],
    [0x1201, ["display_time", 1, 1]],
    [0x1203, ["sms_signal", 2, 2]],
    [0x1204, ["ms_validity", 1, 4]],
    [0x130c, ["alert_on_message_delivery", 0, 1]],
    [0x1380, ["its_reply_type", 1, 1]],
    [0x1383, ["its_session_info", 2, 2]],
  ]);

/** For traces: `message_state`, or `0x1403` for a vendor's own. */
export function tlvName(tag: number): string {
  return TLVS.get(tag)?.[0] ?? tagHex(tag);
}

function tagHex(tag: number): string {
  return `0x${tag.toString(16).padStart(4, "0")}`;
}

export function uint16At(pdu: Buffer, at: number): number {
  return ((pdu[at] ?? 0) << 8) | (pdu[at + 1] ?? 0);
}
