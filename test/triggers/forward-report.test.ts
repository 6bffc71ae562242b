import assert from "node:assert/strict";
import { test } from "node:test";
import { runTrigger, sentOf, statusRequest } from "../support/run-trigger.ts";

const file = "triggers/forward-report.ts";

test("[A58] FWDDLR tells the customer that his message was delivered, as the network told it", async () => {
  const ruling = await runTrigger(file, statusRequest());
  assert.deepEqual(ruling.verdict === "accept" && ruling.reports, [{ do: "report" }]);
});

test("FWDDLR says nothing of a message that was not delivered", async () => {
  const ruling = await runTrigger(file, statusRequest({ status: "NOTDELIVERED" }));
  assert.deepEqual(ruling.ran, []);
});

test("FWDDLR says nothing of a message that nobody sent through us", async () => {
  const { original } = sentOf();
  const sent = { original, message: { ...original, channel: "SMPP1" } };
  const ruling = await runTrigger(file, statusRequest({ sent }));
  assert.equal(ruling.ran.length, 1);
  assert.deepEqual(ruling.verdict === "accept" && ruling.reports, []);
});
