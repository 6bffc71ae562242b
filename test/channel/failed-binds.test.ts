import assert from "node:assert/strict";
import { test } from "node:test";
import { addressesMax, createFailedBinds } from "../../src/channel/failed-binds.ts";

const clockAt = (ms: number) => ({ ms, tickMs: () => clock.ms });
const clock = clockAt(0);

function failing(perMinute: number) {
  clock.ms = 0;
  return createFailedBinds(perMinute, clock);
}

test("an address may fail so often at once and as often in a minute, then it waits", () => {
  const binds = failing(3);
  assert.deepEqual(
    [1, 2, 3].map(() => binds.failed("192.0.2.1")),
    [false, false, true],
  );
  assert.ok(binds.waits("192.0.2.1"));
  assert.ok(!binds.waits("192.0.2.2"));
  clock.ms = 19_999;
  assert.ok(binds.waits("192.0.2.1"));
  clock.ms = 20_000;
  assert.ok(!binds.waits("192.0.2.1"));
  assert.ok(binds.failed("192.0.2.1"), "the next failure lets it wait again at once");
  clock.ms = 80_000;
  assert.ok(!binds.waits("192.0.2.1"));
  assert.ok(!binds.failed("192.0.2.1"), "after a minute in peace it is as all others");
});

test("of IPv6 a whole network counts as one, and IPv4 is the same in either form", () => {
  const binds = failing(1);
  binds.failed("2001:db8:1:2::1");
  for (const [address, waits] of [
    ["2001:db8:1:2:ffff::9", true],
    ["2001:0DB8:0001:0002:0:0:0:7", true],
    ["2001:db8:1:3::1", false],
    ["2001:db8::1:2", false],
    ["::1", false],
  ] as const)
    assert.equal(binds.waits(address), waits, address);
  binds.failed("::ffff:192.0.2.1");
  assert.ok(binds.waits("192.0.2.1"));
});

test("memory is bounded: those whose last failure is longest ago are forgotten", () => {
  const binds = failing(1);
  binds.failed("first");
  binds.failed("second");
  for (let n = 0; n < addressesMax - 2; n += 1) binds.failed(`10.0.${n >> 8}.${n & 255}`);
  clock.ms = 1;
  binds.failed("first");
  binds.failed("one more");
  assert.ok(binds.waits("first"));
  assert.ok(!binds.waits("second"));
});

test("0 lets everybody fail for ever", () => {
  const binds = failing(0);
  for (let n = 0; n < 1_000; n += 1) assert.ok(!binds.failed("192.0.2.1"));
  assert.ok(!binds.waits("192.0.2.1"));
});
