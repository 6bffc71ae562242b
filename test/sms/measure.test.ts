import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import fc from "fast-check";
import { measure, positionsMax } from "../../src/sms/measure.ts";
import { textParts } from "../../src/sms/parts.ts";

const seen = (text: string, wishes: Parameters<typeof measure>[1] = {}) => {
  const { coding, parts, used, room, left } = measure(text, wishes);
  return [coding, parts, used, room, left];
};
const forced = (text: string, wishes: Parameters<typeof measure>[1] = {}) =>
  measure(text, wishes).forcing.map(({ codePoint, positions }) => [codePoint, ...positions]);

test("[A07] a text is measured in what its coding counts, part by part", () => {
  assert.deepEqual(seen(""), ["gsm7", 1, [0], 160, 160]);
  assert.deepEqual(seen("5 €"), ["gsm7", 1, [4], 160, 156]);
  assert.deepEqual(seen("x".repeat(161)), ["gsm7", 2, [153, 8], 153, 145]);
  assert.deepEqual(seen(`${"x".repeat(152)}€${"x".repeat(10)}`), ["gsm7", 2, [152, 12], 153, 141]);
  assert.deepEqual(seen("Ж".repeat(71)), ["ucs2", 2, [67, 4], 67, 63]);
  assert.deepEqual(seen("😀"), ["ucs2", 1, [2], 70, 68]);
  assert.deepEqual(seen("é".repeat(141), { prefer: ["latin1"] }), [
    "latin1",
    2,
    [134, 7],
    134,
    127,
  ]);
  assert.deepEqual(seen("x".repeat(161), { split: "udh16" }), ["gsm7", 2, [152, 9], 152, 143]);
  assert.deepEqual(seen("ş", { languages: ["turkish"] }), ["gsm7", 1, [1], 155, 154]);
  assert.deepEqual(seen("x", { otherOctets: 138 }), ["gsm7", 1, [1], 1, 0]);
  assert.deepEqual(seen("xx", { otherOctets: 138 }), ["gsm7", 0, [], 0, 0]);
});

test("the characters that force Unicode are told with their places, counted in characters", () => {
  assert.deepEqual(forced("Hello"), []);
  assert.deepEqual(forced("a Ж 😀 Ж"), [
    ["U+0416", 2, 6],
    ["U+1F600", 4],
  ]);
  assert.deepEqual(forced("“ş”", { languages: ["turkish"] }), [
    ["U+201C", 0],
    ["U+201D", 2],
  ]);
  const both = { prefer: ["gsm7", "latin1"] } as const;
  assert.deepEqual(forced("áâ“", both), [["U+201C", 2]], "the nearer one of the two");
  assert.deepEqual(forced("Ж", { dataCoding: 8 }), [], "it was asked for");
  assert.deepEqual(forced("Ж", { prefer: ["ucs2"] }), []);
  // Each letter is in one of the languages, and no language has both.
  assert.deepEqual(forced("şã", { languages: ["turkish", "portuguese"] }), [
    ["U+015F", 0],
    ["U+00E3", 1],
  ]);
});

test("no more places are told than anybody reads, but all are counted", () => {
  const [only] = measure("Ж".repeat(1_000)).forcing;
  assert.deepEqual([only?.positions.length, only?.times], [positionsMax, 1_000]);
});

test("what is measured is what is written", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 300, size: "max" }),
    fc.string({ unit: "binary-ascii", maxLength: 500, size: "max" }),
  );
  fc.assert(
    fc.property(text, fc.boolean(), (text, transliterate) => {
      const told = measure(text, { transliterate });
      const written = textParts(text, { transliterate, reference: 0 });
      assert.ok(!("fault" in written));
      assert.deepEqual([told.coding, told.parts], [written.coding, written.parts.length]);
      for (const used of told.used) assert.ok(used <= told.room);
    }),
  );
});

test("a trigger can measure: nothing of Node is needed", async () => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "../../src/sms/measure.ts")],
    bundle: true,
    write: false,
    platform: "neutral",
    format: "iife",
    globalName: "sms",
  });
  const context = createContext({});
  runInContext(outputFiles[0]?.text ?? "", context);
  const told: unknown = runInContext(
    'JSON.stringify([sms.measure("x".repeat(161)).parts, sms.measure("👩‍👩‍👧".repeat(9)).parts])',
    context,
  );
  assert.equal(told, "[2,2]");
});
