/** What is kept of trigger files outlives a gateway, and does not grow without end. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPool } from "../../src/store/pool.ts";
import { createTriggerVersions } from "../../src/store/trigger-versions.ts";
import { freshDatabase, silentLog, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
before(async () => {
  database = await freshDatabase();
});
after(() => database[Symbol.asyncDispose]());

const nowMs = 1_800_000_000_000;
const dayMs = 86_400_000;
const bounds = { versionsKept: 3, versionsKeptMs: 90 * dayMs };

function open() {
  const db = openPool({ connectionString: database.url }, silentLog);
  return { ...createTriggerVersions(db), [Symbol.asyncDispose]: () => db.destroy() };
}

function whole(version: number, atMs = nowMs) {
  const sources = { "a.ts": { text: `// ${version}\0`, imports: { "./b.ts": "b.ts" } } };
  return { version, hash: `hash ${version}`, atMs, by: "unknown", sources };
}

test("versions come back as they were kept, newest first", async () => {
  await using versions = open();
  await versions.keep("a.ts", whole(1), bounds);
  await versions.keep("a.ts", whole(2), bounds);
  await versions.keep("b.ts", whole(7), bounds);
  const { sources: _, ...first } = whole(1);
  const { sources: __, ...second } = whole(2);
  assert.deepEqual(await versions.versions("a.ts"), [second, first]);
  assert.deepEqual(await versions.version("a.ts", 1), whole(1));
  assert.equal(await versions.version("a.ts", 3), undefined);
  // Once more, after an answer that got lost.
  await versions.keep("a.ts", whole(2), bounds);
  const { latest } = await versions.state();
  assert.deepEqual(Object.fromEntries(latest), {
    "a.ts": { version: 2, hash: "hash 2" },
    "b.ts": { version: 7, hash: "hash 7" },
  });
});

test("old versions are forgotten, but never the last two nor one that runs by an operator's word", async () => {
  await using versions = open();
  const numbers = async (file: string) =>
    (await versions.versions(file)).map(({ version }) => version);
  for (let version = 1; version <= 6; version++)
    await versions.keep("c.ts", whole(version), bounds);
  assert.deepEqual(await numbers("c.ts"), [6, 5, 4]);
  const settled = { by: "ann", atMs: nowMs };
  const pin = { version: 4, passedOver: "x", insteadOf: 6, why: "", ...settled };
  await versions.pin("c.ts", pin);
  for (let version = 7; version <= 9; version++)
    await versions.keep("c.ts", whole(version), bounds);
  assert.deepEqual(await numbers("c.ts"), [9, 8, 7, 6, 4]);
  await versions.pin("c.ts", undefined);
  await versions.keep("c.ts", whole(10, nowMs + 91 * dayMs), bounds);
  assert.deepEqual(await numbers("c.ts"), [10, 9]);
});

test("pins, canaries and what is disabled are put, replaced and taken away", async () => {
  await using versions = open();
  const settled = { by: "ann", atMs: nowMs };
  const pin = { version: 1, passedOver: "x\0", insteadOf: undefined, why: "why", ...settled };
  const share = { version: undefined, share: 2.5, accounts: undefined, ...settled };
  const some = { version: 3, share: undefined, accounts: ["Test1", `a,"b`], ...settled };
  await versions.pin("d.ts", { ...pin, version: 2 });
  await versions.pin("d.ts", pin);
  await versions.canary("d.ts", share);
  await versions.canary("e.ts", share);
  await versions.canary("e.ts", some);
  await versions.disabled("A", settled);
  await versions.disabled("B", settled);
  await versions.disabled("B", undefined);
  const state = await versions.state();
  assert.deepEqual(Object.fromEntries(state.pins), { "d.ts": { ...pin, passedOver: "x\uFFFD" } });
  assert.deepEqual(Object.fromEntries(state.canaries), { "d.ts": share, "e.ts": some });
  assert.deepEqual(Object.fromEntries(state.disabled), { A: settled });
  await versions.canary("d.ts", undefined);
  assert.deepEqual([...(await versions.state()).canaries.keys()], ["e.ts"]);
});
