import assert from "node:assert/strict";
import { test } from "node:test";
import type { GatewayError } from "../../src/model/error.ts";
import type { Operation } from "../../src/store/operation.ts";
import { createWriterQueue, operationsPerFlush } from "../../src/store/writer-queue.ts";
import { acceptance, finish, message } from "./fixtures.ts";

const one = acceptance();
const ACCEPT: Operation = { kind: "accept", acceptance: one };
const RECORD: Operation = {
  kind: "record",
  message: message(),
  status: "FAILED",
  error: undefined,
};
const FINISH: Operation = { kind: "finish", finish: finish(one) };

function claimOf(rows: number): Operation {
  return { kind: "claim", ids: Array.from({ length: rows }, () => one.message.id) };
}

function queueWith(limits: { operationsMax?: number; writeTimeoutMs?: number } = {}) {
  let tickMs = 0;
  let ripened = 0;
  const rejected: string[] = [];
  const clock = { nowMs: () => 0, tickMs: () => tickMs };
  const { operationsMax = 20_000, writeTimeoutMs = 1_000 } = limits;
  const queue = createWriterQueue({
    clock,
    operationsMax,
    writeTimeoutMs,
    onRipe: () => (ripened += 1),
  });
  return {
    queue,
    rejected,
    ripened: () => ripened,
    add: (operation: Operation, times = 1) => {
      const refuse = (error: GatewayError) => rejected.push(error.code);
      for (let n = 0; n < times; n += 1) queue.add(operation, () => undefined, refuse);
    },
    kinds: () => queue.take().map(({ operation }) => operation.kind),
    walk: (ms: number) => (tickMs += ms),
  };
}

test("what finishes work goes before what accepts more of it, each in its order", () => {
  const { add, kinds } = queueWith();
  add(ACCEPT, operationsPerFlush);
  add(FINISH);
  add(RECORD);
  add(claimOf(3));
  const first = kinds();
  assert.deepEqual(first.slice(0, 3), ["finish", "claim", "accept"]);
  assert.equal(first.length, operationsPerFlush - 2, "a claim counts as many as its rows");
  assert.deepEqual(kinds(), ["accept", "accept", "accept", "accept", "record"]);
  assert.deepEqual(kinds(), []);
});

test("a claim that is larger than a flush goes alone", () => {
  const { add, kinds } = queueWith();
  add(claimOf(operationsPerFlush + 1));
  add(FINISH);
  assert.deepEqual(kinds(), ["claim"]);
  assert.deepEqual(kinds(), ["finish"]);
});

test("what was put back stands in front again", () => {
  const { queue, add, kinds } = queueWith();
  add(RECORD);
  const taken = queue.take();
  add(ACCEPT);
  queue.putBack(taken);
  assert.deepEqual(kinds(), ["record", "accept"]);
});

test("messages wait no longer than writeTimeoutMs, results as long as it takes", () => {
  const { queue, add, rejected, walk, kinds } = queueWith();
  add(ACCEPT);
  add(FINISH);
  walk(600);
  add(RECORD);
  walk(400);
  queue.expire();
  assert.deepEqual(rejected, ["database_unreachable"]);
  walk(599);
  queue.expire();
  assert.equal(queue.total, 2);
  walk(1);
  queue.expire();
  assert.deepEqual(rejected, ["database_unreachable", "database_unreachable"]);
  assert.deepEqual(kinds(), ["finish"]);
});

test("the limit counts what is under way too; results have as much room again", () => {
  const { queue, add, rejected } = queueWith({ operationsMax: 2 });
  add(ACCEPT, 2);
  const [first] = queue.take();
  add(ACCEPT);
  assert.deepEqual(rejected, ["overloaded"]);
  add(FINISH, 2);
  assert.equal(rejected.length, 1);
  add(FINISH);
  assert.deepEqual(rejected, ["overloaded", "overloaded"]);
  if (first !== undefined) queue.settled(first);
  add(FINISH);
  assert.equal(rejected.length, 2);
  assert.equal(queue.total, 4);
});

test("what nobody waits for begins no flush for 5 ms, and goes with the next that somebody waits for", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { queue, add, kinds, ripened } = queueWith();
  const sent: Operation = { kind: "finish", finish: { ...finish(one), status: "SENT" } };
  add(sent);
  assert.deepEqual([queue.isRipe, ripened()], [false, 0]);
  add(ACCEPT);
  assert.deepEqual([queue.isRipe, ripened()], [true, 1]);
  assert.deepEqual(kinds(), ["finish", "accept"]);
  assert.equal(queue.isRipe, false);
  t.mock.timers.tick(100);
  assert.equal(ripened(), 1, "what has gone wakes nobody");
  add(sent);
  t.mock.timers.tick(4);
  assert.equal(queue.isRipe, false);
  t.mock.timers.tick(1);
  assert.deepEqual([queue.isRipe, ripened()], [true, 2]);
  assert.deepEqual(kinds(), ["finish"]);
});

test("what is left over or was put back goes at once", () => {
  const { queue, add, kinds, ripened } = queueWith();
  add(ACCEPT, operationsPerFlush + 1);
  const taken = queue.take();
  assert.equal(queue.isRipe, true);
  kinds();
  assert.equal(queue.isRipe, false);
  const before = ripened();
  queue.putBack(taken);
  assert.deepEqual([queue.isRipe, ripened()], [true, before + 1]);
});
