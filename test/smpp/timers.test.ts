/** The life of a session's timers, walked through without a clock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sessionLimits } from "../../src/smpp/limits.ts";
import { newTimers, tick, tickEveryMs } from "../../src/smpp/timers.ts";

const limits = {
  ...sessionLimits,
  sessionInitMs: 5_000,
  enquireLinkMs: 30_000,
  responseTimeoutMs: 60_000,
  inactivityMs: 0,
};

function boundAt(nowMs: number) {
  const timers = newTimers(nowMs);
  timers.unboundMs = undefined;
  return timers;
}

test("a connection that asks for no bind is closed after sessionInitMs", () => {
  const timers = newTimers(1_000);
  assert.equal(tick(timers, limits, 5_999), "wait");
  assert.equal(tick(timers, limits, 6_000), "session_init_timeout");
});

test("[C05] a quiet bound session is asked, then closed", () => {
  const timers = boundAt(0);
  assert.equal(tick(timers, limits, 29_999), "wait");
  assert.equal(tick(timers, limits, 30_000), "enquireLink");
  timers.enquiredMs = 30_000;
  assert.equal(tick(timers, limits, 89_999), "wait");
  assert.equal(tick(timers, limits, 90_000), "enquire_link_unanswered");
});

test("[C34] traffic within enquireLinkMs puts the question off", () => {
  const timers = boundAt(0);
  for (let nowMs = 0; nowMs < 300_000; nowMs += 1_000) {
    timers.readMs = nowMs;
    assert.equal(tick(timers, limits, nowMs), "wait");
  }
  assert.equal(tick(timers, limits, 299_000 + 30_000), "enquireLink");
});

test("who sends but does not answer enquire_link is closed too", () => {
  const timers = boundAt(0);
  timers.enquiredMs = 30_000;
  timers.readMs = 89_000;
  assert.equal(tick(timers, limits, 90_000), "enquire_link_unanswered");
});

test("inactivity counts messages only, and 0 is never", () => {
  const timers = boundAt(0);
  timers.readMs = 100_000;
  assert.equal(tick(timers, { ...limits, inactivityMs: 100_000 }, 99_999), "wait");
  assert.equal(tick(timers, { ...limits, inactivityMs: 100_000 }, 100_000), "inactive");
  assert.equal(tick(timers, limits, 100_000), "wait");
});

test("the look at the timers is finer than the shortest limit and once a second at most", () => {
  assert.equal(tickEveryMs(sessionLimits), 500);
  assert.equal(tickEveryMs({ ...sessionLimits, enquireLinkMs: 100 }), 10);
  assert.equal(tickEveryMs({ ...sessionLimits, inactivityMs: 1 }), 5);
  assert.equal(tickEveryMs({ ...sessionLimits, sessionInitMs: 60_000, unbindMs: 60_000 }), 1_000);
});
