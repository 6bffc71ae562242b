import assert from "node:assert/strict";
import { test } from "node:test";
import { runTrigger, statusRequest } from "../support/run-trigger.ts";

const file = "triggers/forward-report-failed.ts";

for (const status of ["NOTDELIVERED", "FAILED", "EXPIRED", "CANCELLED"] as const)
  test(`[A58] FWDDLR2 tells the customer of a message that ended as ${status}`, async () => {
    const report = undefined;
    const ruling = await runTrigger(file, statusRequest({ status, report, error: "throttled" }));
    assert.deepEqual(ruling.verdict === "accept" && ruling.reports, [{ do: "report" }]);
  });

test("FWDDLR2 says nothing of a delivered message", async () => {
  assert.deepEqual((await runTrigger(file, statusRequest())).ran, []);
});
