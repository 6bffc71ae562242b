/**
 * What the writer does when its connection, its server or a flush fails: nothing that was answered may
 * be missing, and nothing may be done twice. The database and the connections are real; a proxy in
 * between loses what a network would lose.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { type TestDatabase, freshDatabase } from "../support/database.ts";
import { secondFlushMin } from "../../src/store/writer.ts";
import { startCutProxy } from "./cut-proxy.ts";
import {
  acceptance,
  child,
  codeOf,
  conclusion,
  finish,
  listeningLog,
  message,
  newId,
  openTestStore,
  told,
} from "./fixtures.ts";

async function credits(db: TestDatabase): Promise<number> {
  const rows = await db.query<{ credits: string }>(
    "select credits from account where id = 'Test1'",
  );
  return Number(rows[0]?.credits);
}

async function countOf(db: TestDatabase, text: string, values: unknown[] = []): Promise<number> {
  const rows = await db.query<{ n: number }>(`select count(*)::integer as n from ${text}`, values);
  return rows[0]?.n ?? -1;
}

/** Waits until the database shows this; for what no event of ours tells. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > untilMs) throw new Error("waited for 20 s in vain");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Holds the account in a transaction of another session, so that a flush that charges it waits. */
async function holdAccount(db: TestDatabase): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: db.url });
  await client.connect();
  await client.query("begin");
  await client.query("select from account where id = 'Test1' for update");
  return () => client.end();
}

/** Makes ids, but the next flush gets the id that was put here. */
function idsWith(): { makeId: () => string; nextIs(id: string): void } {
  let given: string | undefined;
  return {
    makeId() {
      const id = given ?? newId();
      given = undefined;
      return id;
    },
    nextIs: (id) => (given = id),
  };
}

const writerBackend =
  "pg_stat_activity where datname = current_database() and application_name like 'signalbox%'";

test("a flush that another backend holds in mid-transaction is not done a second time", async () => {
  await using db = await freshDatabase();
  const batch = newId();
  const { makeId, nextIs } = idsWith();
  await using store = await openTestStore(db.url, { newId: makeId });
  await store.accounts.seedExample();
  const one = acceptance({ price: 3 });

  // The backend that had this flush before: it has charged and written, and not yet committed.
  const first = new pg.Client({ connectionString: db.url });
  await first.connect();
  await first.query("begin");
  await first.query(`select begin_flush($1, '{Test1}', '{3}', '{1}', '{1}', '{3}', '{f}')`, [
    batch,
  ]);
  await first.query(
    `insert into message (id, root, at, direction, kind, channel, from_address, to_address, hops, log)
     values ($1, $1, now(), 'in', 'sms', 'x', 'a', 'b', 0, '[]')`,
    [one.message.id],
  );

  nextIs(batch);
  const accepted = store.writer.accept(one);
  await until(
    async () => (await countOf(db, `${writerBackend} and wait_event_type = 'Lock'`)) === 1,
  );
  await first.query("commit");
  await first.end();
  assert.equal(await accepted, "accepted");
  assert.equal(await credits(db), 97);
});

test("a flush that was committed already answers by what it left", async () => {
  await using db = await freshDatabase();
  const batch = newId();
  const { makeId, nextIs } = idsWith();
  await using store = await openTestStore(db.url, { newId: makeId });
  await db.query("insert into batch (id) values ($1)", [batch]);
  nextIs(batch);
  const refused = await store.writer.accept(acceptance({ price: 3 }));
  assert.equal(refused, "no_credit", "a refused message leaves no row");
});

test("a commit whose answer was lost is found, not done again", async () => {
  await using db = await freshDatabase();
  await using proxy = await startCutProxy(db.url);
  await using store = await openTestStore(proxy.url);
  await store.accounts.seedExample();
  proxy.deaf = true;
  const one = acceptance({ price: 7 });
  const accepted = store.writer.accept(one);
  await until(async () => (await countOf(db, "message where id = $1", [one.message.id])) === 1);
  proxy.deaf = false;
  proxy.cut();
  assert.equal(await accepted, "accepted");
  assert.equal(await credits(db), 93);
  assert.equal(await countOf(db, "pending"), 1);
});

test("a report whose commit was not answered is applied once, and told once", async () => {
  await using db = await freshDatabase();
  await using proxy = await startCutProxy(db.url);
  await using store = await openTestStore(proxy.url);
  const one = acceptance();
  await store.writer.accept(one);
  proxy.deaf = true;
  const finished = store.writer.finish(finish(one));
  const concluded = store.writer.conclude(conclusion(one, { tell: [told(one)] }));
  await until(async () => (await countOf(db, "state where status = 'DELIVERED'")) === 1);
  proxy.deaf = false;
  proxy.cut();
  await Promise.all([finished, concluded]);
  assert.equal(await countOf(db, "trace"), 1);
  assert.equal(await countOf(db, "attempt"), 1);
  assert.equal(await countOf(db, "message where kind = 'report'"), 1);
});

test("when a flush is undone, the one behind it, which builds on it, waits until it is done again", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  const one = acceptance();
  await store.writer.accept(one);
  const release = await holdAccount(db);
  // The flush with the result waits for the account, and then fails because of another in it.
  const finished = store.writer.finish(finish(one));
  const charged = store.writer.accept(acceptance({ price: 1 }));
  const broken = codeOf(store.writer.record(message({ hops: 1e9 }), "FAILED", undefined));
  const waits = `${writerBackend} and wait_event_type = 'Lock'`;
  await until(async () => (await countOf(db, waits)) === 1);
  const error = "UNDELIV 001";
  const concluded = store.writer.conclude(conclusion(one, { status: "NOTDELIVERED", error }));
  // With company, so that it does not wait for the first one to end.
  const company = Array.from({ length: secondFlushMin }, () =>
    store.writer.record(message(), "FAILED", undefined),
  );
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  await release();
  assert.equal(await broken, "internal");
  assert.equal(await charged, "accepted");
  await Promise.all([finished, concluded, ...company]);
  assert.equal(await countOf(db, "state where status = 'NOTDELIVERED'"), 1);
  assert.equal(await countOf(db, "attempt where status = 'NOTDELIVERED'"), 1);
});

test("a backend left in mid-transaction by a lost connection is ended before its flush is done again", async () => {
  await using db = await freshDatabase();
  await using proxy = await startCutProxy(db.url);
  await using store = await openTestStore(proxy.url);
  await store.accounts.seedExample();
  const release = await holdAccount(db);
  const accepted = store.writer.accept(acceptance({ price: 4 }));
  const waits = `${writerBackend} and wait_event_type = 'Lock'`;
  await until(async () => (await countOf(db, waits)) === 1);
  const [before] = await db.query<{ pid: number }>(`select pid from ${waits}`);
  proxy.cut();
  await until(async () => (await countOf(db, `${waits} and pid <> $1`, [before?.pid])) === 1);
  assert.equal(await countOf(db, "pg_stat_activity where pid = $1", [before?.pid]), 0);
  await release();
  assert.equal(await accepted, "accepted");
  assert.equal(await credits(db), 96);
});

test("connections killed under load: all that was answered is there, and charged once", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  await store.accounts.credit("Test1", 1_000_000);
  const answered: string[] = [];
  let running = true;
  const callers = Array.from({ length: 50 }, async () => {
    while (running) {
      const one = acceptance({ price: 1 });
      if ((await store.writer.accept(one)) === "accepted") answered.push(one.message.id);
      await store.writer.claim([child(one).id]);
      const finished = store.writer.finish(finish(one));
      await store.writer.conclude(conclusion(one, { tell: [told(one)] }));
      await finished;
    }
  });
  for (let kills = 0; kills < 5; kills += 1) {
    const reached = answered.length + 100;
    await until(() => Promise.resolve(answered.length >= reached));
    await db.query(
      `select pg_terminate_backend(pid) from ${writerBackend} and pid <> pg_backend_pid()`,
    );
  }
  running = false;
  await Promise.all(callers);
  const stored = await db.query<{ id: string }>("select id from message where parent is null");
  assert.deepEqual(new Set(answered), new Set(stored.map((row) => row.id)));
  assert.equal(await credits(db), 1_000_100 - answered.length);
  assert.equal(await countOf(db, "attempt"), answered.length, "each result is stored once");
  assert.equal(await countOf(db, "attempt where status = 'DELIVERED'"), answered.length);
  assert.equal(await countOf(db, "state where status = 'DELIVERED'"), answered.length);
  assert.equal(await countOf(db, "trace"), answered.length, "each report is applied once");
  assert.equal(await countOf(db, "message where kind = 'report'"), answered.length);
  assert.equal(await countOf(db, "pending where queue <> 'SMPP1'"), answered.length);
  assert.equal(await countOf(db, "pending"), answered.length);
});

test("while the database is away new messages are refused in time and results wait", async () => {
  await using db = await freshDatabase();
  await using proxy = await startCutProxy(db.url);
  const { log, told: lost } = listeningLog("the writer lost its connection");
  await using store = await openTestStore(proxy.url, { writeTimeoutMs: 100, log });
  const one = acceptance();
  await store.writer.accept(one);
  proxy.refusing = true;
  proxy.cut();
  await lost;
  const finished = store.writer.finish(finish(one));
  assert.equal(await codeOf(store.writer.accept(acceptance())), "database_unreachable");
  assert.equal(
    await codeOf(store.writer.record(message(), "FAILED", undefined)),
    "database_unreachable",
  );
  assert.equal(store.writer.waiting, 1);
  proxy.refusing = false;
  await finished;
  assert.equal((await store.messages.show(one.message.id))?.status, "SENT");
});

test("what was not committed when the connection died is dropped once its time is over", async () => {
  await using db = await freshDatabase();
  await using proxy = await startCutProxy(db.url);
  const { log, told: lost } = listeningLog("the writer lost its connection");
  await using store = await openTestStore(proxy.url, { writeTimeoutMs: 100, log });
  await store.accounts.seedExample();
  const release = await holdAccount(db);
  const late = codeOf(store.writer.accept(acceptance({ price: 1 })));
  const waits = `${writerBackend} and wait_event_type = 'Lock'`;
  await until(async () => (await countOf(db, waits)) === 1);
  proxy.refusing = true;
  proxy.cut();
  await lost;
  // Nobody can say yet whether it is committed, so this one is told first.
  assert.equal(await codeOf(store.writer.accept(acceptance())), "database_unreachable");
  proxy.refusing = false;
  assert.equal(await late, "database_unreachable");
  await release();
  assert.equal(await credits(db), 100);
});

test("above writerOperationsMax messages are refused at once, results only above twice that", async () => {
  await using db = await freshDatabase();
  await using proxy = await startCutProxy(db.url);
  const { log, told: lost } = listeningLog("the writer lost its connection");
  await using store = await openTestStore(proxy.url, { writerOperationsMax: 3, log });
  const accepted = Array.from({ length: 3 }, () => acceptance());
  await Promise.all(accepted.map((one) => store.writer.accept(one)));
  proxy.refusing = true;
  proxy.cut();
  await lost;
  const waiting = Array.from({ length: 3 }, () => store.writer.accept(acceptance()));
  assert.equal(await codeOf(store.writer.accept(acceptance())), "overloaded");
  const results = accepted.map((one) => store.writer.finish(finish(one)));
  assert.equal(await codeOf(store.writer.claim([newId()])), "overloaded");
  proxy.refusing = false;
  assert.deepEqual(await Promise.all(waiting), Array(3).fill("accepted"));
  await Promise.all(results);
});

test("at close all that was asked is committed, and what comes later is refused", async () => {
  await using db = await freshDatabase();
  const store = await openTestStore(db.url);
  const asked = Array.from({ length: 1_000 }, () => store.writer.accept(acceptance()));
  await store.close();
  assert.deepEqual(await Promise.all(asked), Array(1_000).fill("accepted"));
  assert.equal(await codeOf(store.writer.accept(acceptance())), "overloaded");
  assert.equal(await countOf(db, "pending"), 1_000);
});
