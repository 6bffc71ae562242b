import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createSendingPace } from "../../src/channel/sending-pace.ts";
import { silentLog } from "../support/database.ts";

/** A pace whose time goes on only by `tick`. */
async function paced(t: TestContext, text: string, sentToday?: () => Promise<number>) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let nowMs = 0;
  let calls = 0;
  const clock = { tickMs: () => nowMs };
  const ready = (): void => void (calls += 1);
  const parts = { clock, ready, log: silentLog, ...(sentToday && { sentToday }) };
  const pace = await createSendingPace(text, parts);
  assert.ok(pace !== undefined);
  return {
    pace,
    calls: () => calls,
    tick(ms: number): void {
      nowMs += ms;
      t.mock.timers.tick(ms);
    },
  };
}

test("time alone goes on with what a rate holds back, once, and nothing runs while there is room", async (t) => {
  const { pace, calls, tick } = await paced(t, "10/second burst 2");
  assert.equal(pace.within(100), 2);
  tick(60_000);
  assert.equal(calls(), 0);
  pace.sent();
  assert.equal(pace.within(100), 1);
  pace.sent();
  assert.equal(pace.within(100), 0);
  tick(99);
  assert.equal(calls(), 0);
  tick(1);
  assert.equal(calls(), 1);
  assert.equal(pace.within(100), 1);
  tick(60_000);
  assert.equal(calls(), 1);
});

test("at a high rate what becomes free in some milliseconds is told together", async (t) => {
  const { pace, calls, tick } = await paced(t, "1000/second");
  for (let n = 0; n < 1_000; n += 1) pace.sent();
  let sent = 0;
  for (let ms = 0; ms < 100; ms += 1) {
    tick(1);
    const before = calls();
    if (before === 0) continue;
    for (let free = pace.within(1_000); free > 0; free -= 1) {
      pace.sent();
      sent += 1;
    }
  }
  assert.ok(calls() <= 10, `${calls()} calls`);
  assert.ok(sent >= 90 && sent <= 100, `${sent} sent`);
});

test("what was sent in the day before counts, and a day that cannot be read begins anew", async (t) => {
  const { pace } = await paced(t, "5/day, 100/second", () => Promise.resolve(4));
  assert.equal(pace.within(10), 1);
  t.mock.timers.reset();
  const unknown = await paced(t, "5/day", () => Promise.reject(new Error("no database")));
  assert.equal(unknown.pace.within(10), 5);
});

test("a channel that is closed waits for nothing", async (t) => {
  const { pace, calls, tick } = await paced(t, "1/second");
  pace.sent();
  pace.close();
  pace.within(1);
  tick(5_000);
  assert.equal(calls(), 0);
});

test("without a rate there is no pace", async () => {
  const parts = { clock: { tickMs: () => 0 }, ready() {}, log: silentLog };
  assert.equal(await createSendingPace("", parts), undefined);
});
