/**
 * What follows from a report, or from the end of a message, is one commit: statuses, lines, reports to
 * the customer, and the waiting row that it finishes.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Acceptance } from "../../src/store/writer.ts";
import { type TestDatabase, freshDatabase } from "../support/database.ts";
import {
  type TestStore,
  acceptance,
  child,
  conclusion,
  finish,
  newId,
  openTestStore,
  told,
} from "./fixtures.ts";

async function stateOf(db: TestDatabase, id: string): Promise<string> {
  const rows = await db.query<{ status: string; error: string | null }>(
    "select status, error from state where id = $1",
    [id],
  );
  return rows.map(({ status, error }) => [status, error ?? []].flat().join(" ")).join();
}

async function attemptsOf(db: TestDatabase, id: string): Promise<string[]> {
  const rows = await db.query<{ tries: number; status: string; error: string | null }>(
    "select tries, status, error from attempt where id = $1 order by tries",
    [id],
  );
  return rows.map(({ tries, status, error }) => [tries, status, error ?? []].flat().join(" "));
}

async function count(db: TestDatabase, from: string): Promise<number> {
  const rows = await db.query<{ n: number }>(`select count(*)::integer as n from ${from}`);
  return rows[0]?.n ?? -1;
}

/** A message that the provider has taken. */
async function sent(store: TestStore, over: Parameters<typeof acceptance>[0] = {}) {
  const one = acceptance(over);
  await store.writer.accept(one);
  for (const n of one.forwards.keys()) await store.writer.finish(finish(one, {}, n));
  return one;
}

test("[A56] a report moves message, original and attempt, adds its lines and tells the customer", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = await sent(store);
  const tell = told(one);
  await store.writer.conclude(conclusion(one, { tell: [tell] }));
  assert.equal(await stateOf(db, one.message.id), "DELIVERED");
  assert.deepEqual(await attemptsOf(db, child(one).id), ["1 DELIVERED"]);
  const { rows } = await store.queue.fetch("SMPP_SERVER1/Test1", 10);
  assert.deepEqual(
    rows.map((row) => [row.id, row.message]),
    [[tell.message.id, tell.message]],
  );
  const [life] = await store.messages.life(one.message.id, 1);
  assert.deepEqual(
    life?.entries[0]?.log.map((line) => line.what),
    ["received", "reported"],
  );
});

test("a report out is given back as it was, whatever it says", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = await sent(store);
  const whole = told(one);
  const report = {
    messageId: "",
    status: "NOREPORT" as const,
    state: "UNKNOWN",
    error: "",
    submittedMs: undefined,
    doneMs: 5,
    text: 'Grüße "x" \\ {,} \u001f\u0000',
    networkError: undefined,
  };
  const bare = told(one, { report });
  await store.writer.conclude(conclusion(one, { tell: [whole, bare] }));
  const { rows } = await store.queue.fetch("SMPP_SERVER1/Test1", 10);
  assert.deepEqual(
    rows.map((row) => row.message.report),
    [whole.message.report, report],
  );
});

test("[D09] a report that comes before the answer is stored finds it, in one flush or two", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const pair = [acceptance(), acceptance()] as const;
  await Promise.all(pair.map((one) => store.writer.accept(one)));
  const [one, two] = pair;
  const done = [store.writer.finish(finish(one)), store.writer.conclude(conclusion(one))];
  done.push(store.writer.finish(finish(two)));
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const error = "UNDELIV 001";
  done.push(store.writer.conclude(conclusion(two, { status: "NOTDELIVERED", error })));
  await Promise.all(done);
  assert.equal(await stateOf(db, one.message.id), "DELIVERED");
  assert.deepEqual(await attemptsOf(db, child(one).id), ["1 DELIVERED"]);
  assert.equal(await stateOf(db, two.message.id), "NOTDELIVERED UNDELIV 001");
  assert.deepEqual(await attemptsOf(db, child(two).id), ["1 NOTDELIVERED UNDELIV 001"]);
});

test("[D11] the first final report stays, also against others in its flush", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = await sent(store);
  const { id } = one.message;
  await store.writer.conclude(conclusion(one, { status: undefined }));
  assert.equal(await stateOf(db, id), "SENT");
  await Promise.all([
    store.writer.conclude(conclusion(one)),
    store.writer.conclude(conclusion(one, { status: "NOTDELIVERED", error: "late" })),
    store.writer.conclude(conclusion(one, { status: "NOREPORT", error: "no_report" })),
    store.writer.conclude(conclusion(one)),
  ]);
  for (const status of ["NOTDELIVERED", "NOREPORT", "EXPIRED", "SENT"] as const)
    await store.writer.conclude(conclusion(one, { status, error: "later" }));
  assert.equal(await stateOf(db, id), "DELIVERED");
  assert.deepEqual(await attemptsOf(db, child(one).id), ["1 DELIVERED"]);
});

test("[A59] a late final report corrects NOREPORT, and nothing else does", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = await sent(store);
  const { id } = one.message;
  await store.writer.conclude(conclusion(one, { status: "NOREPORT", error: "no_report" }));
  assert.equal(await stateOf(db, id), "NOREPORT no_report");
  assert.deepEqual(await attemptsOf(db, child(one).id), ["1 NOREPORT no_report"]);
  await store.writer.conclude(conclusion(one, { status: "FAILED", error: "x" }));
  assert.equal(await stateOf(db, id), "NOREPORT no_report");
  await store.writer.conclude(conclusion(one));
  assert.equal(await stateOf(db, id), "DELIVERED");
  assert.deepEqual(await attemptsOf(db, child(one).id), ["1 DELIVERED"]);
});

test("only the try that the provider took is reported, not the ones that he put off", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
  await store.writer.accept(one);
  const { id, root } = child(one);
  const back = { id, root, channel: "SMPP1", dueMs: 0, maybeTwice: false, atMs: Date.now() };
  await store.writer.again({ ...back, tries: 1, error: "0x58" });
  await store.writer.finish(finish(one, { tries: 2 }));
  await store.writer.conclude(conclusion(one));
  assert.deepEqual(await attemptsOf(db, id), ["1 QUEUED 0x58", "2 DELIVERED"]);
});

test("of several children each has its own report, and the original the worst", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = await sent(store, { children: 2 });
  const { id } = one.message;
  await store.writer.conclude(conclusion(one, {}, 0));
  assert.equal(await stateOf(db, id), "SENT");
  await store.writer.conclude(conclusion(one, { status: "NOTDELIVERED", error: "UNDELIV" }, 1));
  assert.equal(await stateOf(db, child(one, 0).id), "DELIVERED");
  assert.equal(await stateOf(db, id), "NOTDELIVERED UNDELIV");
});

test("of two children of which one is still SCHEDULED the original is that, until both have gone on", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one: Acceptance = { ...acceptance({ children: 2 }), status: "SCHEDULED" };
  await store.writer.accept(one);
  const states = async () => [
    await stateOf(db, one.message.id),
    await stateOf(db, child(one, 0).id),
    await stateOf(db, child(one, 1).id),
  ];
  await store.writer.conclude(conclusion(one, { status: "QUEUED", lines: [] }, 0));
  assert.deepEqual(await states(), ["SCHEDULED", "QUEUED", "SCHEDULED"]);
  await store.writer.finish(finish(one, {}, 0));
  assert.deepEqual(await states(), ["SCHEDULED", "SENT", "SCHEDULED"]);
  await store.writer.conclude(conclusion(one, {}, 0));
  assert.deepEqual(await states(), ["SCHEDULED", "DELIVERED", "SCHEDULED"]);
  const cancelled = { status: "CANCELLED", error: "cancelled", providerId: undefined } as const;
  await store.writer.finish(finish(one, cancelled, 1));
  assert.deepEqual(await states(), ["CANCELLED cancelled", "DELIVERED", "CANCELLED cancelled"]);
});

test("what a message that ended here leads to is in the commit of its end", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
  await store.writer.accept(one);
  const { lines } = conclusion(one);
  const follows = { lines, tell: [told(one)], later: undefined };
  const end = { status: "FAILED", error: "0x0B", providerId: undefined } as const;
  await store.writer.finish(finish(one, { ...end, conclusion: follows }));
  assert.equal(await stateOf(db, one.message.id), "FAILED 0x0B");
  assert.deepEqual(await attemptsOf(db, child(one).id), ["1 FAILED 0x0B"]);
  assert.deepEqual([...(await store.queue.counts()).keys()], ["SMPP_SERVER1/Test1"]);
});

test("a report out that was handed over leaves a line and nothing else", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = await sent(store);
  const tells = [told(one), told(one), told(one)];
  const ids = tells.map((tell) => tell.message.id);
  const [first = "", second = "", third = ""] = ids;
  await store.writer.conclude(conclusion(one, { tell: tells }));
  const ended = (id: string, what: string, facts: Record<string, string>) =>
    store.writer.finish(
      finish(one, {
        id,
        kind: "report",
        channel: "SMPP_SERVER1",
        status: what === "failed" ? "EXPIRED" : "DELIVERED",
        conclusion: {
          lines: [{ at: 9, what, facts: { message: id, ...facts } }],
          tell: [],
          later: undefined,
        },
      }),
    );
  await ended(first, "delivered", { text: 'a } brace, "quotes" and \u0000' });
  await ended(second, "failed", { error: "expired_here" });
  assert.equal(await stateOf(db, one.message.id), "DELIVERED");
  assert.equal(await stateOf(db, first), "");
  assert.equal(await count(db, "attempt"), 1);

  const [life] = await store.messages.life(first, 1);
  assert.deepEqual(
    life?.entries.map(({ message, status, error }) => [message.kind, status, error]),
    [
      ["sms", "DELIVERED", undefined],
      ["sms", "DELIVERED", undefined],
      ["report", "DELIVERED", undefined],
      ["report", "FAILED", "expired_here"],
      ["report", "QUEUED", undefined],
    ],
  );
  await store.writer.claim([third]);
  assert.equal((await store.messages.show(third))?.status, "SENDING");
  const reports = async (status: "DELIVERED" | "FAILED" | "QUEUED" | "SENT") => {
    const rows = await store.messages.list({ all: false, limit: 10, status });
    return rows.filter((row) => row.message.kind === "report").map((row) => row.message.id);
  };
  assert.deepEqual(
    await Promise.all((["DELIVERED", "FAILED", "QUEUED", "SENT"] as const).map(reports)),
    [[first], [second], [third], []],
  );
});

test("a status to decide later is kept with its cause, put off, decided and gone", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = await sent(store);
  const later = {
    id: newId(),
    root: one.message.id,
    kind: "event" as const,
    dueMs: Date.now() - 5,
    payload: '{"a":"\\" \\\\ {NULL}"}',
  };
  await store.writer.conclude(conclusion(one, { later }));
  const { id, root, kind, payload } = later;
  assert.deepEqual(await store.queue.waitingEvents(10), [{ id, root, kind, tries: 0, payload }]);
  await store.writer.postpone({ id, dueMs: Date.now() + 60_000, tries: 1 });
  assert.deepEqual(await store.queue.waitingEvents(10), []);
  await store.writer.postpone({ id, dueMs: 0, tries: 2 });
  assert.equal((await store.queue.waitingEvents(10))[0]?.tries, 2);
  assert.equal((await store.queue.counts()).size, 0, "it is in no queue");
  assert.deepEqual(await store.queue.expired(10), []);
  await store.writer.conclude(conclusion(one, { status: undefined, done: id, tell: [told(one)] }));
  assert.deepEqual(await store.queue.waitingEvents(10), []);
  assert.equal((await store.queue.fetch("SMPP_SERVER1/Test1", 9)).rows.length, 1);
});

test("a report for nobody is held, oldest first, and ends as a dead letter", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const held = [30, 10, 20].map((ago) => {
    const id = newId();
    const dueMs = 0;
    return { id, root: id, kind: "match" as const, dueMs, payload: `"${ago}"` };
  });
  for (const one of held) await store.writer.hold(one);
  assert.deepEqual(
    (await store.queue.waitingEvents(2)).map((row) => row.id),
    held.slice(0, 2).map((one) => one.id),
  );
  const [first] = held;
  assert.ok(first);
  const reason = 'no message "x" \\';
  const dead = { root: undefined, kind: "report", reason, payload: first.payload };
  await store.writer.bury({ ...dead, id: first.id, pending: true });
  const other = { id: newId(), root: newId(), kind: "event", reason: "gone", payload: "{}" };
  await store.writer.bury({ ...other, pending: false });
  assert.equal((await store.queue.waitingEvents(9)).length, 2);
  const letters = await store.queue.deadLetters(9);
  assert.deepEqual(
    letters,
    [other, { ...dead, id: first.id }].map((letter, n) => ({ ...letter, atMs: letters[n]?.atMs })),
  );
  assert.ok(letters.every((letter) => Math.abs(letter.atMs - Date.now()) < 60_000));
});

test("[A66] a message that a trigger failed is stored as FAILED with the reason", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one: Acceptance = {
    ...acceptance({ children: 0 }),
    status: "FAILED",
    error: "Could not find a matching address range",
  };
  assert.equal(await store.writer.accept(one), "accepted");
  assert.equal(await stateOf(db, one.message.id), `FAILED ${one.error}`);
});

test("a whole life through thousands at once: each is DELIVERED, told and handed over once", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const all = Array.from({ length: 2_000 }, () => acceptance());
  await Promise.all(
    all.map(async (one) => {
      await store.writer.accept(one);
      const done = store.writer.finish(finish(one));
      const tell = told(one);
      const reported = store.writer.conclude(conclusion(one, { tell: [tell] }));
      await Promise.all([done, reported]);
      const { id } = tell.message;
      const lines = [{ at: 9, what: "delivered", facts: { message: id } }];
      await store.writer.finish(
        finish(one, { id, kind: "report", conclusion: { lines, tell: [], later: undefined } }),
      );
    }),
  );
  assert.equal(await count(db, "state where status = 'DELIVERED'"), 2_000);
  assert.equal(await count(db, "attempt where status = 'DELIVERED'"), 2_000);
  assert.equal(await count(db, "trace"), 4_000);
  assert.equal(await count(db, "pending"), 0);
});
