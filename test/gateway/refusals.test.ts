import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefusals } from "../../src/gateway/refusals.ts";
import { recorderLog } from "../support/log.ts";

test("ten refusals a minute of one account are worth a row, the rest is told in one line", () => {
  let nowMs = 0;
  const log = recorderLog();
  const worth = createRefusals({ nowMs: () => nowMs, tickMs: () => nowMs }, log);
  const stored = Array.from({ length: 25 }, () => worth("Test1")).filter(Boolean).length;
  assert.equal(stored, 10);
  assert.equal(worth("Test2"), true, "another account has its own ten");
  nowMs = 60_000;
  assert.equal(worth("Test1"), true);
  assert.deepEqual(log.lines, [
    {
      level: "warn",
      subject: "Test1",
      refusals: 15,
      text: "more refusals than are stored one by one",
    },
  ]);
});

test("a peer that changes its address for each refusal does not make memory grow without end", () => {
  const worth = createRefusals({ nowMs: () => 0, tickMs: () => 0 }, recorderLog());
  for (let n = 0; n < 10; n += 1) worth("first");
  assert.equal(worth("first"), false);
  for (let n = 0; n < 10_000; n += 1) worth(`peer-${n}`);
  assert.equal(worth("first"), true, "the oldest was forgotten when 10,000 newer ones came");
});
