import assert from "node:assert/strict";
import { after, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { amountOf } from "../../src/model/amount.ts";
import { idTimeMs } from "../../src/model/id.ts";
import type { CheckedLedger } from "../../src/store/ledger-check.ts";
import { rollUpLedger } from "../../src/store/ledger-months.ts";
import { openPool } from "../../src/store/pool.ts";
import type { Acceptance, PartAttempt } from "../../src/store/writer.ts";
import { freshDatabase, silentLog } from "../support/database.ts";
import {
  type TestStore,
  acceptance,
  codeOf,
  conclusion,
  finish,
  newId,
  openTestStore,
} from "./fixtures.ts";

async function checked(store: TestStore, account?: string): Promise<CheckedLedger> {
  const steps = store.ledger.check(account);
  for (let step = await steps.next(); ; step = await steps.next())
    if (step.done === true) return step.value;
}

async function sums(store: TestStore, account = "Test1"): Promise<Record<string, number>> {
  const { balance, held, committed, faults } = await checked(store, account);
  assert.deepEqual(faults, []);
  return { balance: Number(balance), held: Number(held), committed: Number(committed) };
}

function partOf(of: Acceptance, part: number, over: Partial<PartAttempt> = {}): PartAttempt {
  const { kind: _kind, ...fields } = finish(of);
  return { ...fields, part, parts: 4, reference: 7, ...over };
}

const db = await freshDatabase();
const store = await openTestStore(db.url);
const { accounts, writer } = store;
after(async () => {
  await store.close();
  await db[Symbol.asyncDispose]();
});

const add = (id: string, credits: number) =>
  accounts.add({ id, password: "Pwd1", credits, numbers: [] });

test("[A29] what is accepted is held, and what was sent is committed", async () => {
  await add("Test1", 100.5);
  const one = acceptance({ price: 2.25 });
  assert.equal(await writer.accept(one), "accepted");
  assert.deepEqual(await sums(store), { balance: 98.25, held: 2.25, committed: 0 });
  await writer.finish(finish(one));
  await writer.conclude(conclusion(one));
  assert.deepEqual(await sums(store), { balance: 98.25, held: 0, committed: 2.25 });
});

test("[A29] what was sent and reported in one flush is committed once", async () => {
  await add("Both", 10);
  const one = acceptance({ price: 4, account: "Both" });
  await writer.accept(one);
  await Promise.all([writer.finish(finish(one)), writer.conclude(conclusion(one))]);
  assert.deepEqual(await sums(store, "Both"), { balance: 6, held: 0, committed: 4 });
  const kinds = (await store.ledger.entries("Both", 10)).map(({ kind, credits }) => [
    kind,
    credits,
  ]);
  assert.deepEqual(kinds, [
    ["commit", 4],
    ["hold", 4],
    ["opening", 10],
  ]);
});

for (const status of ["FAILED", "EXPIRED", "CANCELLED"] as const)
  test(`what was ${status} before it was sent is refunded`, async () => {
    const id = `R${status}`.slice(0, 15);
    await add(id, 10);
    const one = acceptance({ price: 4, account: id });
    await writer.accept(one);
    await writer.finish(finish(one, { status }));
    assert.deepEqual(await sums(store, id), { balance: 10, held: 0, committed: 0 });
    const kinds = (await store.ledger.entries(id, 10)).map(({ kind, credits }) => [kind, credits]);
    assert.deepEqual(kinds, [
      ["refund", 4],
      ["hold", 4],
      ["opening", 10],
    ]);
  });

test("of several children each is settled by its own outcome, to the unit", async () => {
  await add("Many", 10);
  const one = acceptance({ price: 1, children: 3, account: "Many" });
  await writer.accept(one);
  await writer.finish(finish(one, {}, 0));
  await writer.finish(finish(one, { status: "FAILED" }, 1));
  assert.deepEqual(await sums(store, "Many"), { balance: 9.3333, held: 0.3333, committed: 0.3334 });
  await writer.finish(finish(one, { status: "EXPIRED" }, 2));
  assert.deepEqual(await sums(store, "Many"), { balance: 9.6666, held: 0, committed: 0.3334 });
});

test("of a message of which some parts went, their share stays", async () => {
  await add("Parts", 10);
  const one = acceptance({ price: 4, account: "Parts" });
  await writer.accept(one);
  await writer.part(partOf(one, 1));
  await writer.part(partOf(one, 2, { status: "FAILED" }));
  await writer.finish(finish(one, { status: "FAILED", inParts: true }));
  assert.deepEqual(await sums(store, "Parts"), { balance: 9, held: 0, committed: 1 });
});

test("what is final is committed at once, whatever becomes of it", async () => {
  await add("Final", 10);
  const made = acceptance({ account: "Final" });
  const one = { ...made, charge: { account: "Final", amount: amountOf(3), final: true } };
  await writer.accept(one);
  assert.deepEqual(await sums(store, "Final"), { balance: 7, held: 0, committed: 3 });
  await writer.finish(finish(one, { status: "FAILED" }));
  assert.deepEqual(await sums(store, "Final"), { balance: 7, held: 0, committed: 3 });
  await writer.accept(acceptance({ price: 1, children: 0, account: "Final" }));
  assert.deepEqual(await sums(store, "Final"), { balance: 6, held: 0, committed: 4 });
});

test("what is sent once more is held once more, and never paid twice", async () => {
  await add("Again", 5);
  const one = acceptance({ price: 5, account: "Again" });
  await writer.accept(one);
  await writer.finish(finish(one, { status: "FAILED" }));
  const [forward] = one.forwards;
  assert.ok(forward !== undefined);
  const again = { ...forward, message: { ...forward.message, id: newId() } };
  const line = { at: Date.now(), what: "resent", facts: {} } as const;
  await writer.resend({ of: forward.message.id, forward: again, line });
  assert.deepEqual(await sums(store, "Again"), { balance: 0, held: 5, committed: 0 });
  await writer.finish({ ...finish(one), id: again.message.id });
  await writer.resend({
    of: again.message.id,
    forward: { ...again, message: { ...again.message, id: newId() } },
    line,
  });
  assert.deepEqual(await sums(store, "Again"), { balance: 0, held: 0, committed: 5 });
});

test("a balance is never negative, and each refusal leaves the sums as they were", async () => {
  await add("Poor", 10);
  const many = Array.from({ length: 25 }, () => acceptance({ price: 1, account: "Poor" }));
  const answers = await Promise.all(many.map((one) => writer.accept(one)));
  assert.equal(answers.filter((one) => one === "accepted").length, 10);
  assert.deepEqual(await sums(store, "Poor"), { balance: 0, held: 10, committed: 0 });
  assert.equal(await codeOf(accounts.credit("Poor", -1)), "no_credit");
  for (const wrong of [0, 0.00005, 1e10, Number.NaN, Number.POSITIVE_INFINITY])
    assert.equal(await codeOf(accounts.credit("Poor", wrong)), "bad_request");
  assert.equal(await codeOf(accounts.credit("Nobody", 1)), "unknown_account");
  assert.equal(await codeOf(checked(store, "Nobody")), "unknown_account");
  assert.equal(await codeOf(add("Minus", -1)), "bad_request");
  assert.deepEqual(await sums(store, "Poor"), { balance: 0, held: 10, committed: 0 });
});

test("a top-up beyond the most that a balance may be changes nothing", async () => {
  await add("Rich", 999_999_999);
  assert.equal((await accounts.credit("Rich", 1)).credits, 1_000_000_000);
  assert.equal(await codeOf(accounts.credit("Rich", 0.0001)), "bad_request");
  assert.deepEqual(await sums(store, "Rich"), { balance: 1e9, held: 0, committed: 0 });
});

test("who changed a balance and why is an entry", async () => {
  await add("Paid", 0);
  await accounts.credit("Paid", 20, { by: "ann", note: "invoice 7" });
  await accounts.credit("Paid", -0.5, { by: "bob", note: "typo" });
  const entries = await store.ledger.entries("Paid", 2);
  assert.deepEqual(
    entries.map(({ kind, credits, by, note }) => [kind, credits, by, note]),
    [
      ["correction", -0.5, "bob", "typo"],
      ["topup", 20, "ann", "invoice 7"],
    ],
  );
  assert.equal(
    await codeOf(accounts.credit("Paid", 1, { by: "ann", note: "x".repeat(501) })),
    "bad_request",
  );
});

test("what is older than it is kept becomes one entry for each month, and adds up", async () => {
  const before = await checked(store);
  const pool = openPool({ connectionString: db.url }, silentLog);
  await rollUpLedger(pool, Date.now() + 60_000);
  await writer.accept(acceptance({ price: 1, account: "Test1" }));
  await rollUpLedger(pool, Date.now() + 60_000);
  await pool.destroy();
  const after = await checked(store);
  assert.deepEqual(after.faults, []);
  assert.equal(after.committed, before.committed);
  assert.ok(after.entries < before.entries);
});

test("a check names the account that does not add up", async () => {
  await db.query("update account set credits = credits + 0.0001 where id = 'Paid'");
  const { faults } = await checked(store);
  assert.equal(faults.length, 1);
  assert.match(
    faults[0] ?? "",
    /^Paid: 19\.5 paid in - 0 committed - 0 held is 19\.5, its balance 19\.5001$/,
  );
});

test("for the metrics each entry is counted once, and so are the accounts below their mark", async () => {
  await add("Counted", 10);
  await accounts.setOptions("Counted", { lowBalance: "9.5" });
  const kinds = ["hold", "commit", "refund"] as const;
  /** An entry is counted a second after it, or when the transactions before it have ended. */
  const told = async () => {
    const rows = await db.query<{ kind: string; messages: number; credits: number }>(
      `select kind, sum(messages)::float8 as messages, sum(amount)::float8 as credits from ledger
        where kind = any ($1) and until is null and at >= to_timestamp($2) group by kind`,
      [kinds, idTimeMs(store.startId) / 1_000],
    );
    const expected = kinds.map((kind) => {
      const { messages = 0, credits = 0 } = rows.find((row) => row.kind === kind) ?? {};
      return [kind, messages, credits];
    });
    const untilMs = Date.now() + 20_000;
    for (;;) {
      const tally = await store.ledgerTally();
      const shown = kinds.map((kind) => [kind, tally?.[kind].messages, tally?.[kind].credits]);
      if (isDeepStrictEqual(shown, expected)) return tally;
      assert.ok(Date.now() < untilMs, JSON.stringify({ shown, expected }));
    }
  };
  const before = await told();
  const one = acceptance({ price: 1.25, account: "Counted" });
  await writer.accept({ ...one, message: { ...one.message, account: "Counted" } });
  await writer.finish(finish(one));
  const after = await told();
  assert.equal((after?.hold.credits ?? 0) - (before?.hold.credits ?? 0), 1.25);
  assert.equal((after?.commit.messages ?? 0) - (before?.commit.messages ?? 0), 1);
  assert.equal((after?.accountsLow ?? 0) - (before?.accountsLow ?? 0), 1);
  assert.deepEqual(await store.ledgerTally(), after, "what was counted is not counted again");
});
