/** Who used the processor: counted in the host, told once a second. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { messageRequest, openScripts, reportRequest, script } from "../support/run-trigger.ts";

test("the processor that a trigger has had is counted for each by itself, also what was stopped", async () => {
  await using running = await openScripts({
    "both.ts": script(`
      export const BUSY = onMessage({ order: 1 }, (m) => {
        for (const until = Date.now() + 15; Date.now() < until;);
        m.accept();
      });
      export const IDLE = onMessage({ order: 2 }, (m) => m.trace("idle"));`),
    "endless.ts": script(`export const ENDLESS = onReport({}, () => { for (;;); });`),
  });
  const { engine } = running;
  const cpuMs = (name: string) => engine.list().find((one) => one.name === name)?.cpuMs ?? 0;

  assert.equal((await engine.decide(reportRequest())).verdict, "undecided");
  let runs = 0;
  while (cpuMs("BUSY") === 0 || cpuMs("ENDLESS") === 0) {
    assert.equal((await engine.decide(messageRequest())).verdict, "accept");
    assert.ok(++runs < 2000, "nothing was told of the processor");
  }
  assert.ok(cpuMs("BUSY") > 5 * cpuMs("IDLE"), `${cpuMs("BUSY")} and ${cpuMs("IDLE")} ms`);
  // By the clock it had 50 ms; of the processor at least half of that, or it would have been tried again.
  assert.ok(cpuMs("ENDLESS") >= 25, `${cpuMs("ENDLESS")} ms`);
});
