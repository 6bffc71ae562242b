import assert from "node:assert/strict";
import { test } from "node:test";
import { bindRequest, runTrigger } from "../support/run-trigger.ts";

const file = "triggers/bind.ts";

test("[A34] BIND lets a customer in as the account that his password fits", async () => {
  const ruling = await runTrigger(file, bindRequest(), {
    "accounts.verify": (_, request) =>
      Promise.resolve({ ok: request.kind === "bind", account: "Test1" }),
  });
  assert.equal(ruling.verdict, "accept");
  assert.equal(ruling.account, "Test1");
});

test("[A34] BIND refuses with the reason that the check gave", async () => {
  const ruling = await runTrigger(file, bindRequest(), {
    "accounts.verify": () => Promise.resolve({ ok: false, reason: "bad_password" }),
  });
  assert.equal(ruling.verdict, "reject");
  assert.equal(ruling.code, "bad_password");
});

test("BIND says nothing about a bind on another channel", async () => {
  const ruling = await runTrigger(file, bindRequest({ channel: "OTHER" }));
  assert.equal(ruling.verdict, "unanswered");
});
