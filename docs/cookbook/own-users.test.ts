import { test } from "signalbox/test";

test("whoever the table knows is let in", async ({ bind, answers, assert }) => {
  answers("accounts.verifyWith", { ok: true, account: "Test1" });
  const { verdict, account } = await bind({ systemId: "Test1" });
  assert.equal(verdict, "accept");
  assert.equal(account, "Test1");
});

test("whoever it does not know hears why", async ({ bind, answers, assert }) => {
  answers("accounts.verifyWith", { ok: false, reason: "unknown_account" });
  assert.equal((await bind({ systemId: "Nobody" })).code, "unknown_account");
});
