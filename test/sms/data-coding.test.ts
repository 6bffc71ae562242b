import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decode, encode } from "../../src/sms/data-coding.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

test("[C33] text goes as GSM 7-bit where that alphabet holds it, else as UCS-2", () => {
  assert.deepEqual(encode("Hello"), { dataCoding: 0, octets: Buffer.from("Hello") });
  assert.deepEqual(encode("Ж"), { dataCoding: 8, octets: hex("0416") });
  assert.deepEqual(encode("5 €"), { dataCoding: 0, octets: hex("35 20 1b 65") });
  assert.deepEqual(encode("😀"), { dataCoding: 8, octets: hex("d83d de00") });
  assert.deepEqual(encode(""), { dataCoding: 0, octets: Buffer.alloc(0) });
});

test("each data_coding is read by its own alphabet", () => {
  const cases: readonly (readonly [
    dataCoding: number,
    octets: string,
    text: string | undefined,
  ])[] = [
    [0x00, "00 11 24", "@_¤"],
    [0x01, "40 5f 24 60 7b", "@_$`{"],
    [0x03, "e4 40 ff", "ä@ÿ"],
    [0x08, "0416 d83d de00", "Ж😀"],
    [0xc8, "00 1b 65", "@€"],
    [0xd0, "00", "@"],
    [0xe0, "0416", "Ж"],
    [0xf0, "00", "@"],
    [0xf3, "00", "@"],
    [0x02, "41", undefined],
    [0x04, "41", undefined],
    [0x06, "41", undefined],
    [0x10, "41", undefined],
    [0x18, "0041", undefined],
    [0xbf, "41", undefined],
    [0xf4, "41", undefined],
    [0xf7, "41", undefined],
  ];
  for (const [dataCoding, octets, text] of cases) {
    assert.equal(decode(hex(octets), dataCoding, false), text, `0x${dataCoding.toString(16)}`);
  }
});

test("octets that are not text in the coding they name are said to be none", () => {
  assert.equal(decode(hex("41 80"), 0x00, false), undefined);
  assert.equal(decode(hex("41 80"), 0x01, false), undefined);
  assert.equal(decode(hex("0041 00"), 0x08, false), undefined);
  assert.equal(decode(hex("d83d"), 0x08, false), undefined, "half a surrogate pair");
  assert.equal(decode(hex("de00 d83d"), 0x08, false), undefined, "a pair the wrong way round");
});

test("the header of a part is skipped by its own length", () => {
  const part = Buffer.concat([hex("05 00 03 05 02 01"), Buffer.from("first half, ")]);
  assert.equal(decode(part, 0x00, true), "first half, ");
  assert.equal(decode(part, 0x04, true), undefined);
  assert.equal(decode(hex("06 08 04 00 01 02 01 0416"), 0x08, true), "Ж");
  assert.equal(decode(hex("00 48 69"), 0x00, true), "Hi");
  assert.equal(decode(hex("05 00 03 05 02 01"), 0x00, true), "");
});

test("a header that is longer than the message makes it no text", () => {
  assert.equal(decode(hex("05 00 03 05 02"), 0x00, true), undefined);
  assert.equal(decode(hex("ff"), 0x08, true), undefined);
  assert.equal(decode(Buffer.alloc(0), 0x00, true), undefined);
});

test("any text comes back from what was written, whatever its alphabet", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
      const { dataCoding, octets } = encode(text);
      assert.equal(decode(octets, dataCoding, false), text);
    }),
  );
});

test("reading never changes the octets and never throws, whatever they are", () => {
  const octet = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), octet, fc.boolean(), (raw, coding, hasUdh) => {
      const octets = Buffer.from(raw);
      const text = decode(octets, coding, hasUdh);
      assert.deepEqual(octets, Buffer.from(raw));
      assert.ok(text === undefined || text.isWellFormed());
    }),
  );
});
