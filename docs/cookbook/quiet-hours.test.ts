import { test } from "signalbox/test";

test("by day a message goes on, winter and summer", async ({ message, clock, assert }) => {
  for (const time of ["2026-01-15T20:59:00Z", "2026-07-15T06:00:00Z"]) {
    clock.set(time);
    assert.deepEqual((await message({})).forwards, [{ channel: "SMPP1" }]);
  }
});

test("at night it waits, and is sent once in the morning", async (tools) => {
  const { message, schedule, kv, clock, assert } = tools;
  clock.set("2026-01-15T21:00:00Z");
  const atNight = await message({ text: "Good night" });
  assert.deepEqual(atNight.forwards, []);
  assert.equal(kv.keys().length, 1);

  clock.set("2026-01-16T07:00:00Z");
  const first = await schedule();
  assert.equal(first.sends[0]?.text, "Good night");
  clock.set("2026-01-16T07:02:00Z");
  const second = await schedule();
  assert.deepEqual(second.sends, []);
  assert.deepEqual(kv.keys(), []);
});
