import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Concatenation,
  concatenationElement,
  concatenationIn,
  concatenationInTlvs,
  concatenationTlvs,
} from "../../src/sms/concatenation.ts";
import { headerIn, headerOf } from "../../src/sms/user-data-header.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const read = (header: string) => concatenationIn(headerIn(hex(header)).elements);

test("[I20] the sample headers are the two parts of one text", () => {
  const common = { kind: "udh8", reference: 5, total: 2 };
  assert.deepEqual(read("05 00 03 05 02 01"), { ...common, sequence: 1 });
  assert.deepEqual(read("05 00 03 05 02 02"), { ...common, sequence: 2 });
});

test("a reference of 16 bits is read beside other elements", () => {
  const found = read("0c 05 04 0b84 0000 08 04 1234 03 02");
  assert.deepEqual(found, { kind: "udh16", reference: 0x1234, total: 3, sequence: 2 });
});

test("what cannot be is no concatenation, and of several the last sound one counts", () => {
  for (const header of [
    "05 00 03 05 00 00",
    "05 00 03 05 02 00",
    "05 00 03 05 02 03",
    "04 00 02 05 02",
    "05 08 03 05 02 01",
    "03 24 01 01",
  ])
    assert.equal(read(header), undefined, header);
  assert.equal(read("0a 00 03 05 02 01 00 03 06 02 02")?.reference, 6);
  assert.equal(read("0a 00 03 05 02 01 00 03 06 02 09")?.reference, 5);
});

test("the TLVs of SMPP say the same, and all three are needed", () => {
  const tlvs = [
    { tag: 0x020c, octets: hex("0007") },
    { tag: 0x020e, octets: hex("02") },
    { tag: 0x020f, octets: hex("01") },
  ];
  const sar: Concatenation = { kind: "sar", reference: 7, total: 2, sequence: 1 };
  assert.deepEqual(concatenationInTlvs(tlvs), sar);
  assert.deepEqual(concatenationTlvs(sar), tlvs);
  for (const missing of tlvs)
    assert.equal(concatenationInTlvs(tlvs.filter((tlv) => tlv !== missing)), undefined);
  const empty = tlvs.map((tlv) => ({ ...tlv, octets: Buffer.alloc(0) }));
  assert.equal(concatenationInTlvs(empty), undefined);
});

test("what is written is what is read", () => {
  const any = fc
    .record({
      kind: fc.constantFrom("udh8" as const, "udh16" as const, "sar" as const),
      reference: fc.nat({ max: 65_535 }),
      total: fc.integer({ min: 1, max: 255 }),
      share: fc.nat({ max: 254 }),
    })
    .map(({ kind, reference, total, share }) => ({
      kind,
      reference: kind === "udh8" ? reference & 0xff : reference,
      total,
      sequence: 1 + (share % total),
    }));
  fc.assert(
    fc.property(any, (told) => {
      const found =
        told.kind === "sar"
          ? concatenationInTlvs(concatenationTlvs(told))
          : concatenationIn(headerIn(headerOf([concatenationElement(told)])).elements);
      assert.deepEqual(found, told);
    }),
  );
});
