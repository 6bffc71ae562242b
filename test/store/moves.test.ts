import assert from "node:assert/strict";
import { test } from "node:test";
import { idMaker } from "../../src/model/id.ts";
import { type Move, settleSteps } from "../../src/store/moves.ts";

const newId = idMaker(() => 1_790_000_000_000);
const move = (over: Partial<Move>): Move => {
  const id = newId();
  return { id, root: id, status: "SENT", error: undefined, atMs: 1, reported: false, ...over };
};
/** The status of each call, in their order. */
const settled = (moves: readonly Move[]): unknown[] =>
  settleSteps(moves)
    .filter(({ name }) => name === "settle")
    .map(({ values }) => values[4]);

test("a message whose report is in the flush of its answer is moved once", () => {
  const sent = move({});
  const delivered = move({ ...sent, status: "DELIVERED", reported: true });
  assert.deepEqual(settled([sent, delivered]), ["DELIVERED"]);
  assert.deepEqual(settled([delivered, sent]), ["DELIVERED"]);
  // Another one has only been sent.
  assert.deepEqual(settled([sent, delivered, move({})]), ["SENT", "DELIVERED"]);
});

test("what may not follow at once is moved step by step", () => {
  const sent = move({});
  assert.deepEqual(settled([sent, { ...sent, status: "NOTDELIVERED" }]), ["SENT", "NOTDELIVERED"]);
  assert.deepEqual(settled([sent, { ...sent, status: "NOREPORT" }]), ["SENT", "NOREPORT"]);
});
