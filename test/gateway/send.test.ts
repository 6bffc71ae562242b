/**
 * The queues of a channel against a table that the test keeps: what is fetched when rows are finished
 * while the fetch is under way, which a real database shows only now and then.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Channel, SendResult } from "../../src/channel/channel.ts";
import { createSender, queueAhead } from "../../src/gateway/send.ts";
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
    send(one, done) {
      taken.push(one.id);
      unanswered.push(done);
    },
    close: () => Promise.resolve(),
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
      memory: { put() {} },
      writer: {
        claim: (ids) => Promise.resolve(ids.filter((id) => !table.has(id))),
        again: () => Promise.reject(new Error("nothing is tried again here")),
      },
      queue: {
        counts: () => Promise.resolve(new Map([["SMPP1", { rows: count, oldestDueMs: 0 }]])),
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
    assert.deepEqual(sender.counts("SMPP1"), { queued: 0, inFlight: 0 });
    await sender.drain();
  });
