import assert from "node:assert/strict";
import { test } from "node:test";
import { FOLLOWERS, predecessors, type Status } from "../../src/model/status.ts";

const FINAL: readonly Status[] = ["DELIVERED", "NOTDELIVERED", "FAILED", "EXPIRED", "CANCELLED"];

function followersOf(status: Status): readonly Status[] {
  return FOLLOWERS[status];
}
const all = Object.keys(FOLLOWERS).filter((name): name is Status => name in FOLLOWERS);

test("nothing follows a final status", () => {
  assert.deepEqual(
    all.filter((status) => followersOf(status).length === 0).sort(),
    FINAL.toSorted(),
  );
});

test("there is no step back: the only way round is a retry from SENDING to QUEUED", () => {
  const reached = new Map<Status, Set<Status>>();
  const reach = (from: Status, seen = new Set<Status>()): Set<Status> => {
    for (const to of followersOf(from)) {
      if (from === "SENDING" && to === "QUEUED") continue;
      if (!seen.has(to)) reach(to, seen.add(to));
    }
    return seen;
  };
  for (const status of all) reached.set(status, reach(status));
  for (const status of all) assert.ok(!reached.get(status)?.has(status), status);
});

test("a report that comes after NOREPORT may still correct it, and nothing else is corrected", () => {
  assert.deepEqual(followersOf("NOREPORT"), ["DELIVERED", "NOTDELIVERED"]);
  assert.deepEqual(predecessors("DELIVERED").sort(), ["NOREPORT", "QUEUED", "SENDING", "SENT"]);
  assert.deepEqual(predecessors("NOREPORT"), ["SENT"]);
});

test("predecessors are the table read backwards, QUEUED standing in for SENDING", () => {
  for (const status of all) {
    const direct = all.filter((from) => followersOf(from).includes(status));
    const found = predecessors(status);
    for (const from of direct) assert.ok(found.includes(from), `${from} -> ${status}`);
    const more = found.filter((from) => !direct.includes(from));
    assert.deepEqual(
      more,
      direct.includes("SENDING") && !direct.includes("QUEUED") ? ["QUEUED"] : [],
    );
    assert.equal(new Set(found).size, found.length);
  }
});

test("each status is reached from one in which a message begins", () => {
  const begins: readonly Status[] = ["CREATED", "RECEIVING"];
  const seen = new Set<Status>(begins);
  for (const status of seen) for (const next of followersOf(status)) seen.add(next);
  assert.deepEqual([...seen].sort(), all.toSorted());
});
