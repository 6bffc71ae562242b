import type { Tlv } from "../model/message.ts";
import { type Check, type Expectation, exchange, refused, succeeds } from "./check.ts";
import { appended, messagePdu } from "./pdus.ts";

/** Optional parameters that are sound, of nobody's table, and broken. */
export const TLVS: readonly Check[] = [
  sound("tlv-standard", "user_message_reference", [{ tag: 0x0204, octets: Buffer.of(1, 2) }]),
  sound("tlv-vendor", "a vendor's own TLV (0x1401)", [
    { tag: 0x1401, octets: Buffer.from("A1", "latin1") },
  ]),
  sound("tlv-unknown", "a TLV of a tag that nobody knows (0x7F01)", [
    { tag: 0x7f01, octets: Buffer.of(1) },
  ]),
  sound("tlv-repeated", "the same vendor's TLV twice", [
    { tag: 0x1401, octets: Buffer.of(1) },
    { tag: 0x1401, octets: Buffer.of(2) },
  ]),
  sound("tlv-empty", "a vendor's TLV of no octets", [{ tag: 0x1401, octets: Buffer.alloc(0) }]),
  broken("tlv-header-cut", "half a TLV header at its end", "0204 00", refused(0xc0, 0x02)),
  broken(
    "tlv-value-cut",
    "a TLV that is longer than the PDU",
    "0204 0020 01",
    refused(0xc0, 0x02, 0xc2),
  ),
  broken(
    "tlv-65535",
    "a message_payload of 65,535 octets, of which two are there",
    "0424 ffff 4142",
    refused(0xc0, 0x02, 0xc2),
  ),
  broken("tlv-wrong-length", "user_message_reference of one octet", "0204 0001 01", refused(0xc2)),
  broken(
    "tlv-long-integer",
    "a user_response_code of four octets",
    "0205 0004 00000001",
    refused(0xc2),
  ),
  broken(
    "tlv-second-text",
    "a message_payload beside its short_message",
    "0424 0002 4142",
    refused(0xc0, 0xc1, 0x01, 0x02, 0x45),
  ),
];

function sound(id: string, what: string, tlvs: readonly Tlv[]): Check {
  return exchange({
    id,
    asks: `submit_sm with ${what}`,
    section: "v3.4 §3.2.4, §3.3",
    state: "transceiver",
    command: "submit_sm",
    sends: true,
    expects: succeeds(),
    pdu: (sequence, probe) => messagePdu("submit_sm", sequence, probe, { tlvs }),
  });
}

function broken(id: string, what: string, octets: string, expects: Expectation): Check {
  return exchange({
    id,
    asks: `submit_sm with ${what}`,
    section: "v3.4 §3.2.4.1, §5.1.3",
    state: "transceiver",
    command: "submit_sm",
    sends: true,
    expects,
    pdu: (sequence, probe) => appended(messagePdu("submit_sm", sequence, probe), octets),
  });
}
