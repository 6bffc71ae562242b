import type { Address } from "./address.ts";
import type { Sms } from "./message.ts";

const nothing = Buffer.alloc(0);

/**
 * A short message with nothing but its addresses: what it is to have besides is written over it. Called
 * for each receipt and each message of our own; what came over a wire has all its fields already.
 */
export function bareSms(from: Address, to: Address): Sms {
  return {
    from,
    to,
    serviceType: "",
    esmClass: 0,
    protocolId: 0,
    priority: 0,
    scheduleTime: "",
    validityPeriod: "",
    registeredDelivery: 0,
    replaceIfPresent: 0,
    dataCoding: 0,
    octets: nothing,
    text: undefined,
    tlvs: [],
  };
}
