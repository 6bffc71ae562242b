/** The page of the SDK says all that a trigger can import, each with what it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sdkPage, sdkSymbols } from "../docs/sdk.ts";

const { triggers, tests } = sdkSymbols();
const symbols = [...triggers, ...tests];

test("all that a script calls is among the symbols of the SDK", () => {
  const names = symbols.map(({ name }) => name);
  for (const name of "onBind onMessage onReport onStatus onChannel onSession onSchedule sms".split(
    " ",
  ))
    assert.ok(names.includes(name), name);
  for (const name of "Message Tools DataSource Kv Http Secrets Crypto TlvWishes test".split(" "))
    assert.ok(names.includes(name), name);
});

test("each symbol of the SDK says what it is", () => {
  const silent = symbols.filter(({ doc }) => doc === "").map(({ name, file }) => `${file} ${name}`);
  assert.deepEqual(silent, []);
});

test("each function of the SDK has an example", () => {
  const without = triggers.filter(({ kind, doc }) => kind === "function" && !doc.includes("```ts"));
  assert.deepEqual(
    without.map(({ name }) => name),
    [],
  );
});

test("each symbol of the SDK and each of its members is on the page", () => {
  const page = sdkPage();
  for (const { name, members } of symbols) {
    assert.ok(page.includes(`\n### ${name}\n`), name);
    for (const { text } of members) assert.ok(page.includes(`- \`${text}\``), text);
  }
});
