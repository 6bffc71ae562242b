/** What operators do, as far as it is the database's: walks through a queue, moves, resends, holds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Place } from "../../src/store/queue.ts";
import type { Acceptance } from "../../src/store/writer.ts";
import { freshDatabase } from "../support/database.ts";
import {
  acceptance,
  child,
  childOf,
  codeOf,
  finish,
  listeningLog,
  newId,
  openTestStore,
  type TestStore,
} from "./fixtures.ts";

async function waiting(store: TestStore, priorities: readonly number[]): Promise<string[]> {
  const asked = priorities.map((priority): Acceptance => {
    const one = acceptance();
    return { ...one, forwards: one.forwards.map((forward) => ({ ...forward, priority })) };
  });
  await Promise.all(asked.map((one) => store.writer.accept(one)));
  return asked.map((one) => child(one).id);
}

async function walked(store: TestStore, limit: number, before = newId()): Promise<string[]> {
  const ids: string[] = [];
  let after: Place | undefined;
  for (;;) {
    const places = await store.queue.walk("SMPP1", { after, before, limit });
    assert.ok(places.length <= limit);
    if (places.length === 0) return ids;
    ids.push(...places.map(({ id }) => id));
    after = places.at(-1);
  }
}

test("a walk through a queue meets every row once, in the order of the queue, whatever its steps", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const priorities = [0, 3, 0, 1, 3, 0, 2, 0, 1, 0];
  const ids = await waiting(store, priorities);
  const expected = [3, 2, 1, 0].flatMap((priority) =>
    ids.filter((_, n) => priorities[n] === priority),
  );
  for (const limit of [1, 2, 3, 7, 100]) assert.deepEqual(await walked(store, limit), expected);
});

test("a walk leaves out what was made after its beginning, and what is with a peer", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const ids = await waiting(store, [0, 0, 0]);
  const before = newId();
  const later = await waiting(store, [3, 0]);
  await store.writer.claim(ids.slice(1, 2));
  assert.deepEqual(await walked(store, 10, before), [ids[0], ids[2]]);
  const rows = await store.queue.rowsOf([...ids, ...later, newId()]);
  assert.deepEqual(rows.map(({ id }) => id).sort(), [ids[0], ids[2], ...later].sort());
});

test("what waits to be tried again becomes due, and is counted; what is scheduled or due stays as it is", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const ids = await waiting(store, [0, 0, 0, 0]);
  await db.query("update pending set due = now() + interval '1 hour', tries = 1 where id <> $1", [
    ids[0],
  ]);
  await db.query("update pending set tries = 0 where id = $1", [ids[3]]);
  const walk = { before: newId(), limit: 2 };
  const first = await store.queue.hurry("SMPP1", { ...walk, after: undefined });
  assert.deepEqual([first.places.map(({ id }) => id), first.hurried], [ids.slice(0, 2), 1]);
  const second = await store.queue.hurry("SMPP1", { ...walk, after: first.places.at(-1) });
  assert.deepEqual([second.places.map(({ id }) => id), second.hurried], [ids.slice(2), 1]);
  assert.equal((await store.queue.fetch("SMPP1", 10)).rows.length, 3);
});

test("rows move with a line in each life, and are due at once but for scheduled ones; one that is with a peer stays", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const asked = [acceptance(), acceptance(), acceptance(), acceptance()];
  await Promise.all(asked.map((one) => store.writer.accept(one)));
  const ids = asked.map((one) => child(one).id);
  await db.query("update pending set due = now() + interval '1 hour', tries = 1");
  await db.query("update pending set tries = 0 where id = $1", [ids[3]]);
  await store.writer.claim(ids.slice(2, 3));
  const lines = asked.map((one) => ({
    root: one.message.id,
    line: { at: 1, what: "moved", facts: { message: child(one).id } },
  }));
  await store.writer.move({ ids, queue: "SMPP2", lines: lines.slice(0, 2) });
  const { rows, nextDueMs } = await store.queue.fetch("SMPP2", 10);
  assert.deepEqual(
    rows.map(({ id }) => id),
    ids.slice(0, 2),
  );
  assert.ok((nextDueMs ?? 0) > Date.now() + 3_000_000, "what is scheduled has moved as well");
  const shown = await store.messages.show(asked[0]?.message.id ?? "");
  assert.deepEqual(
    shown?.log.map(({ what }) => what),
    ["received", "moved"],
  );
});

test("a message that is sent once more shares its parent's octets and reopens its life", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
  await store.writer.accept(one);
  await store.writer.finish(finish(one, { status: "FAILED", error: "ESME_RSUBMITFAIL" }));
  assert.equal((await store.messages.show(one.message.id))?.status, "FAILED");
  const again = childOf(one.message);
  const times = { priority: 0, dueMs: 0, expiresMs: Date.now() + 60_000 };
  await store.writer.resend({
    of: child(one).id,
    forward: { message: again, queue: "SMPP1", ...times },
    line: { at: Date.now(), what: "resent", facts: { message: again.id, of: child(one).id } },
  });
  const { rows } = await store.queue.fetch("SMPP1", 10);
  assert.deepEqual(
    rows.map(({ message }) => message),
    [again],
  );
  const bodies = await db.query("select id from message where body is not null");
  assert.equal(bodies.length, 1);
  const [life] = await store.messages.life(one.message.id, 1);
  assert.deepEqual(
    life?.entries.map(({ status, superseded }) => [status, superseded]),
    [
      ["QUEUED", false],
      ["FAILED", true],
      ["QUEUED", false],
    ],
  );
});

test("a message that was delivered meanwhile stays so when it is sent once more", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
  await store.writer.accept(one);
  await store.writer.finish(finish(one, { status: "DELIVERED" }));
  const again = childOf(one.message);
  const times = { priority: 0, dueMs: 0, expiresMs: Date.now() + 60_000 };
  await store.writer.resend({
    of: child(one).id,
    forward: { message: again, queue: "SMPP1", ...times },
    line: { at: Date.now(), what: "resent", facts: {} },
  });
  assert.equal((await store.messages.life(one.message.id, 1))[0]?.status, "DELIVERED");
});

test("what an operator orders is given up, not kept for later, when the database is away", async () => {
  await using db = await freshDatabase();
  const { log, told } = listeningLog("the writer lost");
  await using store = await openTestStore(db.url, { writeTimeoutMs: 300, log });
  // Nobody may forbid connections to the database that he is connected to.
  await using other = await freshDatabase();
  const [id = ""] = await waiting(store, [0]);
  await other.query(`alter database ${db.name} allow_connections false`);
  await db.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
    [db.name],
  );
  await told;
  const moved = store.writer.move({ ids: [id], queue: "SMPP2", lines: [] });
  assert.equal(await codeOf(moved), "database_unreachable");
  assert.equal(await store.look(), undefined);
  await other.query(`alter database ${db.name} allow_connections true`);
  const rows = await db.query<{ queue: string }>("select queue from pending");
  assert.deepEqual(rows, [{ queue: "SMPP1" }]);
});

test("a dead letter is put back once, as the work that it was", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const [report, event] = [newId(), newId()];
  const rest = { reason: "why", payload: "{}", pending: false };
  await store.writer.bury({ id: report, root: undefined, kind: "report", ...rest });
  await store.writer.bury({ id: event, root: newId(), kind: "event", ...rest });
  assert.equal((await store.look())?.newDeadLetters, 2);
  assert.deepEqual(
    (await store.queue.unmatched(10)).map(({ id, state }) => [id, state]),
    [[report, "dead"]],
  );
  assert.deepEqual(await store.queue.revive(report), { id: report, kind: "report" });
  assert.deepEqual(await store.queue.revive(event), { id: event, kind: "event" });
  assert.equal(await store.queue.revive(event), undefined);
  assert.deepEqual(await store.queue.deadLetters(10), []);
  const due = await store.queue.waitingEvents(10);
  assert.deepEqual(
    due.map(({ id, kind, tries }) => [id, kind, tries]),
    [
      [report, "match", 0],
      [event, "event", 0],
    ],
  );
  assert.equal((await store.queue.unmatched(10))[0]?.state, "again");
});

test("holds are kept, replaced and removed by the name of their channel", async () => {
  await using db = await freshDatabase();
  {
    await using store = await openTestStore(db.url);
    await store.holds.put("SMPP1", "paused", "ann");
    await store.holds.put("SMPP2", "drained", "ann");
    await store.holds.put("SMPP1", "drained", "bob");
    await store.holds.remove("SMPP2");
    await store.holds.remove("SMPP2");
  }
  await using store = await openTestStore(db.url);
  const [only, ...others] = await store.holds.all();
  assert.deepEqual([only?.[0], only?.[1].held, only?.[1].by], ["SMPP1", "drained", "bob"]);
  assert.ok(Math.abs((only?.[1].sinceMs ?? 0) - Date.now()) < 60_000);
  assert.deepEqual(others, []);
});
