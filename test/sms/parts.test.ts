// How a text or octets become short messages: coding, headers, sizes; and that a receiver who joins
// them has what was given.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CODINGS } from "../../src/sms/coding.ts";
import { concatenationIn, concatenationInTlvs } from "../../src/sms/concatenation.ts";
import { decode } from "../../src/sms/data-coding.ts";
import { joinedContent } from "../../src/sms/joined.ts";
import { LANGUAGES } from "../../src/sms/national.ts";
import { type Parts, type TextOptions, octetParts, textParts } from "../../src/sms/parts.ts";
import { headerIn, portsElement, portsIn } from "../../src/sms/user-data-header.ts";

const ports = portsElement({ to: 2948, from: 9200 });

test("[C33] a text goes in the preferred coding, one that it cannot say goes as Unicode", () => {
  assert.deepEqual(written("Hello"), ["gsm7", 0, ["48656c6c6f"]]);
  assert.deepEqual(written("Ж"), ["ucs2", 8, ["0416"]]);
  assert.deepEqual(written("á", { prefer: ["gsm7", "latin1"] }), ["latin1", 3, ["e1"]]);
  assert.deepEqual(written(""), ["gsm7", 0, [""]]);
});

test("the author's data_coding is used where it holds the text, else Unicode of its class", () => {
  assert.deepEqual(written("Hi", { dataCoding: 0xf0 }), ["gsm7", 0xf0, ["4869"]]);
  assert.deepEqual(written("Ж", { dataCoding: 0xf0 }), ["ucs2", 0x18, ["0416"]]);
  assert.deepEqual(written("Hi", { dataCoding: 8 }), ["ucs2", 8, ["00480069"]]);
  assert.deepEqual(written("é", { dataCoding: 3 }), ["latin1", 3, ["e9"]]);
  assert.deepEqual(written("Ж", { dataCoding: 1 }), ["ucs2", 8, ["0416"]]);
  // 0x04 is for octets: which of them a text would be, nobody said.
  assert.deepEqual(written("Hi", { dataCoding: 4 }), ["gsm7", 0, ["4869"]]);
});

test("each part begins with a header that tells reference, number and place", () => {
  const { parts } = sent("x".repeat(161), { reference: 0x1205 });
  assert.deepEqual(
    parts.map(({ octets, hasUdh }) => [octets.toString("hex", 0, 6), octets.length, hasUdh]),
    [
      ["050003050201", 159, true],
      ["050003050202", 14, true],
    ],
  );
  const wide = sent("x".repeat(161), { reference: 0x1205, split: "udh16" }).parts;
  assert.deepEqual(
    wide.map(({ octets }) => [octets.toString("hex", 0, 7), octets.length]),
    [
      ["06080412050201", 159],
      ["06080412050202", 16],
    ],
  );
});

test("by sar the parts have TLVs and no header, by payload there is one part", () => {
  const sar = sent("x".repeat(161), { split: "sar", reference: 7 }).parts;
  assert.deepEqual(
    sar.map(({ octets, hasUdh, tlvs }) => [
      octets.length,
      hasUdh,
      concatenationInTlvs(tlvs)?.sequence,
    ]),
    [
      [153, false, 1],
      [8, false, 2],
    ],
  );
  const payload = sent("x".repeat(161), { split: "payload" }).parts;
  assert.deepEqual(
    payload.map(({ octets, hasUdh, tlvs }) => [octets.length, hasUdh, tlvs.length]),
    [[161, false, 0]],
  );
});

test("[I22] [X06] parts hold what is left beside their header", () => {
  const counts = (
    character: string,
    lengths: readonly number[],
    options: Partial<TextOptions> = {},
  ) => lengths.map((length) => sent(character.repeat(length), options).parts.length);
  assert.deepEqual(counts("x", [160, 161, 306, 307]), [1, 2, 2, 3]);
  assert.deepEqual(counts("x", [160, 161, 304, 305], { split: "udh16" }), [1, 2, 2, 3]);
  assert.deepEqual(counts("x", [306, 307], { split: "sar" }), [2, 3]);
  assert.deepEqual(counts("Ж", [70, 71, 134, 135]), [1, 2, 2, 3]);
  assert.deepEqual(counts("Ж", [70, 71, 132, 133], { split: "udh16" }), [1, 2, 2, 3]);
  assert.deepEqual(counts("é", [140, 141, 268, 269], { prefer: ["latin1"] }), [1, 2, 2, 3]);
  // Ports take 6 octets, and the octet that counts them where they stand alone.
  assert.deepEqual(counts("x", [152, 153, 292, 293], { elements: [ports] }), [1, 2, 2, 3]);
  // Turkish: 155 in one message and 149 in each of several, by one of its tables.
  const turkish = { languages: ["turkish"] } as const;
  assert.deepEqual(counts("ş", [155, 156, 298, 299], turkish), [1, 2, 2, 3]);
});

test("national tables stay in GSM 7-bit and are named in each part, the fewest that do", () => {
  const of = (text: string, languages: TextOptions["languages"] = []) =>
    sent(text, { languages }).parts.map(({ octets }) => octets.toString("hex"));
  assert.deepEqual(of("ş", ["turkish"]), ["032501011d"]);
  assert.deepEqual(of("ş", ["spanish", "turkish"]), ["032501011d"]);
  assert.deepEqual(of("á", ["spanish"]), ["032401021b61"]);
  assert.deepEqual(of("é", ["spanish"]), ["05"], "the default alphabet has it");
  assert.deepEqual(of("ş", ["spanish"]), ["015f"], "none of them has it");
  assert.equal(sent("नमस्ते 5€", { languages: LANGUAGES }).coding, "gsm7");
  const long = sent("ığş".repeat(60), { languages: ["turkish"], elements: [ports] });
  assert.equal(long.parts.length, 2);
  for (const part of long.parts) {
    const { elements } = headerIn(part.octets);
    assert.deepEqual(
      elements.map(({ id }) => id),
      [0x00, 0x05, 0x25],
    );
    assert.deepEqual(portsIn(elements), { to: 2948, from: 9200 });
  }
});

test("plain signs are put in only when asked, and only when that avoids Unicode", () => {
  const plain = (text: string) => sent(text, { transliterate: true });
  assert.deepEqual(plain("“It’s” – 5…").text, '"It\'s" - 5...');
  assert.equal(plain("“It’s” – 5…").coding, "gsm7");
  assert.equal(plain("“Ж”").text, "“Ж”");
  assert.equal(plain("“Ж”").coding, "ucs2");
  assert.equal(sent("“It’s”").text, "“It’s”");
});

test("a text of more parts than allowed is refused whole, and so is one without room", () => {
  const base = { reference: 1 };
  const two = { fault: "too_many_parts", parts: 3, partsMax: 2 };
  assert.deepEqual(textParts("x".repeat(307), { ...base, partsMax: 2 }), two);
  assert.deepEqual(octetParts(Buffer.alloc(269), { ...base, partsMax: 2 }), two);
  assert.deepEqual(textParts("x".repeat(307), { ...base, partsMax: 2, split: "payload" }), two);
  assert.deepEqual(textParts("x".repeat(255 * 153 + 1), base), {
    fault: "too_many_parts",
    parts: 256,
    partsMax: 255,
  });
  assert.equal(sent("x".repeat(255 * 153)).parts.length, 255);
  const elements = [{ id: 0x70, octets: Buffer.alloc(138) }];
  const none = { fault: "header_too_long", parts: 0, partsMax: 255 };
  assert.deepEqual(textParts("x", { ...base, elements }), none);
  assert.deepEqual(octetParts(Buffer.alloc(9), { ...base, elements }), none);
});

test("octets go as they are, in parts of 134, with a data_coding that says so", () => {
  const octets = Buffer.from(Array.from({ length: 269 }, (_, at) => at & 0xff));
  const { parts, dataCoding, text } = okay(octetParts(octets, { reference: 9 }));
  assert.deepEqual([parts.length, dataCoding, text], [3, 4, undefined]);
  assert.deepEqual(Buffer.concat(parts.map((part) => part.octets.subarray(6))), octets);
  assert.equal(okay(octetParts(octets, { reference: 9, dataCoding: 0xf5 })).dataCoding, 0xf5);
  const alone = okay(octetParts(Buffer.alloc(140), { reference: 9 })).parts;
  assert.deepEqual([alone.length, alone[0]?.hasUdh], [1, false]);
});

test("a packed text whose last @ would be read as nothing goes as Unicode", () => {
  const packed = { prefer: ["gsm7-packed"], codings: { 0: "gsm7-packed" } } as const;
  assert.equal(sent("1234567", packed).coding, "gsm7-packed");
  assert.equal(sent("123456@", packed).coding, "gsm7-packed");
  assert.equal(sent("1234567@", packed).coding, "ucs2");
  assert.equal(sent("1234567@", { ...packed, dataCoding: 0 }).coding, "ucs2");
});

test("parts that are joined are the text again, each fits, and no character is cut", () => {
  const unit = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("a", "B", " ", "é", "Ω", "@") },
    { weight: 3, arbitrary: fc.constantFrom("€", "[", "~") },
    { weight: 1, arbitrary: fc.constantFrom("ş", "ğ", "á", "ध", "स्ते", "’") },
    { weight: 1, arbitrary: fc.constantFrom("Ж", "😀", "👩‍👩‍👧", "e\u0301", "\u05e9") },
  );
  const listOf = (...characters: readonly string[]) =>
    fc.array(fc.constantFrom(...characters), { maxLength: 700, size: "max" });
  const text = fc
    .oneof(
      listOf("a", "€", "ü", "{", "@"),
      listOf("a", "ş", "Ğ", "ç", "€", "@"),
      listOf("न", "म", "स्ते", "क्षि", "5", "a", "A", "€"),
      listOf("Ж", "я", "e\u0301", "😀", "👩‍👩‍👧", "🇩🇪"),
      fc.array(unit, { maxLength: 400, size: "max" }),
    )
    .map((list) => list.join(""));
  const options = fc.record({
    split: fc.constantFrom("udh8" as const, "udh16" as const, "sar" as const, "payload" as const),
    prefer: fc.constantFrom(
      ["gsm7"] as const,
      ["gsm7", "gsm7-packed"] as const,
      ["latin1", "cyrillic", "utf8"] as const,
      CODINGS,
    ),
    languages: fc.constantFrom([], ["turkish"] as const, ["hindi", "urdu"] as const, LANGUAGES),
    codings: fc.constantFrom({}, { 0: "gsm7-packed" as const }, { 5: "utf8" as const }),
    elements: fc.constantFrom([], [ports]),
    reference: fc.nat({ max: 65_535 }),
  });
  fc.assert(
    fc.property(text, options, (text, options) => {
      const { parts, dataCoding, coding } = sent(text, options);
      const contents = parts.map(({ octets, hasUdh }) => ({ octets, hasUdh, dataCoding }));
      const joined = joinedContent(contents, options.codings);
      assert.equal(joined.text, text);
      assert.notEqual(joined.whole, undefined);
      for (const [at, part] of parts.entries()) {
        const header = part.hasUdh ? headerIn(part.octets) : undefined;
        if (parts.length > 1) {
          const told =
            options.split === "sar"
              ? concatenationInTlvs(part.tlvs)
              : concatenationIn(header?.elements ?? []);
          assert.deepEqual([told?.total, told?.sequence], [parts.length, at + 1]);
        }
        const start = header?.length ?? 0;
        const bits = (part.octets.length - start) * (coding === "gsm7" ? 7 : 8);
        if (options.split !== "payload") assert.ok(Math.ceil(bits / 8) + start <= 140);
        const read = decode(part.octets, dataCoding, part.hasUdh, options.codings);
        assert.ok(read !== undefined && read.isWellFormed(), "each part is text by itself");
        assert.doesNotMatch(read, /^(?:\u200d|\u0301|\u094d|\u0947|\u093f)/u);
      }
    }),
  );
});

function sent(text: string, options: Partial<TextOptions> = {}): Parts {
  return okay(textParts(text, { reference: 0, ...options }));
}

function written(text: string, options: Partial<TextOptions> = {}): readonly unknown[] {
  const { coding, dataCoding, parts } = sent(text, options);
  return [coding, dataCoding, parts.map(({ octets }) => octets.toString("hex"))];
}

function okay(parts: ReturnType<typeof textParts>): Parts {
  assert.ok(!("fault" in parts), "fault" in parts ? parts.fault : "");
  return parts;
}
