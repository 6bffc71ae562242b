// Messages that went out in several parts, in a real database.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/model/clock.ts";
import { stepsOf } from "../../src/store/flush.ts";
import { migrateTo } from "../../src/store/migrate.ts";
import { openPool } from "../../src/store/pool.ts";
import { makePartitions } from "../../src/store/upkeep.ts";
import type { Acceptance, PartAttempt } from "../../src/store/writer.ts";
import { freshDatabase, silentLog } from "../support/database.ts";
import {
  acceptance,
  child,
  conclusion,
  finish,
  hello,
  message,
  newId,
  openTestStore,
} from "./fixtures.ts";

/** An acceptance of which the forwarded message is a text that a script wrote. */
function written(): Acceptance {
  const one = acceptance();
  const sms = { ...hello, text: "long", octets: Buffer.alloc(0) };
  const forwards = one.forwards.map((forward) => ({
    ...forward,
    message: { ...forward.message, sms, sameAsParent: false },
  }));
  return { ...one, forwards };
}

function part(of: Acceptance, number: number, over: Partial<PartAttempt> = {}): PartAttempt {
  return {
    id: child(of).id,
    root: of.message.id,
    channel: "SMPP1",
    tries: 1,
    part: number,
    parts: 3,
    reference: 40_000,
    providerId: `P${number}`,
    status: "SENT",
    error: undefined,
    reportAsked: true,
    atMs: systemClock.nowMs(),
    maybeTwice: false,
    ...over,
  };
}

test("a part is found by its provider id, and only its own attempt takes what is told of it", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = written();
  const { id } = child(one);
  await store.writer.accept(one);
  for (const number of [1, 2, 3]) await store.writer.part(part(one, number));
  await store.writer.finish(finish(one, { providerId: undefined, inParts: true }));
  const [found] = await store.reports.find([{ channels: ["SMPP1"], ids: ["p2"] }]);
  assert.deepEqual(
    found?.map(({ sent, status }) => [sent.message.id, sent.part, status]),
    [[id, { number: 2, total: 3, reference: 40_000 }, "SENT"]],
  );
  const told = { part: 2, reference: 40_000, status: "DELIVERED", error: undefined } as const;
  const nothing = { ...conclusion(one), id, status: undefined, error: undefined };
  await store.writer.conclude({ ...nothing, parts: [told] });
  const inParts = await store.reports.inParts(id);
  assert.deepEqual(
    inParts?.taken.map((taken) => [taken.part, taken.status]),
    [
      [1, "SENT"],
      [2, "DELIVERED"],
      [3, "SENT"],
    ],
  );
  assert.equal(inParts?.status, "SENT");
  // Of another way of splitting; and a step back.
  await store.writer.conclude({ ...nothing, parts: [{ ...told, part: 1, reference: 1 }] });
  await store.writer.conclude({ ...nothing, parts: [{ ...told, status: "NOREPORT" }] });
  assert.deepEqual(await store.reports.inParts(id), inParts);
  // The last one tells what has become of the whole, and the others keep what was told of them.
  const failed = { ...told, part: 1, status: "NOTDELIVERED", error: "UNDELIV 001" } as const;
  const end = { status: "NOTDELIVERED", error: "partial" } as const;
  await store.writer.conclude({ ...nothing, ...end, parts: [failed] });
  const entry = await store.messages.show(id);
  assert.deepEqual([entry?.status, entry?.error], ["NOTDELIVERED", "partial"]);
  assert.deepEqual(
    entry?.attempts.map(({ part: number, parts, status, error }) => [number, parts, status, error]),
    [
      [1, 3, "NOTDELIVERED", "UNDELIV 001"],
      [2, 3, "DELIVERED", undefined],
      [3, 3, "SENT", undefined],
    ],
  );
});

test("a row that comes back from the table knows which of its parts are taken", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const [tried, untried] = [written(), written()];
  for (const one of [tried, untried]) await store.writer.accept(one);
  await store.writer.claim([child(tried).id]);
  await store.writer.part(part(tried, 1));
  await store.writer.part(
    part(tried, 2, { providerId: undefined, status: "QUEUED", error: "ESME_RTHROTTLED" }),
  );
  await store.writer.again({
    id: child(tried).id,
    root: tried.message.id,
    channel: "SMPP1",
    tries: 1,
    error: undefined,
    dueMs: 0,
    maybeTwice: false,
    atMs: systemClock.nowMs(),
  });
  const { rows } = await store.queue.fetch("SMPP1", 10);
  assert.deepEqual(
    rows.map((row) => [row.id, row.taken?.map(({ part: number }) => number)]),
    [
      [child(tried).id, [1]],
      [child(untried).id, undefined],
    ],
  );
});

test("each part that is overdue is given by itself", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = written();
  const old = systemClock.nowMs() - 60_000;
  const id = newId().replace(/^.{13}/, old.toString(16).padStart(12, "0").replace(/^.{8}/, "$&-"));
  const moved = { ...one, forwards: [{ ...one.forwards[0]!, message: { ...child(one), id } }] };
  await store.writer.accept(moved);
  await store.writer.part(part(moved, 1, { atMs: old + 1 }));
  await store.writer.part(part(moved, 2));
  await store.writer.part(part(moved, 3, { atMs: old }));
  const overdue = await store.reports.overdue("SMPP1", 30_000, 10);
  assert.deepEqual(
    overdue.map(({ message: { id: of }, part: which }) => [of, which?.number]),
    [
      [id, 3],
      [id, 1],
    ],
  );
});

test("a message that is not split is written by the same statements as before", () => {
  const one = acceptance();
  const operations = [
    { kind: "accept", acceptance: one },
    { kind: "finish", finish: finish(one) },
    { kind: "conclude", conclusion: conclusion(one) },
  ] as const;
  const given = { batch: newId(), before: undefined, startId: newId(), nowMs: 1 };
  const names = stepsOf(operations, given).steps.map(({ name }) => name);
  assert.ok(names.includes("attempts") && names.includes("reported"));
  assert.ok(
    names.every((name) => !name.startsWith("part")),
    names.join(" "),
  );
});

test("a database of the version before keeps its attempts, which are about whole messages", async () => {
  await using db = await freshDatabase({ empty: true });
  const pool = openPool({ connectionString: db.url }, silentLog);
  await migrateTo(pool, "0004-erasure");
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
  await using store = await openTestStore(db.url);
  const [found] = await store.reports.find([{ channels: ["SMPP1"], ids: ["ab"] }]);
  assert.deepEqual(
    found?.map(({ sent }) => [sent.message.id, sent.part]),
    [[id, undefined]],
  );
});
