import assert from "node:assert/strict";
import { test } from "node:test";
import { createPace } from "../../src/model/pace.ts";
import { type Rate, perMs, rateText, ratesFrom } from "../../src/model/rate.ts";
import { createTokenBucket } from "../../src/model/token-bucket.ts";
import { GatewayError } from "../../src/model/error.ts";

const use = (parts: number) => ({ messages: 1, parts });

/** Numbers by chance, the same in each run (mulberry32). */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

test("[I56] in any time at most burst + rate × time passes, and nothing less when it is wanted", () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const pick = chance(seed);
    const per = (["second", "minute", "day"] as const)[pick(3)] ?? "second";
    const rate: Rate = { count: 1 + pick(50), of: "parts", per, burst: 1 + pick(80) };
    const unit = BigInt(perMs[per]);
    const bucket = createTokenBucket(rate, 0);
    /** The exact model, in tokens × ms, as whole numbers without a bound. */
    let level = BigInt(rate.burst) * unit;
    let nowMs = 0;
    const passed: { readonly ms: number; readonly tokens: number }[] = [];
    for (let step = 0; step < 120; step += 1) {
      const pauseMs = pick(3) === 0 ? 0 : pick((2 * perMs[per]) / rate.count);
      nowMs += pauseMs;
      level += BigInt(pauseMs) * BigInt(rate.count);
      if (level > BigInt(rate.burst) * unit) level = BigInt(rate.burst) * unit;
      const tokens = 1 + pick(Math.min(4, rate.burst));
      const model = level >= BigInt(tokens) * unit;
      assert.equal(bucket.room(nowMs), Number(level / unit), `seed ${seed}, step ${step}`);
      const waitMs = bucket.waitMs(tokens, nowMs);
      assert.equal(waitMs > 0, !model);
      assert.equal(bucket.take(tokens, nowMs), model, `seed ${seed}, step ${step}`);
      if (model) {
        level -= BigInt(tokens) * unit;
        passed.push({ ms: nowMs, tokens });
      } else if (pick(2) === 0) {
        // When it says how long, then not one millisecond earlier and not one later.
        const enough = Math.ceil(waitMs);
        assert.ok(!bucket.take(tokens, nowMs + enough - 1));
        assert.ok(bucket.take(tokens, nowMs + enough));
        nowMs += enough;
        level += BigInt(enough) * BigInt(rate.count) - BigInt(tokens) * unit;
        passed.push({ ms: nowMs, tokens });
      }
    }
    for (let from = 0; from < passed.length; from += 1) {
      let sum = 0;
      for (const { ms, tokens } of passed.slice(from)) {
        sum += tokens;
        const most = rate.burst + (rate.count * (ms - (passed[from]?.ms ?? 0))) / perMs[per];
        assert.ok(sum <= most, `seed ${seed}: ${sum} of ${most}`);
      }
    }
  }
});

test("[I56] ten at once after a pause pass, which a gap test would refuse", () => {
  const bucket = createTokenBucket({ count: 10, of: "messages", per: "second", burst: 10 }, 0);
  const takeAll = (nowMs: number): number => {
    let taken = 0;
    while (bucket.take(1, nowMs)) taken += 1;
    return taken;
  };
  assert.deepEqual([0, 0, 100, 150, 200, 5_000].map(takeAll), [10, 0, 1, 0, 1, 10]);
});

test("what is longer than the burst goes when the bucket is full, and is paid back", () => {
  const bucket = createTokenBucket({ count: 2, of: "parts", per: "second", burst: 2 }, 0);
  assert.ok(bucket.take(5, 0));
  assert.equal(bucket.room(1_500), 0);
  assert.ok(!bucket.take(1, 1_999));
  assert.ok(bucket.take(1, 2_000));
});

test("time that steps back takes nothing and gives nothing", () => {
  const bucket = createTokenBucket({ count: 1, of: "messages", per: "second", burst: 1 }, 10_000);
  assert.ok(bucket.take(1, 10_000));
  assert.ok(!bucket.take(1, 5_000));
  assert.ok(!bucket.take(1, 10_999));
  assert.ok(bucket.take(1, 11_000));
});

test("several rates hold together, and the one in the way is named", () => {
  const pace = createPace("2/second, 6 parts/minute burst 5", 0);
  assert.equal(pace.inTheWay(use(3), 0), undefined);
  pace.take(use(3), 0);
  pace.take(use(1), 0);
  const [second, minute] = pace.rates;
  assert.equal(pace.inTheWay(use(1), 0), second);
  assert.equal(pace.room(0), 0);
  assert.equal(pace.waitMs(0), 500);
  assert.equal(pace.inTheWay(use(1), 500), undefined);
  assert.equal(pace.inTheWay(use(2), 500), minute);
  assert.equal(createPace("", 0).room(0), Infinity);
});

test("other rates from one moment to the next do not give what was used once more", () => {
  const pace = createPace("100/day, 5/second", 0);
  for (let n = 0; n < 5; n += 1) pace.take(use(1), 0);
  const changed = pace.changed("20/day, 8 parts/second", 0);
  assert.equal(changed.room(0), 8);
  const less = pace.changed("5/day", 0);
  assert.equal(less.room(0), 0);
  assert.equal(Math.ceil(less.waitMs(0)), 86_400_000 / 5);
});

test("the use of a day before a restart counts, and never lets more pass than without it", () => {
  const pace = createPace("10/day, 100/second, 30 parts/day burst 50", 0);
  pace.usedToday({ messages: 7, parts: 12 }, 0);
  assert.equal(pace.room(0), 3);
  pace.usedToday({ messages: 50, parts: 50 }, 0);
  assert.equal(pace.waitMs(0), 8_640_000);
});

test("rates are read as people write them, and everything else is told", () => {
  assert.deepEqual(ratesFrom(" 20/second  burst 40,5000 parts/day "), [
    { count: 20, of: "messages", per: "second", burst: 40 },
    { count: 5_000, of: "parts", per: "day", burst: 5_000 },
  ]);
  assert.deepEqual(ratesFrom("3 messages/minute").map(rateText), ["3/minute"]);
  assert.deepEqual(ratesFrom(" "), []);
  for (const [text, why] of [
    ["fast", '"fast" is no rate such as 20/second'],
    ["20/hour", '"20/hour" is no rate'],
    ["0/second", '"0/second" is not from 1 to 10000000'],
    ["5/second burst 0", "is not from 1"],
    ["99999999/day", "is not from 1"],
    ["1/second, 2/second", "two rates of messages per second"],
    ["1/second,", '"" is no rate'],
  ] as const)
    assert.throws(
      () => ratesFrom(text),
      (error) => error instanceof GatewayError && error.message.includes(why),
      text,
    );
});
