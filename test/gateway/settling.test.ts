/** Who is told of a change, and when: time is handed in, so an outage of an hour takes microseconds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createSettling } from "../../src/gateway/settling.ts";

type Link = "up" | "down";
const usualMs = 1_000;
const linkOf = (told?: Link) => createSettling<Link>(usualMs, told);

test("what has lasted long enough is told, once, and then what it was before", () => {
  const link = linkOf();
  link.set("up", 0);
  assert.deepEqual(link.due([], 999), { settled: [], nextMs: 1_000 });
  const first = { settled: [{ waitMs: usualMs, before: undefined }], nextMs: undefined };
  assert.deepEqual(link.due([], 1_000), first);
  assert.deepEqual(link.due([], 5_000), { settled: [], nextMs: undefined });
  link.set("down", 6_000);
  assert.deepEqual(link.due([], 7_000).settled, [{ waitMs: usualMs, before: "up" }]);
});

test("of what is over sooner neither the beginning nor the end is told", () => {
  const link = linkOf("up");
  link.set("down", 0);
  assert.equal(link.due([], 500).nextMs, 1_000);
  link.set("up", 900);
  assert.deepEqual(link.due([], 10_000), { settled: [], nextMs: undefined });
});

test("the same state again, for another reason, does not begin anew", () => {
  const link = linkOf("up");
  assert.equal(link.set("down", 0), true);
  assert.equal(link.set("down", 900), false);
  assert.equal(link.due([], 1_000).settled.length, 1);
});

test("each hears of it after his own time, and asks again for the next one", () => {
  const link = linkOf("up");
  const waits = [60_000, 5_000];
  link.set("down", 0);
  assert.equal(link.due(waits, 0).nextMs, 1_000);
  assert.deepEqual(link.due(waits, 1_000).nextMs, 5_000);
  assert.deepEqual(link.due(waits, 5_000), {
    settled: [{ waitMs: 5_000, before: "up" }],
    nextMs: 60_000,
  });
  link.set("up", 30_000);
  // Who waits for a minute has heard of nothing, so there is nothing to take back.
  assert.deepEqual(link.due(waits, 200_000).settled, [
    { waitMs: usualMs, before: "down" },
    { waitMs: 5_000, before: "down" },
  ]);
});

test("who is new in the middle of an outage is not told of it, but of its end", () => {
  const link = linkOf("up");
  link.set("down", 0);
  link.due([], 1_000);
  assert.deepEqual(link.due([100], 30_000), { settled: [], nextMs: undefined });
  link.set("up", 31_000);
  assert.deepEqual(link.due([100], 31_100).settled, [{ waitMs: 100, before: "down" }]);
});

test("what is restarted must last anew", () => {
  const link = linkOf("up");
  link.set("down", 0);
  link.restart(10_000);
  assert.deepEqual(link.due([], 10_500), { settled: [], nextMs: 11_000 });
  assert.equal(link.due([], 11_000).settled.length, 1);
});

test("whatever happens when, up and down take turns and no two are closer than the wait", () => {
  const steps = fc.array(fc.record({ up: fc.boolean(), afterMs: fc.nat(3_000) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, fc.constantFrom(100, 700, 1_000, 2_500), (list, waitMs) => {
      const link = linkOf();
      const told: { value: Link; atMs: number }[] = [];
      let nowMs = 0;
      let nextMs: number | undefined;
      const look = (): void => {
        const due = link.due([waitMs], nowMs);
        nextMs = due.nextMs;
        const mine = due.settled.filter((one) => one.waitMs === waitMs);
        const { value } = link;
        for (const _ of mine) if (value !== undefined) told.push({ value, atMs: nowMs });
      };
      for (const { up, afterMs } of [...list, { up: true, afterMs: 10_000 }]) {
        const until = nowMs + afterMs;
        while (nextMs !== undefined && nextMs <= until) {
          nowMs = nextMs;
          look();
        }
        nowMs = until;
        link.set(up ? "up" : "down", nowMs);
        look();
      }
      for (const [at, one] of told.entries()) {
        const next = told[at + 1];
        if (next === undefined) continue;
        assert.notEqual(next.value, one.value);
        assert.ok(next.atMs - one.atMs >= waitMs);
      }
    }),
  );
});
