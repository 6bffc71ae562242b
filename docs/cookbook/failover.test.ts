import { test } from "signalbox/test";

test("what failed goes out by the other provider", async ({ status, answers, assert }) => {
  answers("messages.find", [{ text: "Hello" }]);
  const { sends } = await status({ channel: "SMPP1", status: "FAILED", to: "+31612345678" });
  assert.equal(sends[0]?.channel, "SMPP2");
  assert.equal(sends[0]?.to, "+31612345678");
  assert.equal(sends[0]?.text, "Hello");
});

test("what has arrived does not", async ({ status, assert }) => {
  const { ran } = await status({ channel: "SMPP1", status: "DELIVERED" });
  assert.deepEqual(ran, []);
});
