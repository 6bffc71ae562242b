import assert from "node:assert/strict";
import { test } from "node:test";
import { septetsOf } from "../../src/sms/gsm7.ts";
import { plainly } from "../../src/sms/typography.ts";

const isHeld = (character: string) => septetsOf(character) !== undefined;

test("typographic signs become the plain ones that they stand for", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["“a” „b‟ «c»", '"a" "b" "c"'],
    ["‘a’ ‚b‛ ‹c› `d´ ʼ", "'a' 'b' 'c' 'd' '"],
    ["1–2—3‐4‑5−6", "1-2-3-4-5-6"],
    ["wait…", "wait..."],
    ["a\u00a0b\u202fc\td", "a b c d"],
    ["soft\u00adhyphen\u200b\ufeff", "softhyphen"],
    ["• one · two", "* one * two"],
    ["© ® ™ 2×3", "(C) (R) (TM) 2x3"],
    ["e\u0301", "é"],
  ];
  for (const [text, plain] of cases) {
    assert.equal(plainly(text, isHeld), plain);
    assert.ok(isHeld(plain), plain);
  }
});

test("what the alphabet holds stays, and no letter is exchanged for another", () => {
  assert.equal(
    plainly("Ça va? ñ § €", (one) => one !== "€"),
    "Ça va? ñ § €",
  );
  assert.equal(plainly("áőжЖ😀", isHeld), "áőжЖ😀");
  assert.equal(
    plainly("“a”", () => true),
    "“a”",
  );
});
