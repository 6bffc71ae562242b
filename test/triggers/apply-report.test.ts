import assert from "node:assert/strict";
import { test } from "node:test";
import { reportRequest, runTrigger } from "../support/run-trigger.ts";

const file = "triggers/apply-report.ts";

test("[A56] APPLYDLR applies every report of SMPP1, whether its message is known or not", async () => {
  const known = await runTrigger(file, reportRequest());
  assert.equal(known.verdict === "accept" && known.applied, true);
  const early = await runTrigger(file, reportRequest({ sent: undefined }));
  assert.equal(early.verdict === "accept" && early.applied, true);
});

test("APPLYDLR leaves a report of another channel alone", async () => {
  const ruling = await runTrigger(file, reportRequest({ channel: "OTHER" }));
  assert.equal(ruling.verdict === "accept" && ruling.applied, false);
});
