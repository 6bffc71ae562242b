/** Triggers in the real sandbox with nothing around them: what `trigger check`, `test` and `run` stand on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/model/error.ts";
import { dryRun } from "../../src/trigger/dry-run.ts";
import { madeUpEvent, readEventFile } from "../../src/trigger/event-file.ts";
import { openRehearsal } from "../../src/trigger/rehearsal.ts";
import { messageRequest, openScripts, script } from "../support/run-trigger.ts";

const counting = script(`
  let seen = 0;
  export const COUNT = onMessage({}, (m) => { seen += 1; m.accept({ charge: seen }); });`);

const asking = script(`
  export const ASK = onMessage({}, async (m, { accounts, log }) => {
    const owner = await accounts.byNumber(m.to).catch((error) => ({ id: error.message }));
    log("asked");
    m.trace(owner?.id ?? "nobody");
  });`);

test("a rehearsal decides as the gateway would, and begins anew when it is asked to", async () => {
  await using rehearsal = await openRehearsal({ files: { "a.ts": counting, "b.ts": "(" } });
  const charge = async () => {
    const ruling = await rehearsal.decide(messageRequest());
    return ruling.verdict === "accept" ? ruling.charge : ruling.verdict;
  };
  assert.deepEqual([await charge(), await charge()], [1, 2]);
  assert.equal(rehearsal.faults()[0]?.file, "b.ts");
  assert.match(rehearsal.faults()[0]?.fault ?? "", /^b\.ts:1:2 .*[^s]$/);
  await rehearsal.restart(["a.ts"]);
  assert.equal(await charge(), 1);
  assert.deepEqual(rehearsal.faults(), []);
  await rehearsal.restart([]);
  assert.equal(await charge(), "unanswered");
});

test("each event brings the answers of its host calls; what nobody answers is refused", async () => {
  await using rehearsal = await openRehearsal({
    files: { "a.ts": asking },
    calls: { "accounts.byNumber": () => Promise.resolve({ id: "usual" }) },
  });
  const traced = async (...calls: [] | [Parameters<typeof rehearsal.decide>[1]]) => {
    const { ran } = await rehearsal.decide(messageRequest(), ...calls);
    return ran.flatMap((one) => ("actions" in one ? one.actions : []));
  };
  const request = { "accounts.byNumber": () => Promise.resolve({ id: "own" }) };
  assert.deepEqual(await Promise.all([traced(), traced(request)]), [
    [{ do: "trace", text: "usual" }],
    [{ do: "trace", text: "own" }],
  ]);
  assert.deepEqual(
    rehearsal.told().map(({ trigger, text }) => [trigger, text]),
    [
      ["ASK", "asked"],
      ["ASK", "asked"],
    ],
  );
  await using bare = await openRehearsal({ files: { "a.ts": asking } });
  const { ran } = await bare.decide(messageRequest());
  assert.deepEqual(
    ran.flatMap((one) => ("actions" in one ? one.actions : [])),
    [{ do: "trace", text: "there is no such call" }],
  );
});

test("a dry run gives the recorded answers first, then those that were named, and tells all", async () => {
  await using running = await openScripts({ "ask.ts": asking, "broken.ts": "(" });
  const { directory } = running;
  const recorded = JSON.stringify({
    signalbox: 1,
    kind: "message",
    to: "+31612345678",
    calls: [
      {
        trigger: "ASK",
        name: "accounts.byNumber",
        args: ["+31612345678"],
        answer: { id: "Recorded" },
      },
    ],
  });
  const answers = { "accounts.byNumber": () => Promise.resolve({ id: "Named" }) };
  const [event] = readEventFile(recorded, "event.json");
  assert.ok(event !== undefined);
  const run = await dryRun({ directory, file: "ask.ts", event, answers });
  assert.deepEqual(run.outcome.trace, ["Recorded"]);
  assert.deepEqual(run.outcome.log, ["asked"]);
  assert.deepEqual(run.outcome.calls, [
    {
      trigger: "ASK",
      name: "accounts.byNumber",
      args: ["+31612345678"],
      answer: { id: "Recorded" },
    },
  ]);
  const atMs = 1_767_268_800_000;
  const made = { atMs, request: madeUpEvent("message", {}, atMs), calls: [], outcome: undefined };
  const again = await dryRun({ directory, file: "ask.ts", event: made, answers });
  assert.deepEqual(again.outcome.trace, ["Named"]);
  const bare = await dryRun({ directory, file: "ask.ts", event: made, answers: {} });
  assert.match(bare.outcome.trace[0] ?? "", /a dry run asks nobody/);
  await assert.rejects(
    dryRun({ directory, file: "broken.ts", event: made, answers: {} }),
    (error) => error instanceof GatewayError && error.message.startsWith("broken.ts:1:2 "),
  );
  await assert.rejects(
    dryRun({ directory, file: "nope.ts", event: made, answers: {} }),
    /there is no trigger file nope\.ts/,
  );
});
