import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fillBitsBehind, pack, unpack } from "../../src/sms/packed.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

test("septets are packed with the first one in the lowest bits", () => {
  assert.deepEqual(pack(Buffer.from("hellohello")), hex("e8 32 9b fd 46 97 d9 ec 37"));
  assert.deepEqual(pack(Buffer.from("1234567")), hex("31 d9 8c 56 b3 dd 00"));
  assert.deepEqual(pack(Buffer.from("12345678")), hex("31 d9 8c 56 b3 dd 70"));
  assert.deepEqual(pack(Buffer.alloc(0)), Buffer.alloc(0));
  assert.equal(pack(Buffer.alloc(160)).length, 140);
  assert.equal(pack(Buffer.alloc(153), 1).length, 134);
});

test("septets behind a header begin at a multiple of seven bits", () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 12].map(fillBitsBehind),
    [0, 6, 5, 4, 3, 2, 1, 0, 6, 2],
  );
  assert.deepEqual(pack(Buffer.from("A"), 1), hex("82"));
  assert.deepEqual(
    unpack(hex("05 00 03 05 02 01 82"), { start: 6, fillBits: 1 }),
    Buffer.from("A"),
  );
});

test("a last septet of zero that fills the last octet is nothing, unless it is counted", () => {
  assert.deepEqual(unpack(hex("31 d9 8c 56 b3 dd 00")), Buffer.from("1234567"));
  assert.deepEqual(unpack(hex("31 d9 8c 56 b3 dd 00"), { septets: 8 }), Buffer.from("1234567\0"));
  assert.deepEqual(unpack(hex("00")), Buffer.of(0));
});

test("septets come back from their octets, whatever their number and the bits before them", () => {
  const septets = fc.uint8Array({ max: 127, maxLength: 170, size: "max" });
  const before = fc.uint8Array({ maxLength: 20, size: "max" });
  fc.assert(
    fc.property(septets, before, (raw, header) => {
      const fillBits = fillBitsBehind(header.length);
      const octets = Buffer.concat([header, pack(raw, fillBits)]);
      const start = header.length;
      const read = unpack(octets, { start, fillBits, septets: raw.length });
      assert.deepEqual(read, Buffer.from(raw));
      if (raw.at(-1) !== 0) assert.deepEqual(unpack(octets, { start, fillBits }), Buffer.from(raw));
    }),
  );
});

test("octets that are no septets are read without an error, never more than they hold", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40, size: "max" }),
      fc.nat({ max: 50 }),
      fc.nat({ max: 6 }),
      (raw, start, fillBits) => {
        const read = unpack(raw, { start, fillBits });
        assert.ok(read.length * 7 <= Math.max(0, (raw.length - start) * 8 - fillBits));
        assert.ok(read.every((septet) => septet < 128));
      },
    ),
  );
});
