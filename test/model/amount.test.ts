import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../src/model/error.ts";
import {
  amountMax,
  amountNumber,
  amountOf,
  amountText,
  parseAmount,
  sharesOf,
  timesParts,
} from "../../src/model/amount.ts";

function refusal(act: () => unknown): string {
  try {
    return `no refusal: ${String(act())}`;
  } catch (cause) {
    return cause instanceof GatewayError ? `${cause.code} ${cause.message}` : String(cause);
  }
}

test("[B16] an amount that is negative, below the unit, too large or no number is refused, and told what it is", () => {
  for (const [text, why] of [
    ["-1", /is negative/],
    ["-0.0001", /is negative/],
    ["0.00001", /more than 4 digits behind the point/],
    ["1000000000.0001", /is more than 1000000000/],
    ["9".repeat(33), /is not an amount/],
    ["1e3", /is not an amount/],
    ["1,5", /is not an amount/],
    ["1_000", /is not an amount/],
    ["0x10", /is not an amount/],
    [" 1", /is not an amount/],
    ["", /is not an amount/],
    [".5", /is not an amount/],
    ["١", /is not an amount/],
  ] as const)
    assert.match(
      refusal(() => parseAmount(text)),
      new RegExp(`^bad_request .*${why.source}`),
      text,
    );
  for (const credits of [-1, 0.00005, 1e-7, 1e9 + 1, 1e21, NaN, Infinity, -Infinity])
    assert.match(
      refusal(() => amountOf(credits)),
      /^bad_request/,
      String(credits),
    );
  assert.equal(amountText(parseAmount("-2.50", { negative: true })), "-2.5");
  assert.match(
    refusal(() => parseAmount("-1000000001", { negative: true })),
    /is more than/,
  );
  assert.match(
    refusal(() => timesParts(amountMax, 2)),
    /times 2" is more than/,
  );
});

test("[B16] what is in units is told, read and shared out to the unit", () => {
  const amount = fc.bigInt({ min: 0n, max: amountMax });
  fc.assert(
    fc.property(amount, fc.integer({ min: 1, max: 300 }), (units, count) => {
      assert.equal(parseAmount(amountText(units)), units);
      assert.equal(amountOf(amountNumber(units)), units);
      const shares = sharesOf(units, count);
      assert.equal(shares.length, count);
      assert.equal(
        shares.reduce((sum, share) => sum + share, 0n),
        units,
      );
      const [first = 0n] = shares;
      assert.ok(first - (shares.at(-1) ?? 0n) <= 1n, "equal but for a unit");
    }),
  );
  assert.equal(amountOf(0.1) + amountOf(0.2), amountOf(0.3));
});
