import { Counter, type Registry } from "prom-client";
import { ERRORS, type ErrorEntry } from "../model/error.ts";
import type { AnswerCode, Meter } from "../model/meter.ts";
import { bounded } from "./bounded.ts";
import { type OwnHistogram, createHistogram } from "./histogram.ts";
import { labelled } from "./labelled.ts";
import { accountsMax, codesMax, statesMax } from "./series.ts";

/** Seconds. Answers to customers: a commit takes a millisecond, a trigger two seconds at most. */
const answerBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
/** Seconds. Providers answer within a second, or after any time up to responseTimeoutMs. */
const responseBuckets = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15, 60];
/** Seconds. From a phone that lies on the table to one that comes back from a weekend. */
const reportBuckets = [0.5, 1, 2, 5, 10, 30, 60, 300, 1_800, 7_200, 43_200, 86_400, 259_200];
const flushBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5];
/** Operations; a flush has 768 at most. */
const operationsBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 768];

/** What is counted on the hot path, and the histograms of it, which stand in no registry. */
export function createCounting(registry: Registry): {
  readonly meter: Meter;
  readonly histograms: readonly OwnHistogram[];
} {
  const registers = [registry];
  const histograms: OwnHistogram[] = [];
  /** Counted in cells of our own and added to prom-client's when they are asked for. */
  const counter = (name: string, help: string, labelNames: readonly string[]) => {
    const cells = labelled(() => ({ count: 0, isShown: false }));
    const made = new Counter({
      name: `signalbox_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        for (const { labels, leaf } of cells.all()) {
          // Most have not changed since they were asked for the last time.
          if (leaf.count === 0 && leaf.isShown) continue;
          made.labels(...labels).inc(leaf.count);
          leaf.count = 0;
          leaf.isShown = true;
        }
      },
    });
    return cells.of;
  };
  const histogram = (
    name: string,
    help: string,
    { labelNames, buckets }: { labelNames: readonly string[]; buckets: readonly number[] },
  ) => {
    const made = createHistogram({ name: `signalbox_${name}`, help, labelNames, buckets });
    histograms.push(made);
    return made.observe;
  };
  const byChannel = ["channel"] as const;

  const messages = counter(
    "messages_total",
    "Messages that came in, by how they were answered: accepted, unanswered, or a code of docs/errors.md.",
    ["channel", "account", "code"],
  );
  const answerSeconds = histogram(
    "answer_seconds",
    "From a message that came in to its answer, after the commit.",
    { labelNames: byChannel, buckets: answerBuckets },
  );
  const binds = counter("binds_total", "Binds of customers, by how they were answered.", [
    "channel",
    "code",
  ]);
  const attempts = counter(
    "attempts_total",
    "Tries to hand a message to a peer, by what became of them; status is the peer's command_status.",
    ["channel", "account", "result", "status"],
  );
  const responseSeconds = histogram(
    "response_seconds",
    "From a message handed to a peer to his answer.",
    { labelNames: byChannel, buckets: responseBuckets },
  );
  const outcomes = counter(
    "outcomes_total",
    "Messages that went out and have reached their end, by status.",
    ["channel", "status"],
  );
  const reports = counter(
    "reports_total",
    "Reports of providers, by the state they tell and what became of them.",
    ["channel", "state", "result"],
  );
  const reportDelaySeconds = histogram(
    "report_delay_seconds",
    "From the making of a message that went out to its first final report.",
    { labelNames: byChannel, buckets: reportBuckets },
  );
  const deadLetters = counter("dead_letters_total", "Work that was given up, by kind.", ["kind"]);
  const flushes = counter("flushes_total", "Transactions of the writer, by how they ended.", [
    "result",
  ]);
  const flushSeconds = histogram(
    "flush_seconds",
    "From a transaction of the writer sent to PostgreSQL to its commit.",
    { labelNames: [], buckets: flushBuckets },
  );
  const flushOperations = histogram("flush_operations", "Operations of one transaction.", {
    labelNames: [],
    buckets: operationsBuckets,
  });
  const hookCalls = counter(
    "webhook_calls_total",
    "Calls of customers' URLs, by what became of them: told, again, dead.",
    ["account", "result"],
  );
  const adminRefusals = counter("admin_refusals_total", "Requests that the admin port refused.", [
    "reason",
  ]);

  // There from the start: what appears with its first count has not increased for who watches.
  for (const kind of ["report", "event"]) deadLetters(kind);
  for (const reason of ["token", "host", "flood"]) adminRefusals(reason);
  for (const result of ["committed", "rolledBack", "unknown"]) flushes(result);

  const account = bounded(accountsMax);
  const code = bounded(codesMax, ["accepted", "unanswered", ...Object.keys(ERRORS)]);
  const status = bounded(codesMax, statusTexts);
  const state = bounded(statesMax);
  const seconds = (ms: number): number => ms / 1_000;

  const meter: Meter = {
    messageAnswered(one) {
      messages(one.channel, account(one.account ?? ""), code(codeText(one.code))).count += 1;
      answerSeconds(seconds(one.tookMs), one.channel);
    },
    bindAnswered(channel, answered) {
      binds(channel, code(codeText(answered))).count += 1;
    },
    handedOver(one) {
      const told = one.status === undefined ? "" : status(codeText(one.status));
      attempts(one.channel, account(one.account ?? ""), one.result, told).count += 1;
      // Who did not answer has no time of an answer.
      if (one.result === "taken" || one.result === "refused")
        responseSeconds(seconds(one.tookMs), one.channel);
    },
    ended(channel, reached) {
      outcomes(channel, reached).count += 1;
    },
    reported(one) {
      reports(one.channel, state(one.state), one.result).count += 1;
      if (one.delayMs !== undefined)
        reportDelaySeconds(seconds(Math.max(0, one.delayMs)), one.channel);
    },
    buried(kind) {
      deadLetters(kind).count += 1;
    },
    flushed({ operations, result, tookMs }) {
      flushes(result).count += 1;
      flushSeconds(seconds(tookMs));
      flushOperations(operations);
    },
    hookCalled(one, result) {
      hookCalls(account(one), result).count += 1;
    },
    adminRefused(reason) {
      adminRefusals(reason).count += 1;
    },
  };
  return { meter, histograms };
}

/** The statuses of the standard that we know by name. */
const statusTexts = Object.values<ErrorEntry>(ERRORS).flatMap(({ smpp }) =>
  smpp === undefined ? [] : [codeText(smpp)],
);

/** Numbers are command_status values, as docs/errors.md writes them. */
function codeText(code: AnswerCode): string {
  return typeof code === "number" ? `0x${code.toString(16).toUpperCase().padStart(2, "0")}` : code;
}
