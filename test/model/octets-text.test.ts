import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hexOf, latin1Of } from "../../src/model/octets-text.ts";

test("octets read as text are the same below, at and above the 64 that are copied first", () => {
  const octets = fc.uint8Array({ maxLength: 70 }).map((one) => Buffer.from(one));
  fc.assert(
    fc.property(octets, octets, fc.nat(70), fc.nat(70), (before, given, start, end) => {
      // What was read before leaves nothing behind.
      latin1Of(before);
      const to = Math.min(end, given.length);
      assert.equal(latin1Of(given, start, to), given.toString("latin1", start, to));
      assert.equal(latin1Of(given), given.toString("latin1"));
      assert.equal(hexOf(given), given.toString("hex"));
    }),
    { numRuns: 500 },
  );
});
