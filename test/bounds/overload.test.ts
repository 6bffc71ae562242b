/**
 * Goal: more than we can do is refused, never gathered. Method: measure what goes through, then offer
 * twice as much for a minute (five seconds in `npm test`) whether it is answered or not, while another
 * customer sends a little.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { connectEsme } from "../../src/simulator/esme.ts";
import { until } from "../support/gateway-process.ts";
import { startLoad } from "../support/load.ts";
import { residentMib, startCountingProvider, startSite } from "../support/site.ts";
import { growthMibMax, isLong, patienceMs } from "./limits.ts";

const floodMs = isLong ? 60_000 : 5_000;
const measureMs = isLong ? 10_000 : 2_000;

/** ms. Between two helpings of the flood. */
const helpingMs = 10;

/** Requests under way: so many that the flood never waits for an answer of ours. */
const floodWindow = 20_000;

test("a generator at twice our rate: what is too much is refused, others are served, memory stays flat", async (context) => {
  await using counting = await startCountingProvider();
  await using site = await startSite({
    providerPort: counting.provider.port,
    client: { windowRequests: 500 },
  });
  const { gateway, port } = site;
  await gateway.untilUp();

  const ours = await rate(port);
  let before = 0;
  await using other = startLoad({
    port,
    systemId: "Test2",
    windowRequests: 5,
    rate: 20,
    patienceMs,
  });
  await using flood = await connectEsme({
    host: "127.0.0.1",
    port,
    systemId: "Test1",
    password: "Pwd1",
    windowRequests: floodWindow,
  });
  const answers = new Map<number | undefined, number>();
  const accepted: string[] = [];
  const answered: Promise<void>[] = [];
  const endMs = performance.now() + floodMs;
  let offered = 0;
  for (let lastMs = performance.now(); lastMs < endMs;) {
    await pause(helpingMs);
    const nowMs = performance.now();
    // By the time that has passed: a busy machine wakes us late.
    for (let due = Math.round(((nowMs - lastMs) * 2 * ours) / 1_000); due > 0; due -= 1)
      answered.push(submit(`flood ${(offered += 1)}`));
    lastMs = nowMs;
    // In the first half what is allowed to be full fills up.
    if (before === 0 && nowMs > endMs - floodMs / 2) before = residentMib(gateway.pid);
  }
  await Promise.all(answered);
  const grown = residentMib(gateway.pid) - before;
  await other.quiet();

  context.diagnostic(
    `${ours}/s is ours; offered ${offered}, answers ${JSON.stringify([...answers])}; memory ${before} MiB + ${grown} MiB; the other: ${other.accepted.size} accepted, refused ${JSON.stringify([...other.refused])}`,
  );
  assert.equal(answers.get(undefined) ?? 0, 0, "every message is answered, on one session");
  assert.ok(accepted.length > 0, "what we can do is done");
  const codes = [...answers.keys()].filter((status) => ![0, 0x58, 0x14].includes(status ?? -1));
  assert.deepEqual(codes, [], "too much is refused as throttled or as a full queue");
  assert.ok(other.accepted.size > 0, "the other customer is served");
  assert.equal(other.refused.size, 0, "nothing of the other customer is refused");
  assert.ok(grown < growthMibMax, `${grown} MiB more`);
  const isPassedOn = async (): Promise<boolean> =>
    [...accepted, ...other.accepted.keys()].every((text) => counting.received.has(text));
  assert.ok(await until(isPassedOn, patienceMs), "what was accepted is passed on");

  async function submit(text: string): Promise<void> {
    const { status } = await flood.submit({ from: "+31201234567", to: "+31612345678", text });
    answers.set(status, (answers.get(status) ?? 0) + 1);
    if (status === 0) accepted.push(text);
  }
});

/** Messages a second that go through when each waits for its answer. */
async function rate(port: number): Promise<number> {
  await using load = startLoad({ port, windowRequests: 200, patienceMs });
  await load.more(1);
  const before = load.accepted.size;
  const startMs = performance.now();
  await pause(measureMs);
  const done = load.accepted.size - before;
  const seconds = (performance.now() - startMs) / 1_000;
  await load.quiet();
  return Math.round(done / seconds);
}
