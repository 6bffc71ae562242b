/**
 * A provider whose window is always full: what waits goes in its order and once, whatever happens meanwhile,
 * although some of it is marked as handed over before there is room for it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectEsme } from "../../src/simulator/esme.ts";
import type { QueueView } from "../../src/model/view.ts";
import type { Smsc } from "../../src/simulator/smsc.ts";
import { askAdmin } from "../support/admin.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

const to = "+31612345678";
const from = "+31201234567";
const count = 300;
/** Requests that the provider may have without an answer. */
const windowRequests = 8;

/** Accepts for nothing, so that a test may send more than 100. */
const FREE = {
  "bind.ts": `import { onBind } from "signalbox";
    export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));`,
  "free.ts": `import { onMessage } from "signalbox";
    export const FREE = onMessage({ channels: ["SMPP_SERVER1"] }, (m) => { m.accept(); m.forward({ channel: "SMPP1" }); });`,
};

const start = () =>
  startGateway({
    triggers: FREE,
    provider: { answerDelayMs: 5 },
    channels: { SMPP1: { windowRequests } },
  });

async function submitAll(gateway: TestGateway): Promise<void> {
  const { port } = gateway;
  const credentials = { systemId: "Test1", password: "Pwd1" };
  await using esme = await connectEsme({
    host: "127.0.0.1",
    port,
    ...credentials,
    windowRequests: 100,
  });
  const texts = Array.from({ length: count }, (_, n) => `m${n}`);
  await Promise.all(texts.map((text) => esme.submit({ from, to, text })));
}

const numbersAt = (provider: Smsc): number[] =>
  provider.messages.map(({ sms }) => Number(sms.octets.toString().slice(1)));

async function hold(gateway: TestGateway, verb: "pause" | "resume"): Promise<void> {
  const path = `/v1/channels/SMPP1/${verb}`;
  const { status } = await askAdmin(gateway.running.admin.socket, "POST", path);
  assert.equal(status, 200);
}

test("a channel that is paused again and again while its window is full sends everything once, in order", async () => {
  await using gateway = await start();
  const { provider } = gateway;
  const submitted = submitAll(gateway);
  for (const seen of [20, 90, 200]) {
    await provider.until("received", seen);
    await hold(gateway, "pause");
    await gateway.running.settled();
    const channel = gateway.running.admin.channels().find(({ name }) => name === "SMPP1");
    assert.equal(channel?.uncertain, 0, "what was marked ahead was not handed over");
    await hold(gateway, "resume");
  }
  await submitted;
  await provider.until("received", count);
  await gateway.running.settled();
  assert.deepEqual(
    numbersAt(provider),
    Array.from({ length: count }, (_, n) => n),
  );
});

test("a pause gives back at once what is marked ahead of a provider who is silent, so that it can be dropped or moved", async () => {
  await using gateway = await startGateway({
    triggers: FREE,
    provider: { outcome: () => ({ answer: "silent", report: "none" }) },
    channels: { SMPP1: { windowRequests } },
  });
  const { socket } = gateway.running.admin;
  const inFlight = async () =>
    (await askAdmin<QueueView[]>(socket, "GET", "/v1/queues")).body[0]?.inFlight;
  await submitAll(gateway);
  await gateway.provider.until("received", windowRequests);
  const marked = windowRequests / 2;
  assert.ok(
    await until(async () => (await inFlight()) === windowRequests + marked, 10_000),
    `${marked} are marked ahead`,
  );
  await hold(gateway, "pause");
  assert.ok(await until(async () => (await inFlight()) === windowRequests, 10_000));
  const dropped = await askAdmin(socket, "POST", "/v1/queues/SMPP1/drop");
  assert.deepEqual(dropped.body, { rows: count - windowRequests });
});

test("when a provider with a full window is lost, only what he had not answered is sent twice, marked", async () => {
  await using gateway = await start();
  const { provider } = gateway;
  const submitted = submitAll(gateway);
  await provider.until("received", 100);
  provider.drop();
  await submitted;
  await provider.until("received", count);
  await gateway.running.settled();
  const numbers = numbersAt(provider);
  assert.equal(new Set(numbers).size, count);
  assert.ok(numbers.length - count <= windowRequests, `${numbers.length - count} came twice`);
  const marked = await gateway.query<{ n: number }>(
    "select count(distinct id)::integer as n from attempt where error = 'uncertain' or maybe_twice",
  );
  const doubts = marked[0]?.n ?? 0;
  assert.ok(doubts <= windowRequests, `${doubts} are told as uncertain`);
  assert.ok(doubts >= numbers.length - count, "all that came twice are told");
});
