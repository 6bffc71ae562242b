import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { septetsOf } from "../../src/sms/gsm7.ts";
import { binaryParts, partsOf } from "../../src/sms/segments.ts";

const lengths = (text: string, coding?: "gsm7" | "ucs2") =>
  partsOf(text, coding).map((part) => part.length);

test("[I22] a text is cut at 160 and 153 septets, at 70 and 67 units of UCS-2", () => {
  assert.deepEqual(lengths("a".repeat(160)), [160]);
  assert.deepEqual(lengths("a".repeat(161)), [153, 8]);
  assert.deepEqual(lengths("a".repeat(306)), [153, 153]);
  assert.deepEqual(lengths("a".repeat(307)), [153, 153, 1]);
  assert.deepEqual(lengths("Ж".repeat(70)), [70]);
  assert.deepEqual(lengths("Ж".repeat(71)), [67, 4]);
  assert.deepEqual(lengths("Ж".repeat(134)), [67, 67]);
  assert.deepEqual(lengths("Ж".repeat(135)), [67, 67, 1]);
});

test("[I22] binary content takes 140 octets alone and 134 a part", () => {
  const counts = [0, 1, 140, 141, 268, 269].map((octets) => binaryParts(octets));
  assert.deepEqual(counts, [1, 1, 1, 2, 2, 3]);
});

test("[W12] 161 characters are two parts, an empty text is one", () => {
  assert.equal(partsOf("x".repeat(161)).length, 2);
  assert.deepEqual(partsOf(""), [""]);
});

test("text that came in UCS-2 is measured as UCS-2 though GSM 7-bit would hold it", () => {
  assert.deepEqual(lengths("a".repeat(71), "ucs2"), [67, 4]);
  assert.deepEqual(lengths("a".repeat(71), "gsm7"), [71]);
});

test("an escape pair counts two septets and is never cut", () => {
  assert.deepEqual(lengths("€".repeat(80)), [80]);
  assert.deepEqual(lengths("€".repeat(81)), [76, 5]);
  const parts = partsOf(`${"a".repeat(152)}€${"b".repeat(20)}`);
  assert.deepEqual(parts, ["a".repeat(152), `€${"b".repeat(20)}`]);
});

test("a surrogate pair is never cut", () => {
  assert.deepEqual(lengths("😀".repeat(35)), [70]);
  assert.deepEqual(lengths("😀".repeat(36)), [66, 6]);
});

test("a letter with its marks and an emoji of several are not cut, unless they fill a part alone", () => {
  const family = "👩‍👩‍👧‍👦";
  assert.equal(family.length, 11);
  assert.deepEqual(lengths(`${"Ж".repeat(60)}${family}Ж`), [60, 12]);
  assert.deepEqual(lengths("e\u0301".repeat(36)), [66, 6]);
  assert.deepEqual(lengths("🇩🇪".repeat(18)), [64, 8]);
  // A letter under a hundred accents: cut between two of them, and nothing is lost.
  const towering = `Ж${"\u0301".repeat(100)}`;
  assert.deepEqual(lengths(towering), [67, 34]);
  assert.equal(partsOf(towering).join(""), towering);
});

test("parts joined are the text again, each fits, and no cut lies inside a pair", () => {
  const unit = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom("a", "B", " ", "é", "Ω") },
    { weight: 2, arbitrary: fc.constantFrom("€", "[", "~") },
    { weight: 1, arbitrary: fc.constantFrom("Ж", "😀", "’") },
  );
  const gsm = fc.array(fc.constantFrom("a", "€", "ü", "{"), { maxLength: 700, size: "max" });
  fc.assert(
    fc.property(fc.oneof(gsm, fc.array(unit, { maxLength: 700, size: "max" })), (list) => {
      const text = list.join("");
      const parts = partsOf(text);
      const isGsm = septetsOf(text) !== undefined;
      const size = (part: string) => (isGsm ? (septetsOf(part) ?? Infinity) : part.length);
      const most = parts.length === 1 ? (isGsm ? 160 : 70) : isGsm ? 153 : 67;
      assert.equal(parts.join(""), text);
      for (const part of parts) {
        assert.ok(size(part) <= most);
        assert.ok(part.isWellFormed());
      }
      // No part could have taken the first character of the next one as well.
      for (const [n, part] of parts.slice(0, -1).entries()) {
        const [next = ""] = parts[n + 1] ?? "";
        assert.ok(size(part) + size(next) > most);
      }
    }),
  );
});
