import { GatewayError } from "../model/error.ts";
import type { Sms } from "../model/message.ts";
import { isTimeField } from "./time.ts";
import { TLVS, tlvName } from "./tlv.ts";

/** Bits 5-2 of esm_class that an ESME may send: none, delivery and user acknowledgement (§5.2.12). */
const customerTypes: ReadonlySet<number> = new Set([0x00, 0x08, 0x10]);
const typeMask = 0x3c;
const userDataHeader = 0x40;

/** Interface version from which registered_delivery 3 (report of success only) has a meaning. */
const version50 = 0x50;

/** registered_delivery, bits 0-1 (SMPP v3.4 §5.2.17). */
const outcomeBits = 0x03;
const everyOutcome = 0x01;

/**
 * The message as a peer of this version may be sent it: one before 5.0 is asked for every outcome
 * where successes alone are wanted. Who asked for it is then told of those only.
 */
export function askedOf(sms: Sms, version: number): Sms {
  const { registeredDelivery } = sms;
  if (version >= version50 || (registeredDelivery & outcomeBits) !== outcomeBits) return sms;
  return { ...sms, registeredDelivery: (registeredDelivery & ~outcomeBits) | everyOutcome };
}

/**
 * Throws what is wrong with the values of a message that a customer sent: `bad_esm_class`,
 * `bad_priority`, `bad_registered_delivery`, `bad_schedule`, `bad_validity`, `tlv_length`. What a
 * provider sends is not held to this: a refused receipt helps nobody. Addresses are the gateway's.
 */
export function checkSubmitted(sms: Sms, version: number): void {
  const { esmClass, octets } = sms;
  if (!customerTypes.has(esmClass & typeMask))
    throw new GatewayError(
      "bad_esm_class",
      `esm_class 0x${esmClass.toString(16)} is not for an ESME`,
    );
  if ((esmClass & userDataHeader) !== 0 && (octets[0] ?? octets.length) >= octets.length)
    throw new GatewayError("bad_esm_class", "esm_class tells of a header that is not there");
  if (sms.priority > 3) throw new GatewayError("bad_priority");
  const receipt = sms.registeredDelivery & 0x03;
  if (sms.registeredDelivery > 0x1f || (receipt === 3 && version < version50))
    throw new GatewayError("bad_registered_delivery");
  if (!isTimeField(sms.scheduleTime)) throw new GatewayError("bad_schedule");
  if (!isTimeField(sms.validityPeriod)) throw new GatewayError("bad_validity");
  for (const { tag, octets: value } of sms.tlvs) {
    const known = TLVS.get(tag);
    if (known !== undefined && (value.length < known[1] || value.length > known[2]))
      throw new GatewayError("tlv_length", `${tlvName(tag)} has ${value.length} octets`);
  }
}
