import assert from "node:assert/strict";
import { test } from "node:test";
import { firstIdAt, idMaker, idTimeMs } from "../../src/model/id.ts";
import { type TestDatabase, freshDatabase } from "../support/database.ts";
import {
  acceptance,
  child,
  childOf,
  finish,
  message,
  newId,
  openTestStore,
  told,
} from "./fixtures.ts";

test("a life is found by any id of it, in both forms, by the provider's id, by its numbers and by its sender's name for it", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const made = acceptance();
  const named = { ...made.message, client: { reference: "order 7" } };
  const one = { ...made, message: named };
  await store.writer.accept(one);
  await store.writer.finish(finish(one, { providerId: "0A1b2C" }));
  const { id } = one.message;
  const keys = [
    id,
    id.replaceAll("-", "").toUpperCase(),
    child(one).id,
    "0a1B2c",
    "+31699887766",
    "31612345678",
    "order 7",
  ];
  for (const key of keys) {
    const lives = await store.messages.life(key, 10);
    assert.deepEqual(
      lives.map((life) => [life.root, life.status, life.entries.map((entry) => entry.message.id)]),
      [[id, "SENT", [id, child(one).id]]],
      key,
    );
  }
});

test("[Y34] of what is older than a week a provider's id goes before a number, and the last days before both", async () => {
  await using db = await freshDatabase();
  await db.query("select make_partitions((now() at time zone 'utc')::date - 30, 30)");
  await using store = await openTestStore(db.url);
  const key = "31655501234";
  const accepted = async (daysAgo: number, to: string) => {
    const id = idMaker(() => Date.now() - daysAgo * 86_400_000);
    const original = { ...message({ id: id(), to }) };
    const made = acceptance();
    const root = { ...original, root: original.id };
    const forward = { ...made.forwards[0]!, message: childOf(root, { id: id() }) };
    const whole = { ...made, message: root, forwards: [forward] };
    await store.writer.accept(whole);
    return whole;
  };
  const roots = async (limit: number) =>
    (await store.messages.life(key, limit)).map((life) => life.root);
  const sent = await accepted(15, "+31600000001");
  await store.writer.finish(finish(sent, { providerId: key }));
  const before = await accepted(12, `+${key}`);
  assert.deepEqual(await roots(10), [sent.message.id]);
  const today = await accepted(0, `+${key}`);
  assert.deepEqual(await roots(10), [today.message.id, before.message.id]);
  assert.deepEqual(await roots(1), [today.message.id]);
});

test("a life that is not there is an empty answer, whatever is asked", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  for (const key of ["", "nobody", newId(), "' or '1'='1", "\0", "%"])
    assert.deepEqual(await store.messages.life(key, 10), []);
  assert.equal(await store.messages.show("x"), undefined);
  assert.equal(await store.messages.show(newId()), undefined);
});

test("each message of a life has its own status, attempts and place in the queue", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance({ children: 2 });
  await store.writer.accept(one);
  await store.writer.finish(finish(one, {}, 0));
  await store.writer.claim([child(one, 1).id]);
  const [life] = await store.messages.life(one.message.id, 1);
  assert.equal(life?.status, "SENDING");
  assert.deepEqual(
    life?.entries.map((entry) => [entry.status, entry.pending?.queue, entry.attempts.length]),
    [
      ["SENDING", undefined, 0],
      ["SENT", undefined, 1],
      ["SENDING", "SMPP1", 0],
    ],
  );
});

test("messages are listed newest first, page by page, and binds only when asked for", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const sent = [];
  for (let n = 0; n < 3; n += 1) {
    const one = message({ account: n === 1 ? "Test2" : "Test1" });
    await store.writer.record(one, "RECEIVED", undefined);
    sent.unshift(one.id);
  }
  const bind = message({ kind: "bind", sms: undefined });
  await store.writer.record(bind, "FAILED", "bad_password");
  const ids = async (wanted: Parameters<typeof store.messages.list>[0]) =>
    (await store.messages.list(wanted)).map((entry) => entry.message.id);
  assert.deepEqual(await ids({ all: false, limit: 10 }), sent);
  assert.deepEqual(await ids({ all: true, limit: 2 }), [bind.id, sent[0]]);
  assert.deepEqual(await ids({ all: false, limit: 2, before: sent[0] ?? "" }), sent.slice(1));
  assert.deepEqual(await ids({ all: false, limit: 9, account: "Test2" }), [sent[1]]);
});

/**
 * To plan for a day takes a lock on its tables, and planning is what takes the time. So all days that a
 * look-up has no need of are locked: one that asks for them all the same fails.
 */
test("[Y34] a look-up opens the tables of the days that it needs and of no other, however many are kept", async () => {
  await using db = await freshDatabase();
  const nowMs = Date.now();
  const dayMs = 86_400_000;
  const old = idMaker(() => nowMs - 15 * dayMs);
  const reported = idMaker(() => nowMs - 12 * dayMs);
  const made = acceptance();
  const busy = Array.from({ length: 3 }, () => acceptance());
  await db.query("select make_partitions((now() at time zone 'utc')::date - 30, 30)");
  await db.query(`alter database ${db.name} set lock_timeout = '2s'`);
  await using store = await openTestStore(db.url);
  const root = message({ id: old(), from: "SHOP", to: "+4915112345678" });
  const original = { ...root, root: root.id };
  const sent = childOf(original, { id: old() });
  const accepted = {
    ...made,
    message: original,
    forwards: [{ ...made.forwards[0]!, message: sent }],
  };
  await store.writer.accept(accepted);
  await store.writer.finish(finish(accepted, { providerId: "p15" }));
  const late = told(accepted, { id: reported() });
  await db.query(
    `insert into message select $1, root, id, at, 'out', 'report', channel, account, from_address, to_address,
      body, data_coding, $3, hops, '[]' from message where id = $2`,
    [
      late.message.id,
      sent.id,
      `{"report":["${sent.id}","DELIVERED","DELIVRD","000",null,null,"",null]}`,
    ],
  );
  for (const one of busy) await store.writer.accept(one);

  // Its life may go on until today, but only in `message`.
  const oldDays = [original.id, late.message.id].map(dayOf);
  const needed = (name: string): boolean =>
    oldDays.some((day) => name.endsWith(day)) ||
    (name.startsWith("message") && (name > `message_p${oldDays[0]}` || name === "message_default"));
  for (const key of [original.id, sent.id, BigInt(`0x${sent.id.replaceAll("-", "")}`).toString()])
    await lockedBut(db, needed, async () => {
      const [life] = await store.messages.life(key, 1);
      assert.deepEqual(
        life?.entries.map(({ message: { id }, attempts }) => [id, attempts.length]),
        [
          [original.id, 0],
          [sent.id, 1],
          [late.message.id, 0],
        ],
      );
      assert.equal((await store.messages.show(late.message.id))?.message.id, late.message.id);
      const records = await store.records.find(key);
      assert.deepEqual(
        records.map((row) => [row.root, row.message, row.provider_id, row.status, row.told_state]),
        [[original.id, sent.id, "p15", "SENT", "DELIVRD"]],
      );
    });
  const since = dayOf(firstIdAt(nowMs - 2 * dayMs));
  const recent = (name: string): boolean => name.slice(-8) > since || name.endsWith("_default");
  await lockedBut(db, recent, async () => {
    const lives = await store.messages.life("+31699887766", busy.length);
    const ids = busy.map((one) => one.message.id);
    assert.deepEqual(
      lives.map((life) => life.root),
      ids.toReversed(),
      "the newest of a number that is used every day",
    );
  });
  for (const key of ["p15", "+4915112345678"])
    assert.equal((await store.messages.life(key, 20))[0]?.entries.length, 3, key);
});

/** Runs it while the partitions of all tables are locked but these. */
async function lockedBut(
  db: TestDatabase,
  needed: (name: string) => boolean,
  act: () => Promise<void>,
): Promise<void> {
  const found = await db.query<{ name: string }>(`
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where c.relkind = 'r' and c.relname ~ '^(message|state|attempt|trace)_'`);
  const others = found.map(({ name }) => name).filter((name) => !needed(name));
  assert.ok(others.length > 60, `${others.length} are locked`);
  await db.query("begin");
  await db.query(`lock table ${others.join(", ")} in access exclusive mode`);
  try {
    await act();
  } finally {
    await db.query("rollback");
  }
}

function dayOf(id: string): string {
  return new Date(idTimeMs(id)).toISOString().slice(0, 10).replaceAll("-", "");
}
