// PostgreSQL's own word for a full disk, raised by a trigger on the table; disk.test.ts fills a real one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { recorderLog } from "../support/log.ts";
import { acceptance, child, codeOf, finish, openTestStore } from "./fixtures.ts";

async function makeFull(db: TestDatabase): Promise<void> {
  await db.query(`create or replace function no_room() returns trigger language plpgsql as $$
    begin raise exception using errcode = '53100', message = 'No space left on device'; end $$`);
  for (const table of ["message", "attempt"])
    await db.query(
      `create trigger full_disk before insert on ${table} for each row execute function no_room()`,
    );
}

async function makeRoom(db: TestDatabase): Promise<void> {
  for (const table of ["message", "attempt"]) await db.query(`drop trigger full_disk on ${table}`);
}

test("while the database's disk is full new messages are refused at once and results wait", async () => {
  await using db = await freshDatabase();
  const log = recorderLog();
  await using store = await openTestStore(db.url, { log });
  await store.accounts.seedExample();
  const before = acceptance({ price: 1 });
  await store.writer.accept(before);
  await makeFull(db);
  const many = Array.from({ length: 50 }, () => acceptance({ price: 1 }));
  const codes = await Promise.all(many.map((one) => codeOf(store.writer.accept(one))));
  assert.deepEqual(new Set(codes), new Set(["queue_full"]));
  // While it rests, not even the queue is asked.
  const { waiting } = store.writer;
  const late = codeOf(store.writer.accept(acceptance()));
  assert.equal(store.writer.waiting, waiting);
  assert.equal(await late, "queue_full");
  let stored = false;
  const result = store.writer.finish(finish(before)).then(() => (stored = true));
  assert.equal(store.writer.connected, true);
  assert.equal(stored, false);
  await makeRoom(db);
  await result;
  assert.equal((await store.messages.show(child(before).id))?.status, "SENT");
  assert.equal(await codeOf(store.writer.accept(acceptance({ price: 1 }))), 'resolved "accepted"');
  const [account] = await store.accounts.list();
  assert.equal(account?.credits, 98, "what was refused was not charged");
  assert.deepEqual(
    log.lines.filter(({ level }) => level !== "debug").map(({ text }) => text),
    [
      "the database's disk is full: what is new is refused",
      "the database writes again: its disk has room",
    ],
  );
});
