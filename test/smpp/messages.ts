import type { Sms } from "../../src/model/message.ts";

/** A plain message of 5 octets, with what a test wants otherwise. */
export function sms(changes: Partial<Sms> = {}): Sms {
  return {
    from: { ton: 5, npi: 0, digits: "ACME" },
    to: { ton: 1, npi: 1, digits: "31699887766" },
    serviceType: "",
    esmClass: 0,
    protocolId: 0,
    priority: 0,
    scheduleTime: "",
    validityPeriod: "",
    registeredDelivery: 0,
    replaceIfPresent: 0,
    dataCoding: 0,
    octets: Buffer.from("hello", "latin1"),
    text: undefined,
    tlvs: [],
    ...changes,
  };
}
