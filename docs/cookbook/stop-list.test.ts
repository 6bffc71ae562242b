import { test } from "signalbox/test";

const phone = "+31612345678";
const written = { origin: "provider", channel: "SMPP1", from: phone, to: "4711" } as const;
const sent = { channel: "SMPP_SERVER1", from: "4711", to: phone } as const;

test("after STOP nothing goes to him, after START it does", async ({ message, assert }) => {
  const told = await message({ ...written, text: "Stop!" });
  assert.equal(told.sends.length, 1);
  assert.equal((await message(sent)).code, "refused_by_rule");
  await message({ ...written, text: "start" });
  assert.notEqual((await message(sent)).verdict, "reject");
});

test("another sender may still write to him", async ({ message, assert }) => {
  await message({ ...written, text: "STOP" });
  assert.notEqual((await message({ ...sent, from: "4712" })).verdict, "reject");
});
