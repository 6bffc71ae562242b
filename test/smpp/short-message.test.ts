/** The hot codec: frames of real peers, every refusal, and that nothing is lost on the way through. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import smpp from "smpp";
import { GatewayError } from "../../src/model/error.ts";
import type { Sms, Tlv } from "../../src/model/message.ts";
import type { ShortMessageCommand } from "../../src/smpp/command.ts";
import {
  decodeShortMessage,
  decodeShortMessageAnswer,
  encodeShortMessage,
  encodeShortMessageAnswer,
} from "../../src/smpp/short-message.ts";
import { sms } from "./messages.ts";
import { frame, header } from "./peer.ts";

const COMMANDS: readonly ShortMessageCommand[] = ["submit_sm", "deliver_sm", "data_sm"];
const options = { sequence: 1, tlvs: true, pduOctetsMax: 65_536 };

const refusedWith = (code: string) => (error: unknown) =>
  error instanceof GatewayError && error.code === code;

function decodeHex(command: ShortMessageCommand, body: string): Sms {
  return decodeShortMessage(command, frame(`${header(4, { sequence: 1 })} ${body}`));
}

/** The hex digits of a text with its NUL. */
const ascii = (value: string): string => `${Buffer.from(value, "latin1").toString("hex")}00`;

test("a submit_sm of a plain client is read field by field", () => {
  const read = decodeHex(
    "submit_sm",
    `${ascii("CMT")} 0500 ${ascii("ACE")} 0101 ${ascii("31")} 40 01 03
     ${ascii("261120120000004+")} ${ascii("000001000000000R")} 01 00 08 00 04 d83dde00`,
  );
  assert.deepEqual(read, {
    serviceType: "CMT",
    from: { ton: 5, npi: 0, digits: "ACE" },
    to: { ton: 1, npi: 1, digits: "31" },
    esmClass: 0x40,
    protocolId: 1,
    priority: 3,
    scheduleTime: "261120120000004+",
    validityPeriod: "000001000000000R",
    registeredDelivery: 1,
    replaceIfPresent: 0,
    dataCoding: 8,
    octets: Buffer.from("d83dde00", "hex"),
    text: undefined,
    tlvs: [],
  });
});

test("octets above 0x7f in an address survive both ways", () => {
  const from = { ton: 5, npi: 0, digits: "Caf\u00e9\u00ff" };
  const pdu = encodeShortMessage("submit_sm", sms({ from }), options);
  assert.ok(pdu.includes(Buffer.from("436166e9ff00", "hex")));
  assert.deepEqual(decodeShortMessage("submit_sm", pdu).from, from);
});

test("254 octets go as short_message, 255 as message_payload, and both are read as octets", () => {
  const short = encodeShortMessage("submit_sm", sms({ octets: Buffer.alloc(254, 1) }), options);
  const long = encodeShortMessage("submit_sm", sms({ octets: Buffer.alloc(255, 1) }), options);
  assert.equal(short.length - 254, long.length - 255 - 4);
  assert.ok(long.includes(Buffer.from("042400ff01", "hex")));
  for (const pdu of [short, long]) {
    const read = decodeShortMessage("submit_sm", pdu);
    assert.ok(read.octets.length >= 254 && read.octets.every((octet) => octet === 1));
    assert.deepEqual(read.tlvs, []);
  }
});

test("[I41] sm_length 255 is refused as too long, one above what is there as a bad length", () => {
  const fields = "00 0000 00 0000 3100 00 00 00 00 00 00 00 00 00";
  const text = (octets: number) => "41".repeat(octets);
  assert.throws(
    () => decodeHex("submit_sm", `${fields} ff ${text(255)}`),
    refusedWith("message_too_long"),
  );
  assert.throws(
    () => decodeHex("submit_sm", `${fields} 05 ${text(4)}`),
    refusedWith("bad_pdu_length"),
  );
  assert.equal(decodeHex("submit_sm", `${fields} 05 ${text(5)}`).octets.length, 5);
});

test("each field that is too long has its own status", () => {
  const long = (octets: number) => `${"41".repeat(octets)} 00`;
  const cases = [
    [long(6), "bad_service_type"],
    [`00 0000 ${long(21)}`, "bad_source"],
    [`00 0000 00 0000 ${long(21)}`, "bad_destination"],
    [`00 0000 00 0000 3100 00 00 00 ${long(17)}`, "bad_schedule"],
    [`00 0000 00 0000 3100 00 00 00 00 ${long(17)}`, "bad_validity"],
    // No NUL before the PDU ends.
    ["00 0000 414141", "bad_pdu_length"],
  ] as const;
  for (const [body, code] of cases)
    assert.throws(() => decodeHex("submit_sm", body), refusedWith(code), body);
  assert.equal(decodeHex("data_sm", `00 0000 ${long(64)} 0000 00 00 00 00`).from.digits.length, 64);
});

test("[I59] TLVs that are cut short, twice a payload, or payload beside text are refused", () => {
  const fields = "00 0000 00 0000 3100 00 00 00 00 00 00 00 00 00";
  for (const tail of ["00 04", "00 0424 00", "00 0424 0002 41", "00 0424 0001 41 0424 0001 41"])
    assert.throws(
      () => decodeHex("submit_sm", `${fields} ${tail}`),
      refusedWith("tlv_stream"),
      tail,
    );
  assert.throws(
    () => decodeHex("submit_sm", `${fields} 01 41 0424 0001 41`),
    refusedWith("tlv_stream"),
  );
});

test("[W05] repeats, unknown and vendor's own TLVs are kept in their order", () => {
  const tlvs: Tlv[] = [
    { tag: 0x1403, octets: Buffer.from("billing") },
    { tag: 0x0381, octets: Buffer.of(1, 2, 3, 4) },
    { tag: 0x0381, octets: Buffer.of(5, 6, 7, 8) },
    { tag: 0xffff, octets: Buffer.alloc(0) },
  ];
  for (const command of COMMANDS) {
    const pdu = encodeShortMessage(command, sms({ tlvs }), options);
    assert.deepEqual(decodeShortMessage(command, pdu).tlvs, tlvs);
  }
});

test("more than 255 TLVs are refused: they would grow a hundredfold in memory", () => {
  const tlvs = Array.from({ length: 256 }, () => ({ tag: 0x1400, octets: Buffer.alloc(0) }));
  const pdu = encodeShortMessage("submit_sm", sms({ tlvs }), options);
  assert.throws(() => decodeShortMessage("submit_sm", pdu), refusedWith("tlv_stream"));
  const fewer = encodeShortMessage("submit_sm", sms({ tlvs: tlvs.slice(1) }), options);
  assert.equal(decodeShortMessage("submit_sm", fewer).tlvs.length, 255);
});

test("what the wire cannot carry is refused by field, and never shifts the fields behind it", () => {
  const address = (digits: string) => ({ ton: 0, npi: 0, digits });
  const cases = [
    [{ from: address("a\0evil") }, "bad_source"],
    [{ to: address("\u20ac") }, "bad_destination"],
    [{ to: address("1".repeat(21)) }, "bad_destination"],
    [{ scheduleTime: "1".repeat(17) }, "bad_schedule"],
    [{ validityPeriod: "\0" }, "bad_validity"],
    [{ serviceType: "abcdef" }, "bad_request"],
    [{ octets: Buffer.alloc(65_500) }, "message_too_long"],
    [{ tlvs: [{ tag: 0x0424, octets: Buffer.of(1) }] }, "tlv_stream"],
    [{ tlvs: [{ tag: 0x1_0000, octets: Buffer.of(1) }] }, "tlv_length"],
  ] as const;
  for (const [changes, code] of cases)
    assert.throws(
      () => encodeShortMessage("submit_sm", sms(changes), options),
      refusedWith(code),
      code,
    );
});

test("nothing of a decoded message lies in the octets that it was read from", () => {
  const tlvs = [{ tag: 0x1400, octets: Buffer.from("kept") }];
  const pdu = encodeShortMessage("submit_sm", sms({ octets: Buffer.alloc(100, 7), tlvs }), options);
  const read = decodeShortMessage("submit_sm", pdu);
  pdu.fill(0xee);
  assert.deepEqual(read, sms({ octets: Buffer.alloc(100, 7), tlvs }));
});

const octet = fc.nat(255);
const text = (most: number) =>
  fc
    .array(fc.integer({ min: 1, max: 255 }), { maxLength: most })
    .map((octets) => String.fromCharCode(...octets));
const octets = (most: number) =>
  fc.uint8Array({ maxLength: most }).map((array) => Buffer.from(array));
/** Records as our decoder makes them, with a prototype. */
const plain = { noNullPrototype: true };
const address = (most: number) => fc.record({ ton: octet, npi: octet, digits: text(most) }, plain);
const tlv = fc.record(
  {
    tag: fc.nat(0xffff).filter((tag) => tag !== 0x0424),
    octets: octets(300),
  },
  plain,
);
const anySms = fc.record(
  {
    from: address(20),
    to: address(20),
    serviceType: text(5),
    esmClass: octet,
    protocolId: octet,
    priority: octet,
    scheduleTime: text(16),
    validityPeriod: text(16),
    registeredDelivery: octet,
    replaceIfPresent: octet,
    dataCoding: octet,
    octets: octets(600),
    text: fc.constant(undefined),
    tlvs: fc.array(tlv, { maxLength: 5 }),
  },
  plain,
);

test("decode(encode(message)) is the message, whatever it holds", () => {
  fc.assert(
    fc.property(anySms, fc.constantFrom(...COMMANDS), (message, command) => {
      const read = decodeShortMessage(command, encodeShortMessage(command, message, options));
      const { from, to, serviceType, esmClass, registeredDelivery, dataCoding } = message;
      const carried = { from, to, serviceType, esmClass, registeredDelivery, dataCoding };
      const expected =
        command === "data_sm"
          ? sms({ ...carried, octets: message.octets, tlvs: message.tlvs })
          : message;
      assert.deepEqual(read, expected);
    }),
  );
});

test("any octets give a message or a GatewayError with a status", () => {
  fc.assert(
    fc.property(fc.constantFrom(...COMMANDS), octets(200), (command, body) => {
      try {
        decodeShortMessage(command, frame(header(4, { sequence: 1 }) + body.toString("hex")));
      } catch (error) {
        assert.ok(error instanceof GatewayError && error.entry.smpp !== undefined, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

test("the npm package writes and reads the same submit_sm octet by octet", () => {
  const message = sms({
    serviceType: "CMT",
    esmClass: 0x40,
    protocolId: 2,
    priority: 1,
    scheduleTime: "261120120000004+",
    validityPeriod: "000001000000000R",
    registeredDelivery: 1,
    dataCoding: 4,
    octets: Buffer.from("0500030502 0141".replace(" ", ""), "hex"),
    tlvs: [{ tag: 0x0204, octets: Buffer.of(1, 2) }],
  });
  const foreign = new smpp.PDU("submit_sm", {
    sequence_number: 1,
    service_type: "CMT",
    source_addr_ton: 5,
    source_addr: "ACME",
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: "31699887766",
    esm_class: 0x40,
    protocol_id: 2,
    priority_flag: 1,
    schedule_delivery_time: "261120120000004+",
    validity_period: "000001000000000R",
    registered_delivery: 1,
    data_coding: 4,
    short_message: message.octets,
    user_message_reference: 0x0102,
  }).toBuffer();
  assert.deepEqual(encodeShortMessage("submit_sm", message, options), foreign);
  assert.deepEqual(decodeShortMessage("submit_sm", foreign), message);
});

test("[I12] an answer carries the id; a refused submit_sm has no body, the others an empty id", () => {
  const answer = (command: ShortMessageCommand, status: number, messageId: string) =>
    encodeShortMessageAnswer(command, { sequence: 9, status, messageId }).toString("hex", 4);
  assert.equal(answer("submit_sm", 0, "ab"), "800000040000000000000009616200");
  assert.equal(answer("submit_sm", 0x58, "ab"), "800000040000005800000009");
  assert.equal(answer("deliver_sm", 0, ""), "80000005000000000000000900");
  assert.equal(answer("deliver_sm", 0x64, ""), "80000005000000640000000900");
  assert.equal(answer("data_sm", 0xfe, ""), "80000103000000fe0000000900");
  assert.throws(() => answer("submit_sm", 0, "x".repeat(65)), refusedWith("bad_request"));
});

test("an answer is read with and without body, NUL and sound TLVs", () => {
  const read = (body: string) =>
    decodeShortMessageAnswer(frame(`${header(0x8000_0004, { sequence: 1 })} ${body}`));
  assert.deepEqual(read(""), { messageId: "", tlvs: [] });
  assert.deepEqual(read("00"), { messageId: "", tlvs: [] });
  assert.deepEqual(read("6162"), { messageId: "ab", tlvs: [] });
  assert.deepEqual(read("616200"), { messageId: "ab", tlvs: [] });
  assert.deepEqual(read("616200 001d 0001 78"), {
    messageId: "ab",
    tlvs: [{ tag: 0x1d, octets: Buffer.from("x") }],
  });
  assert.deepEqual(read("616200 001d 0009 78"), { messageId: "ab", tlvs: [] });
});
