import assert from "node:assert/strict";
import { test } from "node:test";
import type { Acceptance, Forward } from "../../src/store/writer.ts";
import { freshDatabase } from "../support/database.ts";
import { acceptance, child, childOf, hello, message, openTestStore } from "./fixtures.ts";

function forwarded(over: Partial<Forward>): Acceptance {
  const one = acceptance();
  return { ...one, forwards: one.forwards.map((forward) => ({ ...forward, ...over })) };
}

test("a queue is fetched in the order of priority, then of ids, as far as it is due", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const dueMs = Date.now() + 60_000;
  const asked = [0, 3, 0, 1].map((priority) => forwarded({ priority }));
  const late = forwarded({ dueMs, priority: 3 });
  const elsewhere = forwarded({ queue: "SMPP2" });
  await Promise.all([...asked, late, elsewhere].map((one) => store.writer.accept(one)));
  const expected = [1, 3, 0, 2].map((n) => asked[n] && child(asked[n]).id);
  const fetched = await store.queue.fetch("SMPP1", 10);
  assert.deepEqual(
    fetched.rows.map((row) => row.id),
    expected,
  );
  assert.ok(Math.abs((fetched.nextDueMs ?? 0) - dueMs) < 1_000);
  const two = await store.queue.fetch("SMPP1", 2);
  assert.deepEqual(
    two.rows.map((row) => row.id),
    expected.slice(0, 2),
  );
});

test("a fetched message has the content of its parent, and its own where that was changed", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const sms = {
    ...hello,
    from: { ton: 5, npi: 0, digits: "Shop" },
    to: { ton: 2, npi: 8, digits: "0699887766" },
    serviceType: "CMT",
    esmClass: 0x40,
    dataCoding: 8,
    octets: Buffer.from("050003050201d83ddca9", "hex"),
    tlvs: [
      { tag: 0x1400, octets: Buffer.from("00ff", "hex") },
      { tag: 0x1400, octets: Buffer.alloc(0) },
    ],
  };
  const original = message({ sms, from: "Shop", to: "0699887766" });
  const same = childOf(original);
  const otherAddress = childOf(original, {
    to: "+31611111111",
    sms: { ...sms, to: { ton: 1, npi: 1, digits: "31611111111" } },
    sameAsParent: false,
  });
  const otherText = childOf(original, {
    sms: { ...sms, text: 'Grüße "quoted"', octets: Buffer.alloc(0) },
    sameAsParent: false,
  });
  const children = [same, otherAddress, otherText];
  const forwards = children.map((message) => ({
    message,
    queue: "SMPP1",
    priority: 0,
    dueMs: 0,
    expiresMs: Date.now() + 60_000,
  }));
  const nothing = { charge: undefined, error: undefined };
  await store.writer.accept({ message: original, ...nothing, forwards, status: "QUEUED" });
  const { rows } = await store.queue.fetch("SMPP1", 10);
  assert.deepEqual(
    rows.map((row) => row.message),
    children,
  );
  const bodies = await db.query<{ n: number }>(
    "select count(*)::integer as n from message where body is not null and length(body) > 0",
  );
  assert.equal(bodies[0]?.n, 1, "the octets are stored once");
});

test("a row that is written with this start's mark is as one that was taken, with and without other ways", async () => {
  await using db = await freshDatabase();
  const ways = { left: [{ queue: "SMPP2" }], since: 0, failures: {} };
  const marked = [forwarded({ taken: true }), forwarded({ taken: true, ways })];
  {
    await using store = await openTestStore(db.url);
    await Promise.all([...marked, forwarded({})].map((one) => store.writer.accept(one)));
    assert.equal((await store.queue.fetch("SMPP1", 10)).rows.length, 1);
  }
  await using store = await openTestStore(db.url);
  assert.equal(await store.queue.takeUp(), 2);
  const { rows } = await store.queue.fetch("SMPP1", 10);
  const doubtful = rows.filter(({ maybeTwice }) => maybeTwice).map(({ id }) => id);
  assert.deepEqual(
    doubtful,
    marked.map((one) => child(one).id),
  );
});

test("what this start has taken is not fetched; what an earlier start had in flight is, marked", async () => {
  await using db = await freshDatabase();
  const asked = Array.from({ length: 3 }, () => acceptance());
  const ids = asked.map((one) => child(one).id);
  {
    await using store = await openTestStore(db.url);
    await Promise.all(asked.map((one) => store.writer.accept(one)));
    await store.writer.claim(ids.slice(0, 2));
    const { rows } = await store.queue.fetch("SMPP1", 10);
    assert.deepEqual(
      rows.map((row) => [row.id, row.maybeTwice]),
      [[ids[2], false]],
    );
    assert.equal(await store.queue.takeUp(), 0);
  }
  await using store = await openTestStore(db.url);
  assert.equal(await store.queue.takeUp(), 2);
  const { rows } = await store.queue.fetch("SMPP1", 10);
  assert.deepEqual(
    rows.map((row) => [row.id, row.maybeTwice]),
    [
      [ids[0], true],
      [ids[1], true],
      [ids[2], false],
    ],
  );
});

test("counts tell of each queue how many wait and since when", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  assert.equal((await store.queue.counts()).size, 0);
  const asked = [{}, {}, { queue: "SMPP2" }].map((over) => acceptance(over));
  await Promise.all(asked.map((one) => store.writer.accept(one)));
  const counts = await store.queue.counts();
  assert.deepEqual(
    [...counts].map(([queue, { rows }]) => [queue, rows]),
    [
      ["SMPP1", 2],
      ["SMPP2", 1],
    ],
  );
  assert.ok(Math.abs((counts.get("SMPP1")?.oldestDueMs ?? 0) - Date.now()) < 5_000);
  assert.equal((await store.queue.counts("earlier")).size, 0);
});

test("a start counts what earlier ones left, however much has come since, and what of it is uncertain", async () => {
  await using db = await freshDatabase();
  const asked = [acceptance(), acceptance(), acceptance()];
  {
    await using store = await openTestStore(db.url);
    await Promise.all(asked.map((one) => store.writer.accept(one)));
    await store.writer.claim(asked.slice(1).map((one) => child(one).id));
  }
  await using store = await openTestStore(db.url);
  await store.queue.takeUp();
  await store.writer.accept(acceptance());
  const left = (await store.queue.counts("earlier")).get("SMPP1");
  assert.deepEqual([left?.rows, left?.uncertain], [3, 2]);
});

test("rows whose validity has ended are found in every queue, but for those in flight", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const expiresMs = Date.now() - 1;
  const [ended, taken] = [forwarded({ expiresMs }), forwarded({ expiresMs, queue: "SMPP2" })];
  await Promise.all([ended, taken, acceptance()].map((one) => store.writer.accept(one)));
  await store.writer.claim([child(taken).id]);
  const expired = await store.queue.expired(10);
  assert.deepEqual(
    expired.map((row) => [row.id, row.queue, row.message.id]),
    [[child(ended).id, "SMPP1", child(ended).id]],
  );
});
