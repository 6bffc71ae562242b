import assert from "node:assert/strict";
import { test } from "node:test";
import { amountMax } from "../../src/model/amount.ts";
import { secondFlushMin } from "../../src/store/writer.ts";
import { type TestDatabase, freshDatabase } from "../support/database.ts";
import { acceptance, child, codeOf, finish, message, newId, openTestStore } from "./fixtures.ts";

async function credits(db: TestDatabase, account = "Test1"): Promise<number> {
  const rows = await db.query<{ credits: string }>("select credits from account where id = $1", [
    account,
  ]);
  return Number(rows[0]?.credits);
}

async function count(db: TestDatabase, table: string): Promise<number> {
  const rows = await db.query<{ n: number }>(`select count(*)::integer as n from ${table}`);
  return rows[0]?.n ?? -1;
}

async function stateOf(db: TestDatabase, id: string): Promise<string> {
  const rows = await db.query<{ status: string; error: string | null }>(
    "select status, error from state where id = $1",
    [id],
  );
  const found = rows[0];
  return found === undefined ? "none" : [found.status, found.error ?? []].flat().join(" ");
}

test("[A43] 100 credits and 101 messages from ten callers at once: exactly 100 are accepted", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  const asked = Array.from({ length: 101 }, () => acceptance({ price: 1 }));
  const outcomes: string[] = [];
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      for (let one = asked.pop(); one !== undefined; one = asked.pop())
        outcomes.push(await store.writer.accept(one));
    }),
  );
  assert.equal(outcomes.filter((outcome) => outcome === "accepted").length, 100);
  assert.equal(outcomes.filter((outcome) => outcome === "no_credit").length, 1);
  assert.equal(await credits(db), 0);
  assert.equal(await count(db, "message"), 200);
  assert.equal(await count(db, "pending"), 100);
});

test("a dear message does not block a cheap one behind it in the same flush", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  const prices = [60, 50, 30, 11, 10];
  const asked = prices.map((price) => acceptance({ price }));
  const outcomes = await Promise.all(asked.map((one) => store.writer.accept(one)));
  assert.deepEqual(outcomes, ["accepted", "no_credit", "accepted", "no_credit", "accepted"]);
  assert.equal(await credits(db), 0);
});

test("what is refused for want of credit leaves no row of any kind", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  const [dear, free] = [acceptance({ price: 101, children: 2 }), acceptance()];
  const outcomes = await Promise.all([dear, free].map((one) => store.writer.accept(one)));
  assert.deepEqual(outcomes, ["no_credit", "accepted"]);
  assert.equal(await stateOf(db, dear.message.id), "none");
  assert.deepEqual(
    [await count(db, "message"), await count(db, "state"), await count(db, "pending")],
    [2, 1, 1],
  );
});

test("an account that is not ours cannot pay, also nothing", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  assert.equal(await store.writer.accept(acceptance({ price: 0, account: "x" })), "no_credit");
});

test("accounts of one flush pay apart from each other", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  const asked = [
    acceptance({ price: 90, account: "Test2" }),
    acceptance({ price: 100 }),
    acceptance({ price: 11, account: "Test2" }),
    acceptance({ price: 1 }),
    acceptance({ price: 10, account: "Test2" }),
  ];
  const outcomes = await Promise.all(asked.map((one) => store.writer.accept(one)));
  assert.deepEqual(outcomes, ["accepted", "accepted", "no_credit", "no_credit", "accepted"]);
  assert.deepEqual([await credits(db), await credits(db, "Test2")], [0, 0]);
});

test("a charge below nothing or beyond any balance is refused before it is written", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  for (const amount of [-1n, amountMax + 1n]) {
    const charge = { account: "Test1", amount };
    assert.equal(await codeOf(store.writer.accept({ ...acceptance(), charge })), "internal");
  }
  assert.equal(await credits(db), 100);
});

test("of a flush with one that cannot be stored, only that one is rejected", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  const asked = Array.from({ length: 40 }, () => acceptance({ price: 1 }));
  const poison = { ...acceptance({ price: 1 }), status: "QUEUED" as const };
  const broken = { ...poison, message: { ...poison.message, hops: 1e9 } };
  asked.splice(23, 0, broken);
  const outcomes = await Promise.all(asked.map((one) => codeOf(store.writer.accept(one))));
  assert.equal(outcomes[23], "internal");
  assert.equal(outcomes.filter((outcome) => outcome === 'resolved "accepted"').length, 40);
  assert.equal(await credits(db), 60);
  assert.equal(await count(db, "pending"), 40);
  assert.equal(store.writer.waiting, 0);
});

test("two flushes are under way at once, and no third", async () => {
  await using db = await freshDatabase();
  let ids = 0;
  const makeId = () => {
    ids += 1;
    return newId();
  };
  await using store = await openTestStore(db.url, { newId: makeId });
  await store.accounts.seedExample();
  const before = ids;
  await db.query("begin");
  await db.query("select from account where id = 'Test1' for update");
  const asked = [];
  for (let n = 0; n < 3 * secondFlushMin; n += 1) {
    if (n === secondFlushMin) assert.equal(ids - before, 1, "a few wait for the first one to end");
    asked.push(store.writer.accept(acceptance({ price: 1 })));
    // Another turn of the event loop, so that each could be a flush of its own.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }
  assert.equal(ids - before, 2, "two batches were begun while the first one waits for the account");
  assert.equal(store.writer.waiting, 3 * secondFlushMin);
  await db.query("commit");
  assert.deepEqual(await Promise.all(asked), Array(3 * secondFlushMin).fill("accepted"));
  assert.equal(ids - before, 3, "what waited went together");
});

test("a message goes QUEUED, SENDING, SENT, DELIVERED", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
  await store.writer.accept(one);
  assert.equal(await stateOf(db, one.message.id), "QUEUED");
  assert.deepEqual(await store.writer.claim([child(one).id]), []);
  assert.equal((await store.messages.show(one.message.id))?.status, "SENDING");
  await store.writer.finish(finish(one));
  assert.equal(await stateOf(db, one.message.id), "SENT");
  assert.equal(await count(db, "pending"), 0);
  await store.writer.finish(finish(one, { status: "DELIVERED" }));
  assert.equal(await stateOf(db, one.message.id), "DELIVERED");
});

test("a state never goes back, also when both outcomes are in one flush", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const [one, two] = [acceptance(), acceptance()];
  await Promise.all([one, two].map((each) => store.writer.accept(each)));
  await Promise.all([
    store.writer.finish(finish(one, { status: "DELIVERED" })),
    store.writer.finish(finish(two)),
    store.writer.finish(finish(two, { status: "DELIVERED" })),
    store.writer.finish(finish(one)),
  ]);
  assert.equal(await stateOf(db, one.message.id), "DELIVERED");
  assert.equal(await stateOf(db, two.message.id), "DELIVERED");
  await store.writer.finish(finish(one, { status: "FAILED", error: "late" }));
  assert.equal(await stateOf(db, one.message.id), "DELIVERED");
});

test("an original with two children has the outcome of the one that is least far, then the worst", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance({ children: 2 });
  await store.writer.accept(one);
  const { id } = one.message;
  await store.writer.finish(finish(one, { status: "DELIVERED" }, 0));
  assert.equal(await stateOf(db, id), "QUEUED");
  assert.equal(await stateOf(db, child(one, 0).id), "DELIVERED");
  await store.writer.finish(finish(one, { status: "FAILED", error: "0x0B" }, 1));
  assert.equal(await stateOf(db, id), "FAILED 0x0B");
});

test("a message that is put back is free, later and keeps what it has been through", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
  await store.writer.accept(one);
  const { id, root } = child(one);
  await store.writer.claim([id]);
  const again = { id, root, channel: "SMPP1", dueMs: 0, atMs: Date.now() };
  await store.writer.again({ ...again, tries: 1, error: "no answer", maybeTwice: true });
  await store.writer.again({ ...again, tries: 2, error: "0x58", maybeTwice: false });
  await store.writer.again({ ...again, tries: 2, error: undefined, maybeTwice: false });
  const { rows } = await store.queue.fetch("SMPP1", 10);
  assert.deepEqual(
    rows.map((row) => [row.id, row.tries, row.maybeTwice]),
    [[id, 2, true]],
  );
  const entry = await store.messages.show(id);
  assert.deepEqual(
    entry?.attempts.map((attempt) => [attempt.tries, attempt.status, attempt.error]),
    [
      [1, "QUEUED", "no answer"],
      [2, "QUEUED", "0x58"],
    ],
  );
});

test("a claim tells which messages were not there to take, and takes the others", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
  await store.writer.accept(one);
  const gone = newId();
  assert.deepEqual(await store.writer.claim([gone, child(one).id]), [gone]);
  const rows = await db.query<{ owner: string }>("select owner from pending");
  assert.deepEqual(rows, [{ owner: store.startId }]);
});

test("a bind and a refused message are rows with a state and nothing else", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const bind = message({ kind: "bind", from: "Test1", to: "127.0.0.1:4711", sms: undefined });
  await store.writer.record(bind, "RECEIVED", undefined);
  const refused = message({
    log: [{ at: 5, what: 'a "quoted" \\ line', facts: { 'k"': "\u001f,{}" } }],
  });
  await store.writer.record(refused, "FAILED", 'no "credit" \\ {NULL}');
  const shown = await store.messages.show(refused.id);
  assert.equal(shown?.error, 'no "credit" \\ {NULL}');
  assert.deepEqual(shown?.message, refused);
  assert.deepEqual((await store.messages.show(bind.id))?.message, bind);
  assert.equal(await count(db, "pending"), 0);
});

test("lines of a later stage are added to the life", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = message();
  await store.writer.record(one, "RECEIVED", undefined);
  await store.writer.trace(one.id, [{ at: 7, what: "report", facts: { stat: "DELIVRD" } }]);
  const shown = await store.messages.show(one.id);
  assert.deepEqual(
    shown?.log.map((line) => line.what),
    ["received", "report"],
  );
});

test("more operations than one flush takes are all committed, each once", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const asked = Array.from({ length: 2_000 }, () => acceptance());
  const outcomes = await Promise.all(asked.map((one) => store.writer.accept(one)));
  assert.ok(outcomes.every((outcome) => outcome === "accepted"));
  assert.equal(await count(db, "pending"), 2_000);
  assert.equal(await count(db, "batch"), 3);
});
