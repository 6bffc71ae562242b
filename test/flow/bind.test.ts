/** Customers bind over a real socket against the whole gateway; what they hear is what counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectEsme } from "../../src/simulator/esme.ts";
import { startGateway } from "../support/gateway.ts";

const customer = (port: number, password: string, systemId = "Test1") =>
  connectEsme({ host: "127.0.0.1", port, systemId, password });

test("[A38] [I52] [I53] the right password binds, a wrong one hears 0x0E, an unknown account 0x0F", async () => {
  await using gateway = await startGateway();
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
  await using gateway = await startGateway();
  await using _customer = await customer(gateway.port, "Pwd1");
  const { messages } = gateway.running.store;
  const [bind] = await messages.list({ all: true, limit: 10 });
  assert.equal(bind?.message.kind, "bind");
  assert.equal(bind.message.from, "Test1");
  const lines = bind.message.log.map((line) => line.facts);
  assert.ok(lines.some((facts) => facts["trigger"] === "BIND" && facts["result"] === "accepted"));
  assert.ok(lines.some((facts) => facts["result"] === "Bind accepted"));
  assert.deepEqual(
    await messages.list({ all: false, limit: 10 }),
    [],
    "binds are hidden by default",
  );
});

test("[A08] [A23] [X15] neither log nor database holds a password or its hash after binds", async () => {
  await using gateway = await startGateway();
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
  await using gateway = await startGateway({
    triggers: {},
    settings: { eventDeadlineMs: 100 },
    channels: { SMPP_SERVER1: { bindTimeoutMs: 150, answerTimeoutMs: 150 } },
  });
  const nobody = await customer(gateway.port, "Pwd1");
  assert.equal(nobody.bindStatus, 0x0d);
  await nobody.closed;
  const [bind] = await gateway.running.store.messages.list({ all: true, limit: 1 });
  assert.equal(bind?.error, "unanswered");
});

test("[A26] [X01] onUnhandledBind silent closes without an answer", async () => {
  await using gateway = await startGateway({
    triggers: {},
    settings: { eventDeadlineMs: 100 },
    channels: {
      SMPP_SERVER1: { bindTimeoutMs: 150, answerTimeoutMs: 150, onUnhandledBind: "silent" },
    },
  });
  await assert.rejects(customer(gateway.port, "Pwd1"), { code: "connection_lost" });
});

test("[I48] a bind trigger that throws is answered with 0x08", async () => {
  await using gateway = await startGateway({
    triggers: {
      "bad.ts": `import { onBind } from "signalbox";
        export const BAD = onBind({}, () => { throw new Error("oh"); });`,
    },
  });
  assert.equal((await customer(gateway.port, "Pwd1")).bindStatus, 0x08);
});

test("[A40] the number of sessions of a channel is shown while they are bound", async () => {
  await using gateway = await startGateway();
  const sessions = () =>
    gateway.running.admin.channels().find(({ name }) => name === "SMPP_SERVER1")?.sessions;
  await using first = await customer(gateway.port, "Pwd1");
  assert.equal(sessions(), 1);
  await using second = await customer(gateway.port, "Pwd2", "Test2");
  assert.equal(sessions(), 2);
  assert.deepEqual([first.bindStatus, second.bindStatus], [0, 0]);
  const [view] = gateway.running.admin.sessions();
  assert.equal(view?.bindType, "transceiver");
  assert.match(view.remote, /^127\.0\.0\.1:\d+$/);
});
