import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { firstIdAt, idFrom, idMaker, idTimeMs } from "../../src/model/id.ts";

const atMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Ids made while the clock says these times, one after another. */
function idsAt(times: readonly number[]): readonly string[] {
  let at = 0;
  const newId = idMaker(() => times[at++] ?? 0);
  return times.map(() => newId());
}

function assertGrowing(ids: readonly string[]) {
  for (const [n, id] of ids.entries()) {
    assert.match(id, form);
    const before = ids[n - 1];
    if (before !== undefined) assert.ok(before < id, `${before} before ${id}`);
  }
}

test("an id is a uuid of version 7 that tells its millisecond", () => {
  const [id = ""] = idsAt([atMs]);
  assert.match(id, form);
  assert.equal(idTimeMs(id), atMs);
});

test("ids grow while the clock stands still, also beyond the counter of one millisecond", () => {
  const ids = idsAt(Array.from({ length: 10_000 }, () => atMs));
  assertGrowing(ids);
  assert.equal(idTimeMs(ids.at(-1) ?? ""), atMs + 2, "4,096 ids a millisecond, then the next one");
});

test("ids grow while the clock goes back, and follow it again once it has caught up", () => {
  const back = idsAt([atMs, atMs - 1, atMs - 86_400_000, atMs + 1]);
  assertGrowing(back);
  assert.deepEqual(back.map(idTimeMs), [atMs, atMs, atMs, atMs + 1]);
});

test("ids grow whatever the clock does", () => {
  const time = fc.integer({ min: atMs - 5, max: atMs + 5 });
  fc.assert(
    fc.property(fc.array(time, { maxLength: 200 }), (times) => assertGrowing(idsAt(times))),
  );
});

test("two processes that start in one millisecond make different ids", () => {
  const [one = ""] = idsAt([atMs]);
  const [other = ""] = idsAt([atMs]);
  assert.equal(one.slice(0, 19), other.slice(0, 19));
  assert.notEqual(one, other);
});

test("the first id of a millisecond is a bound: nothing made then or later lies below it", () => {
  const [before = "", then = ""] = idsAt([atMs - 1, atMs]);
  assert.ok(before < firstIdAt(atMs));
  assert.ok(firstIdAt(atMs) < then);
  assert.ok(firstIdAt(0) < firstIdAt(1));
});

test("an id is read back from each form that is handed out, in any case", () => {
  const [id = ""] = idsAt([atMs]);
  const bare = id.replaceAll("-", "");
  for (const text of [id, id.toUpperCase(), bare, bare.toUpperCase()]) {
    assert.equal(idFrom(text), id);
  }
});

test("what is no id is not taken for one", () => {
  for (const text of ["", "+4670123", "' or 1=1", "g".repeat(32), "0".repeat(31), "-".repeat(36)]) {
    assert.equal(idFrom(text), undefined, text);
  }
});
