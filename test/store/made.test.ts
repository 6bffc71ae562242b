/** Messages of our own are written with the decision that asked for them, or not at all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Made } from "../../src/store/writer.ts";
import { freshDatabase } from "../support/database.ts";
import {
  acceptance,
  childOf,
  conclusion,
  finish,
  hello,
  message,
  newId,
  openTestStore,
} from "./fixtures.ts";

function made(text: string): Made {
  const sms = { ...hello, text, octets: Buffer.alloc(0) };
  const log = [{ at: 1, what: "made", facts: { trigger: "PAGE" } }];
  const root = message({ account: undefined, channel: "SMPP2", sms, log });
  const forward = childOf(root, { channel: "PAGER" });
  const expiresMs = Date.now() + 3_600_000;
  return {
    message: root,
    forward: { message: forward, queue: "PAGER", priority: 2, dueMs: 0, expiresMs },
  };
}

test("a conclusion writes its messages, with their places in the queue and a state of their own", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
  await store.writer.accept(one);
  await store.writer.finish(finish(one));
  const own = [made("first"), made("second")];
  await store.writer.conclude(conclusion(one, { made: own }));
  const { rows } = await store.queue.fetch("PAGER", 10);
  assert.deepEqual(
    rows.map((row) => [row.message, row.priority]),
    own.map(({ forward }) => [forward.message, 2]),
  );
  for (const { message: root, forward } of own) {
    const [life] = await store.messages.life(root.id, 1);
    assert.equal(life?.status, "QUEUED");
    assert.deepEqual(
      life?.entries.map((entry) => entry.message.id),
      [root.id, forward.message.id],
    );
    assert.deepEqual(life?.entries[0]?.message, root);
    assert.deepEqual(await store.reports.sentOf(forward.message.id), {
      message: forward.message,
      original: root,
    });
  }
});

test("a finish writes them too, and their end moves the state of their own life", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
  await store.writer.accept(one);
  const own = made("failed");
  const end = { status: "FAILED", error: "refused", providerId: undefined } as const;
  const following = { lines: [], tell: [], later: undefined, made: [own] };
  await store.writer.finish(finish(one, { ...end, conclusion: following }));
  const { message: sent } = own.forward;
  const ids = { id: sent.id, root: sent.root, channel: "PAGER" };
  await store.writer.finish(finish(one, ids));
  const states = await db.query("select id, status from state where id in ($1, $2) order by id", [
    one.message.id,
    own.message.id,
  ]);
  assert.deepEqual(states, [
    { id: one.message.id, status: "FAILED" },
    { id: own.message.id, status: "SENT" },
  ]);
});

test("a message that cannot be paid takes none of them along, whatever is in the same flush", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await db.query(
    "insert into account (id, password_hash, password_scheme, credits) values ('Test1', '', 'plain', 5)",
  );
  const poor = { ...acceptance({ price: 6 }), made: [made("never")] };
  const rich = { ...acceptance({ price: 5 }), made: [made("sent")] };
  const answers = await Promise.all([store.writer.accept(poor), store.writer.accept(rich)]);
  assert.deepEqual(answers, ["no_credit", "accepted"]);
  const { rows } = await store.queue.fetch("PAGER", 10);
  assert.deepEqual(
    rows.map((row) => row.id),
    [rich.made[0]?.forward.message.id],
  );
  const counted = await db.query(
    "select count(*)::integer as n from message where channel = 'SMPP2'",
  );
  assert.deepEqual(counted, [{ n: 1 }]);
});

test("a notice that was kept is finished by the commit that writes its messages", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const id = newId();
  await store.writer.hold({ id, root: id, kind: "event", dueMs: 0, payload: "{}" });
  const nothing = { status: undefined, error: undefined, lines: [], tell: [], later: undefined };
  const own = made("late");
  await store.writer.conclude({ id, root: id, ...nothing, atMs: 1, made: [own], done: id });
  const waiting = await db.query<{ id: string }>("select id from pending");
  assert.deepEqual(waiting, [{ id: own.forward.message.id }]);
});
