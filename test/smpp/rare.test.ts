/** The commands of which there are few: against the npm package, at their bounds, and with any octets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import smpp from "smpp";
import { GatewayError } from "../../src/model/error.ts";
import { decodeBindAnswer, withoutPassword } from "../../src/smpp/bind.ts";
import { COMMAND, commandName } from "../../src/smpp/command.ts";
import { type Fields, decodeRare, encodeRare } from "../../src/smpp/rare.ts";
import { BIND_TRX, frame, header } from "./peer.ts";

const refusedWith = (code: string) => (error: unknown) =>
  error instanceof GatewayError && error.code === code;

const SAMPLES: readonly (readonly [command: string, fields: Fields])[] = [
  [
    "bind_transceiver",
    {
      system_id: "client",
      password: "secret",
      system_type: "SMPP",
      interface_version: 0x34,
      addr_ton: 1,
      addr_npi: 1,
      address_range: "^316",
    },
  ],
  ["bind_receiver_resp", { system_id: "SMSC" }],
  ["outbind", { system_id: "SMSC", password: "pw" }],
  ["query_sm", { message_id: "77", source_addr_ton: 1, source_addr_npi: 1, source_addr: "31" }],
  [
    "query_sm_resp",
    { message_id: "77", final_date: "261120120000004+", message_state: 2, error_code: 5 },
  ],
  [
    "cancel_sm",
    {
      service_type: "CMT",
      message_id: "77",
      source_addr_ton: 5,
      source_addr_npi: 0,
      source_addr: "ACME",
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: "31699887766",
    },
  ],
  ["cancel_sm_resp", {}],
  [
    "replace_sm",
    {
      message_id: "77",
      source_addr_ton: 0,
      source_addr_npi: 0,
      source_addr: "",
      schedule_delivery_time: "",
      validity_period: "000001000000000R",
      registered_delivery: 1,
      sm_default_msg_id: 0,
      short_message: Buffer.from("new text"),
    },
  ],
  [
    "submit_multi_resp",
    {
      message_id: "88",
      unsuccess_sme: [{ ton: 1, npi: 1, digits: "31", status: 0x0b }],
    },
  ],
  [
    "alert_notification",
    {
      source_addr_ton: 1,
      source_addr_npi: 1,
      source_addr: "31",
      esme_addr_ton: 0,
      esme_addr_npi: 0,
      esme_addr: "42",
    },
  ],
];

test("what is written is read again, TLVs included", () => {
  for (const [command, fields] of SAMPLES) {
    const tlvs = [{ tag: 0x1400, octets: Buffer.from("own") }];
    const pdu = encodeRare(command, { sequence: 5, fields, tlvs });
    assert.deepEqual(decodeRare(command, pdu), { fields, tlvs }, command);
  }
});

test("the npm package writes the same octets", () => {
  for (const [command, fields] of SAMPLES) {
    const unsuccess_sme = [
      { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: "31", error_status_code: 0x0b },
    ];
    const given =
      command === "submit_multi_resp" ? { message_id: "88", unsuccess_sme } : { ...fields };
    const foreign = new smpp.PDU(command, { ...given, sequence_number: 5 }).toBuffer();
    assert.deepEqual(encodeRare(command, { sequence: 5, fields }), foreign, command);
  }
});

test("submit_multi holds numbers and lists", () => {
  const fields = {
    service_type: "",
    source_addr_ton: 5,
    source_addr_npi: 0,
    source_addr: "ACME",
    dest_address: [{ ton: 1, npi: 1, digits: "31" }, { list: "friends" }],
    esm_class: 0,
    protocol_id: 0,
    priority_flag: 0,
    schedule_delivery_time: "",
    validity_period: "",
    registered_delivery: 0,
    replace_if_present_flag: 0,
    data_coding: 0,
    sm_default_msg_id: 0,
    short_message: Buffer.from("hi all"),
  };
  const pdu = encodeRare("submit_multi", { sequence: 1, fields });
  assert.ok(
    pdu.includes(Buffer.from("02 01 01 01 333100 02 667269656e647300".replace(/ /g, ""), "hex")),
  );
  assert.deepEqual(decodeRare("submit_multi", pdu).fields, fields);
});

test("every command of the table can be read and written with nothing given", () => {
  for (const command of Object.keys(COMMAND))
    for (const name of [command, `${command}_resp`]) {
      if (smpp.commands[name] === undefined) continue;
      const pdu = encodeRare(name, { sequence: 1 });
      assert.equal(commandName(pdu.readUInt32BE(4)), name);
      decodeRare(name, pdu);
    }
});

test("a request that is cut short is refused; a response is taken as far as it goes", () => {
  const query = frame(`${header(3, { sequence: 1 })} 3737`);
  assert.throws(() => decodeRare("query_sm", query), refusedWith("bad_pdu_length"));
  assert.equal(decodeRare("query_sm_resp", query).fields["message_id"], "77");
  const missing = frame(`${header(3, { sequence: 1 })} 373700 01`);
  assert.throws(() => decodeRare("query_sm", missing), refusedWith("bad_pdu_length"));
  const list = frame(`${header(0x21, { sequence: 1 })} 00 0000 00 05 01 01 01 3100`);
  assert.throws(() => decodeRare("submit_multi", list), GatewayError);
});

test("each field that is too long has its own status", () => {
  const cases = [
    ["bind_receiver", "system_id", 17, "unknown_account"],
    ["bind_receiver", "password", 65, "bad_password"],
    ["query_sm", "message_id", 65, "unknown_message_id"],
    ["query_sm", "source_addr", 21, "bad_source"],
    ["cancel_sm", "destination_addr", 21, "bad_destination"],
    ["replace_sm", "validity_period", 17, "bad_validity"],
  ] as const;
  for (const [command, field, octets, code] of cases) {
    const most = { [field]: "1".repeat(octets - 1) };
    const pdu = encodeRare(command, { sequence: 1, fields: most });
    assert.equal(decodeRare(command, pdu).fields[field], most[field]);
    assert.throws(
      () => encodeRare(command, { sequence: 1, fields: { [field]: "1".repeat(octets) } }),
      refusedWith(code),
    );
  }
  const name = "41".repeat(17);
  assert.throws(
    () => decodeRare("bind_receiver", frame(`${header(1, { sequence: 1 })} ${name} 00`)),
    refusedWith("unknown_account"),
  );
});

test("any octets give fields or a GatewayError", () => {
  const commands = Object.keys(smpp.commands);
  fc.assert(
    fc.property(
      fc.constantFrom(...commands),
      fc.uint8Array({ maxLength: 120 }),
      (command, body) => {
        const pdu = frame(header(1, { sequence: 1 }) + Buffer.from(body).toString("hex"));
        try {
          decodeRare(command, pdu);
        } catch (error) {
          assert.ok(error instanceof GatewayError, String(error));
        }
        decodeBindAnswer("receiver", pdu);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("[A08] a bind is shown without its password, whatever its octets", () => {
  assert.equal(withoutPassword(BIND_TRX).toString("latin1", 16), "Test1\0****\0\0\x34\0\0\0");
  for (const cut of [1, 4, 9, 12]) {
    const shown = withoutPassword(BIND_TRX.subarray(0, -cut)).toString("latin1");
    assert.ok(!shown.includes("Pw"), shown);
  }
  const other = frame(`${header(4, { sequence: 1 })} 00506430`);
  assert.equal(withoutPassword(other), other);
});
