import assert from "node:assert/strict";
import { test } from "node:test";
import { inTime, turnMsMax } from "../../src/gateway/in-time.ts";
import { commandStatusOf } from "../../src/model/error.ts";
import type { MessageEvent } from "../../src/model/event.ts";

const tickMs = 10_000;
const asked: MessageEvent[] = [];
const answer = inTime(
  (event) => {
    asked.push(event);
    return Promise.resolve({ kind: "unanswered" });
  },
  { nowMs: () => 0, tickMs: () => tickMs },
);
const came = (over: Partial<MessageEvent>): MessageEvent =>
  ({ origin: "customer", isOpen: () => true, ...over }) as MessageEvent;

test("[I56] who has waited for his turn for too long hears 0x58, a provider 0x64, and no trigger is asked", async () => {
  const receivedMs = tickMs - turnMsMax - 1;
  for (const [origin, status] of [
    ["customer", 0x58],
    ["provider", 0x64],
  ] as const) {
    const answered = await answer(came({ origin, receivedMs }));
    assert.ok(answered.kind === "refused");
    assert.equal(commandStatusOf(answered.code), status);
  }
  assert.deepEqual(asked.splice(0), []);
});

test("who was waited for less long is asked about, and so is what came without a turn", async () => {
  const events = [came({ receivedMs: tickMs - turnMsMax }), came({ receivedMs: tickMs }), came({})];
  for (const event of events) assert.equal((await answer(event)).kind, "unanswered");
  assert.deepEqual(asked.splice(0), events);
});

test("a channel that gives less time for an answer is not asked about what is too late for it", async () => {
  const answered = await answer(came({ receivedMs: tickMs - 200, isOpen: () => false }));
  assert.equal(answered.kind === "refused" && answered.code, "overloaded");
  assert.deepEqual(asked.splice(0), []);
});
