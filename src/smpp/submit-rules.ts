import type { Address } from "../model/address.ts";
import { type ErrorCode, GatewayError } from "../model/error.ts";
import type { Sms } from "../model/message.ts";
import { numberAtName } from "../model/number-at-name.ts";
import { isTimeField } from "./time.ts";
import { checkLengths } from "./tlv.ts";
import { version50 } from "./version.ts";

/** Bits 5-2 of esm_class that an ESME may send: none, delivery and user acknowledgement (§5.2.12). */
const customerTypes: ReadonlySet<number> = new Set([0x00, 0x08, 0x10]);
const typeMask = 0x3c;
const userDataHeader = 0x40;

/** priority_flag (SMPP v3.4 §5.2.14, v5.0 §4.7.14). */
const priorityMost34 = 3;
const priorityMost50 = 4;

/** registered_delivery, bits 0-1 (SMPP v3.4 §5.2.17); 3, of successes only, has a meaning since 5.0. */
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

/** The last type of number and the last numbering plan that any version knows (§5.2.5, §5.2.6). */
const tonMax = 6;
const npiMax = 18;

const plus = 0x2b;
const star = 0x2a;
const hash = 0x23;

/**
 * What is wrong with an address that a customer sends to; letters are, since no phone has them for a
 * number, but for those that say behind an `@` how it is reached. Which numbers there are is the triggers' business. Asked for with each message.
 */
export function destinationFault({ ton, npi, digits }: Address): ErrorCode | undefined {
  if (digits === "") return "bad_destination";
  if (ton > tonMax) return "bad_destination_ton";
  if (npi > npiMax) return "bad_destination_npi";
  for (let at = 0; at < digits.length; at += 1) {
    const sign = digits.charCodeAt(at);
    const isDigit = sign >= 0x30 && sign <= 0x39;
    if (!isDigit && sign !== star && sign !== hash && (sign !== plus || at > 0))
      return numberAtName(digits) === undefined ? "bad_destination" : undefined;
  }
  return undefined;
}

/**
 * Throws what is wrong with the values of a message that a customer sent: `bad_source_ton`,
 * `bad_source_npi`, `bad_esm_class`, `bad_priority`, `bad_registered_delivery`, `bad_replace_flag`,
 * `bad_schedule`, `bad_validity`, `tlv_length`. What a provider sends is not held to this: a refused
 * receipt helps nobody.
 */
export function checkSubmitted(sms: Sms, version: number): void {
  const { from, esmClass, octets } = sms;
  if (from.ton > tonMax) throw new GatewayError("bad_source_ton");
  if (from.npi > npiMax) throw new GatewayError("bad_source_npi");
  if (!customerTypes.has(esmClass & typeMask))
    throw new GatewayError(
      "bad_esm_class",
      `esm_class 0x${esmClass.toString(16)} is not for an ESME`,
    );
  if ((esmClass & userDataHeader) !== 0 && (octets[0] ?? octets.length) >= octets.length)
    throw new GatewayError("bad_esm_class", "esm_class tells of a header that is not there");
  if (sms.priority > (version >= version50 ? priorityMost50 : priorityMost34))
    throw new GatewayError("bad_priority");
  const receipt = sms.registeredDelivery & 0x03;
  if (sms.registeredDelivery > 0x1f || (receipt === 3 && version < version50))
    throw new GatewayError("bad_registered_delivery");
  if (sms.replaceIfPresent > 1) throw new GatewayError("bad_replace_flag");
  if (!isTimeField(sms.scheduleTime)) throw new GatewayError("bad_schedule");
  if (!isTimeField(sms.validityPeriod)) throw new GatewayError("bad_validity");
  if (sms.tlvs.length > 0) checkLengths(sms.tlvs);
}
