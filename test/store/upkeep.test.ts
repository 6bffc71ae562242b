import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/model/clock.ts";
import { openPool } from "../../src/store/pool.ts";
import { startUpkeep } from "../../src/store/upkeep.ts";
import { type TestDatabase, freshDatabase } from "../support/database.ts";
import { recorderLog } from "../support/log.ts";
import { acceptance, message, openTestStore } from "./fixtures.ts";

const keep = { keepTraceDays: 7, keepMessageDays: 30, awaitedOn: [] };

/** One round of an upkeep, and what it told. */
async function round(db: TestDatabase) {
  const pool = openPool({ connectionString: db.url }, recorderLog());
  const log = recorderLog();
  const upkeep = startUpkeep({ db: pool, retention: keep, clock: systemClock, log });
  await upkeep.now();
  await upkeep.now();
  await upkeep.close();
  await pool.destroy();
  return { log, upkeep };
}

test("a round makes days ahead, forgets old flushes and old days, and tells of that", async () => {
  await using db = await freshDatabase();
  await db.query("drop table trace_p" + dayIn(6));
  await db.query("select make_partitions((now() - interval '40 days')::date, 1)");
  await db.query("insert into batch values (gen_random_uuid(), now() - interval '2 hours')");
  const { log } = await round(db);
  const rows = await db.query<{ made: string | null; batches: number }>(
    "select to_regclass($1) as made, (select count(*)::integer from batch) as batches",
    ["trace_p" + dayIn(6)],
  );
  assert.deepEqual([rows[0]?.made, rows[0]?.batches], ["trace_p" + dayIn(6), 0]);
  const told = log.lines.find(({ text }) => String(text).includes("was forgotten"));
  assert.equal(Array.isArray(told?.["dropped"]) ? told["dropped"].length : 0, 4);
});

test("a day that is kept because something waits is in the facts and told once", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const one = acceptance();
  const id = message().id.replace(/^[0-9a-f]{8}/, "018bcfe5");
  await store.writer.accept({
    ...one,
    message: { ...one.message, id, root: id },
    forwards: one.forwards.map((forward) => ({
      ...forward,
      message: {
        ...forward.message,
        id: id.replace(/.$/, (last) => (last === "f" ? "0" : "f")),
        root: id,
        parent: id,
      },
    })),
  });
  const { log, upkeep } = await round(db);
  assert.deepEqual(upkeep.kept(), [{ day: "20231114", rows: 1 }]);
  const lines = log.lines.filter(({ level }) => level === "warn");
  assert.deepEqual(lines, [
    {
      level: "warn",
      kept: [{ day: "20231114", rows: 1 }],
      text: "old days are kept because messages of theirs still wait",
    },
  ]);
});

function dayIn(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll("-", "");
}
