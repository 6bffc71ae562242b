import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostFunctions } from "../../src/trigger/host-calls.ts";
import { messageRequest, runTrigger } from "../support/run-trigger.ts";

const file = "triggers/receive-forward.ts";

const calls: HostFunctions = {
  "accounts.byNumber": ([number]) =>
    Promise.resolve(number === "+31688776655" ? { id: "Test2" } : null),
};

function fromProvider(to: string) {
  return messageRequest({ channel: "SMPP1", origin: "provider", to });
}

test("[A63] [A64] RECVFWD hands a message to the customer who owns its number", async () => {
  const ruling = await runTrigger(file, fromProvider("+31688776655"), calls);
  assert.equal(ruling.verdict, "accept");
  assert.deepEqual(ruling.forwards, [{ do: "forward", channel: "SMPP_SERVER1", account: "Test2" }]);
  assert.equal(ruling.failed, undefined);
});

for (const number of ["+31600000000", "' OR '1'='1"])
  test(`[A66] RECVFWD fails a message to ${number}, which nobody owns`, async () => {
    const ruling = await runTrigger(file, fromProvider(number), calls);
    assert.equal(ruling.verdict, "accept");
    assert.deepEqual(ruling.forwards, []);
    assert.equal(ruling.failed, "Could not find a matching address range");
  });

test("RECVFWD leaves a customer's message alone", async () => {
  assert.equal((await runTrigger(file, messageRequest())).verdict, "unanswered");
});
