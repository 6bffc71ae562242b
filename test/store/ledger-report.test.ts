// Messages of days long past, whose ids say so; then those days are dropped.
import assert from "node:assert/strict";
import { test } from "node:test";
import { firstIdAt, idMaker } from "../../src/model/id.ts";
import type { LedgerReportRow } from "../../src/model/ledger-view.ts";
import { openPool } from "../../src/store/pool.ts";
import { sweepOld } from "../../src/store/retention.ts";
import { freshDatabase, silentLog } from "../support/database.ts";
import { type TestStore, acceptance, child, codeOf, finish, openTestStore } from "./fixtures.ts";

const dayMs = 86_400_000;

async function reported(store: TestStore, month: string): Promise<readonly LedgerReportRow[]> {
  const rows: LedgerReportRow[] = [];
  const steps = store.ledger.report("Shop", month);
  for (let step = await steps.next(); ; step = await steps.next()) {
    if (step.done === true) return rows;
    rows.push(...step.value.rows);
  }
}

test("a month's report is the same after its messages were dropped, and knows the rule that was taken", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.add({ id: "Shop", password: "k7#vbQ2m", credits: 10, numbers: [] });
  const atMs = Math.floor(Date.now() / dayMs) * dayMs - 40 * dayMs + 3_600_000;
  const day = new Date(atMs).toISOString().slice(0, 10);
  await db.query("select make_partitions($1::date, 1)", [day]);
  const idThen = idMaker(() => atMs);
  for (const [price, status] of [
    [0.25, "SENT"],
    [0.25, "FAILED"],
    [0.75, "SENT"],
  ] as const) {
    const one = acceptance({ price, account: "Shop" });
    const id = idThen();
    const line = { at: atMs, what: "routed", facts: { rule: "cheap", why: "first" } };
    const original = { ...one.message, id, root: id, account: "Shop" };
    const [forward] = one.forwards;
    assert.ok(forward);
    const out = { ...forward.message, id: idThen(), root: id, parent: id, log: [line] };
    const then = { ...one, message: original, forwards: [{ ...forward, message: out }] };
    assert.equal(await store.writer.accept(then), "accepted");
    await store.writer.finish(finish(then, { status, reportAsked: false }));
    assert.ok(child(then).id > firstIdAt(atMs));
  }
  const rows = await reported(store, day.slice(0, 7));
  const of = rows.map((one) => [one.day, one.channel, one.route, one.price, one.messages]);
  assert.deepEqual(of.toSorted(), [
    [day, "SMPP1", "cheap", "0.25", 2],
    [day, "SMPP1", "cheap", "0.75", 1],
  ]);
  const [first] = rows;
  assert.deepEqual([first?.committed, first?.refunded, first?.held], ["0.25", "0.25", "0"]);

  const pool = openPool({ connectionString: db.url }, silentLog);
  const keep = { keepTraceDays: 7, keepMessageDays: 30, awaitedOn: [] };
  const { dropped } = await sweepOld(pool, keep, Date.now());
  await pool.destroy();
  assert.ok(dropped.includes(`message_p${day.replaceAll("-", "")}`), dropped.join(" "));
  assert.deepEqual(
    (await reported(store, day.slice(0, 7))).toSorted((a, b) => (a.price < b.price ? -1 : 1)),
    rows.toSorted((a, b) => (a.price < b.price ? -1 : 1)),
  );
  assert.equal(
    await codeOf(store.ledger.report("Nobody", day.slice(0, 7)).next()),
    "unknown_account",
  );
});
