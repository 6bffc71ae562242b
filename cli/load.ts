import type { Command } from "commander";
import type { LatencySummary } from "../src/simulator/latencies.ts";
import { bindsMax, type LoadFacts, startLoad } from "../src/simulator/load.ts";
import { duration, wholeNumber } from "./argument.ts";
import { exitCodes } from "./failure.ts";
import { readPassword } from "./password.ts";
import { answer, count, pairs, suggest } from "./print.ts";
import { createProgress } from "./progress.ts";
import type { GlobalOptions } from "./settings.ts";
import { signalled } from "./signalled.ts";

/** Messages a second. More than this program can send; a wish beyond it would only measure itself. */
const rateMax = 100_000;

/** Requests of one bind without an answer. */
const windowMax = 10_000;

/** Characters; message_payload takes more, and no phone does. */
const textCharactersMax = 10_000;

/** A day: longer than any soak, and what a timer can wait. */
const durationMsMax = 86_400_000;

/** ms. How often the line of progress tells anew. */
const tellMs = 250;

/** `signalbox load` */
export function addLoad(program: Command): void {
  program
    .command("load")
    .description("send many messages to an SMPP server and tell how it took them")
    .option(
      "--rate <number>",
      "messages a second; without it windows are full",
      wholeNumber(1, rateMax),
    )
    .option(
      "--duration <time>",
      "how long to send, 10s or 1h",
      duration(1_000, durationMsMax),
      10_000,
    )
    .option("--binds <number>", "sessions", wholeNumber(1, bindsMax), 1)
    .option(
      "--window <number>",
      "requests of a session without an answer",
      wholeNumber(1, windowMax),
      10,
    )
    .option(
      "--text-length <characters>",
      "of a text that is not long",
      wholeNumber(1, textCharactersMax),
      40,
    )
    .option("--receipts <percent>", "that ask for a report", percent, 100)
    .option("--long <percent>", "that have 400 characters", percent, 0)
    .option("--unicode <percent>", "that are UCS-2", percent, 0)
    .option(
      "--receipt-wait <time>",
      "how long to wait for reports",
      duration(0, durationMsMax),
      10_000,
    )
    .option("--from <number>", "who the messages are from", "+15550100001")
    .option("--to <number>", "the first recipient", "+15551230000")
    .option(
      "--recipients <number>",
      "numbers from there that take turns",
      wholeNumber(1, 1_000_000),
      1_000,
    )
    .option("--host <address>", "where to bind", "127.0.0.1")
    .option("--port <port>", "its TCP port; 2775, or 2776 with --tls", wholeNumber(1, 65_535))
    .option("--tls", "connect with TLS and check the certificate")
    .option("--insecure", "connect with TLS and take any certificate")
    .option("--system-id <id>", "who binds", "Test1")
    .option("--password <password>", "its password; - asks for it", "Pwd1")
    .action(async (own: LoadCommandOptions, command: Command) => {
      process.exitCode = await run(own, command.optsWithGlobals<GlobalOptions>());
    });
}

interface LoadCommandOptions {
  readonly rate?: number;
  /** ms, as `receiptWait`. */
  readonly duration: number;
  readonly binds: number;
  readonly window: number;
  readonly textLength: number;
  readonly receipts: number;
  readonly long: number;
  readonly unicode: number;
  readonly receiptWait: number;
  readonly from: string;
  readonly to: string;
  readonly recipients: number;
  readonly host: string;
  readonly port?: number;
  readonly tls?: true;
  readonly insecure?: true;
  readonly systemId: string;
  readonly password: string;
}

const percent = wholeNumber(0, 100);

async function run(own: LoadCommandOptions, options: GlobalOptions): Promise<number> {
  const password = own.password === "-" ? await readPassword("Password: ") : own.password;
  const secure = own.tls === true || own.insecure === true;
  const asked = signalled();
  const load = startLoad({
    bind: {
      host: own.host,
      port: own.port ?? (secure ? 2776 : 2775),
      ...(secure && { tls: { rejectUnauthorized: own.insecure !== true } }),
      systemId: own.systemId,
      password,
      windowRequests: own.window,
    },
    binds: own.binds,
    mix: {
      from: own.from,
      to: own.to,
      recipients: own.recipients,
      textCharacters: own.textLength,
      receiptsPercent: own.receipts,
      longPercent: own.long,
      unicodePercent: own.unicode,
    },
    rate: own.rate,
    durationMs: own.duration,
    receiptWaitMs: own.receiptWait,
  });
  void asked.then(load.stop);
  const progress = createProgress(options, { label: "load", unit: "s" });
  const telling = setInterval(() => tell(), tellMs);
  let before = { sent: 0, ms: 0 };
  let perSecond = 0;
  function tell(): void {
    const facts = load.facts();
    if (facts.ms - before.ms >= 1_000) {
      perSecond = ((facts.sent - before.sent) * 1_000) / (facts.ms - before.ms);
      before = { sent: facts.sent, ms: facts.ms };
    }
    const seconds = Math.min(facts.ms, own.duration) / 1_000;
    progress.at(Math.floor(seconds), Math.ceil(own.duration / 1_000), nowWords(facts, perSecond));
  }
  try {
    const facts = await load.ended;
    tell();
    progress.end();
    answer(options, valueOf(facts), () => words(facts));
    if (!isWell(facts))
      suggest("What became of one: signalbox message list, signalbox trace <id>.");
    return isWell(facts) ? exitCodes.done : exitCodes.unwell;
  } finally {
    clearInterval(telling);
    progress.end();
  }
}

/** Each message was sent in time and accepted, no session was lost, and each report came that was waited for. */
function isWell(facts: LoadFacts): boolean {
  const { sent, accepted, unsent, sessionsLost, stopped } = facts;
  const isWaitedFor = !stopped && missing(facts) > 0;
  return accepted === sent && unsent === 0 && sessionsLost === 0 && !isWaitedFor;
}

function missing({ receipts }: LoadFacts): number {
  return receipts.asked - receipts.back - receipts.untracked;
}

function nowWords(facts: LoadFacts, perSecond: number): string {
  const p99 = facts.latencyMs === undefined ? "" : `  p99 ${msOf(facts.latencyMs.p99)}`;
  const refused = total(facts.answers) + total(facts.unanswered) - facts.accepted;
  return `${Math.round(perSecond)}/s  ${facts.bound} bound${p99}  ${refused} refused  ${facts.receipts.back} receipts`;
}

function words(facts: LoadFacts): string {
  const { ms, sent, receipts, unsent, sessionsLost } = facts;
  const lost = missing(facts);
  const inTime = facts.stopped ? "open" : "lost";
  const rows: (readonly [string, string])[] = [
    ["sent", `${count(sent, "message")} in ${(ms / 1_000).toFixed(1)} s, ${rateOf(facts)}/s`],
    ["answers", sums({ ...facts.answers, ...facts.unanswered }) || "none"],
    ["latency", latencyWords(facts.latencyMs)],
    ["receipts", `${receipts.back} of ${receipts.asked} back, ${lost} ${inTime}`],
  ];
  if (receipts.delayMs !== undefined) rows.push(["", latencyWords(receipts.delayMs)]);
  if (Object.keys(receipts.states).length > 0) rows.push(["", sums(receipts.states)]);
  if (receipts.unexpected > 0) rows.push(["", `${receipts.unexpected} unexpected`]);
  if (receipts.untracked > 0) rows.push(["", `${receipts.untracked} not looked after`]);
  if (unsent > 0) rows.push(["not sent", `${count(unsent, "message")}: slower than the rate`]);
  if (sessionsLost > 0) rows.push(["sessions", `${sessionsLost} lost`]);
  return pairs(rows);
}

function valueOf(facts: LoadFacts) {
  const { ms, receipts, latencyMs, ...rest } = facts;
  return {
    well: isWell(facts),
    seconds: Math.round(ms) / 1_000,
    perSecond: Number(rateOf(facts)),
    ...rest,
    latencyMs: latencyMs && rounded(latencyMs),
    receipts: {
      ...receipts,
      missing: missing(facts),
      delayMs: receipts.delayMs && rounded(receipts.delayMs),
    },
  };
}

function rounded({ p50, p95, p99, max }: LatencySummary): LatencySummary {
  const round = (ms: number): number => Math.round(ms * 100) / 100;
  return { p50: round(p50), p95: round(p95), p99: round(p99), max: round(max) };
}

function rateOf({ sent, ms }: LoadFacts): string {
  return (ms === 0 ? 0 : (sent * 1_000) / ms).toFixed(1);
}

function sums(of: Readonly<Record<string, number>>): string {
  return Object.entries(of)
    .map(([name, number]) => `${number} ${name}`)
    .join(", ");
}

function total(of: Readonly<Record<string, number>>): number {
  return Object.values(of).reduce((sum, number) => sum + number, 0);
}

function latencyWords(times: LatencySummary | undefined): string {
  if (times === undefined) return "none";
  const { p50, p95, p99, max } = times;
  return `p50 ${msOf(p50)}, p95 ${msOf(p95)}, p99 ${msOf(p99)}, max ${msOf(max)}`;
}

function msOf(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}
