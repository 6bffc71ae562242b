/** How far schedules are is kept, and a run is written down once, together with what is to be decided. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScheduleRun } from "../../src/store/schedules.ts";
import { freshDatabase } from "../support/database.ts";
import { newId, openTestStore } from "./fixtures.ts";

const sinceMs = Date.parse("2026-03-02T08:00:00.123Z");
const dueMs = Date.parse("2026-03-02T09:00Z");
const nine = { name: "NINE", cron: "0 9 * * *", zone: "UTC" };

function runOf(over: Partial<ScheduleRun> = {}): ScheduleRun {
  const id = newId();
  return { name: "NINE", sinceMs, dueMs, id, payload: '{"a":1}', againMs: 0, ...over };
}

test("a run is written once, waits to be decided, and keeps the next one waiting until it is done", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const { schedules: table, queue, writer } = store;
  await table.begin({ ...nine, sinceMs });
  assert.deepEqual(await table.all(), [{ ...nine, sinceMs, dueMs: undefined }]);

  const runs = [runOf(), runOf()];
  const written = await Promise.all(runs.map((run) => table.run(run)));
  assert.deepEqual(written.toSorted(), [false, true]);
  const first = runs[written.indexOf(true)];
  const [row, ...none] = await queue.waitingEvents(10);
  assert.deepEqual([row?.id, row?.kind, row?.payload], [first?.id, "event", '{"a":1}']);
  assert.equal(none.length, 0);
  assert.deepEqual(await table.all(), [{ ...nine, sinceMs: dueMs, dueMs }]);

  const next = runOf({ sinceMs: dueMs, dueMs: dueMs + 86_400_000 });
  assert.equal(await table.run(next), false);
  const nothing = { status: undefined, error: undefined, lines: [], tell: [], later: undefined };
  const id = first?.id ?? "";
  await writer.conclude({ id, root: id, ...nothing, atMs: dueMs, made: [], done: id });
  assert.equal(await table.run(next), true);

  // Another cron begins anew, and still waits for the run that goes on.
  await table.begin({ ...nine, cron: "0 8 * * *", sinceMs });
  assert.equal((await table.all())[0]?.dueMs, undefined);
  assert.equal(await table.run(runOf()), false);
  await table.remove("NINE");
  assert.deepEqual(await table.all(), []);
  assert.equal(await table.run(runOf()), false);
});

test("a run is not taken up by others before its time", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.schedules.begin({ ...nine, sinceMs });
  assert.equal(await store.schedules.run(runOf({ againMs: 60_000 })), true);
  assert.deepEqual(await store.queue.waitingEvents(10), []);
});
