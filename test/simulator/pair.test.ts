import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/model/error.ts";
import { connectEsme, type EsmeOptions } from "../../src/simulator/esme.ts";
import { byLastDigit } from "../../src/simulator/rules.ts";
import { type SmscRules, startSmsc } from "../../src/simulator/smsc.ts";

// Both simulators against each other over real sockets: what a test of the gateway relies on when it
// puts one at each end.

const host = "127.0.0.1";
const written = { from: "+15550100001", to: "+15551234560", text: "Hello" };

function provider(rules: SmscRules = {}) {
  return startSmsc({ host, port: 0, rules });
}

function customer(port: number, options: Partial<EsmeOptions> = {}) {
  return connectEsme({ host, port, systemId: "Test1", password: "Pwd1", ...options });
}

test("a message is taken, answered with an id and remembered as it came", async () => {
  await using smsc = await provider({ firstId: 41 });
  await using esme = await customer(smsc.port);
  assert.equal(esme.bindStatus, 0);
  assert.equal(esme.peerSystemId, "simulator");

  const first = await esme.submit(written);
  const second = await esme.submit({ ...written, text: "Grüße €" });
  assert.deepEqual([first.status, first.messageId], [0, "41"]);
  assert.deepEqual([second.status, second.messageId], [0, "42"]);
  assert.ok(first.ms >= 0);

  const [taken] = await smsc.received(2);
  assert.equal(taken?.systemId, "Test1");
  assert.equal(taken?.sms.to.digits, "15551234560");
  assert.equal(taken?.sms.octets.toString("latin1"), "Hello");
  assert.equal(smsc.counts.received, 2);
});

test("a report comes when it was asked for, names the id and is acknowledged", async () => {
  await using smsc = await provider({ firstId: 255, idForm: "hex" });
  await using esme = await customer(smsc.port);
  await esme.submit(written);
  const { messageId } = await esme.submit({ ...written, registeredDelivery: 1 });
  assert.equal(messageId, "100");
  const [report, ...more] = await esme.delivered(1);
  assert.equal(report?.receipt?.messageId, "100");
  assert.deepEqual([report?.receipt?.status, report?.receipt?.error], ["DELIVERED", "000"]);
  assert.equal(report?.sms.from.digits, "15551234560");
  assert.match(
    report?.sms.octets.toString("latin1") ?? "",
    /^id:100 sub:001 dlvrd:001 submit date:\d{10} done date:\d{10} stat:DELIVRD err:000 text:Hello$/,
  );
  assert.equal(more.length, 0);
  await smsc.until("reported", 1);
});

test("without a delay the report lies right behind the answer", async () => {
  await using smsc = await provider();
  const order: string[] = [];
  await using esme = await customer(smsc.port, { watch: () => order.push("report") });
  const submit = esme.submit({ ...written, registeredDelivery: 1 });
  void submit.then(() => order.push("answer"));
  await esme.delivered(1);
  await submit;
  // The promise of the answer settles after the turn in which both were read.
  assert.deepEqual(order, ["report", "answer"]);
});

test("ids in reports may be written in another way than in answers", async () => {
  await using smsc = await provider({ firstId: 0x812fc, idForm: "hex", reportIdForm: "decimal" });
  await using esme = await customer(smsc.port);
  const { messageId } = await esme.submit({ ...written, registeredDelivery: 1 });
  const [report] = await esme.delivered(1);
  assert.deepEqual([messageId, report?.receipt?.messageId], ["812fc", String(0x812fc)]);
});

test("the last digit decides what happens", async () => {
  await using smsc = await provider({ outcome: byLastDigit });
  await using esme = await customer(smsc.port);
  const states: (string | undefined)[] = [];
  for (const digit of "056789") {
    const to = `+1555123456${digit}`;
    const { status } = await esme.submit({ ...written, to, registeredDelivery: 1 });
    states.push(String(status));
  }
  assert.deepEqual(states, ["0", "0", "0", "0", String(0x58), String(0x0b)]);
  const reports = await esme.delivered(3);
  assert.deepEqual(
    reports.map(({ receipt }) => receipt?.state),
    ["DELIVRD", "UNDELIV", "EXPIRED"],
  );
});

test("a report that is refused for now comes again", async () => {
  await using smsc = await provider({ retryDelayMs: 1 });
  let tries = 0;
  await using esme = await customer(smsc.port, { answer: () => (tries++ < 2 ? 0x64 : 0) });
  await esme.submit({ ...written, registeredDelivery: 1 });
  await smsc.until("reported", 1);
  assert.equal(tries, 3);
});

test("a report waits for its customer to bind again", async () => {
  await using smsc = await provider({ retryDelayMs: 1 });
  const first = await customer(smsc.port, { bindType: "transmitter" });
  await first.submit({ ...written, registeredDelivery: 1 });
  await first.unbind();
  await using second = await customer(smsc.port, { bindType: "receiver" });
  const [report] = await second.delivered(1);
  assert.equal(report?.receipt?.state, "DELIVRD");
});

test("a message from the network is handed to the one it is for", async () => {
  await using smsc = await provider();
  await using esme = await customer(smsc.port);
  await using other = await customer(smsc.port, { systemId: "Test2", answer: () => 0x66 });
  assert.equal(await smsc.inject({ from: "+1444", to: "+1555", text: "MO" }, "Test1"), 0);
  assert.equal(await smsc.inject({ from: "+1444", to: "+1555", text: "MO" }, "Test2"), 0x66);
  assert.equal(esme.deliveries.length, 1);
  assert.equal(esme.deliveries[0]?.receipt, undefined);
  assert.equal(other.deliveries[0]?.sms.octets.toString("latin1"), "MO");
});

test("a message for nobody is given up with the reason", async () => {
  await using smsc = await provider();
  await assert.rejects(smsc.inject({ from: "+1", to: "+2", text: "x" }), {
    code: "delivery_failure",
    message: "nobody who receives is bound",
  });
});

test("a wrong password is refused and told as the status of the bind", async () => {
  await using smsc = await provider({ password: "Pwd1" });
  await using wrong = await customer(smsc.port, { password: "Pwd2" });
  assert.equal(wrong.bindStatus, 0x0e);
  await assert.rejects(wrong.submit(written), { code: "wrong_bind_state" });
  await using right = await customer(smsc.port);
  assert.equal(right.bindStatus, 0);
  assert.equal(smsc.counts.bound, 1);
});

test("submits beyond the window wait for room and all are answered", async () => {
  await using smsc = await provider({ answerDelayMs: 1 });
  await using esme = await customer(smsc.port, { windowRequests: 3 });
  const all = await Promise.all(Array.from({ length: 50 }, () => esme.submit(written)));
  assert.ok(all.every(({ status }) => status === 0));
  assert.equal(new Set(all.map(({ messageId }) => messageId)).size, 50);
});

test("a cut connection settles what was under way, and the provider goes on listening", async () => {
  await using smsc = await provider({ outcome: () => ({ answer: "silent", report: "none" }) });
  const esme = await customer(smsc.port, { windowRequests: 1 });
  const submits = [esme.submit(written), esme.submit(written)];
  await smsc.received(1);
  smsc.drop();
  for (const submit of submits) {
    const { status, why } = await submit;
    assert.deepEqual([status, why], [undefined, "connection_lost"]);
  }
  await esme.closed;
  await using again = await customer(smsc.port);
  assert.equal(again.bindStatus, 0);
  await assert.rejects(esme.delivered(1), /the session ended/);
});

test("no answer in time is told as that", async () => {
  await using smsc = await provider({ outcome: () => ({ answer: "silent", report: "none" }) });
  await using esme = await customer(smsc.port, { responseTimeoutMs: 100 });
  assert.equal((await esme.submit(written)).why, "response_timeout");
});

test("a long text travels as one message", async () => {
  await using smsc = await provider();
  await using esme = await customer(smsc.port);
  const text = "0123456789".repeat(100);
  assert.equal((await esme.submit({ ...written, text })).status, 0);
  const [taken] = await smsc.received(1);
  assert.equal(taken?.sms.octets.toString("latin1"), text);
});

test("closing the provider unbinds its sessions and ends what is awaited", async () => {
  const smsc = await provider();
  const esme = await customer(smsc.port);
  const awaited = assert.rejects(smsc.received(1), /the simulated provider has closed/);
  await Promise.all([smsc.close(), smsc.close()]);
  await awaited;
  assert.equal(await esme.closed, "peer_unbound");
  assert.equal(smsc.sessions(), 0);
});

test("a taken port and a missing provider are told with their place", async () => {
  await using smsc = await provider();
  const { port } = smsc;
  await assert.rejects(startSmsc({ host, port }), (cause) => {
    assert.ok(cause instanceof GatewayError);
    assert.equal(cause.code, "port_taken");
    assert.match(cause.message, new RegExp(`127.0.0.1:${port}: the port is taken`));
    return true;
  });
  await smsc.close();
  await assert.rejects(customer(port), {
    code: "connection_lost",
    message: `127.0.0.1:${port}: nobody listens there`,
  });
});
