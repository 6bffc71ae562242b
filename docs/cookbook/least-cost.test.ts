import { test } from "signalbox/test";

test("the cheapest of the longest beginning is taken", async ({ message, assert }) => {
  const expected = {
    "+31612345678": "SMPP2",
    "+31201234567": "SMPP1",
    "+32470123456": "SMPP2",
    "+15551234567": "SMPP2",
  };
  for (const [to, channel] of Object.entries(expected))
    assert.deepEqual((await message({ to })).forwards, [{ channel }], to);
});

test("a number of nobody is refused", async ({ message, assert }) => {
  assert.equal((await message({ to: "4711" })).code, "no_route");
});
