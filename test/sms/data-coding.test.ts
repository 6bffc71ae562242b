import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CODINGS, CODECS } from "../../src/sms/coding.ts";
import { DEFAULT } from "../../src/sms/gsm7.ts";
import {
  type Codings,
  dataCodingFor,
  dataCodingOf,
  decode,
  encode,
  unicodeLike,
} from "../../src/sms/data-coding.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

test("[C33] text goes as GSM 7-bit where that alphabet holds it, else as UCS-2", () => {
  const gsm7 = { coding: "gsm7", dataCoding: 0 };
  const ucs2 = { coding: "ucs2", dataCoding: 8 };
  assert.deepEqual(encode("Hello"), { ...gsm7, octets: Buffer.from("Hello") });
  assert.deepEqual(encode("Ж"), { ...ucs2, octets: hex("0416") });
  assert.deepEqual(encode("5 €"), { ...gsm7, octets: hex("35 20 1b 65") });
  assert.deepEqual(encode("😀"), { ...ucs2, octets: hex("d83d de00") });
  assert.deepEqual(encode(""), { ...gsm7, octets: Buffer.alloc(0) });
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
    [0x05, "41", undefined],
    [0x06, "b6 41", "ЖA"],
    [0x07, "f9 41", "\u05e9A"],
    [0x09, "41", undefined],
    [0x0a, "41", undefined],
    [0x0d, "41", undefined],
    [0x0e, "41", undefined],
    [0x0f, "41", undefined],
    [0x10, "00", "@"],
    [0x15, "41", undefined],
    [0x18, "0416", "Ж"],
    [0x1c, "41", undefined],
    [0x20, "41", undefined],
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
    fc.property(fc.string({ unit: "grapheme", maxLength: 200, size: "max" }), (text) => {
      const { dataCoding, octets } = encode(text);
      assert.equal(decode(octets, dataCoding, false), text);
    }),
  );
});

test("the same text comes in as packed septets, with a header, as ASCII or as UTF-8", () => {
  const udh = hex("05 00 03 05 02 01");
  const inEachForm: readonly (readonly [Buffer, number, boolean, Codings])[] = [
    [hex("c8 32 9b fd 06"), 0, false, { 0: "gsm7-packed" }],
    // 48 bits of header, one of filling, then the septets.
    [Buffer.concat([udh, hex("90 65 36 fb 0d")]), 0, true, { 0: "gsm7-packed" }],
    [Buffer.concat([udh, Buffer.from("Hello")]), 0, true, {}],
    [Buffer.from("Hello"), 1, false, {}],
    [Buffer.from("Hello"), 0, false, { 0: "utf8" }],
    [Buffer.from("Hello"), 0xf5, false, { 0xf5: "utf8" }],
  ];
  for (const [octets, dataCoding, hasUdh, codings] of inEachForm)
    assert.equal(decode(octets, dataCoding, hasUdh, codings), "Hello");
  assert.equal(decode(Buffer.from("Grüße 😀"), 0, false, { 0: "utf8" }), "Grüße 😀");
  assert.equal(decode(hex("c3 28"), 0, false, { 0: "utf8" }), undefined);
  assert.equal(decode(hex("ef bb bf 41"), 0, false, { 0: "utf8" }), "\ufeffA");
});

test("text goes out in the coding that the peer prefers and can name", () => {
  const dataCodings = (text: string, options: Parameters<typeof encode>[1]) => {
    const { dataCoding, octets } = encode(text, options);
    return [dataCoding, octets.toString("hex")];
  };
  assert.deepEqual(dataCodings("ñá", { prefer: ["latin1"] }), [3, "f1e1"]);
  assert.deepEqual(dataCodings("ñá", { prefer: ["gsm7", "latin1"] }), [3, "f1e1"]);
  assert.deepEqual(dataCodings("ñá", {}), [8, "00f100e1"]);
  assert.deepEqual(dataCodings("@", { prefer: ["ascii"] }), [1, "40"]);
  assert.deepEqual(dataCodings("é", { prefer: ["ascii"] }), [8, "00e9"]);
  assert.deepEqual(dataCodings("Жук", { prefer: ["cyrillic"] }), [6, "b6e3da"]);
  assert.deepEqual(dataCodings("\u05e9", { prefer: ["hebrew"] }), [7, "f9"]);
  // To a peer whose default alphabet is Latin-1 there is no way to name GSM 7-bit.
  const latin1 = { codings: { 0: "latin1" } } as const;
  assert.deepEqual(dataCodings("@ñ", { prefer: ["gsm7", "latin1"], ...latin1 }), [0, "40f1"]);
  assert.deepEqual(dataCodings("@", { prefer: ["gsm7"], ...latin1 }), [8, "0040"]);
  // UTF-8 has no number but one that a peer declares.
  assert.deepEqual(dataCodings("é", { prefer: ["utf8"] }), [8, "00e9"]);
  assert.deepEqual(dataCodings("é", { prefer: ["utf8"], codings: { 0: "utf8" } }), [0, "c3a9"]);
});

test("a data_coding tells message class and message waiting besides the alphabet", () => {
  const of = (dataCoding: number) => {
    const { coding, messageClass, waiting } = dataCodingOf(dataCoding);
    const { what = "", active = false, store = false } = waiting ?? {};
    return [coding, messageClass, what, active, store];
  };
  assert.deepEqual(of(0x00), ["gsm7", undefined, "", false, false]);
  assert.deepEqual(of(0xf0), ["gsm7", 0, "", false, false]);
  assert.deepEqual(of(0xf6), ["binary", 2, "", false, false]);
  assert.deepEqual(of(0x11), ["gsm7", 1, "", false, false]);
  assert.deepEqual(of(0x18), ["ucs2", 0, "", false, false]);
  assert.deepEqual(of(0xc8), ["gsm7", undefined, "voicemail", true, false]);
  assert.deepEqual(of(0xd1), ["gsm7", undefined, "fax", false, true]);
  assert.deepEqual(of(0xea), ["ucs2", undefined, "email", true, true]);
  assert.deepEqual(of(0xe7), ["ucs2", undefined, "other", false, true]);
});

test("a text that its data_coding cannot say keeps its class or its indication in Unicode", () => {
  assert.deepEqual(
    [0x00, 0x03, 0xf0, 0xf2, 0x11, 0xc8, 0xd1, 0xe2].map((n) => unicodeLike(n)),
    [8, 8, 0x18, 0x1a, 0x19, 0xe8, 0xe1, 0xe2],
  );
  assert.equal(dataCodingFor("ucs2", { 8: "utf8" }), undefined);
});

test("a header that names national tables is read by them, and unknown ones make it no text", () => {
  // Turkish single shift, then Turkish locking shift, then an identifier that nobody has.
  assert.equal(decode(hex("03 24 01 01 1b 53 1b 67"), 0, true), "Şğ");
  assert.equal(decode(hex("03 25 01 01 04 07 0b 60"), 0, true), "€ıĞç");
  assert.equal(decode(hex("03 24 01 0e 41"), 0, true), undefined);
  assert.equal(decode(hex("03 24 01 01 0416"), 8, true), "Ж");
});

test("reading never changes the octets and never throws, whatever they are", () => {
  const octet = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300, size: "max" }),
      octet,
      fc.boolean(),
      (raw, coding, hasUdh) => {
        const octets = Buffer.from(raw);
        for (const own of CODINGS) {
          const read = decode(octets, coding, hasUdh, { [coding]: own });
          assert.ok(read === undefined || read.isWellFormed());
        }
        const text = decode(octets, coding, hasUdh);
        assert.deepEqual(octets, Buffer.from(raw));
        assert.ok(text === undefined || text.isWellFormed());
      },
    ),
  );
});

test("octets that a coding reads are written as the same octets, and text as the same text", () => {
  const octets = fc.uint8Array({ maxLength: 160, size: "max" }).map((raw) => Buffer.from(raw));
  fc.assert(
    fc.property(fc.constantFrom(...CODINGS), octets, (coding, raw) => {
      const { read, write, lengthOf } = CODECS[coding];
      const text = read(raw, 0, DEFAULT);
      if (text === undefined) return;
      const written = write(text, 0, DEFAULT);
      if (written === undefined) assert.equal(coding, "gsm7-packed");
      else assert.equal(read(written, 0, DEFAULT), text);
      assert.notEqual(lengthOf(text, DEFAULT), undefined);
      // The GSM ones have escapes that mean the same, and bits that mean nothing.
      if (!coding.startsWith("gsm7")) assert.deepEqual(written, raw);
    }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...CODINGS),
      fc.string({ unit: "grapheme", maxLength: 60, size: "max" }),
      (coding, text) => {
        const { read, write, lengthOf, unit } = CODECS[coding];
        const written = write(text, 0, DEFAULT);
        const length = lengthOf(text, DEFAULT);
        if (written === undefined) {
          if (coding !== "gsm7-packed") assert.equal(length, undefined);
          return;
        }
        assert.equal(read(written, 0, DEFAULT), text);
        const octets = coding === "gsm7-packed" ? Math.ceil(((length ?? 0) * 7) / 8) : length;
        assert.equal(written.length, unit === "utf16" ? (length ?? 0) * 2 : octets);
      },
    ),
  );
});
