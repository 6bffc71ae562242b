import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromGsm7, septetsOf, toGsm7 } from "../../src/sms/gsm7.ts";

/** TS 23.038 §6.2.1, written down a second time by code point so that a slip in the table shows. */
const SPECIAL: readonly (readonly [number, number])[] = [
  [0x00, 0x40],
  [0x01, 0xa3],
  [0x02, 0x24],
  [0x03, 0xa5],
  [0x04, 0xe8],
  [0x05, 0xe9],
  [0x06, 0xf9],
  [0x07, 0xec],
  [0x08, 0xf2],
  [0x09, 0xc7],
  [0x0a, 0x0a],
  [0x0b, 0xd8],
  [0x0c, 0xf8],
  [0x0d, 0x0d],
  [0x0e, 0xc5],
  [0x0f, 0xe5],
  [0x10, 0x394],
  [0x11, 0x5f],
  [0x12, 0x3a6],
  [0x13, 0x393],
  [0x14, 0x39b],
  [0x15, 0x3a9],
  [0x16, 0x3a0],
  [0x17, 0x3a8],
  [0x18, 0x3a3],
  [0x19, 0x398],
  [0x1a, 0x39e],
  [0x1c, 0xc6],
  [0x1d, 0xe6],
  [0x1e, 0xdf],
  [0x1f, 0xc9],
  [0x24, 0xa4],
  [0x40, 0xa1],
  [0x5b, 0xc4],
  [0x5c, 0xd6],
  [0x5d, 0xd1],
  [0x5e, 0xdc],
  [0x5f, 0xa7],
  [0x60, 0xbf],
  [0x7b, 0xe4],
  [0x7c, 0xf6],
  [0x7d, 0xf1],
  [0x7e, 0xfc],
  [0x7f, 0xe0],
];
const EXTENDED: readonly (readonly [number, string])[] = [
  [0x0a, "\f"],
  [0x14, "^"],
  [0x28, "{"],
  [0x29, "}"],
  [0x2f, "\\"],
  [0x3c, "["],
  [0x3d, "~"],
  [0x3e, "]"],
  [0x40, "|"],
  [0x65, "€"],
];

test("each code of the default alphabet is the character that TS 23.038 names, both ways", () => {
  const special = new Map(SPECIAL);
  for (let code = 0; code < 0x80; code++) {
    if (code === 0x1b) continue;
    const character = String.fromCharCode(special.get(code) ?? code);
    assert.equal(fromGsm7(Buffer.from([code])), character, `0x${code.toString(16)}`);
    assert.deepEqual(toGsm7(character), Buffer.from([code]), character);
  }
});

test("each character of the extension table takes an escape and its code, both ways", () => {
  for (const [code, character] of EXTENDED) {
    assert.deepEqual(toGsm7(character), Buffer.from([0x1b, code]));
    assert.equal(fromGsm7(Buffer.from([0x1b, code])), character);
    assert.equal(septetsOf(character), 2);
  }
});

test("the alphabet holds 127 + 10 characters and no other of the basic plane", () => {
  let held = 0;
  for (let unit = 0; unit <= 0xffff; unit++) {
    const text = String.fromCharCode(unit);
    const septets = toGsm7(text);
    assert.equal(septets === undefined, septetsOf(text) === undefined);
    if (septets === undefined) continue;
    held++;
    assert.equal(fromGsm7(septets), text);
  }
  assert.equal(held, 137);
});

test("a text with one character too many is refused whole, never replaced by something alike", () => {
  for (const text of ["naïve", "Ж", "it’s", "`", "\u001b", "\0", "ç", "😀", "\ud83d"]) {
    assert.equal(toGsm7(`well ${text}`), undefined, text);
    assert.equal(septetsOf(text), undefined, text);
  }
});

test("an octet with its eighth bit, or an escape alone at the end, is no GSM text", () => {
  for (const octets of [[0x80], [0x41, 0xff], [0x1b, 0x80], [0x00, 0x80], [0x41, 0x1b]]) {
    assert.equal(fromGsm7(Buffer.from(octets)), undefined);
  }
});

test("an escaped code that is not assigned reads as its default character, an escaped escape as a space", () => {
  assert.equal(fromGsm7(Buffer.from([0x1b, 0x41, 0x1b, 0x1b, 0x1b, 0x65])), "A €");
});

test("reading starts behind a header and an empty text stays empty", () => {
  assert.equal(fromGsm7(Buffer.from([0xff, 0x48, 0x69]), 1), "Hi");
  assert.equal(fromGsm7(Buffer.from([0xff, 0x48, 0x00]), 1), "H@");
  assert.equal(fromGsm7(Buffer.alloc(0)), "");
  assert.deepEqual(toGsm7(""), Buffer.alloc(0));
});

test("any text of the alphabet comes back as it was, and takes the octets that were counted", () => {
  const characters = SPECIAL.map(([, point]) => String.fromCharCode(point))
    .concat(EXTENDED.map(([, character]) => character))
    .concat("abcXYZ 0189.,?!".split(""));
  const text = fc.array(fc.constantFrom(...characters), { maxLength: 400, size: "max" });
  fc.assert(
    fc.property(text, (list) => {
      const whole = list.join("");
      const octets = toGsm7(whole);
      assert.ok(octets !== undefined);
      assert.equal(octets.length, septetsOf(whole));
      assert.equal(fromGsm7(octets), whole);
    }),
  );
});

test("any octets are either text or undefined, never a throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300, size: "max" }), (octets) => {
      const text = fromGsm7(Buffer.from(octets));
      if (octets.some((octet) => octet > 0x7f)) assert.equal(text, undefined);
      else if (text !== undefined) assert.ok(text.length <= octets.length);
    }),
  );
});
