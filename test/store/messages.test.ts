import assert from "node:assert/strict";
import { test } from "node:test";
import { freshDatabase } from "../support/database.ts";
import { acceptance, child, finish, message, newId, openTestStore } from "./fixtures.ts";

test("a life is found by any id of it, in both forms, by the provider's id and by its numbers", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
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
