import { GatewayError } from "../model/error.ts";
import type { Sms, Tlv } from "../model/message.ts";
import { COMMAND, type ShortMessageCommand, responseTo } from "./command.ts";
import { checkText, copyOf, endOfText, octetAt, putText, textAt } from "./octets.ts";
import { headerOctets, newPdu } from "./pdu.ts";
import { TAG, decodeTlvs, putTlv, putTlvs, tlvsOctets } from "./tlv.ts";
import { shortOctetsMax, version34 } from "./version.ts";

/**
 * submit_sm, deliver_sm and data_sm straight to and from a message (SMPP v3.4 §4.4.1, §4.6.1,
 * §4.7.1), and their answers. This is the hot path: one pass, no intermediate objects.
 */

/** Octets of a text field with its NUL (SMPP v3.4 §5.2). */
const serviceTypeOctetsMax = 6;
const addressOctetsMax = 21;
const dataAddressOctetsMax = 65;
const timeOctetsMax = 17;

const NOTHING = Buffer.alloc(0);

/**
 * Reads the body of a whole PDU; nothing of the result refers to `pdu`. message_payload becomes the
 * octets, all other TLVs stay. There are no canned messages here: sm_default_msg_id is read past where
 * there is a text, and refused where it stands for one.
 * Throws a `GatewayError` whose status the sender is to be answered: `bad_pdu_length`,
 * `bad_service_type`, `bad_default_message`, `message_too_long`, `tlv_stream`, `bad_source`, `bad_destination`, `bad_schedule`, `bad_validity`.
 */
export function decodeShortMessage(
  command: ShortMessageCommand,
  pdu: Buffer,
  version: number = version34,
): Sms {
  const isData = command === "data_sm";
  const digitsMax = isData ? dataAddressOctetsMax : addressOctetsMax;
  let at = headerOctets;

  const serviceEnd = endOfText(pdu, at, serviceTypeOctetsMax, "bad_service_type");
  const serviceType = textAt(pdu, at, serviceEnd);
  const fromStart = serviceEnd + 3;
  const fromEnd = endOfText(pdu, fromStart, digitsMax, "bad_source");
  const toStart = fromEnd + 3;
  const toEnd = endOfText(pdu, toStart, digitsMax, "bad_destination");
  const from = {
    ton: octetAt(pdu, fromStart - 2),
    npi: octetAt(pdu, fromStart - 1),
    digits: textAt(pdu, fromStart, fromEnd),
  };
  const to = {
    ton: octetAt(pdu, toStart - 2),
    npi: octetAt(pdu, toStart - 1),
    digits: textAt(pdu, toStart, toEnd),
  };
  const esmClass = octetAt(pdu, toEnd + 1);
  at = toEnd + 2;

  let protocolId = 0;
  let priority = 0;
  let scheduleTime = "";
  let validityPeriod = "";
  if (!isData) {
    protocolId = octetAt(pdu, at);
    priority = octetAt(pdu, at + 1);
    const scheduleEnd = endOfText(pdu, at + 2, timeOctetsMax, "bad_schedule");
    scheduleTime = textAt(pdu, at + 2, scheduleEnd);
    const validityEnd = endOfText(pdu, scheduleEnd + 1, timeOctetsMax, "bad_validity");
    validityPeriod = textAt(pdu, scheduleEnd + 1, validityEnd);
    at = validityEnd + 1;
  }
  const registeredDelivery = octetAt(pdu, at);
  const replaceIfPresent = isData ? 0 : octetAt(pdu, at + 1);
  const dataCoding = octetAt(pdu, isData ? at + 1 : at + 2);
  at += 2;

  let octets: Buffer = NOTHING;
  let namesText = false;
  if (!isData) {
    const length = octetAt(pdu, at + 2);
    namesText = pdu[at + 1] !== 0;
    at += 3;
    if (length > shortOctetsMax(version))
      throw new GatewayError("message_too_long", `sm_length is ${length}, 254 at most`);
    if (at + length > pdu.length)
      throw new GatewayError("bad_pdu_length", `sm_length is ${length}, more than there is`);
    if (length > 0) octets = copyOf(pdu, at, at + length);
    at += length;
  }
  let tlvs = decodeTlvs(pdu, at);
  const payload = takePayload(tlvs);
  if (payload !== undefined) {
    // SMPP v3.4 §5.3.2.32: one or the other. To guess which one is meant would lose text.
    if (octets.length > 0)
      throw new GatewayError("tlv_stream", "short_message and message_payload are both there");
    octets = payload;
    tlvs = tlvs.filter((tlv) => tlv.tag !== TAG.message_payload);
  } else if (namesText && octets.length === 0 && command === "submit_sm")
    throw new GatewayError("bad_default_message");
  return {
    from,
    to,
    serviceType,
    esmClass,
    protocolId,
    priority,
    scheduleTime,
    validityPeriod,
    registeredDelivery,
    replaceIfPresent,
    dataCoding,
    octets,
    text: undefined,
    tlvs,
  };
}

export interface EncodeOptions {
  readonly sequence: number;
  /** False towards a peer of v3.3, which knows no TLV: they are left out (SMPP v3.4 §2.10). */
  readonly tlvs: boolean;
  /** interface_version of the peer; 0x34 when left out. */
  readonly version?: number;
  /** Octets. */
  readonly pduOctetsMax: number;
}

/**
 * Writes a whole PDU. More than 254 octets (255 to a peer of 5.0), and all of a data_sm, go as message_payload, last of
 * the TLVs; who wants it so for fewer gives no octets and the TLV. Throws `bad_source`, `bad_destination`, `bad_schedule`, `bad_validity`, `bad_request`
 * for a field that the wire cannot carry, `message_too_long` for a PDU above the limit or a long
 * text to a peer without TLVs, `tlv_length`, `tlv_stream`.
 */
export function encodeShortMessage(
  command: ShortMessageCommand,
  sms: Sms,
  { sequence, tlvs, version = version34, pduOctetsMax }: EncodeOptions,
): Buffer {
  const { from, to, serviceType, scheduleTime, validityPeriod, octets } = sms;
  const isData = command === "data_sm";
  const digitsMax = isData ? dataAddressOctetsMax : addressOctetsMax;
  checkText(serviceType, serviceTypeOctetsMax, "bad_request");
  checkText(from.digits, digitsMax, "bad_source");
  checkText(to.digits, digitsMax, "bad_destination");

  if (!tlvs && sms.tlvs.length > 0 && takePayload(sms.tlvs) !== undefined)
    throw new GatewayError("message_too_long", "the peer's version knows no message_payload");
  const asPayload = isData ? octets.length > 0 : octets.length > shortOctetsMax(version);
  if (asPayload && !tlvs)
    throw new GatewayError("message_too_long", "the peer's version knows no message_payload");
  let length = headerOctets + serviceType.length + from.digits.length + to.digits.length + 10;
  if (!isData) {
    checkText(scheduleTime, timeOctetsMax, "bad_schedule");
    checkText(validityPeriod, timeOctetsMax, "bad_validity");
    length += scheduleTime.length + validityPeriod.length + 7;
    if (!asPayload) length += octets.length;
  }
  if (asPayload) length += 4 + octets.length;
  if (tlvs && sms.tlvs.length > 0) {
    if (octets.length > 0 && takePayload(sms.tlvs) !== undefined)
      throw new GatewayError("tlv_stream", "short_message and message_payload are both there");
    length += tlvsOctets(sms.tlvs);
  }
  if (length > pduOctetsMax)
    throw new GatewayError("message_too_long", `${length} octets, ${pduOctetsMax} at most`);

  const pdu = newPdu(length, COMMAND[command], 0, sequence);
  let at = putText(pdu, headerOctets, serviceType);
  pdu[at] = from.ton;
  pdu[at + 1] = from.npi;
  at = putText(pdu, at + 2, from.digits);
  pdu[at] = to.ton;
  pdu[at + 1] = to.npi;
  at = putText(pdu, at + 2, to.digits);
  pdu[at++] = sms.esmClass;
  if (!isData) {
    pdu[at++] = sms.protocolId;
    pdu[at++] = sms.priority;
    at = putText(pdu, at, scheduleTime);
    at = putText(pdu, at, validityPeriod);
  }
  pdu[at++] = sms.registeredDelivery;
  if (!isData) pdu[at++] = sms.replaceIfPresent;
  pdu[at++] = sms.dataCoding;
  if (!isData) {
    pdu[at++] = 0; // sm_default_msg_id
    pdu[at++] = asPayload ? 0 : octets.length;
    if (!asPayload) {
      pdu.set(octets, at);
      at += octets.length;
    }
  }
  if (tlvs && sms.tlvs.length > 0) at = putTlvs(pdu, at, sms.tlvs);
  if (asPayload) putTlv(pdu, at, TAG.message_payload, octets);
  return pdu;
}

/** Octets of message_id with its NUL (SMPP v3.4 §5.2.23). */
const messageIdOctetsMax = 65;

/**
 * The answer to a message. A refused submit_sm has no body (SMPP v3.4 §4.4.2); the others always
 * have at least an empty message_id. Throws `bad_request` for an id that does not fit.
 */
export function encodeShortMessageAnswer(
  command: ShortMessageCommand,
  {
    sequence,
    status,
    messageId,
    congestion,
  }: {
    sequence: number;
    status: number;
    messageId: string;
    /** The octet of congestion_state, for a peer that knows it. */
    congestion?: Buffer | undefined;
  },
): Buffer {
  const id = responseTo(COMMAND[command]);
  if (status !== 0 && command === "submit_sm") return newPdu(headerOctets, id, status, sequence);
  checkText(messageId, messageIdOctetsMax, "bad_request");
  const tail = congestion === undefined ? 0 : 4 + congestion.length;
  const pdu = newPdu(headerOctets + messageId.length + 1 + tail, id, status, sequence);
  const end = putText(pdu, headerOctets, messageId);
  if (congestion !== undefined) putTlv(pdu, end, TAG.congestion_state, congestion);
  return pdu;
}

/**
 * Reads what an answer carries, as liberally as can be: peers leave out the body, the NUL or both,
 * and an answer cannot be refused. Never throws; TLVs that cannot be read are left out.
 */
export function decodeShortMessageAnswer(pdu: Buffer): {
  readonly messageId: string;
  readonly tlvs: readonly Tlv[];
} {
  let end = headerOctets;
  while (end < pdu.length && pdu[end] !== 0) end += 1;
  const messageId = textAt(pdu, headerOctets, end);
  if (end + 1 >= pdu.length) return { messageId, tlvs: [] };
  try {
    return { messageId, tlvs: decodeTlvs(pdu, end + 1) };
  } catch {
    // The status and the id are what counts; a broken tail must not make the outcome unknown.
    return { messageId, tlvs: [] };
  }
}

/** The one message_payload; undefined when there is none. A second one could not be passed on. */
export function takePayload(tlvs: readonly Tlv[]): Buffer | undefined {
  let payload: Buffer | undefined;
  for (const tlv of tlvs) {
    if (tlv.tag !== TAG.message_payload) continue;
    if (payload !== undefined) throw new GatewayError("tlv_stream", "message_payload stands twice");
    payload = tlv.octets;
  }
  return payload;
}
