/**
 * Goal: a provider who is away for a night fills the table, not the memory, and afterwards gets all of
 * it in order. Method: 100,000 messages (3,000 in `npm test`) while nobody listens there.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectEsme } from "../../src/simulator/esme.ts";
import { freePort, until } from "../support/gateway-process.ts";
import { residentMib, startCountingProvider, startSite } from "../support/site.ts";
import { growthMibMax, isLong, patienceMs } from "./limits.ts";

/** Above what memory holds of a queue (2,000), so that most of it lies in the table. */
const backlog = isLong ? 100_000 : 3_000;

test("a provider who was away gets everything that waited for him, in order, and memory stays flat", async (context) => {
  const providerPort = await freePort();
  await using site = await startSite({ providerPort });
  const { gateway, port } = site;
  await using esme = await connectEsme({
    host: "127.0.0.1",
    port,
    systemId: "Test1",
    password: "Pwd1",
    windowRequests: 200,
  });
  await submit(0, backlog / 2);
  // In the first half what is allowed to be full fills up.
  const before = residentMib(gateway.pid);
  await submit(backlog / 2, backlog);
  const grown = residentMib(gateway.pid) - before;
  context.diagnostic(`memory ${before} MiB + ${grown} MiB with ${backlog} waiting`);
  assert.ok(grown < growthMibMax, `${grown} MiB more`);
  const queued = (await gateway.channels()).find(({ name }) => name === "SMPP1")?.queued;
  assert.equal(queued, backlog);

  const startMs = performance.now();
  await using counting = await startCountingProvider({}, providerPort);
  const { received } = counting;
  assert.ok(
    await until(async () => received.size === backlog, patienceMs),
    `${received.size} came`,
  );
  context.diagnostic(`all passed on ${Math.round(performance.now() - startMs)} ms later`);
  const inOrder = [...received.keys()].every((text, at) => text === String(at));
  assert.ok(inOrder, "in the order in which they were accepted");
  assert.ok(
    [...received.values()].every((times) => times === 1),
    "each once",
  );

  async function submit(from: number, to: number): Promise<void> {
    const answers = Array.from({ length: to - from }, (_, at) => {
      const text = String(from + at);
      return esme.submit({ from: "+31201234567", to: "+31612345678", text });
    });
    assert.ok((await Promise.all(answers)).every(({ status }) => status === 0));
  }
});
