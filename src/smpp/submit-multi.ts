import { GatewayError } from "../model/error.ts";
import type { Sms } from "../model/message.ts";
import {
  type Destination,
  type Unreached,
  decodeRare,
  encodeRare,
  numberField,
  textField,
} from "./rare.ts";
import { takePayload } from "./short-message.ts";
import { TAG } from "./tlv.ts";

/** Receivers of one submit_multi (SMPP v3.4 §5.2.24). */
export const destinationsMax = 254;

/** A message to many, as it came in. */
export interface MessageToMany {
  /** `to` is the first number; empty when only lists are named. */
  readonly sms: Sms;
  /** As they stood, 1 to 254 of them. */
  readonly destinations: readonly Destination[];
}

/**
 * Reads a whole submit_multi (SMPP v3.4 §4.5.1). Throws a `GatewayError` with the status for the
 * answer: what `decodeRare` and `decodeShortMessage` say, and `too_many_destinations`.
 */
export function decodeSubmitMulti(pdu: Buffer): MessageToMany {
  const { fields, tlvs } = decodeRare("submit_multi", pdu);
  const { dest_address: named, short_message: content } = fields;
  // Both are by their kinds, which the table of fields says.
  const destinations = (Array.isArray(named) ? named : []) as readonly Destination[];
  const octets = Buffer.isBuffer(content) ? content : Buffer.alloc(0);
  if (destinations.length === 0 || destinations.length > destinationsMax)
    throw new GatewayError("too_many_destinations", `there are ${destinations.length}`);
  const payload = takePayload(tlvs);
  if (payload !== undefined && octets.length > 0)
    throw new GatewayError("tlv_stream", "short_message and message_payload are both there");
  const first = destinations.find((one) => !("list" in one));
  const sms: Sms = {
    from: {
      ton: numberField(fields, "source_addr_ton"),
      npi: numberField(fields, "source_addr_npi"),
      digits: textField(fields, "source_addr"),
    },
    to: first !== undefined && "digits" in first ? first : { ton: 0, npi: 0, digits: "" },
    serviceType: textField(fields, "service_type"),
    esmClass: numberField(fields, "esm_class"),
    protocolId: numberField(fields, "protocol_id"),
    priority: numberField(fields, "priority_flag"),
    scheduleTime: textField(fields, "schedule_delivery_time"),
    validityPeriod: textField(fields, "validity_period"),
    registeredDelivery: numberField(fields, "registered_delivery"),
    // It would have to replace as many messages as there are receivers (SMPP v3.4 §5.2.18).
    replaceIfPresent: numberField(fields, "replace_if_present_flag"),
    dataCoding: numberField(fields, "data_coding"),
    octets: payload ?? octets,
    text: undefined,
    tlvs: payload === undefined ? tlvs : tlvs.filter(({ tag }) => tag !== TAG.message_payload),
  };
  return { sms, destinations };
}

/** The answer to it; a refused one has no body (SMPP v3.4 §4.5.2). */
export function encodeSubmitMultiAnswer(told: {
  readonly sequence: number;
  readonly status: number;
  readonly messageId: string;
  readonly unreached: readonly Unreached[];
}): Buffer {
  const { sequence, status, messageId, unreached } = told;
  if (status !== 0) return encodeRare("submit_multi_resp", { sequence, status });
  const fields = { message_id: messageId, unsuccess_sme: unreached };
  return encodeRare("submit_multi_resp", { sequence, fields });
}
