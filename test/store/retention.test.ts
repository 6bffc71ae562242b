// Old days are made by hand and filled through the writer with ids of that time; then one sweep.
import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { idMaker } from "../../src/model/id.ts";
import type { Message } from "../../src/model/message.ts";
import { openPool } from "../../src/store/pool.ts";
import { type RetentionSettings, sweepOld } from "../../src/store/retention.ts";
import type { Acceptance } from "../../src/store/writer.ts";
import { type TestDatabase, freshDatabase, silentLog } from "../support/database.ts";
import { acceptance, child, conclusion, finish, message, openTestStore } from "./fixtures.ts";

const dayMs = 86_400_000;
const keep: RetentionSettings = {
  keepTraceDays: 7,
  keepMessageDays: 30,
  awaitedOn: ["SMPP1"],
};

/** Of so many days ago, at noon UTC. */
function noon(daysAgo: number): number {
  return (Math.floor(Date.now() / dayMs) - daysAgo) * dayMs + dayMs / 2;
}

function nameOf(daysAgo: number): string {
  return new Date(noon(daysAgo)).toISOString().slice(0, 10).replaceAll("-", "");
}

async function makeDay(db: TestDatabase, daysAgo: number): Promise<void> {
  await db.query("select make_partitions($1::date, 1)", [nameOf(daysAgo)]);
}

async function sweep(db: TestDatabase, settings = keep, nowMs = Date.now()) {
  const pool = openPool({ connectionString: db.url }, silentLog);
  try {
    return await sweepOld(pool, settings, nowMs);
  } finally {
    await pool.destroy();
  }
}

/** An original with one child, both of that day. */
function of(daysAgo: number): Acceptance {
  const newId = idMaker(() => noon(daysAgo));
  const one = acceptance();
  const id = newId();
  const original: Message = { ...one.message, id, root: id };
  const forwards = one.forwards.map((forward) => ({
    ...forward,
    message: { ...forward.message, id: newId(), root: id, parent: id },
  }));
  return { ...one, message: original, forwards };
}

async function tablesOf(db: TestDatabase, daysAgo: number): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    "select relname as name from pg_class where relkind = 'r' and relname like $1 order by 1",
    [`%\\_p${nameOf(daysAgo)}`],
  );
  return rows.map(({ name }) => name.split("_")[0] ?? "");
}

test("a day older than keepMessageDays goes whole, one older than keepTraceDays loses its trace", async () => {
  await using db = await freshDatabase();
  for (const daysAgo of [40, 31, 30, 8, 7]) await makeDay(db, daysAgo);
  const { dropped, kept, busy } = await sweep(db);
  assert.deepEqual([kept, busy], [[], []]);
  assert.deepEqual(dropped.slice(0, 4), [
    `message_p${nameOf(40)}`,
    `state_p${nameOf(40)}`,
    `attempt_p${nameOf(40)}`,
    `trace_p${nameOf(40)}`,
  ]);
  assert.deepEqual(await tablesOf(db, 31), []);
  assert.deepEqual(await tablesOf(db, 30), ["attempt", "message", "state"]);
  assert.deepEqual(await tablesOf(db, 8), ["attempt", "message", "state"]);
  assert.deepEqual(await tablesOf(db, 7), ["attempt", "message", "state", "trace"]);
  assert.equal((await tablesOf(db, 0)).length, 4);
  assert.deepEqual((await sweep(db)).dropped, []);
});

test("a day with a message that waits is kept, with the day of its original, and told", async () => {
  await using db = await freshDatabase();
  for (const daysAgo of [41, 40, 39]) await makeDay(db, daysAgo);
  await using store = await openTestStore(db.url);
  const waiting = of(40);
  const over = of(39);
  // The original came a day before its child, as over midnight.
  const earlier = idMaker(() => noon(41))();
  const split: Acceptance = {
    ...waiting,
    message: { ...waiting.message, id: earlier, root: earlier },
    forwards: waiting.forwards.map((forward) => ({
      ...forward,
      message: { ...forward.message, root: earlier, parent: earlier },
    })),
  };
  await store.writer.accept(split);
  await store.writer.accept(over);
  await store.writer.finish(finish(over, { status: "FAILED", error: "x" }));
  const first = await sweep(db);
  assert.deepEqual(first.kept, [
    { day: nameOf(41), rows: 1 },
    { day: nameOf(40), rows: 1 },
  ]);
  assert.deepEqual(await tablesOf(db, 41), ["attempt", "message", "state"]);
  assert.deepEqual(await tablesOf(db, 40), ["attempt", "message", "state"]);
  assert.deepEqual(await tablesOf(db, 39), []);
  const { rows } = await store.queue.fetch("SMPP1", 10);
  assert.equal(rows[0]?.message.sms?.octets.toString(), "Hello");

  await store.writer.finish(finish(split, { status: "FAILED", error: "x" }));
  const second = await sweep(db);
  assert.deepEqual([second.kept, second.dropped.length], [[], 6]);
});

test("a day with a message whose report is awaited is kept, but not for a channel that is gone", async () => {
  await using db = await freshDatabase();
  await makeDay(db, 40);
  await using store = await openTestStore(db.url);
  const sent = of(40);
  await store.writer.accept(sent);
  await store.writer.finish(finish(sent));
  assert.deepEqual((await sweep(db)).kept, [{ day: nameOf(40), rows: 1 }]);
  const gone = await sweep(db, { ...keep, awaitedOn: ["OTHER"] });
  assert.deepEqual([gone.kept, gone.dropped.length], [[], 3]);
});

test("a day is kept when a newer message of a life of it waits for its report", async () => {
  await using db = await freshDatabase();
  for (const daysAgo of [40, 2]) await makeDay(db, daysAgo);
  await using store = await openTestStore(db.url);
  const old = of(40);
  const late = of(2);
  const resent: Acceptance = {
    ...old,
    forwards: old.forwards.map((forward, n) => ({
      ...forward,
      message: { ...forward.message, id: child(late, n).id },
    })),
  };
  await store.writer.accept(resent);
  await store.writer.finish(finish(resent));
  assert.deepEqual((await sweep(db)).kept, [{ day: nameOf(40), rows: 1 }]);
  await store.writer.conclude(conclusion(resent));
  assert.deepEqual((await sweep(db)).kept, []);
  // What is left of the life is not found any more, and is no fault.
  assert.deepEqual(await store.messages.life(child(resent).id, 1), []);
  assert.equal(await store.messages.show(child(resent).id), undefined);
});

test("a day is kept when a status of a message of it is still to be decided", async () => {
  await using db = await freshDatabase();
  await makeDay(db, 40);
  await using store = await openTestStore(db.url);
  const old = of(40);
  await store.writer.accept(old);
  const id = idMaker(() => Date.now())();
  const payload = JSON.stringify({ message: child(old).id, status: "FAILED" });
  const later = { id, root: old.message.id, kind: "event", dueMs: 0, payload } as const;
  await store.writer.finish(
    finish(old, { status: "FAILED", conclusion: { lines: [], tell: [], later } }),
  );
  assert.deepEqual((await sweep(db)).kept, [{ day: nameOf(40), rows: 1 }]);
});

test("what lies in no day of its own is deleted when it is old and over", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const [over, waiting, young] = [of(50), of(51), of(5)];
  for (const one of [over, waiting, young]) await store.writer.accept(one);
  for (const one of [over, young])
    await store.writer.finish(finish(one, { status: "FAILED", error: "x" }));
  await store.writer.trace(over.message.id, [{ at: 1, what: "late", facts: {} }]);
  await store.writer.trace(young.message.id, [{ at: 1, what: "late", facts: {} }]);
  const { deleted } = await sweep(db);
  assert.equal(deleted, 2 + 1 + 1 + 1);
  assert.equal(await store.messages.show(over.message.id), undefined);
  for (const one of [waiting, young])
    assert.equal((await store.messages.life(one.message.id, 1))[0]?.entries.length, 2);
});

test("dead letters are kept as long as messages", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const { bury } = store.writer;
  const [old, young] = [message().id, message().id];
  for (const id of [old, young])
    await bury({ id, root: undefined, kind: "report", reason: "", payload: "{}", pending: false });
  await db.query("update dead_letter set at = now() - interval '32 days' where id = $1", [old]);
  assert.equal((await sweep(db)).deleted, 1);
  assert.deepEqual(
    (await store.queue.deadLetters(9)).map(({ id }) => id),
    [young],
  );
});

test("a reader who does not let go keeps a day for an hour and nobody else waits for long", async () => {
  await using db = await freshDatabase();
  for (const daysAgo of [41, 40]) await makeDay(db, daysAgo);
  const reader = new pg.Client({ connectionString: db.url });
  await reader.connect();
  try {
    await reader.query("begin");
    await reader.query("select count(*) from state");
    const { busy, dropped } = await sweep(db);
    assert.deepEqual(busy, [`state_p${nameOf(41)}`, `state_p${nameOf(40)}`]);
    assert.equal(dropped.length, 6);
    await reader.query("rollback");
    assert.deepEqual((await sweep(db)).dropped, busy);
  } finally {
    await reader.end();
  }
});

test("messages come in and go out while days are dropped", async () => {
  await using db = await freshDatabase();
  for (let daysAgo = 60; daysAgo > 30; daysAgo -= 1) await makeDay(db, daysAgo);
  await using store = await openTestStore(db.url);
  let done = false;
  let taken = 0;
  const load = (async () => {
    while (!done) {
      const some = Array.from({ length: 20 }, () => acceptance());
      await Promise.all(
        some.map(async (one) => {
          await store.writer.accept(one);
          await store.writer.claim([child(one).id]);
          await store.writer.finish(finish(one));
          await store.writer.conclude(conclusion(one));
          taken += 1;
        }),
      );
    }
  })();
  const dropped: string[] = [];
  // One that met a flush gives way and is tried again, as it would be an hour later.
  while (dropped.length < 120) dropped.push(...(await sweep(db)).dropped);
  done = true;
  await load;
  const rows = await db.query<{ n: number }>("select count(*)::integer as n from message");
  assert.deepEqual([rows[0]?.n, new Set(dropped).size], [2 * taken, 120]);
});

test("a clock that runs ahead drops nothing that the database knows to be young", async () => {
  await using db = await freshDatabase();
  await makeDay(db, 20);
  assert.deepEqual((await sweep(db, keep, Date.now() + 900 * dayMs)).dropped, [
    `trace_p${nameOf(20)}`,
  ]);
});
