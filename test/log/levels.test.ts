// Levels that are set while the gateway runs; the clock is the test's, so nothing is waited for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogLevels } from "../../src/log/levels.ts";
import { type LogLevel, levelForMs, levelForMsMax } from "../../src/model/log.ts";

function levelsFrom(configured: LogLevel = "info") {
  let nowMs = 1_000_000;
  const clock = { nowMs: () => nowMs, tickMs: () => nowMs };
  const levels = createLogLevels(configured, clock);
  return { levels, pass: (ms: number) => (nowMs += ms), nowMs: () => nowMs };
}

test("[C09] each level tells what the ones above it tell, and more", () => {
  const all: LogLevel[] = ["error", "warn", "info", "debug", "pdu"];
  for (const [at, level] of all.entries()) {
    const { levels } = levelsFrom(level);
    assert.deepEqual(
      all.map((one) => levels.allows(one, undefined)),
      all.map((_, other) => other <= at),
      level,
    );
  }
});

test("[C09] a level that was set falls back by itself after fifteen minutes", () => {
  const { levels, pass, nowMs } = levelsFrom();
  levels.set({ channel: undefined, level: "pdu", forMs: undefined });
  const until = { atMs: nowMs() + levelForMs, level: "info" };
  assert.deepEqual(levels.list(), [{ channel: undefined, level: "pdu", until }]);
  pass(levelForMs - 1);
  assert.ok(levels.allows("pdu", "SMPP1"));
  pass(1);
  assert.ok(!levels.allows("debug", "SMPP1"));
  assert.deepEqual(levels.list(), [{ channel: undefined, level: "info", until: undefined }]);
});

test("[C09] a channel's own level goes before the one for everything, in both directions", () => {
  const { levels, pass } = levelsFrom();
  levels.set({ channel: "SMPP1", level: "pdu", forMs: 60_000 });
  levels.set({ channel: undefined, level: "error", forMs: 120_000 });
  assert.ok(levels.allows("pdu", "SMPP1"));
  assert.ok(!levels.allows("warn", "SMPP2"));
  assert.ok(!levels.allows("warn", undefined));
  assert.deepEqual(
    levels.list().map(({ channel, level, until }) => [channel, level, until?.level]),
    [
      [undefined, "error", "info"],
      ["SMPP1", "pdu", "error"],
    ],
  );
  pass(60_000);
  assert.ok(!levels.allows("warn", "SMPP1"), "it falls back to the one for everything");
  pass(60_000);
  assert.ok(levels.allows("info", "SMPP1"));
  assert.equal(levels.list().length, 1);
});

test("setting what it would fall back to ends a change at once", () => {
  const { levels } = levelsFrom();
  levels.set({ channel: "SMPP1", level: "debug", forMs: undefined });
  levels.set({ channel: "SMPP1", level: "info", forMs: undefined });
  assert.deepEqual(levels.list(), [{ channel: undefined, level: "info", until: undefined }]);
});

test("a day is the longest, and no time at all is refused", () => {
  const { levels } = levelsFrom();
  for (const forMs of [0, -1, levelForMsMax + 1, Number.NaN])
    assert.throws(() => levels.set({ channel: undefined, level: "debug", forMs }), {
      code: "bad_request",
    });
  assert.equal(levels.list()[0]?.level, "info");
  levels.set({ channel: undefined, level: "debug", forMs: levelForMsMax });
  assert.equal(levels.list()[0]?.level, "debug");
});
