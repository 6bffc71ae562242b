import { test } from "signalbox/test";

const question = {
  origin: "provider",
  channel: "SMPP1",
  from: "+31612345678",
  to: "4711",
} as const;

test("what the service answers is sent", async ({ message, http, secrets, assert }) => {
  secrets.set("BOT_TOKEN", "secret");
  http.answers({ body: { text: "It is twelve o'clock." } });
  const { sends } = await message({ ...question, text: "What time is it?" });
  assert.equal(sends[0]?.text, "It is twelve o'clock.");
  assert.match(http.requests[0]?.body, /What time is it/);
});

test("when it has nothing to say nothing is sent", async ({ message, http, secrets, assert }) => {
  secrets.set("BOT_TOKEN", "secret");
  http.answers({ body: {} });
  assert.deepEqual((await message({ ...question, text: "Hm." })).sends, []);
});

test("when it is out of order the message comes again", async ({
  message,
  http,
  secrets,
  assert,
}) => {
  secrets.set("BOT_TOKEN", "secret");
  http.answers({ status: 502 });
  assert.equal((await message({ ...question, text: "Hm." })).code, "try_later");
});
