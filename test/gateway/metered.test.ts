import assert from "node:assert/strict";
import { test } from "node:test";
import { meteredMessages } from "../../src/gateway/metered.ts";
import type { MessageEvent } from "../../src/model/event.ts";
import { silentMeter } from "../../src/model/meter.ts";

test("the time of an answer counts from when its message came, also when it had to wait for its turn", async () => {
  const took: number[] = [];
  const meter = {
    ...silentMeter,
    messageAnswered: (counted: { readonly tookMs: number }) => void took.push(counted.tookMs),
  };
  const clock = { nowMs: () => 0, tickMs: () => 500 };
  const answer = meteredMessages(() => Promise.resolve({ kind: "unanswered" }), { meter, clock });
  const event = { message: { channel: "C", account: "A" } } as MessageEvent;
  await answer({ ...event, receivedMs: 100 });
  await answer(event);
  assert.deepEqual(took, [400, 0]);
});
