/**
 * The generator of load against the simulated provider, over sockets: what it sends, at which pace, and
 * what its sums say when the other side refuses, stands still, forgets reports or cuts it off.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createAwaitedReceipts } from "../../src/simulator/awaited-receipts.ts";
import { createLatencies } from "../../src/simulator/latencies.ts";
import { type LoadOptions, startLoad } from "../../src/simulator/load.ts";
import { messageAt, type Mix } from "../../src/simulator/mix.ts";
import { openTestChannel } from "../channel/host.ts";
import { type Smsc, type SmscRules, startSmsc } from "../../src/simulator/smsc.ts";
import type { Report } from "../../src/model/report.ts";

const host = "127.0.0.1";
const mix: Mix = {
  from: "+15550100001",
  to: "+15551230000",
  recipients: 10,
  textCharacters: 40,
  receiptsPercent: 100,
  longPercent: 0,
  unicodePercent: 0,
};

const provider = (rules: SmscRules = {}) => startSmsc({ host, port: 0, rules });

function load(smsc: Smsc, options: Partial<Omit<LoadOptions, "bind">> = {}, password = "Pwd1") {
  return startLoad({
    bind: { host, port: smsc.port, systemId: "Test1", password, windowRequests: 10 },
    binds: 1,
    mix,
    rate: undefined,
    durationMs: 300,
    receiptWaitMs: 30_000,
    ...options,
  });
}

test("[I02] at a rate so many messages are sent as are due, and each report comes back", async () => {
  await using smsc = await provider();
  const facts = await load(smsc, { rate: 400, durationMs: 500, binds: 3 }).ended;
  assert.equal(facts.sent, 200);
  assert.deepEqual([facts.accepted, facts.answers, facts.unanswered], [200, { ESME_ROK: 200 }, {}]);
  assert.deepEqual([facts.unsent, facts.sessionsLost, facts.received], [0, 0, 0]);
  const { asked, back, states, unexpected } = facts.receipts;
  assert.deepEqual([asked, back, states, unexpected], [200, 200, { DELIVRD: 200 }, 0]);
  assert.equal(smsc.counts.bound, 3);
  await smsc.until("closed", 3);
});

test("without a rate every window is full until the time is over", async () => {
  let most = 0;
  let open = 0;
  await using smsc = await provider({
    answerDelayMs: 20,
    outcome: () => {
      most = Math.max(most, (open += 1));
      setTimeout(() => (open -= 1), 20);
      return { answer: 0, report: "none" };
    },
  });
  const facts = await load(smsc, { binds: 2, mix: { ...mix, receiptsPercent: 0 } }).ended;
  assert.ok(most > 10, `${most} at once`);
  assert.equal(facts.sent, smsc.counts.received);
  assert.equal(facts.accepted, facts.sent);
  assert.ok((facts.latencyMs?.p50 ?? 0) >= 19);
  assert.equal(facts.receipts.asked, 0);
});

test("a peer that stands still is seen in the latency of all that was due meanwhile", async () => {
  let first = true;
  await using smsc = await provider({
    // Only the first answer takes its time; with a window of 1 all others wait behind it.
    answerDelayMs: () => (first ? ((first = false), 400) : 0),
  });
  const facts = await startLoad({
    bind: { host, port: smsc.port, systemId: "Test1", password: "Pwd1", windowRequests: 1 },
    binds: 1,
    mix,
    rate: 100,
    durationMs: 400,
    receiptWaitMs: 30_000,
  }).ended;
  assert.deepEqual([facts.sent, facts.unsent], [40, 0]);
  // Half of them were due in the first 200 ms and so have waited 200 ms or more.
  assert.ok((facts.latencyMs?.p50 ?? 0) >= 150, JSON.stringify(facts.latencyMs));
});

test("refusals are counted by name, and reports that do not come are missing", async () => {
  let number = 0;
  await using smsc = await provider({
    outcome: () => ({ answer: (number += 1) % 2 === 0 ? 0x58 : 0, report: "none" }),
  });
  const facts = await load(smsc, { rate: 100, durationMs: 200, receiptWaitMs: 20 }).ended;
  assert.deepEqual(facts.answers, { ESME_ROK: 10, ESME_RTHROTTLED: 10 });
  assert.deepEqual([facts.receipts.asked, facts.receipts.back], [10, 0]);
});

test("a session that is cut off is counted and bound anew", async () => {
  await using smsc = await provider();
  const running = load(smsc, { rate: 50, durationMs: 30_000 });
  await smsc.received(5);
  smsc.drop();
  await smsc.until("bound", 2);
  const { sent } = running.facts();
  await smsc.received(sent + 1);
  running.stop();
  const facts = await running.ended;
  assert.deepEqual([facts.sessionsLost, facts.stopped, facts.unsent], [1, true, 0]);
});

test("a refused bind, or nobody there, ends the load before it begins", async () => {
  await using smsc = await provider({ password: "Pwd1" });
  await assert.rejects(load(smsc, {}, "wrong").ended, /refuses Test1 with ESME_RINVPASWD/);
  await smsc.close();
  await assert.rejects(load(smsc).ended, /nobody listens there/);
});

test("[A05] five hundred sessions of one account are bound to a server of ours, and each carries messages", async () => {
  const settings = { type: "smpp-server", address: [host], port: 0 };
  await using server = await openTestChannel(settings);
  const facts = await startLoad({
    bind: { host, port: server.channel.ports()[0] ?? 0, systemId: "Test1", password: "Pwd1" },
    binds: 500,
    mix: { ...mix, receiptsPercent: 0 },
    rate: 2_000,
    durationMs: 500,
    receiptWaitMs: 0,
  }).ended;
  const { accepted, sessionsLost } = facts;
  assert.deepEqual([server.events.bind.length, accepted, sessionsLost], [500, 1_000, 0]);
  const used = new Set(server.events.message.map(({ session }) => session));
  assert.equal(used.size, 500);
});

test("the shares of a mix are exact in each hundred, and do not fall on the same messages", () => {
  const shares = { receiptsPercent: 30, longPercent: 20, unicodePercent: 50 };
  const all = Array.from({ length: 100 }, (_, number) => messageAt({ ...mix, ...shares }, number));
  const isLong = ({ octets }: { octets: Buffer }) => octets.length >= 400;
  assert.equal(all.filter((sms) => sms.registeredDelivery === 1).length, 30);
  assert.equal(all.filter(isLong).length, 20);
  assert.equal(all.filter((sms) => sms.dataCoding === 8).length, 50);
  const both = all.filter((sms) => isLong(sms) && sms.dataCoding === 8).length;
  assert.ok(both > 0 && both < 20, `${both} of 20 long ones are unicode`);
  assert.equal(new Set(all.map((sms) => sms.to.digits)).size, 10);
  assert.equal(all[9]?.to.digits, "15551230009");
});

test("percentiles are at most 2 % too high, the largest time is exact, and nothing grows", () => {
  const latencies = createLatencies();
  assert.equal(latencies.summary(), undefined);
  for (let ms = 1; ms <= 10_000; ms++) latencies.add(ms);
  const { p50, p95, p99, max } = latencies.summary() ?? { p50: 0, p95: 0, p99: 0, max: 0 };
  for (const [told, real] of [
    [p50, 5_000],
    [p95, 9_500],
    [p99, 9_900],
  ] as const)
    assert.ok(told >= real && told <= real * 1.021, `${told} of ${real}`);
  assert.equal(max, 10_000);
  const rare = createLatencies();
  for (const ms of [0, 0.001, 1e9]) rare.add(ms);
  assert.deepEqual([rare.count, rare.summary()?.max], [3, 1e9]);
});

test("a receipt may come before its answer; one that comes twice or for nothing is unexpected", () => {
  const receipts = createAwaitedReceipts();
  const receipt = (messageId: string, status: Report["status"] = "DELIVERED"): Report => ({
    messageId,
    status,
    state: "DELIVRD",
    error: "000",
    submittedMs: undefined,
    doneMs: undefined,
    text: "",
    networkError: undefined,
  });
  receipts.came(receipt("A1"), 5);
  receipts.accepted("a1", 6);
  receipts.accepted("B2", 10);
  receipts.came(receipt("b2", "SENT"), 11);
  assert.equal(receipts.open, 1);
  receipts.came(receipt("b2"), 30);
  receipts.came(receipt("b2"), 31);
  const { asked, back, unexpected, delayMs } = receipts.facts();
  assert.deepEqual([asked, back, unexpected, delayMs?.max], [2, 2, 1, 20]);
});
