// What customers may ask about their own messages, and messages to many, in a real database.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { idMaker } from "../../src/model/id.ts";
import { shortIdMaker, shortOf } from "../../src/model/short-id.ts";
import { migrateTo } from "../../src/store/migrate.ts";
import { openPool } from "../../src/store/pool.ts";
import { makePartitions } from "../../src/store/upkeep.ts";
import type { Acceptance } from "../../src/store/writer.ts";
import { freshDatabase, silentLog, type TestDatabase } from "../support/database.ts";
import {
  acceptance,
  child,
  hello,
  message,
  newId,
  openTestStore,
  type TestStore,
} from "./fixtures.ts";

let db: TestDatabase;
let store: TestStore;

before(async () => {
  db = await freshDatabase();
  store = await openTestStore(db.url);
});

after(async () => {
  await store[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

const receivers = ["31600000001", "31600000002", "31600000003"].map((digits) => ({
  ton: 1,
  npi: 1,
  digits,
}));

/** A message to all of the receivers, with what goes to each of them. */
function toMany(): Acceptance {
  const one = acceptance();
  const [forward] = one.forwards;
  assert.ok(forward);
  const to = `+${receivers[0]?.digits ?? ""}`;
  return {
    ...one,
    message: { ...one.message, to, destinations: receivers },
    forwards: receivers.map((address) => ({
      ...forward,
      message: {
        ...forward.message,
        id: newId(),
        to: `+${address.digits}`,
        sms: { ...hello, to: address },
        sameAsParent: false,
        destinations: [address],
      },
    })),
  };
}

test("a message is found by every form of its id, by its own account only", async () => {
  const one = acceptance();
  const short = shortIdMaker()(newId());
  const withShort: Acceptance = {
    ...acceptance(),
    message: { ...message(), id: short, root: short },
    forwards: [],
  };
  await store.writer.accept(one);
  await store.writer.accept(withShort);
  const account = one.message.account ?? "";
  const { id } = one.message;
  const asked = [
    id,
    id.replaceAll("-", ""),
    BigInt(`0x${id.replaceAll("-", "")}`).toString(),
    shortOf(short),
    "nonsense",
    "",
  ];
  const wanted = asked.map((messageId) => ({ account, messageId }));
  const found = await store.ownMessages.find(wanted);
  assert.deepEqual(
    found.map((own) => own?.id),
    [id, id, id, short, undefined, undefined],
  );
  const others = await store.ownMessages.find(wanted.map((own) => ({ ...own, account: "other" })));
  assert.ok(others.every((own) => own === undefined));
});

test("a short id means the newest message of its account that has it, of the last 60 days; a trace has all of the last seven", async () => {
  const account = "Test1";
  const [dayMs, hourMs] = [86_400_000, 3_600_000];
  // Of the same moment of the day, so of one short form.
  const atMs = Date.now() - hourMs;
  const made = [70, 40, 6, 0].map((days) => shortIdMaker()(idMaker(() => atMs - days * dayMs)()));
  const [old = "", other = "", recent = "", newest = ""] = made;
  assert.deepEqual(new Set(made.map(shortOf)).size, 1);
  const keep = (id: string) =>
    store.writer.accept({ ...acceptance(), message: { ...message(), id, root: id }, forwards: [] });
  const find = async () =>
    (await store.ownMessages.find([{ account, messageId: shortOf(newest) }]))[0]?.id;
  await keep(old);
  assert.equal(await find(), undefined);
  const traced = async () =>
    (await store.messages.life(shortOf(newest), 10)).map(({ root }) => root);
  await keep(other);
  assert.equal(await find(), other);
  assert.deepEqual(await traced(), [other]);
  await keep(recent);
  await keep(newest);
  assert.equal(await find(), newest);
  assert.deepEqual(await traced(), [newest, recent]);
});

test("a message to many keeps its receivers, and each of its messages the one that it is for", async () => {
  const one = toMany();
  await store.writer.accept(one);
  const entry = await store.messages.show(one.message.id);
  assert.deepEqual(entry?.message.destinations, receivers);
  const second = await store.messages.show(child(one, 1).id);
  assert.deepEqual(second?.message.destinations, [receivers[1]]);
  const between = { account: one.message.account ?? "", from: one.message.from, serviceType: "" };
  const waiting = await store.ownMessages.waiting({ ...between, to: "+31600000002" });
  assert.deepEqual(waiting, [child(one, 1).id]);
});

test("erasing one of many receivers takes the number out of the whole life", async () => {
  const one = toMany();
  await store.writer.accept(one);
  const erasure = store.erasureOf("+31600000003");
  const page = await erasure.next({ after: undefined, before: newId(), limit: 100 });
  assert.ok(page.roots.includes(one.message.id));
  await erasure.erase(page.roots);
  const rows = await db.query("select id, to_address, meta, body from message where root = $1", [
    one.message.id,
  ]);
  assert.equal(rows.length, 4);
  assert.ok(!JSON.stringify(rows).includes("31600000003"));
  assert.ok(JSON.stringify(rows).includes("31600000002"));
});

test("a replaced text is told of the original and of what goes out; what was to go out keeps the old one", async () => {
  const one = acceptance();
  await store.writer.accept(one);
  const old = child(one);
  const [forward] = one.forwards;
  assert.ok(forward);
  const sms = { ...hello, octets: Buffer.from("another") };
  const renewed = { ...old, id: newId(), sms, sameAsParent: false };
  await store.writer.replace({
    message: { ...one.message, sms },
    status: "QUEUED",
    places: [{ of: old.id, forward: { ...forward, message: renewed } }],
    lines: [{ at: Date.now(), what: "replaced", facts: {} }],
  });
  const texts = await Promise.all(
    [one.message.id, old.id, renewed.id].map(async (id) =>
      String((await store.messages.show(id))?.message.sms?.octets),
    ),
  );
  assert.deepEqual(texts, ["another", hello.octets.toString(), "another"]);
  const waiting = await store.queue.rowsOf([old.id, renewed.id]);
  assert.deepEqual(
    waiting.map(({ id }) => id),
    [renewed.id],
  );
});

test("a database of the version before keeps its messages, and they can be asked about", async () => {
  await using earlier = await freshDatabase({ empty: true });
  const pool = openPool({ connectionString: earlier.url }, silentLog);
  await migrateTo(pool, "0006-reports");
  await makePartitions(pool);
  await pool.destroy();
  const { id } = message();
  await earlier.query(
    `insert into message (id, root, at, direction, kind, channel, account, from_address, to_address, hops, log, meta)
     values ($1, $1, now(), 'in', 'sms', 'SMPP_SERVER1', 'Test1', '+1', '+2', 0, '[]', '{}')`,
    [id],
  );
  await earlier.query(
    `insert into state (id, root, children, status, at) values ($1, $1, 1, 'SENT', now())`,
    [id],
  );
  await using now = await openTestStore(earlier.url);
  const [found] = await now.ownMessages.find([{ account: "Test1", messageId: id }]);
  assert.deepEqual([found?.id, found?.status], [id, "SENT"]);
});
