/**
 * Optional parameters (tag, length, value) by their names and types: those of SMPP v3.4 §5.3.2 and
 * v5.0 §4.8.4, and those that a channel declares because its peer has made them up.
 */

/**
 * `int8`, `int16`, `int32`: a whole number of 1, 2, 4 octets, not negative. `cstring`: text that ends
 * with a NUL. `string`: text without one. `octets`: anything.
 */
export type TlvType = "int8" | "int16" | "int32" | "string" | "cstring" | "octets";

export interface TlvDefinition {
  readonly name: string;
  /** 1-0xFFFF; 0x1400-0x3FFF are for a vendor's own. */
  readonly tag: number;
  readonly type: TlvType;
  /** Fewest and most octets; of a cstring the most counts the NUL, which many peers leave out. */
  readonly least: number;
  readonly most: number;
}

/** What a channel has agreed with its peer. */
export interface ChannelTlvs {
  /** By tag; none of the standard. */
  readonly declared: ReadonlyMap<number, TlvDefinition>;
  /** What of a message that is passed on goes to the peer: all, what has a name here, or nothing. */
  readonly pass: "all" | "declared" | "none";
}

/** As a script reads and sets it: by its type a number, a text, or octets. */
export type TlvValue = number | string | Uint8Array;

/**
 * What a script wants of the TLVs of what goes out, by name or by tag (`0x1402`): a value, several of
 * that tag, or null for none. What is not named stays.
 */
export type TlvWishes = Readonly<Record<string, TlvValue | readonly TlvValue[] | null>>;

/** One that came in, with its name if anybody knows it; of plain values, so that it can be written down. */
export type NamedTlv = readonly [
  tag: number,
  name: string | null,
  type: TlvType,
  /** A character for each octet, U+0000 to U+00FF. */
  octets: string,
];

/**
 * Tag, type, fewest and most octets of each standard one. Where versions or common peers differ the
 * range holds both: source_telematics_id has 1 octet in v3.4 and 2 in v5.0, ms_validity 1 or 4, and a
 * text's NUL may be missing.
 */
export const STANDARD_TLVS = {
  dest_addr_subunit: [0x0005, "int8", 1, 1],
  dest_network_type: [0x0006, "int8", 1, 1],
  dest_bearer_type: [0x0007, "int8", 1, 1],
  dest_telematics_id: [0x0008, "int16", 2, 2],
  source_addr_subunit: [0x000d, "int8", 1, 1],
  source_network_type: [0x000e, "int8", 1, 1],
  source_bearer_type: [0x000f, "int8", 1, 1],
  source_telematics_id: [0x0010, "int8", 1, 2],
  qos_time_to_live: [0x0017, "int32", 4, 4],
  payload_type: [0x0019, "int8", 1, 1],
  additional_status_info_text: [0x001d, "cstring", 0, 256],
  receipted_message_id: [0x001e, "cstring", 0, 65],
  ms_msg_wait_facilities: [0x0030, "int8", 1, 1],
  privacy_indicator: [0x0201, "int8", 1, 1],
  source_subaddress: [0x0202, "octets", 2, 23],
  dest_subaddress: [0x0203, "octets", 2, 23],
  user_message_reference: [0x0204, "int16", 2, 2],
  user_response_code: [0x0205, "int8", 1, 1],
  source_port: [0x020a, "int16", 2, 2],
  dest_port: [0x020b, "int16", 2, 2],
  sar_msg_ref_num: [0x020c, "int16", 2, 2],
  language_indicator: [0x020d, "int8", 1, 1],
  sar_total_segments: [0x020e, "int8", 1, 1],
  sar_segment_seqnum: [0x020f, "int8", 1, 1],
  sc_interface_version: [0x0210, "int8", 1, 1],
  callback_num_pres_ind: [0x0302, "int8", 1, 1],
  callback_num_atag: [0x0303, "octets", 0, 65],
  number_of_messages: [0x0304, "int8", 1, 1],
  callback_num: [0x0381, "octets", 4, 19],
  dpf_result: [0x0420, "int8", 1, 1],
  set_dpf: [0x0421, "int8", 1, 1],
  ms_availability_status: [0x0422, "int8", 1, 1],
  network_error_code: [0x0423, "octets", 3, 3],
  message_payload: [0x0424, "octets", 0, 65_535],
  delivery_failure_reason: [0x0425, "int8", 1, 1],
  more_messages_to_send: [0x0426, "int8", 1, 1],
  message_state: [0x0427, "int8", 1, 1],
  congestion_state: [0x0428, "int8", 1, 1],
  ussd_service_op: [0x0501, "int8", 1, 1],
  broadcast_channel_indicator: [0x0600, "int8", 1, 1],
  broadcast_content_type: [0x0601, "octets", 3, 3],
  broadcast_content_type_info: [0x0602, "octets", 0, 255],
  broadcast_message_class: [0x0603, "int8", 1, 1],
  broadcast_rep_num: [0x0604, "int16", 2, 2],
  broadcast_frequency_interval: [0x0605, "octets", 3, 3],
  broadcast_area_identifier: [0x0606, "octets", 1, 100],
  broadcast_error_status: [0x0607, "int32", 4, 4],
  broadcast_area_success: [0x0608, "int8", 1, 1],
  broadcast_end_time: [0x0609, "octets", 0, 17],
  broadcast_service_group: [0x060a, "octets", 1, 255],
  billing_identification: [0x060b, "octets", 1, 1024],
  source_network_id: [0x060d, "cstring", 7, 65],
  dest_network_id: [0x060e, "cstring", 7, 65],
  source_node_id: [0x060f, "octets", 6, 6],
  dest_node_id: [0x0610, "octets", 6, 6],
  dest_addr_np_resolution: [0x0611, "int8", 1, 1],
  dest_addr_np_information: [0x0612, "octets", 10, 10],
  dest_addr_np_country: [0x0613, "octets", 1, 5],
  display_time: [0x1201, "int8", 1, 1],
  sms_signal: [0x1203, "int16", 2, 2],
  ms_validity: [0x1204, "octets", 1, 4],
  alert_on_message_delivery: [0x130c, "octets", 0, 1],
  its_reply_type: [0x1380, "int8", 1, 1],
  its_session_info: [0x1383, "octets", 2, 2],
} as const satisfies Record<string, readonly [tag: number, TlvType, least: number, most: number]>;

/** What each standard one is read as. */
export type StandardTlvs = {
  readonly [Name in keyof typeof STANDARD_TLVS]: ValueOf<(typeof STANDARD_TLVS)[Name][1]>;
};

type ValueOf<Type extends TlvType> = Type extends `int${string}`
  ? number
  : Type extends "octets"
    ? Uint8Array
    : string;

const BY_TAG: ReadonlyMap<number, TlvDefinition> = new Map(
  Object.entries(STANDARD_TLVS).map(([name, [tag, type, least, most]]) => [
    tag,
    { name, tag, type, least, most },
  ]),
);

const BY_NAME: ReadonlyMap<string, TlvDefinition> = new Map(
  [...BY_TAG.values()].map((definition) => [definition.name, definition]),
);

export function standardTlv(tag: number): TlvDefinition | undefined {
  return BY_TAG.get(tag);
}

export function standardTlvNamed(name: string): TlvDefinition | undefined {
  return BY_NAME.get(name);
}

/** Has it a length that it may have? Nothing is known of one without a definition. */
export function fits(octets: Uint8Array, known: TlvDefinition | undefined): boolean {
  return known === undefined || (octets.length >= known.least && octets.length <= known.most);
}
