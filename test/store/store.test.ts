/** Who may open a database, and what its owner does with it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/model/error.ts";
import { firstIdAt, idTimeMs } from "../../src/model/id.ts";
import { migrateTo, migrationNames } from "../../src/store/migrate.ts";
import { openPool } from "../../src/store/pool.ts";
import { makePartitions, sweepBatches } from "../../src/store/upkeep.ts";
import { freshDatabase, silentLog } from "../support/database.ts";
import {
  acceptance,
  child,
  codeOf,
  finish,
  listeningLog,
  message,
  openTestStore,
} from "./fixtures.ts";

/** The error with which it is refused. */
async function refusal(work: Promise<unknown>): Promise<GatewayError> {
  const outcome = await work.catch((error: unknown) => error);
  assert.ok(outcome instanceof GatewayError, String(outcome));
  return outcome;
}

test("a second gateway on the same database is refused and told who holds it", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const refused = await refusal(openTestStore(db.url, { lockWaitMs: 0 }));
  assert.equal(refused.code, "database_taken");
  assert.match(refused.message, new RegExp(`process id ${process.pid} on .+, since 20`));
  assert.equal(await store.writer.accept(acceptance()), "accepted", "the first one goes on");
});

test("the next start waits for the lock of one that is just ending", async () => {
  await using db = await freshDatabase();
  const first = await openTestStore(db.url);
  const second = openTestStore(db.url, { lockWaitMs: 10_000 });
  await first.close();
  await (await second).close();
});

test("an empty database gets its tables, one with tables of somebody else is refused", async () => {
  await using db = await freshDatabase({ empty: true });
  await db.query("create table customers (id int)");
  const refused = await refusal(openTestStore(db.url));
  assert.equal(refused.code, "database_foreign");
  assert.match(refused.message, /1 tables that are not ours/);
  await db.query("drop table customers");
  await using store = await openTestStore(db.url);
  assert.equal(await store.writer.accept(acceptance()), "accepted");
});

test("a database of a newer version is refused and the migration named", async () => {
  await using db = await freshDatabase();
  await db.query(
    "insert into signalbox_migration (name, timestamp) values ('9999-later', '2100-01-01')",
  );
  const refused = await refusal(openTestStore(db.url));
  assert.equal(refused.code, "database_foreign");
  assert.match(refused.message, /newer version.*9999-later/);
});

test("a database of any earlier version keeps its accounts and messages, and reports find them", async () => {
  // Each version that may be out there, without the last.
  for (const version of migrationNames.slice(0, -1)) {
    await using db = await freshDatabase({ empty: true });
    const pool = openPool({ connectionString: db.url }, silentLog);
    await migrateTo(pool, version);
    await makePartitions(pool);
    await pool.destroy();
    const { id } = message();
    await db.query(
      `insert into message (id, root, at, direction, kind, channel, from_address, to_address, hops, log, meta)
       values ($1, $1, now(), 'out', 'sms', 'SMPP1', '+1', '+2', 0, '[]', '{}')`,
      [id],
    );
    await db.query(
      `insert into attempt (id, root, tries, channel, provider_id, status, report_asked, maybe_twice, at)
       values ($1, $1, 1, 'SMPP1', '0AB', 'SENT', true, false, now())`,
      [id],
    );
    await db.query(
      "insert into account (id, credits, password_scheme, password_hash) values ('Old', 5, 'scrypt', 'x')",
    );
    await using store = await openTestStore(db.url);
    const old = await store.accounts.detail("Old");
    assert.deepEqual([old?.credits, old?.options.receiptDates], [5, "minute"], version);
    const [found] = await store.reports.find([{ channels: ["SMPP1"], ids: ["ab"] }]);
    assert.deepEqual(
      found?.map((one) => one.sent.message.id),
      [id],
      version,
    );
  }
});

test("a database that cannot be reached is named with host and port, never with its password", async () => {
  const url = "postgresql://me:s3cr3t@127.0.0.1:1/shop";
  const refused = await refusal(openTestStore(url));
  assert.equal(refused.code, "database_unreachable");
  assert.match(refused.message, /127\.0\.0\.1:1, database shop/);
  assert.doesNotMatch(refused.message, /s3cr3t/);
  await using db = await freshDatabase();
  const missing = await refusal(openTestStore(db.url.replace(db.name, "nowhere")));
  assert.equal(missing.code, "database_unreachable");
  assert.match(missing.message, /"nowhere" does not exist/);
});

test("its facts name the database and its version", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const facts = store.facts();
  assert.deepEqual([facts.embedded, facts.adopted, facts.waiting], [false, false, 0]);
  assert.match(facts.version, /^18\./);
  assert.match(facts.where, new RegExp(`/${db.name}$`));
});

test("there are partitions for yesterday and the week ahead, and another look makes none", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  assert.equal(store.writer.waiting, 0);
  const tables = await db.query<{ n: number }>(
    "select count(*)::integer as n from pg_class where relname ~ '^(message|state|attempt|trace)_p\\d{8}$' and relkind = 'r'",
  );
  assert.equal(tables[0]?.n, 4 * 9);
  const pool = openPool({ connectionString: db.url }, silentLog);
  assert.equal(await makePartitions(pool), 0);
  await pool.destroy();
});

test("a message of a day without a partition is stored, and moved when its day is made", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const dayMs = 86_400_000;
  const later = idTimeMs(message().id) + 20 * dayMs;
  const id = firstIdAt(later).replace("0000-0000-000000000000", "7000-8000-000000000001");
  const one = acceptance();
  const original = { ...one.message, id, root: id };
  const moved = { ...child(one), parent: id, root: id };
  const forwards = one.forwards.map((forward) => ({ ...forward, message: moved }));
  const stored = { ...one, message: original, forwards };
  await store.writer.accept(stored);
  const [before] = await db.query<{ n: number }>(
    "select count(*)::integer as n from message_default",
  );
  assert.equal(before?.n, 1);
  const day = new Date(later).toISOString().slice(0, 10);
  await db.query("select make_partitions($1::date, 1)", [day]);
  const [after] = await db.query<{ n: number; found: number }>(
    `select (select count(*)::integer from message_default) as n,
       (select count(*)::integer from message_p${day.replaceAll("-", "")}) as found`,
  );
  assert.deepEqual(after, { n: 0, found: 1 });
  await store.writer.finish(finish(stored));
  assert.equal((await store.messages.show(id))?.status, "SENT");
});

test("flushes are forgotten after an hour, not before", async () => {
  await using db = await freshDatabase();
  await db.query(`insert into batch (id, at) values
    (gen_random_uuid(), now() - interval '61 minutes'), (gen_random_uuid(), now() - interval '59 minutes')`);
  const pool = openPool({ connectionString: db.url }, silentLog);
  assert.equal(await sweepBatches(pool), 1);
  assert.equal(await sweepBatches(pool), 0);
  await pool.destroy();
});

test("a writer whose lock another gateway has taken meanwhile writes nothing any more", async () => {
  await using db = await freshDatabase();
  const { log, told: lost } = listeningLog("the writer lost its connection");
  await using store = await openTestStore(db.url, { writeTimeoutMs: 300, lockWaitMs: 0, log });
  // Another one is at the lock already when the first one loses it with its connection.
  const waiting = db.query("select pg_advisory_lock(8316582904837861999)");
  const other = await freshDatabase({ empty: true });
  const [lock] = await other.query<{ pid: number }>(
    `select l.pid from pg_locks l join pg_database d on d.oid = l.database
     where d.datname = $1 and l.locktype = 'advisory' and l.granted`,
    [db.name],
  );
  await other.query("select pg_terminate_backend($1)", [lock?.pid]);
  await Promise.all([waiting, lost]);
  assert.equal(await codeOf(store.writer.accept(acceptance())), "database_unreachable");
  const [stored] = await db.query<{ n: number }>("select count(*)::integer as n from message");
  assert.equal(stored?.n, 0);
  await other[Symbol.asyncDispose]();
});
