import { test } from "signalbox/test";

const written = { origin: "provider", channel: "SMPP1", from: "+31612345678", to: "4711" } as const;

const codeIn = (text = "") => /\d{6}/.exec(text)?.[0] ?? "";

test("the code that was sent lets him in, once", async ({ message, assert }) => {
  const sent = await message({ ...written, text: "login" });
  const code = codeIn(sent.sends[0]?.text);
  assert.equal((await message({ ...written, text: code })).sends[0]?.text, "You are in.");
  assert.match((await message({ ...written, text: code })).sends[0]?.text, /not it/);
});

test("a wrong one spends it, and five minutes do", async ({ message, clock, assert }) => {
  const first = codeIn((await message({ ...written, text: "LOGIN" })).sends[0]?.text);
  const wrong = first === "000000" ? "000001" : "000000";
  assert.match((await message({ ...written, text: wrong })).sends[0]?.text, /not it/);
  assert.match((await message({ ...written, text: first })).sends[0]?.text, /not it/);

  const second = codeIn((await message({ ...written, text: "LOGIN" })).sends[0]?.text);
  clock.advance(5 * 60_000 + 1);
  assert.match((await message({ ...written, text: second })).sends[0]?.text, /not it/);
});
