/**
 * The writer's plans must not change with the statistics: an ANALYZE in mid-load once turned one into
 * a quadratic one. So they are explained before and after, and the work is counted in index entries,
 * which does not depend on the machine.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { SESSION_SETTINGS, STATEMENTS } from "../../src/store/statements.ts";
import { type TestDatabase, freshDatabase } from "../support/database.ts";
import { acceptance, child, conclusion, finish, openTestStore } from "./fixtures.ts";

async function plansIn(url: string): Promise<Record<string, string>> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const [name, value] of Object.entries(SESSION_SETTINGS))
    await client.query("select set_config($1, $2, false)", [name, value]);
  const plans: Record<string, string> = {};
  for (const [name, text] of Object.entries(STATEMENTS)) {
    const { rows } = await client.query<{ "QUERY PLAN": string }>(
      `explain (generic_plan, costs off) ${text}`,
    );
    plans[name] = rows.map((row) => row["QUERY PLAN"]).join("\n");
  }
  await client.end();
  return plans;
}

test("no statement of the writer reads a table from end to end, and ANALYZE changes no plan", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const fresh = await plansIn(db.url);
  for (const [name, plan] of Object.entries(fresh))
    assert.doesNotMatch(plan, /Seq Scan|Hash|Merge/, name);
  await db.query("analyze");
  assert.deepEqual(await plansIn(db.url), fresh, "when all is empty");
  const asked = Array.from({ length: 3_000 }, () => acceptance());
  await Promise.all(asked.map((one) => store.writer.accept(one)));
  await db.query("analyze");
  assert.deepEqual(await plansIn(db.url), fresh, "when there are thousands");
});

test("the work of a flush grows with its operations only, also after ANALYZE of empty tables", async () => {
  await using db = await freshDatabase();
  const lives = 600;
  {
    await using store = await openTestStore(db.url);
    await db.query("analyze");
    const asked = Array.from({ length: lives }, () => acceptance());
    await Promise.all(asked.map((one) => store.writer.accept(one)));
    await db.query("analyze");
    await store.writer.claim(asked.map((one) => child(one).id));
    await Promise.all(asked.map((one) => store.writer.finish(finish(one))));
  }
  // The backends count when they end; the store is closed.
  await othersGone(db);
  const [work] = await db.query<{ entries: number; scanned: number }>(`
    select sum(coalesce(idx_tup_fetch, 0))::integer as entries, sum(seq_tup_read)::integer as scanned
    from pg_stat_user_tables where relname ~ '^(message|state|attempt|pending)'`);
  assert.ok((work?.entries ?? 0) >= 3 * lives, "claim, delete and state find their rows by index");
  assert.ok((work?.entries ?? Infinity) <= 6 * lives, `${work?.entries} entries were read`);
  assert.equal(work?.scanned, 0, "no table was read from end to end");
});

test("to fetch the first rows of a queue reads these, however many are due behind them", async () => {
  await using db = await freshDatabase();
  const waiting = 3_000;
  {
    await using store = await openTestStore(db.url);
    const asked = Array.from({ length: waiting }, () => acceptance());
    await Promise.all(asked.map((one) => store.writer.accept(one)));
    await db.query("analyze");
  }
  const read = async (): Promise<number> => {
    await othersGone(db);
    const [work] = await db.query<{ rows: number }>(`
      select (seq_tup_read + coalesce(idx_tup_fetch, 0))::integer as rows
      from pg_stat_user_tables where relname = 'pending'`);
    return work?.rows ?? Infinity;
  };
  const before = await read();
  {
    await using store = await openTestStore(db.url);
    const { rows, nextDueMs } = await store.queue.fetch("SMPP1", 10);
    assert.deepEqual([rows.length, nextDueMs], [10, undefined]);
  }
  const after = await read();
  assert.ok(after - before >= 10 && after - before < 100, `${after - before} rows were read`);
});

test("a report is matched among ten thousand open messages by index alone, also after ANALYZE", async () => {
  await using db = await freshDatabase();
  const wanted = Array.from({ length: 100 }, (_, n) => ({
    channels: ["SMPP1"],
    ids: [`${n * 97}`],
  }));
  {
    await using store = await openTestStore(db.url);
    const all = Array.from({ length: 10_000 }, () => acceptance());
    await Promise.all(all.map((one) => store.writer.accept(one)));
    await Promise.all(
      all.map((one, n) => store.writer.finish(finish(one, { providerId: `00${n}` }))),
    );
    await db.query("analyze");
  }
  await othersGone(db);
  await db.query("select pg_stat_reset()");
  {
    await using store = await openTestStore(db.url);
    const found = await store.reports.find(wanted);
    const matches = found.map(([first]) => first);
    assert.ok(matches.every((match) => match !== undefined));
    await store.reports.overdue("SMPP1", 3_600_000, 200);
    await Promise.all(
      matches.map(({ sent }) => {
        const { id, root } = sent.message;
        return store.writer.conclude({ ...conclusion(acceptance()), id, root });
      }),
    );
  }
  await othersGone(db);
  const [work] = await db.query<{ entries: number; scanned: number }>(`
    select sum(coalesce(idx_tup_fetch, 0))::integer as entries, sum(seq_tup_read)::integer as scanned
    from pg_stat_user_tables where relname ~ '^(message|state|attempt)'`);
  // Attempt, message, original and its parent to find it; attempt and state to move it.
  assert.ok((work?.entries ?? 0) >= 500, "by index");
  assert.ok((work?.entries ?? Infinity) <= 800, `${work?.entries} entries were read`);
  assert.equal(work?.scanned, 0, "no table was read from end to end");
});

/** A backend hands in its statistics when it ends, which is a moment after its client has gone. */
async function othersGone(db: TestDatabase): Promise<void> {
  for (;;) {
    const [others] = await db.query<{ n: number }>(`
      select count(*)::integer as n from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
        and backend_type = 'client backend'`);
    if (others?.n === 0) return;
  }
}
