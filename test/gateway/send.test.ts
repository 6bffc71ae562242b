/**
 * The queues of a channel against a table that the test keeps: what is fetched when rows are finished
 * while the fetch is under way, which a real database shows only now and then.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Channel, SendResult } from "../../src/channel/channel.ts";
import { queueAhead } from "../../src/gateway/refill.ts";
import { createSender } from "../../src/gateway/send.ts";
import { silentMeter } from "../../src/model/meter.ts";
import type { QueueRow } from "../../src/store/queue.ts";
import { silentLog } from "../support/database.ts";
import { sentOf } from "../support/sent.ts";

const { message } = sentOf("one");

/** So many that what is left in memory is less than half of `queueAhead`. */
const windowRequests = 1_500;

/** A provider that answers when it is told to. */
function provider() {
  const unanswered: ((result: SendResult) => void)[] = [];
  const taken: string[] = [];
  const channel: Channel = {
    name: "SMPP1",
    type: "smpp-client",
    taken: "SENT",
    group: "SMPP1",
    reportWaitMs: undefined,
    room: () => windowRequests - unanswered.length,
    write: ({ sms }) => ({ requests: sms === undefined ? [] : [sms], reference: 0 }),
    send(one, _request, done) {
      taken.push(one.id);
      unanswered.push(done);
    },
    close: () => Promise.resolve(),
    drain: () => Promise.resolve(),
    resume() {},
    kick: () => false,
    traffic: () => {
      throw new Error("nobody looks");
    },
    view: () => {
      throw new Error("nobody looks");
    },
    sessions: () => [],
    ports: () => [],
  };
  return {
    channel,
    taken,
    /** All that it has, and resolves when that is committed. */
    async answer() {
      for (const done of unanswered.splice(0)) done({ kind: "taken", providerId: "1" });
      await turn();
    },
  };
}

for (const answered of ["before", "after"] as const)
  test(`rows that are finished ${answered} the look of a fetch under way are neither lost nor counted twice`, async () => {
    const count = 2 * queueAhead + 800;
    const table = new Map<string, QueueRow>();
    for (let n = 0; n < count; n += 1) {
      const id = String(n).padStart(5, "0");
      const times = { dueMs: 0, expiresMs: Number.MAX_SAFE_INTEGER, tries: 0, maybeTwice: false };
      table.set(id, { id, message: { ...message, id }, queue: "SMPP1", priority: 0, ...times });
    }
    const { channel, taken, answer } = provider();
    const sender = createSender({
      clock: { nowMs: () => 1, tickMs: () => 1 },
      log: silentLog,
      channel: () => channel,
      held: () => false,
      meter: silentMeter,
      memory: { put() {} },
      tally: { begin() {}, forget() {} },
      onItsWay: { handed() {}, landed() {} },
      writer: {
        claim: (ids) => Promise.resolve(ids.filter((id) => !table.has(id))),
        part: () => Promise.reject(new Error("nothing goes in parts here")),
        again: () => Promise.reject(new Error("nothing is tried again here")),
      },
      queue: {
        counts: () =>
          Promise.resolve(new Map([["SMPP1", { rows: count, uncertain: 0, oldestDueMs: 0 }]])),
        takeUp: () => Promise.resolve(0),
        expired: () => Promise.resolve([]),
        async fetch(_queue, limit) {
          if (answered === "before") await answer();
          const rows = [...table.values()].slice(0, limit);
          if (answered === "after") await answer();
          return { rows, nextDueMs: undefined };
        },
      },
      finisher({ id }) {
        table.delete(id);
        return Promise.resolve([]);
      },
    });
    await sender.takeUp();
    while (taken.length < windowRequests) await turn();
    // Now the window is full, and what is in memory is less than half of what may be: it fetches.
    sender.ready("SMPP1");
    for (let turns = 0; turns < 100 && table.size > 0; turns += 1) {
      await turn();
      await answer();
    }
    assert.equal(table.size, 0, "rows were left in the table");
    assert.equal(new Set(taken).size, taken.length, "none was sent twice");
    await sender.settled();
    assert.deepEqual(sender.counts("SMPP1"), { queued: 0, inFlight: 0, uncertain: 0 });
    await sender.drain();
  });

test("a row that is moved while a fetch is under way is not sent by its old queue as well", async () => {
  const count = 10;
  const rowOf = (n: number): QueueRow => {
    const id = String(n).padStart(5, "0");
    const times = { dueMs: 0, expiresMs: Number.MAX_SAFE_INTEGER, tries: 0, maybeTwice: false };
    return { id, message: { ...message, id }, queue: "SMPP1", priority: 0, ...times };
  };
  const rows = Array.from({ length: count }, (_, n) => rowOf(n));
  const table = new Map(rows.map((row) => [row.id, row]));
  const { channel, taken, answer } = provider();
  const fetched: string[] = [];
  let seen: (() => void) | undefined;
  const sender = createSender({
    clock: { nowMs: () => 1, tickMs: () => 1 },
    log: silentLog,
    channel: (name) => (name === "SMPP1" ? channel : undefined),
    held: () => false,
    meter: silentMeter,
    memory: { put() {} },
    onItsWay: { handed() {}, landed() {} },
    tally: { begin() {}, forget() {} },
    writer: {
      claim: (ids) => Promise.resolve(ids.filter((id) => !table.has(id))),
      part: () => Promise.reject(new Error("nothing goes in parts here")),
      again: () => Promise.reject(new Error("nothing is tried again here")),
    },
    queue: {
      counts: () =>
        Promise.resolve(new Map([["SMPP1", { rows: count, uncertain: 0, oldestDueMs: 0 }]])),
      takeUp: () => Promise.resolve(0),
      expired: () => Promise.resolve([]),
      async fetch(name) {
        const old = [...table.values()].filter((row) => row.queue === name);
        fetched.push(name);
        // The first answer is on its way while an operator moves half of the rows.
        if (fetched.length === 1) await new Promise<void>((go) => (seen = go));
        return { rows: old, nextDueMs: undefined };
      },
    },
    finisher({ id }) {
      table.delete(id);
      return Promise.resolve([]);
    },
  });
  await sender.takeUp();
  while (fetched.length === 0) await turn();
  const half = rows.slice(0, 5);
  const kept = sender.keep(
    "SMPP1",
    half.map(({ id }) => id),
  );
  assert.equal(kept.length, 5);
  for (const row of half) table.set(row.id, { ...row, queue: "SMPP2" });
  sender.moved(half, "SMPP2");
  seen?.();
  while (taken.length < 5) await turn();
  await answer();
  await sender.settled();
  assert.deepEqual(
    taken,
    rows.slice(5).map(({ id }) => id),
  );
  assert.deepEqual(
    sender.queues().map(({ name, rows: left }) => [name, left]),
    [["SMPP2", 5]],
  );
  await sender.drain();
});
