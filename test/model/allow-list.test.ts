import assert from "node:assert/strict";
import { test } from "node:test";
import { changedOptions, standardOptions } from "../../src/model/account-options.ts";
import { allowListFrom, isAllowed } from "../../src/model/allow-list.ts";

test("addresses and networks of both versions are allowed, everything else is not", () => {
  const list = allowListFrom("192.0.2.7, 198.51.100.0/24,2001:db8::/32");
  for (const [remote, allowed] of [
    ["192.0.2.7:5", true],
    ["192.0.2.8:5", false],
    ["198.51.100.255:1", true],
    ["[2001:db8:ffff::1]:2775", true],
    ["[2001:db9::1]:2775", false],
    ["[::ffff:192.0.2.7]:5", true],
    ["?:0", false],
    ["", false],
  ] as const)
    assert.equal(isAllowed(list, remote), allowed, remote);
  assert.ok(isAllowed(allowListFrom("fe80::/10"), "[fe80::1%eth0]:5"));
  assert.ok(isAllowed(allowListFrom("0.0.0.0/0"), "8.8.8.8:1"));
  assert.ok(isAllowed(allowListFrom(" "), "8.8.8.8:1"), "no list allows all");
});

test("what an account may is set as text, and everything wrong is told by its name", () => {
  const wrong = { rate: "fast", bindsMax: "many", allowFrom: "10.0.0.0/33" };
  assert.throws(
    () => changedOptions(standardOptions, wrong, 0),
    /rate: "fast" is no rate.* bindsMax is a number of sessions from 0 to 10000, not "many"\. allowFrom: "10\.0\.0\.0\/33" is no address/s,
  );
  for (const allowFrom of ["10.0.0", "10.0.0.0/x", "10.0.0.0/8/8", "::1%lo", "host", "1.2.3.4,"])
    assert.throws(() => changedOptions(standardOptions, { allowFrom }, 0), /is no address/);
  const right = { rate: "5/second", bindsMax: "3", allowFrom: "::1" };
  const changed = changedOptions(standardOptions, right, 0);
  assert.deepEqual(changed, { ...standardOptions, ...right, bindsMax: 3 });
});
