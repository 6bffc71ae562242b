/**
 * What an operator does at night, over the admin socket of the whole gateway: hold a channel, look at
 * queues, hasten, move and drop them, cancel and resend messages, put dead letters back, kick sessions.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  ChannelView,
  DeadLetterView,
  LifeView,
  MessageView,
  QueueView,
  SessionView,
  StatusView,
  UnmatchedReportView,
} from "../../src/model/view.ts";
import type { Esme } from "../../src/simulator/esme.ts";
import { type Smsc, type SmscRules, startSmsc } from "../../src/simulator/smsc.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { askAdmin, type Refusal } from "../support/admin.ts";
import { customer } from "../support/customer.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

const to = "+31612345670";
const from = "+31699887766";
/** ms. Far more than anything takes here; a test that waits for it has failed. */
const patienceMs = 30_000;

const submit = (esme: Esme, text = "Hello", registeredDelivery = 1) =>
  esme.submit({ from, to, text, registeredDelivery });

function submitMany(esme: Esme, count: number): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, n) => `m${n}`);
  return Promise.all(texts.map(async (text) => (await submit(esme, text)).messageId));
}

/** A success, whose body is given. */
async function ask<T>(
  gateway: TestGateway,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await askAdmin<T>(gateway.running.admin.socket, method, path, body);
  assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer.body;
}

/** A refusal, as `status code`; its words must say something. */
async function refused(
  gateway: TestGateway,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<string> {
  const answer = await askAdmin<Refusal>(gateway.running.admin.socket, method, path, body);
  assert.ok(answer.status >= 400, `${method} ${path} was not refused`);
  assert.ok(answer.body.message.length > 10);
  return `${answer.status} ${answer.body.code}`;
}

const look = (gateway: TestGateway) => ask<StatusView>(gateway, "GET", "/v1/status");
const queues = (gateway: TestGateway) => ask<QueueView[]>(gateway, "GET", "/v1/queues");
const channelOf = (gateway: TestGateway, name: string): ChannelView => {
  const found = gateway.running.admin.channels().find((one) => one.name === name);
  assert.ok(found);
  return found;
};

async function lifeOf(gateway: TestGateway, id: string): Promise<LifeView> {
  const [life] = await ask<LifeView[]>(gateway, "GET", `/v1/lives/${id}`);
  assert.ok(life);
  return life;
}

/** What was made of an original to go out, oldest first. */
async function outOf(gateway: TestGateway, id: string): Promise<MessageView[]> {
  const { entries } = await lifeOf(gateway, id);
  return entries.filter(({ kind, direction }) => kind === "sms" && direction === "out");
}

const wordsOf = (entry: MessageView | undefined) => entry?.log.map(({ what }) => what) ?? [];

const textsOf = (provider: Smsc): string[] =>
  provider.messages.map(({ sms }) => sms.octets.toString());

const pause = (gateway: TestGateway, name = "SMPP1") =>
  ask<ChannelView>(gateway, "POST", `/v1/channels/${name}/pause`);
const resume = (gateway: TestGateway, name = "SMPP1") =>
  ask<ChannelView>(gateway, "POST", `/v1/channels/${name}/resume`);
const drain = (gateway: TestGateway, name = "SMPP1") =>
  ask<ChannelView>(gateway, "POST", `/v1/channels/${name}/drain`);

/** Until the provider is bound to. */
async function up(gateway: TestGateway, name = "SMPP1"): Promise<void> {
  assert.ok(await until(async () => channelOf(gateway, name).state === "up", patienceMs));
}

const silent: SmscRules = { outcome: () => ({ answer: 0, report: "none" }) };
const mute: SmscRules = { outcome: () => ({ answer: "silent", report: "none" }) };

test("a gateway that is well says so, with everything that an operator looks at first", async () => {
  await using gateway = await startGateway();
  await up(gateway);
  await using esme = await customer(gateway);
  await submit(esme);
  await esme.delivered(1);
  await gateway.running.settled();
  const status = await look(gateway);
  assert.deepEqual(status.troubles, []);
  assert.equal(status.well, true);
  assert.equal(status.pid, process.pid);
  assert.match(status.version, /^\d+\.\d+\.\d+$/);
  assert.ok(status.sinceMs <= Date.now());
  assert.deepEqual(status.channels.map(({ name, state, queued }) => [name, state, queued]).sort(), [
    ["SMPP1", "up", 0],
    ["SMPP_SERVER1", "up", 0],
  ]);
  assert.equal(status.triggers.active, 8);
  assert.equal(status.database.reachable, true);
  assert.ok((status.database.octets ?? 0) > 1_000_000);
  assert.deepEqual([status.uncertain, status.unmatchedReports, status.deadLetters], [0, 0, 0]);
});

test("what is wrong is told in whole sentences: a channel that is down, one that is held, a broken trigger", async () => {
  await using nobody = await startSmsc({ host: "127.0.0.1", port: 0 });
  const { port } = nobody;
  await nobody.close();
  await using gateway = await startGateway({
    channels: {
      SMPP2: { type: "smpp-client", host: "127.0.0.1", port, systemId: "x", password: "x" },
    },
    triggers: { "broken.ts": "this is no script" },
  });
  await up(gateway);
  await pause(gateway);
  const { well, troubles, channels } = await look(gateway);
  assert.equal(well, false);
  assert.match(troubles[0] ?? "", /^SMPP2 is down for .*: not bound to 127\.0\.0\.1:\d+/);
  assert.ok(
    troubles.some((text) => /does not load|broken\.ts/.test(text)),
    troubles.join("\n"),
  );
  assert.ok(
    troubles.some((text) =>
      /^SMPP1 is paused for .*, by night; 0 messages wait\..*resume SMPP1/.test(text),
    ),
  );
  assert.match(
    channels.find(({ name }) => name === "SMPP2")?.lastError?.text ?? "",
    /ECONNREFUSED/,
  );
});

test("the status comes within seconds while the database hangs, and says so", async () => {
  await using gateway = await startGateway();
  await up(gateway);
  // Whoever wants to look at attempts now waits for this transaction to end.
  await gateway.query("begin");
  await gateway.query("lock table attempt in access exclusive mode");
  const status = await look(gateway);
  assert.equal(status.database.reachable, false);
  assert.match(status.troubles[0] ?? "", /^The database .* does not answer/);
  assert.equal(status.well, false);
  await gateway.query("rollback");
  assert.ok(await until(async () => (await look(gateway)).well, patienceMs));
});

test("a paused channel hands nothing over and takes what comes in; a resumed one goes on in order", async () => {
  await using gateway = await startGateway();
  await up(gateway);
  await using esme = await customer(gateway);
  const paused = await pause(gateway);
  assert.deepEqual([paused.held, paused.state, paused.sessions], ["paused", "up", 1]);
  const ids = await submitMany(esme, 20);
  assert.equal(await gateway.provider.inject({ from: to, to: from, text: "a reply" }), 0);
  assert.equal((await esme.delivered(1))[0]?.sms.octets.toString(), "a reply");
  await gateway.running.settled();
  assert.equal(gateway.provider.counts.received, 0);
  const [queue] = await queues(gateway);
  assert.deepEqual(
    [queue?.name, queue?.rows, queue?.inFlight, queue?.uncertain],
    ["SMPP1", 20, 0, 0],
  );
  assert.ok(Math.abs((queue?.oldestDueMs ?? 0) - Date.now()) < patienceMs);
  assert.equal((await pause(gateway)).held, "paused", "once more changes nothing");
  assert.equal((await resume(gateway)).held, undefined);
  await gateway.provider.until("received", 20);
  await gateway.running.settled();
  assert.equal(new Set(textsOf(gateway.provider)).size, 20);
  assert.equal((await outOf(gateway, ids[0] ?? ""))[0]?.attempts.length, 1);
  assert.equal(channelOf(gateway, "SMPP1").queued, 0);
  const told = gateway.log.lines.filter(({ by }) => by === "night").map(({ text }) => text);
  assert.deepEqual(told, ["channel paused", "channel paused", "channel resumed"]);
});

test("what is held stays held over a restart, and nobody is bound to what is drained", async () => {
  await using gateway = await startGateway();
  await up(gateway);
  {
    await using esme = await customer(gateway);
    await pause(gateway);
    await submitMany(esme, 3);
    await esme.unbind();
  }
  await drain(gateway);
  await drain(gateway, "SMPP_SERVER1");
  const bound = gateway.provider.counts.bound;
  await gateway.restart();
  for (const name of ["SMPP1", "SMPP_SERVER1"]) {
    const { held, state } = channelOf(gateway, name);
    assert.deepEqual([held, state], ["drained", "off"]);
  }
  const turnedAway = await customer(gateway);
  assert.equal(turnedAway.bindStatus, 0x08);
  await turnedAway.closed;
  assert.equal(gateway.provider.counts.bound, bound, "nobody has bound to the provider");
  const { troubles } = await look(gateway);
  assert.equal(troubles.filter((text) => text.includes("is drained for")).length, 2);
  await resume(gateway);
  await resume(gateway, "SMPP_SERVER1");
  await gateway.provider.until("received", 3);
  await using esme = await customer(gateway);
  assert.equal(esme.bindStatus, 0);
  await gateway.restart();
  assert.equal(channelOf(gateway, "SMPP1").held, undefined);
});

test("a drain waits for what is in flight, unbinds in good order and is not doubled by it", async () => {
  await using gateway = await startGateway({ provider: { answerDelayMs: 200, ...silent } });
  await up(gateway);
  await using esme = await customer(gateway);
  await submitMany(esme, 30);
  await gateway.provider.until("received", 10);
  const drained = await drain(gateway);
  assert.deepEqual([drained.held, drained.state, drained.sessions], ["drained", "off", 0]);
  await gateway.running.settled();
  const taken = gateway.provider.counts.received;
  const view = channelOf(gateway, "SMPP1");
  assert.deepEqual([view.queued, view.inFlight, view.uncertain], [30 - taken, 0, 0]);
  await resume(gateway);
  await gateway.provider.until("received", 30);
  await gateway.running.settled();
  assert.equal(new Set(textsOf(gateway.provider)).size, 30);
  assert.equal(gateway.provider.counts.received, 30);
});

test("a drained listener ends its sessions, refuses binds as temporary and loses no report", async () => {
  await using gateway = await startGateway({ provider: { reportDelayMs: 300 } });
  await up(gateway);
  const esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const drained = await drain(gateway, "SMPP_SERVER1");
  assert.deepEqual([drained.state, drained.sessions], ["off", 0]);
  await esme.closed;
  const away = await customer(gateway);
  assert.equal(away.bindStatus, 0x08);
  await gateway.provider.until("reported", 1);
  const waiting = (await queues(gateway)).find(({ name }) => name === "SMPP_SERVER1/Test1");
  assert.equal(waiting?.rows, 1);
  await resume(gateway, "SMPP_SERVER1");
  await using back = await customer(gateway);
  assert.equal((await back.delivered(1))[0]?.receipt?.messageId, messageId);
});

test("a hold that makes no sense is refused and changes nothing", async () => {
  await using gateway = await startGateway();
  await up(gateway);
  assert.equal(await refused(gateway, "POST", "/v1/channels/NOWHERE/pause"), "422 unknown_channel");
  assert.equal(await refused(gateway, "POST", "/v1/channels/smpp1/drain"), "422 unknown_channel");
  assert.equal((await resume(gateway)).state, "up", "nothing to take back");
  await drain(gateway);
  assert.equal(await refused(gateway, "POST", "/v1/channels/SMPP1/pause"), "400 bad_request");
  assert.equal(channelOf(gateway, "SMPP1").held, "drained");
  await Promise.all([drain(gateway), resume(gateway), drain(gateway), resume(gateway)]);
  await up(gateway);
  assert.equal(channelOf(gateway, "SMPP1").held, undefined);
});

test("[A41] a session is kicked in good order; ours to a provider comes back by itself", async () => {
  await using gateway = await startGateway();
  await up(gateway);
  await using esme = await customer(gateway);
  const sessions = await ask<SessionView[]>(gateway, "GET", "/v1/sessions");
  assert.equal(sessions.length, 2);
  const own = sessions.find(({ account }) => account === "Test1");
  assert.match(own?.remote ?? "", /^127\.0\.0\.1:\d+$/);
  assert.deepEqual([own?.bindType, own?.version], ["transceiver", "3.4"]);
  assert.ok(own !== undefined && own.sinceMs <= Date.now() && own.received + own.sent === 0);
  assert.equal(await refused(gateway, "DELETE", "/v1/sessions/0123"), "404 unknown_session");
  for (const { id } of sessions) await ask(gateway, "DELETE", `/v1/sessions/${id}`);
  await esme.closed;
  await gateway.provider.until("bound", 2);
  await up(gateway);
  const left = await ask<SessionView[]>(gateway, "GET", "/v1/sessions");
  assert.deepEqual(
    left.map(({ channel }) => channel),
    ["SMPP1"],
  );
  assert.ok(!sessions.some(({ id }) => id === left[0]?.id));
});

test("a dropped queue: each message ends CANCELLED, its sender is told, and what comes meanwhile stays", async () => {
  await using gateway = await startGateway();
  await up(gateway);
  await pause(gateway);
  await using esme = await customer(gateway);
  await using other = await customer(gateway, { systemId: "Test2" });
  const ids = await submitMany(esme, 40);
  await gateway.running.settled();
  const dropping = ask<{ rows: number }>(gateway, "POST", "/v1/queues/SMPP1/drop");
  const late = await submitMany(other, 5);
  const { rows } = await dropping;
  // The late ones may have come before the drop began, but then their senders are told as well.
  assert.ok(rows >= 40 && rows <= 45);
  const receipts = await esme.delivered(40);
  assert.deepEqual(receipts.map(({ receipt }) => receipt?.messageId).sort(), ids.toSorted());
  assert.ok(receipts.every(({ receipt }) => receipt?.state === "DELETED"));
  await gateway.running.settled();
  const [out] = await outOf(gateway, ids[0] ?? "");
  assert.deepEqual([out?.status, out?.error, out?.pending], ["CANCELLED", "cancelled", undefined]);
  const line = out?.log.find(({ what }) => what === "dropped");
  assert.deepEqual([line?.facts["by"], line?.facts["queue"]], ["night", "SMPP1"]);
  assert.equal((await lifeOf(gateway, ids[0] ?? "")).status, "CANCELLED");
  assert.equal(channelOf(gateway, "SMPP1").queued, 45 - rows);
  await resume(gateway);
  await gateway.provider.until("received", 45 - rows);
  await gateway.running.settled();
  assert.equal(gateway.provider.counts.received, 45 - rows);
  assert.equal(late.length, 5);
  await other.delivered(5);
  await gateway.running.settled();
  const pending = await gateway.query("select id from pending");
  assert.equal(pending.length, 0);
});

test("many more than memory holds are dropped, in batches, while others are served", async () => {
  await using gateway = await startGateway({
    channels: { SMPP_SERVER1: { onUnhandled: "reject" } },
    triggers: bulk,
  });
  await up(gateway);
  await pause(gateway);
  await using esme = await customer(gateway, { windowRequests: 100 });
  const count = 2_600;
  await submitMany(esme, count);
  await gateway.running.settled();
  assert.equal(channelOf(gateway, "SMPP1").queued, count);
  const { rows } = await ask<{ rows: number }>(gateway, "POST", "/v1/queues/SMPP1/drop");
  assert.equal(rows, count);
  assert.equal(channelOf(gateway, "SMPP1").queued, 0);
  assert.deepEqual(await gateway.query("select id from pending"), []);
  await resume(gateway);
  await submit(esme, "after");
  await gateway.provider.until("received", 1);
  await gateway.running.settled();
  assert.deepEqual(textsOf(gateway.provider), ["after"]);
});

/** Lets everybody in and charges nobody. */
const bulk = {
  "bind.ts": `import { onBind } from "signalbox";
    export const BIND = onBind({}, (bind) => bind.accept());`,
  "forward.ts": `import { onMessage } from "signalbox";
    export const FWD = onMessage({ channels: ["SMPP_SERVER1"] }, (message) => {
      message.accept();
      message.forward({ channel: "SMPP1" });
    });`,
};

test("a retried queue is due now, and not only when its time has come", async () => {
  let answer = 0x14;
  await using gateway = await startGateway({
    provider: { outcome: () => ({ answer, report: "none" }) },
  });
  await up(gateway);
  await using esme = await customer(gateway);
  await submitMany(esme, 5);
  await gateway.provider.until("received", 5);
  await gateway.running.settled();
  // As after many tries: nobody would come by for an hour.
  await gateway.query("update pending set due = now() + interval '1 hour'");
  await gateway.restart();
  await up(gateway);
  answer = 0;
  const [queue] = await queues(gateway);
  assert.ok((queue?.oldestDueMs ?? 0) > Date.now() + 3_000_000);
  const before = gateway.provider.counts.received;
  const { rows } = await ask<{ rows: number }>(gateway, "POST", "/v1/queues/SMPP1/retry");
  assert.equal(rows, 5);
  await gateway.provider.until("received", before + 5);
  await gateway.running.settled();
  assert.deepEqual(await queues(gateway), []);
  const again = await ask<{ rows: number }>(gateway, "POST", "/v1/queues/SMPP1/retry");
  assert.equal(again.rows, 0);
});

test("a queue moves to another provider: tried there, reported from there, told as usual", async () => {
  await using second = await startSmsc({ host: "127.0.0.1", port: 0 });
  await using gateway = await startGateway({
    channels: {
      SMPP2: {
        type: "smpp-client",
        host: "127.0.0.1",
        port: second.port,
        systemId: "s",
        password: "x",
      },
    },
    triggers: {
      ...triggersForTwo,
    },
  });
  await up(gateway);
  await up(gateway, "SMPP2");
  await drain(gateway);
  await using esme = await customer(gateway);
  const ids = await submitMany(esme, 10);
  const { rows } = await ask<{ rows: number }>(gateway, "POST", "/v1/queues/SMPP1/move", {
    to: "SMPP2",
  });
  assert.equal(rows, 10);
  const receipts = await esme.delivered(10);
  assert.deepEqual(receipts.map(({ receipt }) => receipt?.messageId).sort(), ids.toSorted());
  await gateway.running.settled();
  assert.equal(gateway.provider.counts.received, 0);
  assert.equal(second.counts.received, 10);
  const [out] = await outOf(gateway, ids[3] ?? "");
  assert.equal(out?.status, "DELIVERED");
  assert.deepEqual(
    out.attempts.map(({ channel, status }) => [channel, status]),
    [["SMPP2", "DELIVERED"]],
  );
  const line = out.log.find(({ what }) => what === "moved");
  assert.deepEqual(
    [line?.facts["from"], line?.facts["to"], line?.facts["by"]],
    ["SMPP1", "SMPP2", "night"],
  );
  assert.deepEqual(await queues(gateway), []);
});

const triggersForTwo = {
  "bind.ts": `import { onBind } from "signalbox";
    export const BIND = onBind({}, (bind) => bind.accept());`,
  "forward.ts": `import { onMessage } from "signalbox";
    export const FWD = onMessage({ channels: ["SMPP_SERVER1"] }, (message) => {
      message.accept();
      message.forward({ channel: "SMPP1" });
    });`,
  "apply.ts": `import { onReport } from "signalbox";
    export const APPLYDLR = onReport({}, (report) => report.apply());`,
  "tell.ts": `import { onStatus } from "signalbox";
    export const TELL = onStatus({}, (message) => { message.root?.report(); });`,
};

test("what makes no sense is not moved, dropped or retried: nothing changes", async () => {
  await using gateway = await startGateway({
    channels: {
      SMPP2: {
        type: "smpp-client",
        host: "127.0.0.1",
        port: 1,
        systemId: "s",
        password: "x",
        enabled: false,
      },
      SMPP_SERVER2: { type: "smpp-server", address: ["127.0.0.1"], port: 0 },
    },
  });
  await up(gateway);
  await pause(gateway);
  await using esme = await customer(gateway);
  await submitMany(esme, 3);
  const move = (queue: string, target: unknown) =>
    refused(gateway, "POST", `/v1/queues/${encodeURIComponent(queue)}/move`, { to: target });
  assert.equal(await move("SMPP1", "SMPP1"), "409 wrong_queue");
  assert.equal(await move("SMPP1", "SMPP2"), "422 unknown_channel");
  assert.equal(await move("SMPP1", "NOWHERE"), "422 unknown_channel");
  assert.equal(await move("SMPP1", "SMPP_SERVER1"), "409 wrong_queue");
  assert.equal(await move("SMPP1", "SMPP_SERVER1/Test1"), "409 wrong_queue");
  assert.equal(await move("SMPP1", "SMPP1/Test1"), "409 wrong_queue");
  assert.equal(await move("SMPP_SERVER1/Test1", "SMPP1"), "409 wrong_queue");
  assert.equal(await move("SMPP_SERVER1/Test1", "SMPP_SERVER1/Test2"), "409 wrong_queue");
  assert.equal(await move("SMPP1", ""), "400 bad_request");
  assert.equal(await move("SMPP1", { name: "SMPP2" }), "400 bad_request");
  assert.equal(await move("NOWHERE", "SMPP1"), "404 unknown_queue");
  assert.equal(await refused(gateway, "POST", "/v1/queues/SMPP1/move"), "400 bad_request");
  for (const verb of ["retry", "drop"])
    for (const name of ["NOWHERE", "SMPP_SERVER1", "SMPP1/Test1", "SMPP_SERVER1/", "' or 1=1"])
      assert.equal(
        await refused(gateway, "POST", `/v1/queues/${encodeURIComponent(name)}/${verb}`),
        "404 unknown_queue",
      );
  assert.equal(channelOf(gateway, "SMPP1").queued, 3);
  await resume(gateway);
  await gateway.provider.until("received", 3);
});

test("what waits for a customer moves to another listener of his, and to nobody else", async () => {
  await using gateway = await startGateway({
    channels: { SMPP_SERVER2: { type: "smpp-server", address: ["127.0.0.1"], port: 0 } },
    triggers: triggersForTwo,
  });
  await up(gateway);
  await using transmitter = await customer(gateway, { bindType: "transmitter" });
  const { messageId } = await submit(transmitter);
  await gateway.provider.until("reported", 1);
  await gateway.running.settled();
  const path = `/v1/queues/${encodeURIComponent("SMPP_SERVER1/Test1")}/move`;
  const { rows } = await ask<{ rows: number }>(gateway, "POST", path, { to: "SMPP_SERVER2/Test1" });
  assert.equal(rows, 1);
  const port = gateway.running.channels.get("SMPP_SERVER2")?.ports()[0] ?? 0;
  await using receiver = await customer(gateway, { port });
  assert.equal((await receiver.delivered(1))[0]?.receipt?.messageId, messageId);
  await gateway.running.settled();
  const { entries } = await lifeOf(gateway, messageId);
  const told = entries.find(({ kind, direction }) => kind === "report" && direction === "out");
  assert.equal(told?.status, "DELIVERED");
  assert.deepEqual(wordsOf(told), ["moved", "delivered"]);
  assert.equal(told.log.at(-1)?.facts["channel"], "SMPP_SERVER2");
});

test("a message is cancelled by its own id or its original's, once, and its sender is told", async () => {
  await using gateway = await startGateway();
  await up(gateway);
  await pause(gateway);
  await using esme = await customer(gateway);
  const [first = "", second = "", third = ""] = await submitMany(esme, 3);
  await gateway.running.settled();
  const [out] = await outOf(gateway, second);
  const cancel = (id: string) => `/v1/messages/${id}/cancel`;
  assert.deepEqual(await ask(gateway, "POST", cancel(first)), { id: first, status: "CANCELLED" });
  assert.deepEqual(await ask(gateway, "POST", cancel(out?.id ?? "")), {
    id: out?.id,
    status: "CANCELLED",
  });
  assert.equal(await refused(gateway, "POST", cancel(first)), "409 cancel_too_late");
  assert.equal(await refused(gateway, "POST", cancel(out?.id ?? "")), "409 cancel_too_late");
  assert.equal(await refused(gateway, "POST", cancel("nonsense")), "404 unknown_message_id");
  const nobody = "01a1fc1e-8a98-7000-a98f-98dfcb0ac1c1";
  assert.equal(await refused(gateway, "POST", cancel(nobody)), "404 unknown_message_id");
  const binds = await ask<MessageView[]>(gateway, "GET", "/v1/messages?all=true");
  const bind = binds.find(({ kind }) => kind === "bind")?.id ?? "";
  assert.equal(await refused(gateway, "POST", cancel(bind)), "409 cancel_too_late");
  const receipts = await esme.delivered(2);
  assert.deepEqual(
    receipts.map(({ receipt }) => receipt?.messageId).sort(),
    [first, second].sort(),
  );
  await gateway.running.settled();
  assert.deepEqual(wordsOf((await outOf(gateway, first))[0]).slice(0, 2), ["cancelled", "trigger"]);
  await resume(gateway);
  await gateway.provider.until("received", 1);
  await gateway.running.settled();
  assert.deepEqual(textsOf(gateway.provider), ["m2"]);
  assert.equal(await refused(gateway, "POST", cancel(third)), "409 cancel_too_late");
});

test("what is with the peer at this moment is not cancelled, dropped or moved", async () => {
  await using gateway = await startGateway({ provider: mute });
  await up(gateway);
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  await gateway.provider.until("received", 1);
  const cancel = `/v1/messages/${messageId}/cancel`;
  assert.equal(await refused(gateway, "POST", cancel), "409 message_in_flight");
  assert.deepEqual(await ask(gateway, "POST", "/v1/queues/SMPP1/drop"), { rows: 0 });
  assert.equal(
    await refused(gateway, "POST", `/v1/messages/${messageId}/resend`),
    "409 not_resendable",
  );
  const [queue] = await queues(gateway);
  assert.deepEqual([queue?.rows, queue?.inFlight], [1, 1]);
  // It is uncertain now, and waits for its next try.
  gateway.provider.drop();
  assert.ok(await until(async () => channelOf(gateway, "SMPP1").uncertain === 1, patienceMs));
  const listed = await ask<MessageView[]>(gateway, "GET", "/v1/messages?only=uncertain");
  assert.deepEqual(
    listed.map(({ root, maybeTwice }) => [root, maybeTwice]),
    [[messageId, true]],
  );
  assert.equal((await look(gateway)).uncertain, 1);
});

test("a cancel that races with the sending: each message is either cancelled or sent, never both", async () => {
  await using gateway = await startGateway({ provider: silent });
  await up(gateway);
  await using esme = await customer(gateway);
  for (let round = 0; round < 10; round += 1) {
    const ids = await submitMany(esme, 8);
    const answers = ids.map((id) =>
      askAdmin<{ code?: string; status?: string }>(
        gateway.running.admin.socket,
        "POST",
        `/v1/messages/${id}/cancel`,
      ),
    );
    for (const { status, body } of await Promise.all(answers))
      assert.ok(
        (status === 200 && body.status === "CANCELLED") ||
          body.code === "cancel_too_late" ||
          body.code === "message_in_flight",
        JSON.stringify(body),
      );
  }
  await gateway.running.settled();
  const [sums] = await gateway.query<{ sent: number; cancelled: number; pending: number }>(`
    select (select count(*)::int from state where status = 'SENT') as sent,
      (select count(*)::int from state where status = 'CANCELLED') as cancelled,
      (select count(*)::int from pending where queue = 'SMPP1') as pending`);
  assert.equal(sums?.sent, gateway.provider.counts.received);
  assert.deepEqual([(sums?.sent ?? 0) + (sums?.cancelled ?? 0), sums?.pending], [80, 0]);
  const twice = await gateway.query("select id from attempt group by id having count(*) > 1");
  assert.deepEqual(twice, []);
});

test("a message that failed is sent once more in the same life, not charged again, and reported as usual", async () => {
  let answer = 0x45;
  await using gateway = await startGateway({
    provider: { outcome: () => ({ answer, report: answer === 0 ? "DELIVRD" : "none" }) },
  });
  await up(gateway);
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  assert.equal((await esme.delivered(1))[0]?.receipt?.state, "REJECTD");
  await gateway.running.settled();
  answer = 0;
  const resend = `/v1/messages/${messageId}/resend`;
  const resent = await ask<{ id: string; root: string; queue: string }>(gateway, "POST", resend);
  assert.deepEqual([resent.root, resent.queue], [messageId, "SMPP1"]);
  const receipts = await esme.delivered(2);
  assert.deepEqual(
    [receipts[1]?.receipt?.messageId, receipts[1]?.receipt?.state],
    [messageId, "DELIVRD"],
  );
  await gateway.running.settled();
  assert.equal((await lifeOf(gateway, messageId)).status, "DELIVERED");
  const [old, fresh] = await outOf(gateway, messageId);
  assert.deepEqual([old?.status, fresh?.status, fresh?.id], ["FAILED", "DELIVERED", resent.id]);
  const line = fresh?.log.find(({ what }) => what === "resent");
  assert.deepEqual([line?.facts["of"], line?.facts["by"]], [old?.id, "night"]);
  assert.equal(fresh?.text, "Hello");
  const [account] = (await gateway.running.admin.accounts()).filter(({ id }) => id === "Test1");
  assert.equal(account?.credits, 99);
  assert.equal(await refused(gateway, "POST", resend), "409 not_resendable", "it was delivered");
  const failed = await ask<MessageView[]>(gateway, "GET", "/v1/messages?status=FAILED");
  assert.deepEqual(
    failed.map(({ id }) => id),
    [old?.id],
  );
  assert.equal(
    await refused(gateway, "POST", `/v1/messages/${old?.id}/resend`),
    "409 not_resendable",
    "a newer one stands for it",
  );
});

test("a message that was dropped can be sent once more after all, also after a restart", async () => {
  await using gateway = await startGateway();
  await up(gateway);
  await pause(gateway);
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  await ask(gateway, "POST", "/v1/queues/SMPP1/drop");
  const resend = `/v1/messages/${messageId}/resend`;
  const { id } = await ask<{ id: string }>(gateway, "POST", resend);
  assert.equal(await refused(gateway, "POST", resend), "409 not_resendable", "it waits");
  assert.equal((await lifeOf(gateway, messageId)).status, "QUEUED");
  await gateway.restart();
  await resume(gateway);
  await gateway.provider.until("reported", 1);
  // The report may have come before the provider's answer was stored: then it is kept, and applied after it.
  const told = async () => (await outOf(gateway, messageId)).map((one) => one.status);
  assert.ok(await until(async () => (await told())[1] === "DELIVERED", patienceMs));
  const [old, fresh] = await outOf(gateway, messageId);
  assert.deepEqual([old?.status, fresh?.id], ["CANCELLED", id]);
});

test("of a message that was forwarded twice the one that failed is sent once more; the other counts on", async () => {
  let answer = 0x45;
  await using second = await startSmsc({
    host: "127.0.0.1",
    port: 0,
    rules: { outcome: () => ({ answer, report: answer === 0 ? "DELIVRD" : "none" }) },
  });
  await using gateway = await startGateway({
    channels: {
      SMPP2: {
        type: "smpp-client",
        host: "127.0.0.1",
        port: second.port,
        systemId: "s",
        password: "x",
      },
    },
    triggers: {
      ...triggersForTwo,
      "forward.ts": `import { onMessage } from "signalbox";
        export const FWD = onMessage({ channels: ["SMPP_SERVER1"] }, (message) => {
          message.accept();
          message.forward({ channel: "SMPP1" });
          message.forward({ channel: "SMPP2", text: "other" });
        });`,
    },
  });
  await up(gateway);
  await up(gateway, "SMPP2");
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  await esme.delivered(2);
  await gateway.running.settled();
  assert.equal((await lifeOf(gateway, messageId)).status, "FAILED", "the worst of both");
  assert.equal(
    await refused(gateway, "POST", `/v1/messages/${messageId}/resend`),
    "409 not_resendable",
  );
  const failed = (await outOf(gateway, messageId)).find(({ channel }) => channel === "SMPP2");
  answer = 0;
  await ask(gateway, "POST", `/v1/messages/${failed?.id}/resend`);
  await esme.delivered(3);
  await gateway.running.settled();
  const life = await lifeOf(gateway, messageId);
  assert.equal(life.status, "DELIVERED");
  const outs = await outOf(gateway, messageId);
  assert.deepEqual(
    outs.map(({ channel, status }) => [channel, status]),
    [
      ["SMPP1", "DELIVERED"],
      ["SMPP2", "FAILED"],
      ["SMPP2", "DELIVERED"],
    ],
  );
  assert.equal(outs[2]?.text, "other");
});

test("what cannot be sent once more is refused with what to do instead", async () => {
  await using gateway = await startGateway({ provider: silent });
  await up(gateway);
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  await gateway.provider.until("received", 1);
  await gateway.running.settled();
  const resend = (id: string) => refused(gateway, "POST", `/v1/messages/${id}/resend`);
  assert.equal(await resend(messageId), "409 not_resendable", "its report is awaited");
  assert.equal(await resend("nonsense"), "404 unknown_message_id");
  const all = await ask<MessageView[]>(gateway, "GET", "/v1/messages?all=true");
  assert.equal(
    await resend(all.find(({ kind }) => kind === "bind")?.id ?? ""),
    "409 not_resendable",
  );
  assert.equal(await gateway.provider.inject({ from: to, to: "+31000000000", text: "x" }), 0);
  const [lost] = await ask<MessageView[]>(gateway, "GET", "/v1/messages?limit=1");
  assert.equal(await resend(lost?.id ?? ""), "409 not_resendable", "it was forwarded nowhere");
});

test("a dead letter is put back and done when its cause is mended", async () => {
  await using gateway = await startGateway({ provider: silent });
  await up(gateway);
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const [taken] = await gateway.provider.received(1);
  await gateway.running.settled();
  const id = taken?.messageId ?? "";
  const unknown = `id:${id}-unknown sub:001 dlvrd:001 stat:DELIVRD err:000`;
  const receipt = { ...smsOf({ from: to, to: from, text: unknown }), esmClass: 0x04 };
  assert.equal(await gateway.provider.inject(receipt), 0);
  const unmatched = () => ask<UnmatchedReportView[]>(gateway, "GET", "/v1/reports/unmatched");
  const [tried] = await unmatched();
  assert.deepEqual(
    [tried?.state, tried?.messageId, tried?.reported, tried?.channel, tried?.from, tried?.to],
    ["again", `${id}-unknown`, "DELIVRD", "SMPP1", to, from],
  );
  // As after the last try.
  await gateway.query("update pending set tries = 3, due = now() where kind = 'match'");
  assert.ok(await until(async () => (await unmatched())[0]?.state === "dead", patienceMs));
  const [letter] = await ask<DeadLetterView[]>(gateway, "GET", "/v1/dead-letters");
  assert.equal(letter?.kind, "report");
  const status = await look(gateway);
  assert.deepEqual([status.deadLetters, status.unmatchedReports], [1, 1]);
  assert.match(status.troubles.join(), /One dead letter since the start/);
  // The cause: the provider has told another id than it reports.
  await gateway.query("update attempt set provider_id = $1", [`${id}-unknown`]);
  const retry = `/v1/dead-letters/${letter?.id}/retry`;
  assert.deepEqual(await ask(gateway, "POST", retry), { id: letter?.id, kind: "report" });
  assert.equal((await esme.delivered(1))[0]?.receipt?.messageId, messageId);
  assert.equal(await refused(gateway, "POST", retry), "404 unknown_dead_letter");
  assert.equal(
    await refused(gateway, "POST", "/v1/dead-letters/x/retry"),
    "404 unknown_dead_letter",
  );
  assert.deepEqual(await unmatched(), []);
});

test("a queue whose channel is gone is told, and its messages can still be moved or dropped", async () => {
  await using gateway = await startGateway({ provider: silent });
  await up(gateway);
  await pause(gateway);
  await using esme = await customer(gateway);
  const ids = await submitMany(esme, 4);
  await gateway.running.settled();
  const old = "due = now() - interval '6 minutes'";
  await gateway.query(`update pending set queue = 'GONE', ${old}`);
  await gateway.restart();
  const { troubles } = await look(gateway);
  assert.ok(troubles.some((text) => /^GONE holds 4 messages, .*GONE is no channel now/.test(text)));
  const [first] = await outOf(gateway, ids[0] ?? "");
  await ask(gateway, "POST", `/v1/messages/${first?.id}/cancel`);
  const moved = await ask(gateway, "POST", "/v1/queues/GONE/move", { to: "SMPP1" });
  assert.deepEqual(moved, { rows: 3 });
  assert.deepEqual((await queues(gateway)).map(({ name, rows }) => [name, rows]).sort(), [
    ["SMPP1", 3],
    // The sender of the cancelled one is to hear of it, but is not there.
    ["SMPP_SERVER1/Test1", 1],
  ]);
  await resume(gateway);
  await gateway.provider.until("received", 3);
});

test("a report that waits for a customer is dropped or cancelled; nobody is told, its entry says so", async () => {
  await using gateway = await startGateway();
  await up(gateway);
  await using transmitter = await customer(gateway, { bindType: "transmitter" });
  const [one = "", two = ""] = await submitMany(transmitter, 2);
  await gateway.provider.until("reported", 2);
  await gateway.running.settled();
  const toldOf = async (id: string) =>
    (await lifeOf(gateway, id)).entries.find(
      ({ kind, direction }) => kind === "report" && direction === "out",
    );
  const waits = await toldOf(one);
  assert.deepEqual(await ask(gateway, "POST", `/v1/messages/${waits?.id}/cancel`), {
    id: waits?.id,
    status: "CANCELLED",
  });
  const path = `/v1/queues/${encodeURIComponent("SMPP_SERVER1/Test1")}/drop`;
  assert.deepEqual(await ask(gateway, "POST", path), { rows: 1 });
  for (const [id, word] of [
    [one, "cancelled"],
    [two, "dropped"],
  ] as const) {
    const told = await toldOf(id);
    assert.deepEqual([told?.status, wordsOf(told)], ["CANCELLED", [word]]);
    assert.equal(
      (await lifeOf(gateway, id)).status,
      "DELIVERED",
      "the message itself was delivered",
    );
  }
  await using receiver = await customer(gateway, { bindType: "receiver" });
  await gateway.running.settled();
  assert.equal(receiver.deliveries.length, 0);
});

test("messages are listed that are stuck, or that were accepted and never forwarded", async () => {
  await using gateway = await startGateway({
    provider: silent,
    triggers: {
      "bind.ts": bulk["bind.ts"],
      "forward.ts": `import { onMessage } from "signalbox";
        export const FWD = onMessage({ channels: ["SMPP_SERVER1"] }, (message) => {
          message.accept();
          if (message.text !== "nowhere") message.forward({ channel: "SMPP1" });
        });`,
    },
  });
  await up(gateway);
  await pause(gateway);
  await using esme = await customer(gateway);
  const { messageId: nowhere } = await submit(esme, "nowhere");
  const { messageId: waits } = await submit(esme, "waits");
  const only = async (what: string) =>
    (await ask<MessageView[]>(gateway, "GET", `/v1/messages?only=${what}`)).map(({ root }) => root);
  assert.deepEqual(await only("unrouted"), [nowhere]);
  assert.deepEqual(await only("stuck"), [], "it waits for less than ten minutes");
  assert.deepEqual(await only("stuck&stuckMs=0"), [waits]);
  await gateway.query("update pending set due = now() - interval '11 minutes'");
  assert.deepEqual(await only("stuck"), [waits]);
  assert.deepEqual(await only("uncertain"), []);
  assert.equal(await refused(gateway, "GET", "/v1/messages?only=nonsense"), "400 bad_request");
  assert.equal(
    await refused(gateway, "GET", "/v1/messages?only=stuck&stuckMs=-1"),
    "400 bad_request",
  );
});
