/** Which values of a customer's message are refused, and with which status. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/model/error.ts";
import type { Sms } from "../../src/model/message.ts";
import { checkSubmitted, destinationFault } from "../../src/smpp/submit-rules.ts";
import { sms } from "./messages.ts";

/** The command_status that a message would be answered with; 0 when it is taken. */
function statusOf(changes: Partial<Sms>, version = 0x34): number | undefined {
  try {
    checkSubmitted(sms(changes), version);
    return 0;
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    return error.entry.smpp;
  }
}

test("[I46] priority_flag above 3 is refused with 0x06", () => {
  assert.deepEqual(
    [0, 3, 4, 9].map((priority) => statusOf({ priority })),
    [0, 0, 6, 6],
  );
});

test("[I47] reserved bits of registered_delivery are refused with 0x07; 3 is of v5.0", () => {
  const status = (registeredDelivery: number, version?: number) =>
    statusOf({ registeredDelivery }, version);
  assert.deepEqual(
    [0, 1, 2, 0x11, 0x1e].map((value) => status(value)),
    [0, 0, 0, 0, 0],
  );
  assert.deepEqual(
    [3, 0x13, 0x20, 0xff].map((value) => status(value)),
    [7, 7, 7, 7],
  );
  assert.equal(status(3, 0x50), 0);
});

test("[I55] [A54] only what an ESME may send as esm_class is taken; a receipt is not", () => {
  const status = (esmClass: number) => statusOf({ esmClass });
  assert.deepEqual([0x00, 0x03, 0x08, 0x10, 0x80].map(status), [0, 0, 0, 0, 0]);
  assert.deepEqual([0x04, 0x0c, 0x18, 0x20, 0x3f].map(status), [0x43, 0x43, 0x43, 0x43, 0x43]);
});

test("[I18] a user data header must be there when esm_class says so", () => {
  const status = (hex: string) => statusOf({ esmClass: 0x40, octets: Buffer.from(hex, "hex") });
  assert.equal(status("050003050201"), 0);
  assert.equal(status("05000305020141"), 0);
  assert.equal(status("0500030502"), 0x43);
  assert.equal(status(""), 0x43);
});

test("[I57] [I58] times that cannot be read are refused with 0x61 and 0x62", () => {
  assert.equal(statusOf({ scheduleTime: "261120120000004+" }), 0);
  assert.equal(statusOf({ validityPeriod: "000001000000000R" }), 0);
  assert.equal(statusOf({ scheduleTime: "2611201200" }), 0x61);
  assert.equal(statusOf({ validityPeriod: "261320120000000+" }), 0x62);
});

test("[I60] a known TLV of wrong length is refused with 0xC2, an unknown one is not", () => {
  const status = (tag: number, octets: number) =>
    statusOf({ tlvs: [{ tag, octets: Buffer.alloc(octets) }] });
  assert.deepEqual([status(0x0204, 2), status(0x0204, 1), status(0x0204, 3)], [0, 0xc2, 0xc2]);
  assert.deepEqual([status(0x0010, 1), status(0x0010, 2), status(0x0010, 3)], [0, 0, 0xc2]);
  assert.deepEqual([status(0x1403, 0), status(0x1403, 999)], [0, 0]);
});

test("[I50] a destination is digits, `*` and `#`, with a `+` before them at most, of a known type", () => {
  const fault = (digits: string, ton = 1, npi = 1) => destinationFault({ ton, npi, digits });
  for (const digits of ["31612345678", "+31612345678", "112", "*100#"])
    assert.equal(fault(digits), undefined, digits);
  for (const digits of ["", "ACME", "316 12", "31+6", "31612345678\u00ff"])
    assert.equal(fault(digits), "bad_destination", digits);
  assert.equal(fault("112", 6, 18), undefined);
  assert.equal(fault("112", 7), "bad_destination_ton");
  assert.equal(fault("112", 0, 19), "bad_destination_npi");
});
