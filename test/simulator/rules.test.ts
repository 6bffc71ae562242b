import assert from "node:assert/strict";
import { test } from "node:test";
import { byShares } from "../../src/simulator/rules.ts";
import { smsOf } from "../../src/simulator/written.ts";

const sms = smsOf({ from: "+1555", to: "+1666", text: "A text of more than twenty characters" });

test("shares are met and a seed repeats them", () => {
  const draw = (seed: number) => {
    const outcome = byShares({ UNDELIV: 10, none: 5, refused: 20 }, seed);
    return Array.from({ length: 10_000 }, () => outcome(sms));
  };
  const drawn = draw(7);
  assert.deepEqual(drawn, draw(7));
  assert.notDeepEqual(drawn, draw(8));
  const share = (fits: (one: (typeof drawn)[number]) => boolean) => drawn.filter(fits).length / 100;
  assert.ok(Math.abs(share(({ report }) => report === "UNDELIV") - 10) < 1.5);
  assert.ok(Math.abs(share(({ answer }) => answer === 0x45) - 20) < 1.5);
  assert.ok(Math.abs(share(({ report }) => report === "DELIVRD") - 65) < 2);
});

test("shares that are no percentages are refused", () => {
  assert.throws(() => byShares({ UNDELIV: 60, none: 41 }, 1), RangeError);
  assert.throws(() => byShares({ UNDELIV: -1 }, 1), RangeError);
  assert.throws(() => byShares({ UNDELIV: Number.NaN }, 1), RangeError);
});
