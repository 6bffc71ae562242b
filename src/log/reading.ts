import { Counter, Gauge, type Registry } from "prom-client";
import type { Readings } from "../model/meter.ts";
import { bounded } from "./bounded.ts";
import { accountsMax, triggersMax } from "./series.ts";

/** What is set anew each time metrics are asked for. */
export function createReading(registry: Registry): (readings: Readings) => void {
  const registers = [registry];
  const kept: { reset(): void }[] = [];
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) => {
    const made = new Gauge({ name: `signalbox_${name}`, help, labelNames, registers });
    kept.push(made);
    return (value: number, ...labels: string[]) => made.labels(...labels).set(value);
  };
  /** What somebody else has counted; the value is that of the moment. */
  const counter = (name: string, help: string, labelNames: readonly string[] = []) => {
    const made = new Counter({ name: `signalbox_${name}`, help, labelNames, registers });
    kept.push(made);
    return (value: number, ...labels: string[]) => made.labels(...labels).inc(value);
  };
  const channel = ["channel"] as const;
  const trigger = ["trigger"] as const;

  const typed = ["channel", "type"] as const;
  const up = gauge("channel_up", "1 when the channel listens or is bound, 0 when not.", typed);
  const breakerOpen = gauge("breaker_open", "1 while it is left alone for its failures.", channel);
  const queued = gauge("queue_rows", "Messages that wait, those in flight included.", typed);
  const inFlight = gauge("in_flight", "Messages that are with a peer or being finished.", channel);
  const uncertain = gauge("uncertain", "Waiting messages that the peer may have.", channel);
  const oldest = gauge(
    "queue_oldest_seconds",
    "For how long the first waiting message has been due; 0 when none is.",
    typed,
  );
  const windowSize = gauge(
    "window_requests",
    "Requests of ours that all sessions together may have unanswered.",
    channel,
  );
  const windowUsed = gauge("window_used", "How many of them cannot be used now.", channel);
  const refused = counter(
    "protocol_refusals_total",
    "Requests of peers that were broken, illegal or too many.",
    channel,
  );
  const timedOut = counter(
    "timeouts_total",
    "Requests of ours without an answer in time.",
    channel,
  );
  const late = counter("late_answers_total", "Answers that came after their time.", channel);
  const writes = counter("socket_writes_total", "Calls to the sockets of its sessions.", channel);
  const httpAnswers = counter(
    "http_answers_total",
    "Requests of customers over HTTP, by the status of the answer.",
    ["channel", "status"],
  );
  const stray = counter("stray_answers_total", "Answers that nobody waited for.", channel);
  const sessions = gauge("sessions", "Sessions that are bound.", ["channel", "account"]);
  const certificateEnds = gauge(
    "certificate_expiry_timestamp_seconds",
    "When a certificate of ours expires, in seconds since 1970 UTC.",
    ["channel", "file"],
  );
  const runs = counter("trigger_runs_total", "Runs of a trigger.", trigger);
  const faults = counter("trigger_faults_total", "Runs of a trigger that failed.", trigger);
  const took = counter("trigger_seconds_total", "Time that a trigger ran.", trigger);
  const states = gauge("trigger_state", "1 for the state that the trigger is in.", [
    "trigger",
    "state",
  ]);
  const source = ["source"] as const;
  const asked = counter("data_source_calls_total", "Statements of triggers.", source);
  const failed = counter("data_source_errors_total", "Those of them that failed.", source);
  const answered = counter("data_source_seconds_total", "Time that they took.", source);
  const hosts = gauge("trigger_hosts", "Processes that run triggers; one is a warm spare.");
  const restarts = counter("trigger_host_restarts_total", "Trigger hosts that died.");
  const batches = counter("trigger_batches_total", "Batches of events handed to a host.");
  const openEvents = gauge("open_events", "Events that triggers have not decided yet.");
  const databaseUp = gauge("database_up", "1 when PostgreSQL answers.");
  const roundTrip = gauge("database_round_trip_seconds", "Time of the shortest question to it.");
  const waiting = gauge("writer_waiting", "Operations that wait for their commit.");
  const diskFree = gauge("disk_free_bytes", "Room on the embedded database's disk.");
  const diskLow = gauge("disk_low", "1 while new messages are refused for want of room.");

  const hooksWaiting = gauge("webhook_waiting", "Calls of customers' URLs to be made.", [
    "account",
  ]);
  const hooksOpen = gauge(
    "webhook_open",
    "URLs of customers that are left alone for a while because they fail.",
    ["account"],
  );

  const kind = ["kind"] as const;
  const ledgerMessages = counter(
    "ledger_messages_total",
    "Messages whose price was held, committed or refunded, by which of it.",
    kind,
  );
  const ledgerCredits = counter("ledger_credits_total", "Credits of these entries.", kind);
  const accountsLow = gauge("accounts_low", "Accounts with less credit than their mark.");

  const account = bounded(accountsMax);
  const name = bounded(triggersMax);

  return (readings) => {
    for (const metric of kept) metric.reset();
    for (const one of readings.channels) {
      const { traffic } = one;
      up(Number(one.up), one.name, one.type);
      breakerOpen(Number(one.breakerOpen), one.name);
      queued(one.queued, one.name, one.type);
      inFlight(one.inFlight, one.name);
      uncertain(one.uncertain, one.name);
      oldest(
        Math.max(0, readings.nowMs - (one.oldestDueMs ?? Infinity)) / 1_000,
        one.name,
        one.type,
      );
      windowSize(traffic.windowRequests, one.name);
      windowUsed(traffic.windowRequests - traffic.windowFree, one.name);
      refused(traffic.refused, one.name);
      timedOut(traffic.timedOut, one.name);
      late(traffic.late, one.name);
      stray(traffic.stray, one.name);
      writes(traffic.writes, one.name);
      for (const [status, count] of traffic.httpAnswers ?? [])
        httpAnswers(count, one.name, String(status));
    }
    const byAccount = new Map<string, { channel: string; account: string; count: number }>();
    for (const session of readings.sessions) {
      const one = { channel: session.channel, account: account(session.account) };
      const key = `${one.channel}\n${one.account}`;
      byAccount.set(key, { ...one, count: (byAccount.get(key)?.count ?? 0) + 1 });
    }
    for (const one of byAccount.values()) sessions(one.count, one.channel, one.account);
    for (const one of readings.certificates)
      certificateEnds(one.validUntilMs / 1_000, one.channel, one.path);
    for (const one of readings.triggers) {
      runs(one.runs, name(one.name));
      faults(one.faults, name(one.name));
      took(one.tookMs / 1_000, name(one.name));
      states(1, name(one.name), one.state);
    }
    for (const one of readings.dataSources) {
      asked(one.calls, one.name);
      failed(one.errors, one.name);
      answered(one.tookMs / 1_000, one.name);
    }
    const hooks = new Map<string, { waiting: number; open: number }>();
    for (const one of readings.webhooks ?? []) {
      const label = account(one.account);
      const { waiting: all, open } = hooks.get(label) ?? { waiting: 0, open: 0 };
      hooks.set(label, { waiting: all + one.waiting, open: open + Number(one.open) });
    }
    for (const [label, one] of hooks) {
      hooksWaiting(one.waiting, label);
      hooksOpen(one.open, label);
    }
    const { ledger } = readings;
    if (ledger !== undefined) {
      for (const what of ["hold", "commit", "refund"] as const) {
        ledgerMessages(ledger[what].messages, what);
        ledgerCredits(ledger[what].credits, what);
      }
      accountsLow(ledger.accountsLow);
    }
    hosts(readings.hosts.running);
    restarts(readings.hosts.restarts);
    openEvents(readings.hosts.openEvents);
    batches(readings.hosts.batches);
    const { roundTripMs } = readings.database;
    databaseUp(Number(roundTripMs !== undefined));
    roundTrip(roundTripMs === undefined ? Number.NaN : roundTripMs / 1_000);
    waiting(readings.database.waiting);
    const { disk } = readings;
    // Of a database that is not ours no disk is known, which is not the same as a full one.
    diskFree(disk?.freeOctets ?? Number.NaN);
    diskLow(Number(disk?.low ?? false));
  };
}
