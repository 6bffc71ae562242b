import assert from "node:assert/strict";
import { test } from "node:test";
import { messageRequest, runTrigger } from "../support/run-trigger.ts";

test("[A43] ACK takes a message and charges one credit per part", async () => {
  const ruling = await runTrigger("triggers/acknowledge.ts", messageRequest({ parts: 3 }));
  assert.equal(ruling.verdict, "accept");
  assert.equal(ruling.charge, 3);
  assert.deepEqual(ruling.forwards, []);
});
