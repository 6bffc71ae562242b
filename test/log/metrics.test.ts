// The page that Prometheus reads, and that it stays finite whatever peers make up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../../src/log/metrics.ts";
import { accountsMax, codesMax, statesMax } from "../../src/log/series.ts";
import type { Readings } from "../../src/model/meter.ts";
import { type Sample, samplesOf, valueOf } from "../support/prometheus.ts";

const traffic = {
  windowRequests: 20,
  windowFree: 5,
  refused: 3,
  timedOut: 2,
  late: 1,
  stray: 0,
  writes: 11,
};

const readings: Readings = {
  channels: [
    {
      name: "SMPP1",
      type: "smpp-client",
      up: true,
      breakerOpen: true,
      queued: 7,
      inFlight: 2,
      uncertain: 1,
      oldestDueMs: 4_000,
      traffic,
    },
  ],
  sessions: [
    { channel: "SMPP_SERVER1", account: "Test1" },
    { channel: "SMPP_SERVER1", account: "Test1" },
    { channel: "SMPP_SERVER1", account: "Test2" },
  ],
  certificates: [{ channel: "SMPP_SERVER1", path: "us.pem", validUntilMs: 5_000 }],
  triggers: [{ name: "FWD", state: "active", runs: 9, faults: 1, tookMs: 250 }],
  dataSources: [{ name: "customers", calls: 7, errors: 2, tookMs: 500 }],
  ledger: {
    hold: { messages: 9, credits: 2.25 },
    commit: { messages: 5, credits: 1.25 },
    refund: { messages: 1, credits: 0.25 },
    accountsLow: 3,
  },
  hosts: { running: 2, restarts: 4, openEvents: 6, batches: 12 },
  database: { roundTripMs: 2, waiting: 8 },
  disk: { freeOctets: 1_000, low: false },
  nowMs: 10_000,
};

async function samples(metrics = createMetrics(), read?: Readings): Promise<Sample[]> {
  return samplesOf(await metrics.page(read));
}

test("what is counted stands on the page, in seconds, under the peer's and our own words", async () => {
  const metrics = createMetrics();
  const { meter } = metrics;
  const message = { channel: "C", account: "A", tookMs: 3 };
  meter.messageAnswered({ ...message, code: "accepted" });
  meter.messageAnswered({ ...message, code: "accepted" });
  meter.messageAnswered({ ...message, code: 0x58 });
  meter.handedOver({ channel: "P", account: "A", result: "refused", status: 20, tookMs: 40 });
  meter.handedOver({
    channel: "P",
    account: "A",
    result: "uncertain",
    status: undefined,
    tookMs: 9,
  });
  meter.reported({ channel: "P", state: "DELIVRD", result: "applied", delayMs: 1_500 });
  meter.flushed({ operations: 12, result: "committed", tookMs: 4 });
  const page = await samples(metrics);
  const value = (name: string, labels = {}) => valueOf(page, `signalbox_${name}`, labels);
  assert.equal(value("messages_total", { channel: "C", account: "A", code: "accepted" }), 2);
  assert.equal(value("messages_total", { channel: "C", account: "A", code: "0x58" }), 1);
  assert.equal(value("answer_seconds_count", { channel: "C" }), 3);
  assert.ok(Math.abs((value("answer_seconds_sum", { channel: "C" }) ?? 0) - 0.009) < 1e-9);
  assert.equal(value("attempts_total", { result: "refused", status: "0x14" }), 1);
  assert.equal(value("attempts_total", { result: "uncertain", status: "" }), 1);
  assert.equal(value("response_seconds_count", { channel: "P" }), 1, "no answer has no time");
  assert.equal(value("report_delay_seconds_bucket", { channel: "P", le: "2" }), 1);
  assert.equal(value("flush_operations_sum"), 12);
});

test("what is read stands on the page as it is in that moment", async () => {
  const metrics = createMetrics();
  await samples(metrics, readings);
  const page = await samples(metrics, readings);
  const value = (name: string, labels = {}) => valueOf(page, `signalbox_${name}`, labels);
  assert.equal(value("channel_up", { channel: "SMPP1" }), 1);
  assert.equal(value("queue_rows", { channel: "SMPP1" }), 7);
  assert.equal(value("queue_oldest_seconds", { channel: "SMPP1" }), 6);
  assert.equal(value("window_used", { channel: "SMPP1" }), 15);
  assert.equal(value("protocol_refusals_total", { channel: "SMPP1" }), 3, "not added up");
  assert.equal(value("sessions", { account: "Test1" }), 2);
  assert.equal(value("trigger_seconds_total", { trigger: "FWD" }), 0.25);
  assert.equal(value("data_source_calls_total", { source: "customers" }), 7);
  assert.equal(value("data_source_errors_total", { source: "customers" }), 2);
  assert.equal(value("data_source_seconds_total", { source: "customers" }), 0.5);
  assert.equal(value("ledger_messages_total", { kind: "hold" }), 9);
  assert.equal(value("ledger_credits_total", { kind: "commit" }), 1.25);
  assert.equal(value("ledger_credits_total", { kind: "refund" }), 0.25);
  assert.equal(value("accounts_low"), 3);
  assert.equal(value("trigger_host_restarts_total"), 4);
  assert.equal(value("database_round_trip_seconds"), 0.002);
  const gone = await samples(metrics, { ...readings, channels: [], sessions: [] });
  assert.equal(valueOf(gone, "signalbox_channel_up"), undefined, "a channel that is gone");
});

test("a database that does not answer, and a disk that is not ours, are not told as 0", async () => {
  const database = { roundTripMs: undefined, waiting: 0 };
  const page = await samples(createMetrics(), { ...readings, database, disk: undefined });
  assert.equal(valueOf(page, "signalbox_database_up"), 0);
  assert.ok(Number.isNaN(valueOf(page, "signalbox_database_round_trip_seconds")));
  assert.ok(Number.isNaN(valueOf(page, "signalbox_disk_free_bytes")));
});

test("what an alert waits for is there before it happens, as 0", async () => {
  const page = await samples();
  assert.equal(valueOf(page, "signalbox_dead_letters_total", { kind: "report" }), 0);
  assert.equal(valueOf(page, "signalbox_admin_refusals_total", { reason: "token" }), 0);
});

test("before the gateway runs the page is there, with what the process is", async () => {
  const page = await samples();
  assert.ok((valueOf(page, "process_resident_memory_bytes") ?? 0) > 0);
  assert.ok(page.some(({ name }) => name === "nodejs_eventloop_lag_p99_seconds"));
});

test(`accounts beyond ${accountsMax}, and codes and states that somebody makes up, are "other"`, async () => {
  const metrics = createMetrics();
  const more = 50;
  for (let n = 0; n < accountsMax + more; n += 1)
    metrics.meter.messageAnswered({ channel: "C", account: `a${n}`, code: "accepted", tookMs: 1 });
  for (let n = 0; n < codesMax + more; n += 1) metrics.meter.bindAnswered("C", 0x1000 + n);
  metrics.meter.bindAnswered("C", "bad_password");
  for (let n = 0; n < statesMax + more; n += 1)
    metrics.meter.reported({ channel: "C", state: `S${n}`, result: "ignored", delayMs: undefined });
  const page = await samples(metrics);
  const of = (name: string) => page.filter((one) => one.name === name);
  assert.equal(of("signalbox_messages_total").length, accountsMax + 1);
  assert.equal(valueOf(page, "signalbox_messages_total", { account: "other" }), more);
  assert.ok(of("signalbox_binds_total").length <= codesMax + 1);
  assert.ok((valueOf(page, "signalbox_binds_total", { code: "other" }) ?? 0) >= more);
  assert.equal(valueOf(page, "signalbox_binds_total", { code: "bad_password" }), 1);
  assert.equal(of("signalbox_reports_total").length, statesMax + 1);
});

test("a name of a peer cannot break the page", async () => {
  const metrics = createMetrics();
  const account = 'a"b\\c\nsignalbox_fake 1';
  metrics.meter.messageAnswered({ channel: "C", account, code: "accepted", tookMs: 1 });
  assert.equal(valueOf(await samples(metrics), "signalbox_messages_total", { account }), 1);
});
