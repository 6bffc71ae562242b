import assert from "node:assert/strict";
import { test } from "node:test";
import { messageRequest, runTrigger } from "../support/run-trigger.ts";

test("[A50] FWD passes a message on to SMPP1 as it is, and leaves the answer to others", async () => {
  const provider = messageRequest({ origin: "provider" });
  const ruling = await runTrigger("triggers/forward.ts", provider);
  assert.equal(ruling.verdict, "accept");
  assert.deepEqual(ruling.forwards, [{ do: "forward", channel: "SMPP1" }]);
  const customer = await runTrigger("triggers/forward.ts", messageRequest());
  assert.equal(customer.verdict, "unanswered");
});
