/** What triggers ask the gateway for is kept with what they did, within bounds, or not at all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutText } from "../../src/admin/hide.ts";
import { storyOf } from "../../src/gateway/story.ts";
import { original } from "../cli/views.ts";
import { messageRequest, openScripts, script } from "../support/run-trigger.ts";

const asks = script(`
  export const ONE = onMessage({ order: 1 }, async (m, { accounts }) => {
    await accounts.byNumber("+1");
    await accounts.byNumber("+2").catch(() => {});
    m.accept();
  });
  export const TWO = onMessage({ order: 2 }, async (m, { accounts }) => { await accounts.byNumber("+3"); });
  export const QUIET = onMessage({ order: 3 }, () => {});`);

const calls = {
  "accounts.byNumber": ([number]: readonly unknown[]) => {
    return number === "+3" ? Promise.resolve("x".repeat(1_000)) : Promise.resolve({ id: number });
  },
};

test("each trigger's calls stand with it, in their order", async () => {
  await using running = await openScripts({ "asks.ts": asks }, { calls });
  const { ran } = await running.engine.decide(messageRequest());
  assert.deepEqual(
    ran.map(({ calls: made }) => made?.map(({ name, args, answer }) => [name, args, answer])),
    [
      [
        ["accounts.byNumber", '["+1"]', '{"id":"+1"}'],
        ["accounts.byNumber", '["+2"]', '{"id":"+2"}'],
      ],
      [["accounts.byNumber", '["+3"]', `"${"x".repeat(1_000)}"`]],
      undefined,
    ],
  );
});

test("beyond the characters of an event a call is kept without its answer", async () => {
  const limits = { recordedCharactersMax: 200 };
  await using running = await openScripts({ "asks.ts": asks }, { calls, limits });
  const { ran } = await running.engine.decide(messageRequest());
  assert.deepEqual(
    ran.map(({ calls: made }) => made?.map(({ answer }) => answer)),
    [['{"id":"+1"}', '{"id":"+2"}'], [undefined], undefined],
  );
  const cut = storyOf(ran, 1).filter(({ facts }) => facts["cut"] === true);
  assert.deepEqual(
    cut.map(({ facts }) => facts),
    [{ trigger: "TWO", version: 1, call: "accounts.byNumber", args: '["+3"]', cut: true }],
  );
});

test("where nothing is to be recorded nothing is", async () => {
  const limits = { recordedCharactersMax: 0 };
  await using running = await openScripts({ "asks.ts": asks }, { calls, limits });
  const { ran } = await running.engine.decide(messageRequest());
  assert.ok(ran.every((one) => !("calls" in one)));
});

test("where texts are hidden, what was asked and answered is, too", () => {
  const facts = { trigger: "A", version: 1, call: "kv.get", args: '["secret"]', answer: '"x"' };
  const { log } = withoutText({ ...original, log: [{ at: 1, what: "call", facts }] });
  assert.deepEqual(log[0]?.facts, {
    ...facts,
    args: "(hidden, 10 characters)",
    answer: "(hidden, 3 characters)",
  });
});
