/** Customers bind over a real socket against the whole gateway; what they hear is what counts. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { connectEsme } from "../../src/simulator/esme.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

const customer = (port: number, password: string, systemId = "Test1") =>
  connectEsme({ host: "127.0.0.1", port, systemId, password });

/** One gateway with a listener for each way in which a bind may be met; the shipped trigger is for SMPP_SERVER1. */
let gateway: TestGateway;

const listener = {
  type: "smpp-server",
  address: ["127.0.0.1"],
  port: 0,
  bindTimeoutMs: 1_100,
  answerTimeoutMs: 1_100,
};

before(async () => {
  gateway = await startGateway({
    triggers: {
      "bind.ts": await readFile(new URL("../../triggers/bind.ts", import.meta.url), "utf8"),
      "bad.ts": `import { onBind } from "signalbox";
        export const BAD = onBind({ channels: ["BAD"] }, () => { throw new Error("oh"); });`,
    },
    settings: { eventDeadlineMs: 1_000 },
    channels: {
      BAD: listener,
      NOBODY: listener,
      SILENT: { ...listener, onUnhandledBind: "silent" },
      OPEN: { ...listener, acceptAnyBind: true },
      SINK: { ...listener, acceptAnyBind: true, acceptAnyMessage: true },
    },
  });
});
after(() => gateway[Symbol.asyncDispose]());

const portOf = (channel: string) =>
  gateway.running.channels.get(channel)?.ports()[0] ?? assert.fail(channel);

test("[A38] [A22] [I52] [I53] the right password binds, a wrong one hears 0x0E, an unknown account 0x0F", async () => {
  await using right = await customer(gateway.port, "Pwd1");
  assert.equal(right.bindStatus, 0);
  assert.equal(right.peerSystemId, "signalbox");
  const wrong = await customer(gateway.port, "pwd1");
  assert.equal(wrong.bindStatus, 0x0e);
  await wrong.closed;
  const unknown = await customer(gateway.port, "Pwd1", "Nobody");
  assert.equal(unknown.bindStatus, 0x0f);
  await unknown.closed;
});

test("[A25] [A39] [A28] a bind is a message of its own, whose trace names the trigger and its result", async () => {
  await using _customer = await customer(gateway.port, "Pwd1");
  const { messages } = gateway.running.store;
  const [bind] = await messages.list({ all: true, limit: 10 });
  assert.equal(bind?.message.kind, "bind");
  assert.equal(bind.message.from, "Test1");
  const lines = bind.message.log.map((line) => line.facts);
  assert.ok(lines.some((facts) => facts["trigger"] === "BIND" && facts["result"] === "accepted"));
  assert.ok(lines.some((facts) => facts["result"] === "Bind accepted"));
  assert.deepEqual(
    (await messages.list({ all: false, limit: 10 })).filter(
      ({ message }) => message.kind === "bind",
    ),
    [],
    "binds are hidden by default",
  );
});

test("[A08] [A23] [X15] neither log nor database holds a password or its hash after binds", async () => {
  await using _right = await customer(gateway.port, "Pwd1");
  await (
    await customer(gateway.port, "SecretGuess")
  ).closed;
  const stored = await gateway.running.store.messages.list({ all: true, limit: 10 });
  const told = JSON.stringify([stored, gateway.log.lines]);
  for (const secret of ["Pwd1", "SecretGuess", "DC215545BA63D605FBCD647A9555270F566D918B"])
    assert.ok(!told.includes(secret), `${secret} is in what was stored or told`);
});

test("[A26] [X01] with no trigger for it a bind is refused with 0x0D after bindTimeoutMs and closed", async () => {
  const nobody = await customer(portOf("NOBODY"), "Pwd1");
  assert.equal(nobody.bindStatus, 0x0d);
  await nobody.closed;
  const [bind] = await gateway.running.store.messages.list({ all: true, limit: 1 });
  assert.equal(bind?.error, "unanswered");
});

test("[A26] [X01] onUnhandledBind silent closes without an answer", async () => {
  await assert.rejects(customer(portOf("SILENT"), "Pwd1"), { code: "connection_lost" });
});

test("[I48] a bind trigger that throws is answered with 0x08", async () => {
  assert.equal((await customer(portOf("BAD"), "Pwd1")).bindStatus, 0x08);
});

test("[A20] [A22] acceptAnyBind lets everybody in without a trigger, whatever the password; a message is not meant", async () => {
  await using stranger = await customer(portOf("OPEN"), "whatever", "Stranger");
  assert.equal(stranger.bindStatus, 0);
  const [bind] = await gateway.running.store.messages.list({ all: true, limit: 1 });
  assert.deepEqual([bind?.message.account, bind?.status], ["Stranger", "RECEIVED"]);
  assert.ok(!bind?.message.log.some(({ what }) => what === "trigger"));
  const { status } = await stranger.submit({ from: "1", to: "+3161", text: "x" });
  assert.equal(status, 0x08, "off by default: no trigger answers it");
});

test("[A21] acceptAnyMessage takes every message without a trigger, and keeps it", async () => {
  await using stranger = await customer(portOf("SINK"), "", "Stranger");
  const { status, messageId } = await stranger.submit({ from: "1", to: "+3161", text: "x" });
  assert.equal(status, 0);
  const [life] = await gateway.running.admin.lives(messageId);
  assert.equal(life?.status, "RECEIVED");
  const lines = life.entries.flatMap(({ log }) => log);
  assert.ok(!lines.some(({ what }) => what === "trigger"));
  assert.equal(gateway.provider.counts.received, 0);
});

test("[A40] the number of sessions of a channel is shown while they are bound", async () => {
  const sessions = () =>
    gateway.running.admin.channels().find(({ name }) => name === "SMPP_SERVER1")?.sessions;
  // Those of the tests before may not have been seen to leave yet.
  assert.ok(await until(async () => sessions() === 0, 10_000));
  await using first = await customer(gateway.port, "Pwd1");
  assert.equal(sessions(), 1);
  await using second = await customer(gateway.port, "Pwd2", "Test2");
  assert.equal(sessions(), 2);
  assert.deepEqual([first.bindStatus, second.bindStatus], [0, 0]);
  const [view] = gateway.running.admin
    .sessions()
    .filter(({ channel }) => channel === "SMPP_SERVER1");
  assert.equal(view?.bindType, "transceiver");
  assert.match(view.remote, /^127\.0\.0\.1:\d+$/);
});
