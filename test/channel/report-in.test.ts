// A provider tells what became of a message: what the client channel makes of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SendResult } from "../../src/channel/channel.ts";
import type { Message } from "../../src/model/message.ts";
import { type SmscRules, startSmsc } from "../../src/simulator/smsc.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { type OpenOptions, openTestChannel, type TestChannel } from "./host.ts";
import { handOver, outgoing, reportOut } from "./messages.ts";

const host = "127.0.0.1";

function provider(rules: SmscRules = {}) {
  return startSmsc({ host, port: 0, rules: { retryDelayMs: 1, ...rules } });
}

function client(port: number, options: OpenOptions = {}, more: Record<string, unknown> = {}) {
  const settings = { type: "smpp-client", host, port, systemId: "us", password: "x", ...more };
  return openTestChannel(settings, options);
}

/** Hands a message over and waits for what becomes of it. */
async function sent({ channel, room }: TestChannel, message: Message): Promise<SendResult> {
  await room();
  return new Promise((resolve) => handOver(channel, message, resolve));
}

const asking = outgoing({
  sms: smsOf({ from: "+1555", to: "+15552223333", text: "Hello", registeredDelivery: 1 }),
});

test("[A52] a receipt is told as a report with canonical addresses, never as a message", async () => {
  await using smsc = await provider({ firstId: 41 });
  await using ours = await client(smsc.port);
  assert.deepEqual(await sent(ours, asking), { kind: "taken", providerId: "41" });
  await smsc.until("reported", 1);
  const [event] = ours.events.report;
  assert.equal(ours.events.message.length, 0);
  assert.equal(event?.channel, "CHANNEL1");
  assert.deepEqual([event?.from, event?.to], ["+15552223333", "+1555"]);
  assert.equal(event?.session, ours.channel.sessions()[0]?.id);
  assert.deepEqual(
    [event?.report.messageId, event?.report.status, event?.report.text],
    ["41", "DELIVERED", "Hello"],
  );
});

test("the report that lies right behind the answer is told after the answer", async () => {
  await using smsc = await provider();
  const order: string[] = [];
  await using ours = await client(smsc.port, {
    answers: {
      report() {
        order.push("report");
        return { kind: "accepted" };
      },
    },
  });
  await ours.room();
  handOver(ours.channel, asking, () => order.push("answer"));
  await smsc.until("reported", 1);
  assert.deepEqual(order, ["answer", "report"]);
});

test("the provider hears 0x00 only once the report is decided", async () => {
  await using smsc = await provider();
  const decided = Promise.withResolvers<{ readonly kind: "accepted" }>();
  const told = Promise.withResolvers<void>();
  await using ours = await client(smsc.port, {
    answers: {
      report(event) {
        assert.equal(event.isOpen(), true);
        told.resolve();
        return decided.promise;
      },
    },
  });
  await sent(ours, asking);
  await told.promise;
  assert.equal(smsc.counts.reported, 0);
  decided.resolve({ kind: "accepted" });
  await smsc.until("reported", 1);
});

test("a report that was refused or failed on our side comes again", async () => {
  await using smsc = await provider();
  let tries = 0;
  await using ours = await client(smsc.port, {
    answers: {
      report() {
        tries += 1;
        if (tries === 1) return { kind: "refused", code: "try_later", reason: "" };
        if (tries === 2) throw new Error("a fault of ours");
        return { kind: "accepted" };
      },
    },
  });
  await sent(ours, asking);
  await smsc.until("reported", 1);
  assert.equal(tries, 3);
  const { level, facts } = await ours.logged("failed on our side");
  assert.equal(level, "error");
  assert.equal(facts["report"], ours.events.report[1]?.id);
});

test("a decision is not applied once the session that brought the report has gone", async () => {
  await using smsc = await provider();
  const told = Promise.withResolvers<void>();
  await using ours = await client(
    smsc.port,
    {
      answers: {
        report() {
          told.resolve();
          return new Promise(() => {});
        },
      },
    },
    { reconnectMs: 60_000, reconnectMostMs: 60_000 },
  );
  await sent(ours, asking);
  await told.promise;
  assert.equal(ours.events.report[0]?.isOpen(), true);
  smsc.drop();
  await ours.logged("not bound to the provider");
  assert.equal(ours.events.report[0]?.isOpen(), false);
});

test("a receipt full of nonsense is told as a report that names no message", async () => {
  await using smsc = await provider();
  await using ours = await client(smsc.port);
  await ours.room();
  const nonsense = { ...smsOf({ from: "", to: "", text: "\u00e9\n stat:" }), esmClass: 0x04 };
  assert.equal(await smsc.inject(nonsense), 0);
  const [event] = ours.events.report;
  assert.deepEqual([event?.report.messageId, event?.report.status], ["", "NOREPORT"]);
});

test("[I13] a deliver_sm without the receipt's bits is a message, whatever its text says", async () => {
  await using smsc = await provider();
  await using ours = await client(smsc.port, {}, { numbers: "international" });
  await ours.room();
  const text = "id:41 sub:001 dlvrd:001 stat:DELIVRD err:000 text:";
  assert.equal(await smsc.inject({ from: "+1444", to: "31699887766", text }), 0);
  assert.equal(ours.events.report.length, 0);
  const [event] = ours.events.message;
  assert.deepEqual([event?.origin, event?.message.to], ["provider", "+31699887766"]);
});

test("[A54] a report never goes to a provider", async () => {
  await using smsc = await provider();
  await using ours = await client(smsc.port);
  assert.deepEqual(await sent(ours, reportOut("Test1")), {
    kind: "impossible",
    code: "bad_request",
    text: "a report is for a customer",
  });
  assert.equal(smsc.counts.received, 0);
});

test("[A57] a channel is a group of its own until it says otherwise, and waits 72 hours for reports", async () => {
  await using smsc = await provider();
  await using ours = await client(smsc.port);
  assert.deepEqual([ours.channel.group, ours.channel.reportWaitMs], ["CHANNEL1", 72 * 3_600_000]);
  await using other = await client(smsc.port, {}, { group: "CARRIER", reports: { waitMs: 1_000 } });
  assert.deepEqual([other.channel.group, other.channel.reportWaitMs], ["CARRIER", 1_000]);
  // A report is looked for among the messages of four days.
  await assert.rejects(client(smsc.port, {}, { reports: { waitMs: 4 * 86_400_000 } }), /waitMs/);
});
