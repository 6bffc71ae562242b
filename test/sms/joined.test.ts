import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { textParts } from "../../src/sms/parts.ts";
import { joinedContent } from "../../src/sms/joined.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const part = (header: string, text: Buffer | string, dataCoding = 0) => ({
  octets: Buffer.concat([hex(header), Buffer.from(text)]),
  hasUdh: header !== "",
  dataCoding,
});

test("[I19] [I20] [X06] the two parts of the sample are one sentence", () => {
  // The first has 150 characters in 156 octets, the second 79 in 85 (I19).
  const sentence = "This is one long sentence of a sample that needs two messages. ".repeat(4);
  const [first, second] = [sentence.slice(0, 150), sentence.slice(150, 229)];
  const joined = joinedContent([
    part("05 00 03 05 02 01", first),
    part("05 00 03 05 02 02", second),
  ]);
  assert.equal(joined.text, sentence.slice(0, 229));
  assert.deepEqual(joined.whole, part("", sentence.slice(0, 229)));
});

test("octets are joined before they are read, since some cut in the middle of a character", () => {
  const emoji = hex("d83d de00");
  const joined = joinedContent([
    part("05 00 03 05 02 01", emoji.subarray(0, 2), 8),
    part("05 00 03 05 02 02", emoji.subarray(2), 8),
  ]);
  assert.equal(joined.text, "😀");
  assert.equal(joinedContent([part("", hex("1b")), part("", hex("65"))]).text, "€");
});

test("what the first header says besides joining stays in front of the whole", () => {
  const joined = joinedContent([
    part("0b 00 03 05 02 01 05 04 0b84 23f0", "ab", 4),
    part("05 00 03 05 02 02", "cd", 4),
  ]);
  assert.equal(joined.text, undefined);
  assert.deepEqual(joined.whole, part("06 05 04 0b84 23f0", "abcd", 4));
});

test("parts that differ in coding or national tables are one text, but no one content", () => {
  const coded = joinedContent([part("", "Hello "), part("", hex("0416"), 8)]);
  assert.deepEqual(coded, { text: "Hello Ж", whole: undefined });
  const tables = joinedContent([
    part("08 00 03 05 02 01 24 01 01", hex("1b53")),
    part("05 00 03 05 02 02", hex("1b65")),
  ]);
  assert.deepEqual(tables, { text: "Ş€", whole: undefined });
  const none = joinedContent([part("", "a"), part("", "b", 4)]);
  assert.deepEqual(none, { text: undefined, whole: undefined });
  const broken = joinedContent([part("05 00 03 05", ""), part("", "b")]);
  assert.deepEqual(broken, { text: undefined, whole: undefined });
});

test("packed septets of each part begin at their own bit", () => {
  const codings = { 0: "gsm7-packed" } as const;
  const joined = joinedContent(
    [
      part("05 00 03 05 02 01", hex("9065 36fb 0d")),
      part("06 08 04 0001 02 02", hex("c832 9bfd 06")),
    ],
    codings,
  );
  assert.equal(joined.text, "HelloHello");
  assert.deepEqual(joined.whole, part("", hex("c8329bfd4696d9ec37")));
});

test("any parts are joined without an error, and octets that are joined are all there", () => {
  const any = fc.record({
    octets: fc.uint8Array({ maxLength: 40, size: "max" }).map((raw) => Buffer.from(raw)),
    hasUdh: fc.boolean(),
    dataCoding: fc.constantFrom(0, 1, 4, 8, 0xf0),
  });
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 6 }), (parts) => {
      const { text, whole } = joinedContent(parts);
      assert.ok(text === undefined || text.isWellFormed());
      if (whole !== undefined && parts.every((part) => !part.hasUdh))
        assert.deepEqual(whole.octets, Buffer.concat(parts.map((part) => part.octets)));
    }),
  );
});

test("packed parts keep a last @ that they would lose if they were packed anew as a whole", () => {
  const codings = { 0: "gsm7-packed" } as const;
  const text = `${"a".repeat(160)}ça@`;
  const made = textParts(text, {
    prefer: ["gsm7-packed"],
    languages: ["turkish"],
    codings,
    reference: 0,
  });
  assert.ok("coding" in made && made.coding === "gsm7-packed");
  const { dataCoding } = made;
  const parts = made.parts.map(({ octets, hasUdh }) => ({ octets, hasUdh, dataCoding }));
  assert.equal(joinedContent(parts, codings).text, text);
});
