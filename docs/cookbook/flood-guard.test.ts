import { test } from "signalbox/test";

const one = { to: "+31612345678", text: "Your parcel is here" };

test("the fourth within ten minutes is refused, another text is not", async ({
  message,
  assert,
}) => {
  for (let times = 1; times <= 3; times += 1)
    assert.notEqual((await message(one)).verdict, "reject");
  assert.equal((await message(one)).code, "throttled");
  assert.notEqual((await message({ ...one, text: "Another" })).verdict, "reject");
});

test("after ten minutes it may come again", async ({ message, clock, assert }) => {
  for (let times = 1; times <= 4; times += 1) await message(one);
  clock.advance(10 * 60_000 + 1);
  assert.notEqual((await message(one)).verdict, "reject");
});
