/**
 * What a sender in transaction mode hears when the outcome and the end of his time come together, which
 * a whole gateway shows only now and then.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createTransactions } from "../../src/gateway/transaction.ts";
import type { MessageAnswer } from "../../src/model/event.ts";
import type { Message, TraceLine } from "../../src/model/message.ts";
import type { QueueRow } from "../../src/store/queue.ts";
import { silentLog } from "../support/database.ts";
import { sentOf } from "../support/sent.ts";

const waitMs = 1_000;
/** ms. How long an outcome that is being written is waited for besides. */
const commitMs = 5_000;

const { message: out, original } = sentOf("one");
const { id } = original;

/** One message whose sender waits, forwarded as often as is said; `waits` says what is in the queue. */
function transaction(t: TestContext, { forwards = 1, waits = () => Promise.resolve(false) } = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const ended: string[] = [];
  const traced: TraceLine[] = [];
  const messages: Message[] = Array.from({ length: forwards }, (_, n) => ({
    ...out,
    id: `${out.id}-${n}`,
  }));
  const place = { queue: "SMPP1", priority: 0, dueMs: 0, expiresMs: Infinity };
  const untried = { tries: 0, maybeTwice: false };
  const rows: QueueRow[] = messages.map((message) => ({
    id: message.id,
    message,
    ...place,
    ...untried,
  }));
  const transactions = createTransactions({
    store: {
      queue: {
        rowsOf: async (ids) => ((await waits()) ? rows.filter((row) => ids.includes(row.id)) : []),
      },
    },
    sender: {
      keep: (_queue, ids) => [...ids],
      free() {},
      end(row, { status }) {
        ended.push(row.id);
        transactions.ended(row.id, status, "expired_here", false);
        return Promise.resolve(true);
      },
    },
    writer: {
      trace(_root, lines) {
        traced.push(...lines);
        return Promise.resolve();
      },
    },
    clock: { nowMs: () => 0, tickMs: () => 0 },
    log: silentLog,
  });
  let answer: MessageAnswer | undefined;
  const given = messages.map((message) => ({ message, ...place }));
  void transactions.begin(original, given, waitMs).then((it) => (answer = it));
  return {
    transactions,
    ended,
    traced,
    /** What he has heard when so much more time has gone by. */
    async after(ms: number): Promise<string> {
      t.mock.timers.tick(ms);
      await turn();
      return answer === undefined
        ? "nothing"
        : "code" in answer
          ? String(answer.code)
          : answer.kind;
    },
    tell: (...how: [status: "SENT" | "DELIVERED" | "NOTDELIVERED", error?: string][]) => {
      for (const [n, [status, error]] of how.entries())
        transactions.ended(`${out.id}-${n}`, status, error, true);
    },
  };
}

test("[W06] [I61] an outcome that is being written when the time is over is waited for, and told by the answer alone", async (t) => {
  for (const [status, heard] of [
    ["DELIVERED", "accepted"],
    ["NOTDELIVERED", "delivery_failure"],
  ] as const) {
    const { transactions, after, tell, traced } = transaction(t);
    tell(["SENT"]);
    assert.equal(await after(waitMs - 1), "nothing");
    assert.equal(transactions.hears(id, status), true, "no receipt tells it besides");
    assert.equal(await after(1), "nothing", "the time is over, and still it is waited for");
    assert.equal(await after(commitMs - 1), "nothing");
    tell([status, "UNDELIV 001"]);
    assert.equal(await after(0), heard);
    assert.equal(await after(commitMs), heard);
    assert.equal(traced.length, 1, "answered once");
    // A status that is decided late must not tell a second time what was told by the answer.
    assert.equal(transactions.hears(id, "NOTDELIVERED"), heard === "delivery_failure");
    assert.equal(transactions.hears(id, "DELIVERED"), false);
    t.mock.timers.reset();
  }
});

test("[W06] an outcome that cannot be written is waited for no longer than that; its receipt follows", async (t) => {
  const { transactions, after, tell } = transaction(t);
  tell(["SENT"]);
  transactions.hears(id, "NOTDELIVERED");
  assert.equal(await after(waitMs), "nothing");
  assert.equal(await after(commitMs), "accepted");
  assert.equal(transactions.hears(id, "NOTDELIVERED"), false);
  tell(["NOTDELIVERED", "UNDELIV 001"]);
  assert.equal(await after(0), "accepted");
});

test("[W06] of two that it went to, the one that is not known yet is waited for as long, and failed is who all have failed", async (t) => {
  const { transactions, after, tell } = transaction(t, { forwards: 2 });
  tell(["SENT"], ["SENT"]);
  transactions.hears(id, "NOTDELIVERED");
  tell(["NOTDELIVERED", "UNDELIV 001"]);
  assert.equal(await after(waitMs), "nothing");
  tell(["NOTDELIVERED", "UNDELIV 001"], ["NOTDELIVERED", "UNDELIV 002"]);
  assert.equal(await after(0), "delivery_failure");
});

test("[W06] what is sent while its end is prepared is not ended; what waits is, and is refused", async (t) => {
  const looked = Promise.withResolvers<boolean>();
  const sent = transaction(t, { waits: () => looked.promise });
  assert.equal(await sent.after(waitMs), "nothing");
  sent.tell(["DELIVERED"]);
  assert.equal(await sent.after(0), "accepted");
  looked.resolve(false);
  assert.equal(await sent.after(commitMs), "accepted");
  assert.deepEqual([sent.ended, sent.traced.length], [[], 1]);
  t.mock.timers.reset();

  const waiting = transaction(t, { waits: () => Promise.resolve(true) });
  assert.equal(await waiting.after(waitMs), "delivery_failure");
  assert.equal(waiting.ended.length, 1);
});
