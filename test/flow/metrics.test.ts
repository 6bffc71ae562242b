/**
 * The figures that an operator reads against what was really sent: whole gateway, traffic over real
 * sockets, the page of metrics over TCP. And the log of such a run, which holds nothing of a text, a
 * password or a token.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { createLogLevels } from "../../src/log/levels.ts";
import { createLog } from "../../src/log/log.ts";
import { systemClock } from "../../src/model/clock.ts";
import type { Esme } from "../../src/simulator/esme.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { customer } from "../support/customer.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";
import { type Sample, samplesOf, valueOf } from "../support/prometheus.ts";

const token = "MARKEDTOKEN-0123456789abcdefghijklmnopqrstuvwxyz";
const sha256 = createHash("sha256").update(token).digest("hex");
const settings = { admin: { port: 0, tokens: [{ name: "ann", sha256 }] } };

const to = "+31612345670";
const from = "+31699887766";
/** ms. Far more than anything takes here. */
const patienceMs = 20_000;

const submit = (esme: Esme, text: string) => esme.submit({ from, to, text, registeredDelivery: 1 });

function url(gateway: TestGateway, path: string): string {
  return `http://127.0.0.1:${gateway.running.port?.port}${path}`;
}

async function page(gateway: TestGateway): Promise<Sample[]> {
  const answer = await fetch(url(gateway, "/metrics"));
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  return samplesOf(await answer.text());
}

test("the metrics over TCP say what was sent, refused, answered, reported and stored", async () => {
  await using gateway = await startGateway({
    settings,
    provider: {
      outcome: ({ octets }) => {
        const text = octets.toString();
        if (text.startsWith("refused")) return { answer: 0x0b, report: "none" };
        return { answer: 0, report: text.startsWith("bad") ? "UNDELIV" : "DELIVRD" };
      },
    },
  });
  await using esme = await customer(gateway);
  const wrong = await customer(gateway, { password: "wrong" });
  assert.equal(wrong.bindStatus, 0x0e);
  for (let n = 0; n < 5; n += 1) await submit(esme, `good ${n}`);
  for (let n = 0; n < 3; n += 1) await submit(esme, `bad ${n}`);
  for (let n = 0; n < 2; n += 1) await submit(esme, `refused ${n}`);
  await esme.delivered(10);
  await gateway.provider.until("reported", 8);
  await gateway.running.settled();
  // 92 of the 100 credits are left: what was refused was given back.
  for (let n = 0; n < 92; n += 1) await submit(esme, "good");
  const { status } = await submit(esme, "one too many");
  assert.equal(status, 0x45);
  await esme.delivered(102);
  await gateway.running.settled();
  // The spare host comes a while after the start, which all that may have overtaken.
  const spare = async () => valueOf(await page(gateway), "signalbox_trigger_hosts") === 2;
  assert.ok(await until(spare, patienceMs), "no spare trigger host");

  const all = await page(gateway);
  const value = (name: string, labels = {}) => valueOf(all, `signalbox_${name}`, labels);
  const test1 = { channel: "SMPP_SERVER1", account: "Test1" };
  assert.equal(value("messages_total", { ...test1, code: "accepted" }), 102);
  assert.equal(value("messages_total", { ...test1, code: "no_credit" }), 1);
  assert.equal(value("answer_seconds_count", { channel: "SMPP_SERVER1" }), 103);
  assert.equal(value("binds_total", { code: "accepted" }), 1);
  assert.equal(value("binds_total", { code: "bad_password" }), 1);
  const smpp1 = { channel: "SMPP1" };
  assert.equal(value("attempts_total", { ...smpp1, result: "taken" }), 100);
  assert.equal(value("attempts_total", { ...smpp1, result: "refused", status: "0x0B" }), 2);
  assert.equal(value("attempts_total", { ...test1, result: "taken" }), 102, "receipts");
  assert.equal(value("response_seconds_count", smpp1), 102);
  assert.equal(value("outcomes_total", { ...smpp1, status: "DELIVERED" }), 97);
  assert.equal(value("outcomes_total", { ...smpp1, status: "NOTDELIVERED" }), 3);
  assert.equal(value("outcomes_total", { ...smpp1, status: "FAILED" }), 2);
  assert.equal(value("reports_total", { ...smpp1, state: "DELIVRD", result: "applied" }), 97);
  assert.equal(value("reports_total", { ...smpp1, state: "UNDELIV", result: "applied" }), 3);
  assert.equal(value("report_delay_seconds_count", smpp1), 100);
  assert.equal(value("channel_up", smpp1), 1);
  assert.equal(value("queue_rows", smpp1), 0);
  assert.equal(value("in_flight", smpp1), 0);
  assert.equal(value("window_requests", smpp1), 10);
  assert.equal(value("window_used", smpp1), 0);
  assert.equal(value("sessions", test1), 1);
  assert.equal(value("sessions", smpp1), 1);
  assert.equal(value("trigger_runs_total", { trigger: "FWD" }), 103);
  assert.equal(value("trigger_faults_total"), 0);
  assert.ok((value("trigger_seconds_total", { trigger: "FWD" }) ?? 0) > 0);
  assert.equal(value("trigger_state", { trigger: "FWD", state: "active" }), 1);
  assert.equal(value("open_events"), 0);
  assert.equal(value("database_up"), 1);
  assert.ok((value("database_round_trip_seconds") ?? 0) > 0);
  assert.equal(value("writer_waiting"), 0);
  assert.ok((value("flushes_total", { result: "committed" }) ?? 0) > 10);
  assert.ok((value("flush_operations_sum") ?? 0) > 300);
  assert.ok(valueOf(all, "nodejs_eventloop_lag_p99_seconds") !== undefined);
});

test("what is wrong with reports shows: unknown ones, repeated ones, those that never came", async () => {
  await using gateway = await startGateway({
    settings,
    provider: { outcome: () => ({ answer: 0, report: "none" }) },
    channels: { SMPP1: { reports: { waitMs: 100 } } },
  });
  await using esme = await customer(gateway);
  await submit(esme, "silence");
  await esme.delivered(1);
  const unknown = `id:404404 sub:001 dlvrd:001 stat:DELIVRD err:000 text:`;
  const sms = { ...smsOf({ from: to, to: from, text: unknown }), esmClass: 0x04 };
  assert.equal(await gateway.provider.inject(sms), 0);
  const all = await page(gateway);
  const value = (name: string, labels = {}) => valueOf(all, `signalbox_${name}`, labels);
  assert.equal(value("outcomes_total", { channel: "SMPP1", status: "NOREPORT" }), 1);
  assert.equal(value("reports_total", { state: "DELIVRD", result: "unmatched" }), 1);
});

test("[C09] a whole run, logged with every PDU, holds no text, no password and no token", async () => {
  const written: string[] = [];
  const levels = createLogLevels("debug", systemClock);
  const sink = { write: (line: string) => void written.push(line) };
  const log = createLog(levels, { clock: systemClock, to: sink });
  await using gateway = await startGateway({
    settings: { ...settings, log: { level: "pdu" } },
    log,
  });
  await using esme = await customer(gateway);
  await customer(gateway, { password: "MARKEDPW" });
  const marked = "MARKEDTEXT of a person";
  await submit(esme, marked);
  await esme.delivered(1);
  const authorization = `Bearer ${token}`;
  for (const given of [authorization, `${authorization}-wrong`])
    await fetch(url(gateway, "/v1/messages"), { headers: { authorization: given } });
  await gateway.running.settled();
  const all = written.join("");
  for (const one of [marked, "MARKEDTEXT", "MARKEDPW", "MARKEDTOKEN", "Pwd1", "simulator\\u0000"]) {
    assert.ok(!all.includes(one), one);
    assert.ok(!all.includes(Buffer.from(one).toString("hex")), `${one} in hex`);
  }
  const lines = written.map((line): Record<string, unknown> => JSON.parse(line));
  const pdus = lines.filter(({ msg }) => String(msg).startsWith("pdu "));
  const commands = new Set(pdus.map(({ command }) => command));
  for (const command of ["bind_transceiver", "submit_sm", "submit_sm_resp", "deliver_sm"])
    assert.ok(commands.has(command), command);
  for (const one of pdus) {
    for (const fact of ["channel", "session", "direction", "sequence", "status", "hex"])
      assert.ok(one[fact] !== undefined, fact);
    assert.equal(one["tag"], "SMPP");
  }
});

test("[C09] PDUs of one channel are told while somebody wants them, and no longer", async () => {
  await using gateway = await startGateway({ settings });
  await using esme = await customer(gateway);
  const pdus = () => gateway.log.lines.filter(({ text }) => String(text).startsWith("pdu "));
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const put = async (body: object) =>
    fetch(url(gateway, "/v1/log-levels"), { method: "PUT", headers, body: JSON.stringify(body) });
  await submit(esme, "before");
  await esme.delivered(1);
  assert.equal(pdus().length, 0);
  const answer = await put({ channel: "SMPP1", level: "pdu", forMs: 3_600_000 });
  assert.equal(answer.status, 200);
  const said: unknown = await answer.json();
  assert.ok(Array.isArray(said) && said.length === 2);
  await submit(esme, "while");
  await esme.delivered(2);
  await gateway.running.settled();
  assert.ok(await until(async () => pdus().length >= 4, patienceMs));
  assert.deepEqual(new Set(pdus().map(({ channel }) => channel)), new Set(["SMPP1"]));
  await put({ channel: "SMPP1", level: "info" });
  const count = pdus().length;
  await submit(esme, "after");
  await esme.delivered(3);
  await gateway.running.settled();
  assert.equal(pdus().length, count);
  const changes = gateway.log.lines.filter(({ text }) => text === "log level changed");
  assert.deepEqual(
    changes.map(({ about, level, by }) => [about, level, by]),
    [
      ["SMPP1", "pdu", "ann"],
      ["SMPP1", "info", "ann"],
    ],
  );
  assert.equal((await put({ channel: "NOBODY", level: "pdu" })).status, 422);
  assert.equal((await put({ level: "loud" })).status, 400);
  assert.equal((await put({ level: "pdu", forMs: 90_000_000 })).status, 400);
});

test("a peer that floods us with broken PDUs, wrong binds and cut connections does not fill the log", async () => {
  const written: string[] = [];
  const levels = createLogLevels("info", systemClock);
  const sink = { write: (line: string) => void written.push(line) };
  const log = createLog(levels, { clock: systemClock, to: sink });
  // Who fails to bind so often is hung up on otherwise.
  const channels = { SMPP_SERVER1: { failedBindsMax: 0 } };
  await using gateway = await startGateway({ settings, log, channels });
  await using esme = await customer(gateway);
  const before = written.length;
  const rounds = 100;
  const broken = Buffer.from("0000002100000004000000000000000148656c6c6f", "hex");
  const tooLong = Buffer.from("7fffffff000000040000000000000001", "hex");
  const unbound = Buffer.from("00000010000000040000000000000001", "hex");
  for (let n = 0; n < rounds; n += 1) {
    for (const octets of [broken, tooLong, unbound, Buffer.alloc(100)])
      await throwAt(gateway, octets);
    const refused = await customer(gateway, { password: `wrong ${n}` });
    await refused.unbind();
  }
  const lines = written.slice(before);
  assert.ok(lines.length <= 40, `${lines.length} lines`);
  const { status } = await submit(esme, "others are served");
  assert.equal(status, 0);
  const all = await page(gateway);
  assert.equal(valueOf(all, "signalbox_binds_total", { code: "bad_password" }), rounds);
  const refusals = valueOf(all, "signalbox_protocol_refusals_total", { channel: "SMPP_SERVER1" });
  assert.ok((refusals ?? 0) >= rounds, "they are counted");
});

/** Connects, writes and hangs up. */
async function throwAt({ port }: TestGateway, octets: Buffer): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  socket.end(octets);
  await once(socket, "close");
}
