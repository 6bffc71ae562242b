/** Which optional parameters go on, and what scripts may make of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { tlvsFor } from "../../src/gateway/tlvs.ts";
import type { Tlv } from "../../src/model/message.ts";
import type { ChannelTlvs, TlvDefinition, TlvWishes } from "../../src/model/tlv.ts";

const declared: readonly TlvDefinition[] = [
  { name: "billingCode", tag: 0x1401, type: "string", least: 0, most: 8 },
  { name: "tariff", tag: 0x1402, type: "int16", least: 2, most: 2 },
  { name: "note", tag: 0x1403, type: "cstring", least: 0, most: 4 },
];

function channel(pass: ChannelTlvs["pass"] = "all"): ChannelTlvs {
  return { declared: new Map(declared.map((one) => [one.tag, one])), pass };
}

const tlv = (tag: number, hex: string): Tlv => ({ tag, octets: Buffer.from(hex, "hex") });

function shown(result: ReturnType<typeof tlvsFor>): string {
  if ("fault" in result) return result.fault;
  return result.map(({ tag, octets }) => `${tag.toString(16)}=${octets.toString("hex")}`).join(" ");
}

const came = [
  tlv(0x0204, "0007"),
  tlv(0x1555, "01"),
  tlv(0x020c, "0001"),
  tlv(0x1401, "41"),
  tlv(0x1555, "02"),
];

test("[W05] passTlvs says what goes on: all with repeats, what has a name, or only what joins parts", () => {
  assert.equal(tlvsFor(came, undefined, undefined), came);
  assert.equal(tlvsFor(came, undefined, channel("all")), came);
  assert.equal(shown(tlvsFor(came, undefined, channel("declared"))), "204=0007 20c=0001 1401=41");
  assert.equal(shown(tlvsFor(came, undefined, channel("none"))), "20c=0001");
  const known = came.slice(0, 1);
  assert.equal(tlvsFor(known, undefined, channel("declared")), known, "nothing changes, no copy");
});

test("[W04] [W05] what a script sets replaces all of that name, also where nothing is passed on", () => {
  const wishes: TlvWishes = {
    user_message_reference: 258,
    billingCode: "ABC",
    tariff: 65_535,
    note: "x",
    callback_num: [Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8)],
    "0x1555": null,
    "0x1600": Uint8Array.of(9),
  };
  const set = "204=0102 1401=414243 1402=ffff 1403=7800 381=01020304 381=05060708 1600=09";
  assert.equal(shown(tlvsFor(came, wishes, channel())), `20c=0001 ${set}`);
  assert.equal(shown(tlvsFor([], wishes, channel("none"))), set);
});

test("[W05] a wish that no peer could be sent is told as what it has to be", () => {
  const cases: readonly (readonly [TlvWishes, RegExp])[] = [
    [{ nonsense: 1 }, /^no optional parameter is called nonsense/],
    [{ tariff: 65_536 }, /^tariff takes a whole number from 0 to 65535$/],
    [{ tariff: 1.5 }, /^tariff takes a whole number/],
    [{ tariff: "1" }, /^tariff takes a whole number/],
    [{ billingCode: "123456789" }, /^billingCode takes 0 to 8 octets, not 9$/],
    [{ billingCode: "€" }, /^billingCode takes a text of Latin-1/],
    [{ billingCode: 5 }, /^billingCode takes a text/],
    [{ note: "abcd" }, /^note takes 0 to 4 octets, not 5$/],
    [{ note: "a\0" }, /^note takes a text/],
    [{ callback_num: "1234" }, /^callback_num takes a Uint8Array$/],
    [{ network_error_code: Uint8Array.of(1) }, /^network_error_code takes 3 octets, not 1$/],
    [{ message_payload: Uint8Array.of(1) }, /^message_payload is written by the gateway/],
    [{ sar_msg_ref_num: 1 }, /^sar_msg_ref_num is written by the gateway/],
    [{ "0x20c": Uint8Array.of(0, 1) }, /^0x20c is written by the gateway/],
    [{ "0x1555": Array<Uint8Array>(256).fill(Uint8Array.of(1)) }, /are too many$/],
  ];
  for (const [wishes, fault] of cases) assert.match(shown(tlvsFor([], wishes, channel())), fault);
  assert.match(shown(tlvsFor([], { billingCode: "A" }, undefined)), /^no optional parameter/);
});
