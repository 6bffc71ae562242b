import { bareSms } from "../model/bare-sms.ts";
import { addressOf } from "../model/address.ts";
import type { Sms } from "../model/message.ts";
import { encode } from "../sms/data-coding.ts";

/** A message as a person writes it. */
export interface Written {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** 0 (default) no report, 1 a report of success or failure. */
  readonly registeredDelivery?: number;
}

/**
 * The short message for it: GSM 7-bit if that holds the text, else UCS-2. It is one message however
 * long the text is; more than 254 octets travel as message_payload.
 */
export function smsOf(written: Written): Sms {
  const { dataCoding, octets } = encode(written.text);
  return {
    ...bareSms(addressOf(written.from), addressOf(written.to)),
    registeredDelivery: written.registeredDelivery ?? 0,
    dataCoding,
    octets,
  };
}
