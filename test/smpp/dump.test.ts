// A PDU as the log tells it: everything that helps to understand a peer, and nothing that he or his
// customer would not want to be read.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeBind } from "../../src/smpp/bind.ts";
import { dumpOctetsMax, dumpOf } from "../../src/smpp/dump.ts";
import { newPdu } from "../../src/smpp/pdu.ts";
import { encodeRare } from "../../src/smpp/rare.ts";
import { encodeShortMessage, encodeShortMessageAnswer } from "../../src/smpp/short-message.ts";
import { smsOf } from "../../src/simulator/written.ts";

const secret = "SECRETTEXT";
const secretHex = Buffer.from(secret).toString("hex");
const limits = { sequence: 7, tlvs: true, pduOctetsMax: 65_536 };
const sms = smsOf({ from: "+31201234567", to: "+31612345678", text: secret });

const hex = (pdu: Buffer, showText = false): string => dumpOf(pdu, { showText }).hex;

for (const command of ["submit_sm", "deliver_sm", "data_sm"] as const)
  test(`[C09] ${command}: numbers, flags and ids are shown, the text is stars, also in TLVs that hold text`, () => {
    const tlvs = [
      { tag: 0x001e, octets: Buffer.from("id-4711\0") },
      { tag: 0x0302, octets: Buffer.from(secret) },
      { tag: 0x1400, octets: Buffer.from(secret) },
      { tag: 0x0427, octets: Buffer.of(2) },
    ];
    const pdu = encodeShortMessage(command, { ...sms, tlvs }, limits);
    const shown = hex(pdu);
    assert.ok(!shown.includes(secretHex));
    for (const kept of ["31201234567", "31612345678", "id-4711"])
      assert.ok(shown.includes(Buffer.from(kept).toString("hex")), kept);
    assert.equal(shown.length, 2 * pdu.length);
    assert.ok(shown.includes("0427000102"));
    assert.ok(hex(pdu, true).includes(secretHex), "log.pduText shows it");
  });

test("a text that goes as message_payload is stars, too", () => {
  const octets = Buffer.from(secret.repeat(40));
  const pdu = encodeShortMessage("submit_sm", { ...sms, octets }, limits);
  assert.ok(!hex(pdu).includes(secretHex));
});

test("a password is stars always, and the name beside it is shown", () => {
  const fields = {
    bindType: "transceiver",
    systemId: "ann",
    password: secret.slice(0, 8),
    systemType: "",
    version: 0x34,
    addressRange: "",
    addressTon: 0,
    addressNpi: 0,
  } as const;
  for (const showText of [false, true]) {
    const shown = hex(encodeBind(fields, 1), showText);
    assert.ok(!shown.includes(Buffer.from(fields.password).toString("hex")));
    assert.ok(shown.includes(Buffer.from("ann\0********\0").toString("hex")));
  }
});

test("what cannot be read as what it says it is, and what we do not know, shows its header only", () => {
  const broken = encodeShortMessage("submit_sm", sms, limits).subarray(0, -3);
  const unknown = Buffer.concat([newPdu(16, 0x99, 0, 1), Buffer.from(secret)]);
  const nack = Buffer.concat([newPdu(16, 0x8000_0099, 0, 1), Buffer.from(secret)]);
  const replace = encodeRare("replace_sm", {
    sequence: 1,
    fields: { message_id: "1", short_message: Buffer.from(secret) },
  });
  for (const pdu of [broken, unknown, nack, replace]) {
    const shown = hex(pdu);
    assert.match(shown.slice(32), /^(2a)+$/);
    assert.equal(shown.slice(0, 32), pdu.toString("hex", 0, 16));
  }
});

test("answers, queries and links are shown whole, with command, sequence and status in words", () => {
  const answer = encodeShortMessageAnswer("submit_sm", {
    sequence: 7,
    status: 0,
    messageId: "m-1",
  });
  const { command, sequence, status, length } = dumpOf(answer, { showText: false });
  assert.deepEqual(
    [command, sequence, status, length],
    ["submit_sm_resp", 7, "0x00000000", answer.length],
  );
  assert.equal(hex(answer), answer.toString("hex"));
  const refused = dumpOf(newPdu(16, 0x8000_0004, 0x58, 9), { showText: false });
  assert.equal(refused.status, "0x00000058");
});

test("a long PDU is cut, and its length is told", () => {
  const octets = Buffer.alloc(20_000, 0x41);
  const pdu = encodeShortMessage("submit_sm", { ...sms, octets }, limits);
  const dump = dumpOf(pdu, { showText: false });
  assert.equal(dump.hex.length, 2 * dumpOctetsMax);
  assert.equal(dump.length, pdu.length);
});

test("whatever octets a text has and wherever a PDU is cut, no text is shown and nothing is thrown", () => {
  const command = fc.constantFrom("submit_sm" as const, "deliver_sm" as const, "data_sm" as const);
  fc.assert(
    fc.property(command, fc.uint8Array({ maxLength: 60 }), fc.nat(40), (name, noise, cut) => {
      const octets = Buffer.concat([noise, Buffer.from(secret), noise]);
      const tlvs = [{ tag: 0x0381, octets: Buffer.from(secret) }];
      const whole = encodeShortMessage(name, { ...sms, octets, tlvs }, limits);
      for (const pdu of [whole, whole.subarray(0, Math.max(16, whole.length - cut))])
        assert.ok(!hex(pdu).includes(secretHex));
    }),
  );
});
