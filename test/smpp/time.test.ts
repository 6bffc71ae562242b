/** Times on the wire: the specification's examples, and that what is written is read again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { absoluteTime, isTimeField, relativeTime, timeFrom } from "../../src/smpp/time.ts";

const now = Date.UTC(2026, 10, 20, 10, 0, 0);
const read = (text: string): string | undefined => {
  const ms = timeFrom(text, now);
  return ms === undefined ? undefined : new Date(ms).toISOString();
};

test("[W10] absolute and relative times are read", () => {
  assert.equal(read("261120120000004+"), "2026-11-20T11:00:00.000Z");
  assert.equal(read("261120120000004-"), "2026-11-20T13:00:00.000Z");
  assert.equal(read("261120120000500+"), "2026-11-20T12:00:00.500Z");
  assert.equal(read("000001000000000R"), "2026-11-21T10:00:00.000Z");
  assert.equal(read("000000003000000R"), "2026-11-20T10:30:00.000Z");
  assert.equal(read("000300000000000R"), "2027-02-20T10:00:00.000Z");
  assert.equal(read("280229000000000+"), "2028-02-29T00:00:00.000Z");
});

test("what is not of the form is no time", () => {
  for (const text of [
    "",
    "261120120000",
    "261120120000004",
    "261120120000004*",
    "2611201200000004+",
    "26112012000000a+",
    "260230120000000+",
    "270229000000000+",
    "261320120000000+",
    "261100120000000+",
    "261120240000000+",
    "261120126000000+",
    "261120120060000+",
    "261120120000049+",
    "001300000000000R",
    "000032000000000R",
  ])
    assert.equal(timeFrom(text, now), undefined, text);
  assert.equal(isTimeField(""), true);
  assert.equal(isTimeField("0"), false);
});

test("a moment of this century is read back to the tenth of a second", () => {
  const moment = fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) - 1 });
  fc.assert(
    fc.property(moment, (ms) => {
      const text = absoluteTime(ms);
      assert.equal(text.length, 16);
      assert.equal(timeFrom(text, 0), ms - (ms % 100));
    }),
  );
});

test("a wait below 32 days is read back to the second; a longer one is cut, a past one is 0", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 32 * 86_400_000 - 1 }), (waitMs) => {
      const text = relativeTime(waitMs);
      assert.equal(text.length, 16);
      assert.equal(timeFrom(text, now), now + waitMs - (waitMs % 1_000));
    }),
  );
  assert.equal(relativeTime(1e12), "000031235959000R");
  assert.equal(relativeTime(-5), "000000000000000R");
});

test("any text is a moment or undefined", () => {
  fc.assert(fc.property(fc.string(), (text) => Number.isFinite(timeFrom(text, now) ?? 0)));
});
