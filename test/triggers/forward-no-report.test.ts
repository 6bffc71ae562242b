import assert from "node:assert/strict";
import { test } from "node:test";
import { runTrigger, statusRequest } from "../support/run-trigger.ts";

const file = "triggers/forward-no-report.ts";

test("[A58] [A59] FWDDLR3 tells the customer of a message whose report never came", async () => {
  const silent = statusRequest({ status: "NOREPORT", error: "no_report", report: undefined });
  const ruling = await runTrigger(file, silent);
  assert.deepEqual(ruling.verdict === "accept" && ruling.reports, [{ do: "report" }]);
});

test("FWDDLR3 says nothing of a message of which a report came", async () => {
  assert.deepEqual((await runTrigger(file, statusRequest())).ran, []);
});
