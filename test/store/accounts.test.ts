import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { test } from "node:test";
import { messageIdFor, standardOptions } from "../../src/model/account-options.ts";
import { firstIdAt } from "../../src/model/id.ts";
import { sha1Utf16le } from "../../src/model/kept-password.ts";
import { createPasswordChecker } from "../../src/store/password.ts";
import { freshDatabase } from "../support/database.ts";
import { codeOf, openTestStore } from "./fixtures.ts";

test("[A31] the example has two accounts, each with 100 credits and a number, made once only", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  assert.equal(await store.accounts.seedExample(), true);
  assert.deepEqual(await store.accounts.list(), [
    { id: "Test1", credits: 100, passwordScheme: "sha1-utf16le", numbers: ["+31699887766"] },
    { id: "Test2", credits: 100, passwordScheme: "sha1-utf16le", numbers: ["+31688776655"] },
  ]);
  await store.accounts.credit("Test1", -40);
  assert.equal(await store.accounts.seedExample(), false);
  assert.equal((await store.accounts.get("Test1"))?.credits, 60);
  assert.deepEqual(await store.accounts.seededPasswordUnchanged(), ["Test1", "Test2"]);
  await store.accounts.setPassword("Test1", "Pwd1");
  assert.deepEqual(await store.accounts.seededPasswordUnchanged(), ["Test2"]);
});

test("[A33] [X07] the compatible hash of Pwd1 is the one that older systems store", () => {
  assert.equal(sha1Utf16le("Pwd1"), "DC215545BA63D605FBCD647A9555270F566D918B");
});

test("[Y12] [A33] [X07] a right password is let in, a wrong one and an unknown account are told apart", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  await store.accounts.add({ id: "New", password: "s3cret!", credits: 0, numbers: [] });
  const { verify, get } = store.accounts;
  assert.equal((await get("Test1"))?.passwordScheme, "sha1-utf16le");
  assert.equal((await get("New"))?.passwordScheme, "scrypt", "of a new account");
  assert.deepEqual(await verify("Test1", "Pwd1"), { ok: true, account: "Test1" });
  assert.deepEqual(await verify("New", "s3cret!"), { ok: true, account: "New" });
  assert.deepEqual(await verify("New", "s3cret!"), { ok: true, account: "New" });
  for (const [id, password] of [
    ["Test1", "pwd1"],
    ["Test1", ""],
    ["New", "Pwd1"],
  ] as const)
    assert.deepEqual(await verify(id, password), { ok: false, reason: "bad_password" });
  for (const id of ["test1", "", "' or '1'='1", "Test1\0"])
    assert.deepEqual((await verify(id, "Pwd1")).ok, false);
});

test("a remembered password is right no more once it is changed", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  const { verify, setPassword } = store.accounts;
  assert.equal((await verify("Test1", "Pwd1")).ok, true);
  await setPassword("Test1", "other");
  assert.equal((await verify("Test1", "Pwd1")).ok, false);
  assert.equal((await verify("Test1", "other")).ok, true);
  assert.equal((await store.accounts.get("Test1"))?.passwordScheme, "scrypt");
});

test("[A08] no clear password is anywhere in the database", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.add({ id: "New", password: "Z3br4-Pass", credits: 1, numbers: [] });
  await store.accounts.verify("New", "Z3br4-Pass");
  const [found] = await db.query<{ xml: string }>(
    "select database_to_xml(true, false, '')::text as xml",
  );
  assert.match(found?.xml ?? "", /<id>New<\/id>/);
  assert.doesNotMatch(found?.xml ?? "", /Z3br4/);
});

test("as many passwords as there are cores are checked at once, some more wait, the rest is refused", async () => {
  const waitingMax = 3;
  const checker = createPasswordChecker({ waitingMax });
  const kept = { scheme: "sha1-utf16le", hash: sha1Utf16le("Pwd1") } as const;
  // The first one waits for nothing, so that all have their turn in the order of the calls.
  assert.equal(await checker.check("Test1", "Pwd2", kept), false);
  const several = availableParallelism() + waitingMax;
  const outcomes = await Promise.all(
    Array.from({ length: several + 2 }, () => codeOf(checker.check("Test1", "wrong", kept))),
  );
  assert.deepEqual(outcomes, [
    ...Array(several).fill("resolved false"),
    ...Array(2).fill("overloaded"),
  ]);
  assert.equal(await checker.check("Test1", "Pwd1", kept), true);
  assert.equal(await checker.check("Test1", "Pwd1", undefined), false);
});

test("credits are added and taken, never below zero", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  const { credit, get } = store.accounts;
  assert.equal((await credit("Test1", 50)).credits, 150);
  const taken = await Promise.all(
    Array.from({ length: 20 }, () => codeOf(credit("Test1", -10).then(() => "taken"))),
  );
  assert.equal(taken.filter((one) => one === "no_credit").length, 5);
  assert.equal((await get("Test1"))?.credits, 0);
  assert.equal(await codeOf(credit("nobody", 1)), "unknown_account");
  assert.equal(await codeOf(credit("Test1", 0.00005)), "bad_request");
  assert.equal(await codeOf(credit("Test1", 2 ** 53)), "bad_request");
});

test("[Y12] an account is added once, with numbers that are nobody else's", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  const { add, byNumber, setNumbers, get } = store.accounts;
  const one = { id: "A", password: "k7#vbQ2m", credits: 5, numbers: ["+3161", "1234"] };
  assert.deepEqual(await add(one), {
    id: "A",
    credits: 5,
    passwordScheme: "scrypt",
    numbers: ["+3161", "1234"],
    warnings: [],
  });
  assert.equal(await codeOf(add(one)), "account_exists");
  assert.equal(await codeOf(add({ ...one, id: "B" })), "bad_request");
  assert.equal(await get("B"), undefined, "nothing of it is left");
  assert.equal(await codeOf(add({ ...one, id: "B", numbers: ["' or '1'='1"] })), "bad_request");
  assert.equal(await codeOf(add({ ...one, id: "seventeen-letters", numbers: [] })), "bad_request");
  assert.deepEqual(await byNumber("1234"), { id: "A" });
  assert.equal(await byNumber("' OR '1'='1"), undefined);
  await setNumbers("A", ["99"]);
  assert.equal(await byNumber("1234"), undefined);
  assert.deepEqual(await byNumber("99"), { id: "A" });
});

test("options are kept, known at once and after a restart, and of nobody else", async () => {
  await using db = await freshDatabase();
  {
    await using store = await openTestStore(db.url);
    await store.accounts.seedExample();
    assert.deepEqual(store.accounts.optionsOf("Test1"), standardOptions);
    const changes = { receiptDates: "second", messageIdForm: "hex32" };
    const detail = await store.accounts.setOptions("Test1", changes);
    assert.equal(detail.options.receiptDates, "second");
    assert.equal(store.accounts.optionsOf("Test1").receiptDates, "second");
    assert.deepEqual(store.accounts.optionsOf("Test2"), standardOptions);
    assert.equal(
      await codeOf(store.accounts.setOptions("Test1", { receiptAs: "x" })),
      "bad_request",
    );
    assert.equal(await codeOf(store.accounts.setOptions("Nobody", {})), "unknown_account");
  }
  await using store = await openTestStore(db.url);
  const options = store.accounts.optionsOf("Test1");
  assert.deepEqual([options.receiptDates, options.messageIdForm], ["second", "hex32"]);
  assert.equal(options.idFormsBefore.length, 1);
  const now = firstIdAt(Date.now() + 5_000);
  assert.equal(messageIdFor(now, options), now.replaceAll("-", ""));
  assert.equal(messageIdFor(firstIdAt(Date.now() - 60_000), options).length, 36);
});

test("options that are set at the same time are all kept", async () => {
  await using db = await freshDatabase();
  await using store = await openTestStore(db.url);
  await store.accounts.seedExample();
  await Promise.all([
    store.accounts.setOptions("Test1", { receiptDates: "unix" }),
    store.accounts.setOptions("Test1", { receiptTlvs: "never" }),
    store.accounts.setOptions("Test1", { receiptAs: "data_sm" }),
  ]);
  const [kept] = await db.query<{ options: string }>(
    "select options from account where id = 'Test1'",
  );
  assert.deepEqual(JSON.parse(kept?.options ?? ""), {
    receiptDates: "unix",
    receiptTlvs: "never",
    receiptAs: "data_sm",
  });
});
