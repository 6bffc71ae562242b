/**
 * Datagram, transaction, store and forward; scheduled messages; priority; what is not relayed in time.
 * One gateway for all; SMPP1 is the simulated provider, nobody listens where SMPP2 leads to.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Sms } from "../../src/model/message.ts";
import type { Status } from "../../src/model/status.ts";
import type { LifeView } from "../../src/model/view.ts";
import { connectEsme, type Esme } from "../../src/simulator/esme.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { relativeTime } from "../../src/smpp/time.ts";
import { askAdmin } from "../support/admin.ts";
import { freePort } from "../support/gateway-process.ts";
import { startGateway } from "../support/gateway.ts";

const from = "+31201234567";
/** To the provider, and to the one that is down. */
const up = "+31612345678";
const down = "+4366412345";

const downPort = await freePort();
/** By the text of a message; taken and delivered where it is not named. */
const outcomes: Readonly<
  Record<string, { answer: number | "silent"; report: "UNDELIV" | "none" }>
> = {
  "not delivered": { answer: 0, report: "UNDELIV" },
  "refused for good": { answer: 0x0b, report: "none" },
  "refused for now": { answer: 0x14, report: "none" },
  "never reported": { answer: 0, report: "none" },
  "never answered": { answer: "silent", report: "none" },
};

const gateway = await startGateway({
  provider: {
    outcome: ({ octets }) => outcomes[octets.toString()] ?? { answer: 0, report: "DELIVRD" },
    reportDelayMs: 50,
  },
  settings: { drainMs: 300 },
  channels: {
    SMPP_SERVER1: { transactionWaitMs: 1_000, onUnhandled: "reject", peerRequests: 1 },
    SMPP2: {
      type: "smpp-client",
      host: "127.0.0.1",
      port: downPort,
      systemId: "us",
      password: "p",
      reconnectMs: 20,
      reconnectMostMs: 50,
      relayWithinMs: 1_500,
    },
  },
  triggers: {
    "all.ts": `import { onBind, onMessage, onReport, onStatus } from "signalbox";
      export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));
      export const SUBMIT = onMessage({ channels: ["SMPP_SERVER1"] }, (m) => {
        m.accept();
        m.forward({ channel: m.to === "${down}" ? "SMPP2" : "SMPP1" });
      });
      export const REPORT = onReport({}, (r) => r.apply());
      export const STATUS = onStatus({}, (s) => { s.trace("told " + s.status); s.root?.report(); });`,
  },
});
after(() => gateway[Symbol.asyncDispose]());

const customer = (): Promise<Esme> =>
  connectEsme({ host: "127.0.0.1", port: gateway.port, systemId: "Test1", password: "Pwd1" });

function smsTo(to: string, text: string, changes: Partial<Sms> = {}): Sms {
  return { ...smsOf({ from, to, text }), ...changes };
}

async function lifeOf(key: string): Promise<LifeView> {
  const [life] = await gateway.running.admin.lives(key);
  assert.ok(life !== undefined, `nothing is known by ${key}`);
  return life;
}

/** The newest message that Test1 sent. */
async function newest(): Promise<LifeView> {
  const rows = await gateway.running.admin.messages({ all: false, limit: 20 });
  const row = rows.find(({ direction, kind }) => direction === "in" && kind === "sms");
  return lifeOf(row?.root ?? "");
}

async function until(key: string, status: Status): Promise<LifeView> {
  for (;;) {
    const life = await lifeOf(key);
    if (life.status === status) return life;
    await new Promise((go) => setTimeout(go, 20));
  }
}

const transaction = { esmClass: 2 };
const datagram = { esmClass: 1 };

test("[W06] [I61] a transaction is answered with its outcome: delivered, not delivered, refused", async () => {
  await using esme = await customer();
  const delivered = await esme.submit(smsTo(up, "delivered", transaction));
  assert.equal(delivered.status, 0);
  assert.equal((await lifeOf(delivered.messageId)).status, "DELIVERED");
  assert.equal((await esme.submit(smsTo(up, "not delivered", transaction))).status, 0xfe);
  assert.equal((await newest()).status, "NOTDELIVERED");
  assert.equal((await esme.submit(smsTo(up, "refused for good", transaction))).status, 0xfe);
  const refused = await newest();
  assert.equal(refused.status, "FAILED");
  const answers = refused.entries.flatMap(({ log }) =>
    log.filter(({ what }) => what === "answered"),
  );
  assert.equal(answers.at(-1)?.facts["result"], "refused");
  // Nobody asked for a receipt, and who has heard the outcome needs none.
  await gateway.running.settled();
  assert.equal(esme.deliveries.length, 0);
});

test("[W06] a transaction that was sent and has no outcome in time is taken, and a receipt follows", async () => {
  await using esme = await customer();
  const { status, messageId, ms } = await esme.submit(smsTo(up, "never reported", transaction));
  assert.equal(status, 0);
  assert.ok(ms >= 990, `answered after ${ms} ms`);
  assert.equal((await lifeOf(messageId)).status, "SENT");
  const taken = gateway.provider.messages.at(-1);
  const late = `id:${taken?.messageId} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:`;
  await gateway.provider.inject({ ...smsOf({ from: up, to: from, text: late }), esmClass: 4 });
  const [receipt] = await esme.delivered(1);
  assert.equal(receipt?.receipt?.messageId, messageId);
  assert.equal(receipt.receipt.state, "DELIVRD");
});

test("[W06] [I61] a transaction that cannot be sent in time is refused with 0xFE, and is never sent", async () => {
  await using esme = await customer();
  // One answer may be owed on this session, and a withheld one is none of them.
  const waiting = esme.submit(smsTo(down, "in vain", transaction));
  assert.equal((await esme.submit(smsTo(up, "meanwhile"))).status, 0);
  assert.equal((await waiting).status, 0xfe);
  const [life] = (await gateway.running.admin.messages({ all: false, limit: 20 }))
    .filter(({ text, direction }) => text === "in vain" && direction === "in")
    .map(({ root }) => root);
  assert.equal((await lifeOf(life ?? "")).status, "EXPIRED");
  await using back = await startSmsc({ host: "127.0.0.1", port: downPort });
  await back.until("bound", 1);
  await gateway.running.settled();
  assert.equal(back.counts.received, 0);
});

test("a transaction goes on when its sender leaves", async () => {
  const esme = await customer();
  const waiting = esme.submit(smsTo(down, "left", transaction));
  while ((await newest()).entries[0]?.text !== "left") await new Promise((go) => setImmediate(go));
  esme.drop();
  assert.equal((await waiting).status, undefined);
  await until((await newest()).root, "EXPIRED");
});

test("[W06] a datagram is tried once: it fails at once where nobody is bound, and with its first refusal", async () => {
  await using esme = await customer();
  assert.equal((await esme.submit(smsTo(down, "nobody there", datagram))).status, 0xfe);
  assert.equal((await newest()).status, "FAILED");
  const { messageId } = await esme.submit(smsTo(up, "refused for now", datagram));
  const life = await until(messageId, "FAILED");
  assert.equal(life.error, "ESME_RMSGQFUL");
  assert.equal(life.entries.flatMap(({ attempts }) => attempts).length, 1);
  const taken = await esme.submit(smsTo(up, "fine", datagram));
  await until(taken.messageId, "SENT");
});

test("[C11] what is not relayed in time has EXPIRED, its status is told, and it is not sent afterwards", async () => {
  await using esme = await customer();
  const { messageId } = await esme.submit(smsTo(down, "too late", { registeredDelivery: 1 }));
  // What the triggers say to the status is a commit of its own; the receipt comes after it.
  const [receipt] = await esme.delivered(1);
  assert.equal(receipt?.receipt?.state, "EXPIRED");
  const life = await until(messageId, "EXPIRED");
  assert.equal(life.error, "expired_here");
  assert.ok(
    life.entries.some(({ log }) => log.some(({ facts }) => facts["text"] === "told EXPIRED")),
  );
  await using back = await startSmsc({ host: "127.0.0.1", port: downPort });
  await back.until("bound", 1);
  // Its own validity is a day, and still only the new one goes out.
  await esme.submit(smsTo(down, "in time"));
  const [first] = await back.received(1);
  assert.equal(first?.sms.octets.toString(), "in time");
});

test("[I03] a life is found by the eight digits that a customer of 3.3 was given, and his receipt has them", async () => {
  const { port } = gateway;
  const bind = { systemId: "Test1", password: "Pwd1", version: 0x33 };
  await using esme = await connectEsme({ host: "127.0.0.1", port, ...bind });
  const { messageId } = await esme.submit(smsTo(up, "in short", { registeredDelivery: 1 }));
  assert.match(messageId, /^[0-9a-f]{8}$/);
  const life = await until(messageId.toUpperCase(), "DELIVERED");
  assert.ok(life.root.endsWith(messageId));
  const [receipt] = await esme.delivered(1);
  assert.equal(receipt?.receipt?.messageId, messageId);
});

test("what waits goes out by its priority, then in the order in which it came", async () => {
  await using esme = await customer();
  await askAdmin(gateway.running.admin.socket, "POST", "/v1/channels/SMPP1/pause");
  const before = gateway.provider.counts.received;
  for (const [n, priority] of [0, 3, 1, 0, 2, 3].entries())
    await esme.submit(smsTo(up, `${n} of ${priority}`, { priority }));
  await askAdmin(gateway.running.admin.socket, "POST", "/v1/channels/SMPP1/resume");
  const all = await gateway.provider.received(before + 6);
  assert.deepEqual(
    all.slice(-6).map(({ sms }) => `${sms.octets.toString()}=${sms.priority}`),
    ["1 of 3=3", "5 of 3=3", "4 of 2=2", "2 of 1=1", "0 of 0=0", "3 of 0=0"],
  );
});

test("a scheduled message is SCHEDULED until its time, delays nobody, survives a restart and can be cancelled", async () => {
  let esme = await customer();
  const scheduleTime = relativeTime(3_000);
  const { messageId } = await esme.submit(smsTo(up, "later", { scheduleTime }));
  const other = await esme.submit(
    smsTo(up, "another one", { scheduleTime: relativeTime(3_600_000) }),
  );
  assert.equal((await lifeOf(messageId)).status, "SCHEDULED");
  const [row] = await gateway.running.admin.messages({ all: false, limit: 9, status: "SCHEDULED" });
  assert.equal(row?.status, "SCHEDULED");
  // An operator who hurries a queue does not mean what is scheduled.
  await askAdmin(gateway.running.admin.socket, "POST", "/v1/queues/SMPP1/retry");
  const now = await esme.submit(smsTo(up, "at once"));
  await until(now.messageId, "SENT");
  assert.equal((await lifeOf(messageId)).status, "SCHEDULED");
  await esme.unbind();
  await gateway.restart();
  esme = await customer();
  const cancelled = await askAdmin<{ status: string }>(
    gateway.running.admin.socket,
    "POST",
    `/v1/messages/${other.messageId}/cancel`,
  );
  assert.equal(cancelled.body.status, "CANCELLED");
  const life = await until(messageId, "SENT");
  assert.deepEqual(
    life.entries.flatMap(({ log }) => log.filter(({ what }) => what === "due")).length,
    1,
  );
  const sent = gateway.provider.messages.filter(({ sms }) => sms.octets.toString() === "later");
  assert.equal(sent.length, 1);
  assert.equal(sent[0]?.sms.scheduleTime, "");
  assert.equal((await lifeOf(other.messageId)).status, "CANCELLED");
  await esme.unbind();
});

test("[W06] at a stop a transaction is answered, and a datagram is not taken up by the next start", async () => {
  const admin = (act: string) =>
    askAdmin(gateway.running.admin.socket, "POST", `/v1/channels/SMPP1/${act}`);
  const esme = await customer();
  const tried = await esme.submit(smsTo(up, "never answered", datagram));
  await gateway.provider.received(gateway.provider.counts.received);
  const waiting = esme.submit(smsTo(down, "stopped", transaction));
  while ((await newest()).entries[0]?.text !== "stopped")
    await new Promise((go) => setImmediate(go));
  await admin("pause");
  const { messageId } = await esme.submit(smsTo(up, "waits for room", datagram));
  await gateway.restart();
  assert.equal((await waiting).status, 0xfe);
  await admin("resume");
  const life = await until(messageId, "FAILED");
  assert.equal(life.error, "not_taken_up");
  // The other one was with the provider, and nobody knows more of it.
  assert.equal((await until(tried.messageId, "FAILED")).error, "connection_lost");
  const texts = gateway.provider.messages.map(({ sms }) => sms.octets.toString());
  assert.equal(texts.filter((text) => text === "never answered").length, 1);
  assert.ok(!texts.includes("waits for room"));
});
