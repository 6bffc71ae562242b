import { test } from "signalbox/test";

const question = {
  origin: "provider",
  channel: "SMPP1",
  from: "+31612345678",
  to: "4711",
} as const;

test("a word is answered, whatever stands behind it", async ({ message, assert }) => {
  const { sends } = await message({ ...question, text: " price, please" });
  assert.match(sends[0]?.text, /12 euro/);
  assert.equal(sends[0]?.to, "+31612345678");
});

test("who asks something else is told the words", async ({ message, assert }) => {
  const { sends } = await message({ ...question, text: "Hello?" });
  assert.equal(sends[0]?.text, "Send HOURS, PRICE, WHERE.");
});

test("other numbers are not for it", async ({ message, assert }) => {
  const { ran } = await message({ ...question, to: "4712", text: "PRICE" });
  assert.deepEqual(ran, []);
});
