// The figures that we promise, in under three minutes: a customer submits, two triggers run, the
// account is charged, the message is stored and passed on, and he is answered after the commit; then
// the same with the whole way home: the provider's report, two more triggers, the customer's receipt.
// Everything is real and on this machine; see bench/README.md for how to read it.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { stdout, versions } from "node:process";
import {
  freePort,
  type GatewayProcess,
  startGatewayProcess,
  until,
} from "../test/support/gateway-process.ts";
import { buildTools, compare, type Load, runLoad, type SinkCount, startSink } from "./load.ts";
import { type Part, PARTS, usageOf } from "./usage.ts";

const ACCOUNT = { id: "load", password: "secret" };
const textCharacters = 60;
/** Messages that let the engines warm up, and tell how many make the seconds below. */
const warmUpMessages = 20_000;
/** Seconds under load at the speed of the warm-up; speed grows with warmth, so that at least 30 are left. */
const measuredS = { accepted: 50, lives: 40 } as const;
/** Messages a second, and for how long, in the runs that ask for latency instead of speed. */
const offered = { rate: 1_000, seconds: 15 } as const;
/** ms. Longer means that accepted messages do not get out any more. */
const drainMostMs = 60_000;
/** What this machine is to reach at least: messages accepted a second, and whole lives a second. */
const marks = { accepted: 8_000, lives: 5_000 } as const;

const atRate = { count: offered.rate * offered.seconds, window: 1_000, rate: offered.rate };

interface Run {
  readonly name: string;
  readonly asked: number;
  readonly reports: boolean;
  readonly load: Load;
  readonly sink: SinkCount;
  /** Passed on to the provider, from the first submit to the last row finished. */
  readonly forwardedPerS: number;
  readonly cpuUsPerMessage: Readonly<Record<Part, number>>;
  readonly residentMib: Readonly<Record<Part, number>>;
  readonly lost: number;
  readonly doubled: number;
}

interface Bench {
  readonly gateway: GatewayProcess;
  readonly port: number;
  readonly sinkPort: number;
  readonly folder: string;
}

/** Prints a table, writes bench/out/quick.json; false when anything was lost, doubled or not accepted. */
export async function quick(): Promise<boolean> {
  buildTools();
  const folder = await mkdtemp(join(tmpdir(), "signalbox-bench-"));
  const [port, sinkPort] = [await freePort(), await freePort()];
  await using gateway = await startGatewayProcess(settings(port, sinkPort));
  const bench = { gateway, port, sinkPort, folder };
  try {
    const accepted = await measure(bench, "warm-up", { count: warmUpMessages, window: 100 });
    const runs = [
      await measure(bench, "window 100", {
        count: Math.round(accepted.load.msgs_per_s * measuredS.accepted),
        window: 100,
      }),
      await measure(bench, `${offered.rate}/s`, atRate),
    ];
    const reports = true;
    const warm = { count: warmUpMessages, window: 100, reports };
    const lives = await measure(bench, "warm-up with reports", warm);
    runs.push(
      await measure(bench, "window 100, reports", {
        count: Math.round(lives.load.dlr.per_s * measuredS.lives),
        window: 100,
        reports,
      }),
      await measure(bench, `${offered.rate}/s, reports`, { ...atRate, reports }),
    );
    const out = join(import.meta.dirname, "out");
    await mkdir(out, { recursive: true });
    await writeFile(
      join(out, "quick.json"),
      `${JSON.stringify({ ...machine(), runs }, null, 2)}\n`,
    );
    stdout.write(report(runs));
    return runs.every(isClean);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function settings(port: number, sinkPort: number): Readonly<Record<string, unknown>> {
  return {
    channels: {
      SMPP_SERVER1: {
        type: "smpp-server",
        address: ["127.0.0.1"],
        port,
        // How many receipts the customer takes at a time; he answers at once.
        windowRequests: 1_000,
      },
      SMPP1: {
        type: "smpp-client",
        host: "127.0.0.1",
        port: sinkPort,
        systemId: "signalbox",
        password: "bench",
        windowRequests: 1_000,
        reconnectMs: 50,
      },
    },
    log: { level: "warn" },
  };
}

async function measure(
  { gateway, port, sinkPort, folder }: Bench,
  name: string,
  how: {
    readonly count: number;
    readonly window: number;
    readonly rate?: number;
    readonly reports?: boolean;
  },
): Promise<Run> {
  stdout.write(`${name}: ${how.count} messages\n`);
  const files = { acked: join(folder, "acked.txt"), ids: join(folder, "ids.txt") };
  const sink = await startSink(sinkPort, files.ids);
  await gateway.untilUp();
  await haveAccount(gateway);

  const before = usageOf(gateway.pid, gateway.dataDirectory);
  const beganMs = performance.now();
  const reports = how.reports ?? false;
  const load = await runLoad({ port, ...how, reports, ...customer(), ackedFile: files.acked });
  const isDrained = async () => {
    const channels = await gateway.channels();
    return channels.every(({ queued, inFlight }) => queued === 0 && inFlight === 0);
  };
  if (!(await until(isDrained, drainMostMs)))
    throw new Error(`messages still wait after ${drainMostMs} ms:\n${gateway.output()}`);
  const tookS = (performance.now() - beganMs) / 1_000;
  const after = usageOf(gateway.pid, gateway.dataDirectory);

  const count = await sink.stop();
  const perMessage = (part: Part) => ((after[part].cpuMs - before[part].cpuMs) * 1_000) / load.ok;
  return {
    name,
    asked: how.count,
    reports,
    load,
    sink: count,
    forwardedPerS: Math.round(count.accepted / tookS),
    cpuUsPerMessage: byPart((part) => Math.round(perMessage(part) * 10) / 10),
    residentMib: byPart((part) => Math.round(after[part].residentMib)),
    ...compare(files.acked, files.ids),
  };
}

function customer() {
  return { systemId: ACCOUNT.id, password: ACCOUNT.password, textCharacters };
}

/** With credits for everything that could be sent in the time. */
async function haveAccount(gateway: GatewayProcess): Promise<void> {
  const accounts = JSON.stringify(await gateway.api("GET", "/v1/accounts"));
  if (accounts.includes(`"${ACCOUNT.id}"`)) return;
  await gateway.api("POST", "/v1/accounts", { ...ACCOUNT, credits: 100_000_000, numbers: [] });
}

/** Nothing lost, doubled or malformed, and each report that was asked for came home once. */
function isClean({ asked, reports, load, sink, lost, doubled }: Run): boolean {
  const { dlr } = load;
  const broken = load.protocol_errors + sink.protocol_errors + load.dup_message_ids;
  const wrong = dlr.duplicates + dlr.unknown + dlr.not_delivrd;
  const home = dlr.received === (reports ? asked : 0);
  return lost + doubled + broken + wrong === 0 && load.ok === asked && home;
}

function byPart<T>(value: (part: Part) => T): Record<Part, T> {
  return { gateway: value("gateway"), host: value("host"), postgres: value("postgres") };
}

function machine() {
  return {
    at: new Date().toISOString(),
    node: versions.node,
    cpu: cpus()[0]?.model ?? "",
    cores: cpus().length,
    memoryMib: Math.round(totalmem() / 2 ** 20),
  };
}

function report(runs: readonly Run[]): string {
  const rows: readonly (readonly [string, (run: Run) => string | number])[] = [
    ["accepted/s", ({ load }) => Math.round(load.msgs_per_s)],
    ["passed on/s", ({ forwardedPerS }) => forwardedPerS],
    ["seconds", ({ load }) => load.seconds.toFixed(1)],
    ["answer p50 ms", ({ load }) => load.resp_ms.p50],
    ["answer p99 ms", ({ load }) => load.resp_ms.p99],
    ["at the provider p50 ms", ({ sink }) => sink.e2e_ms.p50],
    ["at the provider p99 ms", ({ sink }) => sink.e2e_ms.p99],
    ["lives/s", ({ reports, load }) => (reports ? Math.round(load.dlr.per_s) : "")],
    ["receipt p50 ms", ({ reports, load }) => (reports ? load.dlr.p50_ms : "")],
    ["receipt p99 ms", ({ reports, load }) => (reports ? load.dlr.p99_ms : "")],
    ...PARTS.map((part) => cell(`CPU µs/message ${part}`, (run) => run.cpuUsPerMessage[part])),
    ...PARTS.map((part) => cell(`memory MiB ${part}`, (run) => run.residentMib[part])),
    ["accepted", ({ load }) => load.ok],
    ["lost", ({ lost }) => lost],
    ["doubled", ({ doubled }) => doubled],
    ["receipts", ({ load }) => load.dlr.received],
    ["answers", ({ load }) => JSON.stringify(load.by_status)],
  ];
  const lines = rows.map(([name, of]) => `| ${name} | ${runs.map(of).join(" | ")} |`);
  const head = `| | ${runs.map(({ name }) => name).join(" | ")} |\n|---|${"---:|".repeat(runs.length)}`;
  const verdicts = [
    verdict("accepted/s", runs[0]?.load.msgs_per_s, marks.accepted),
    verdict("lives/s", runs.find(({ reports }) => reports)?.load.dlr.per_s, marks.lives),
  ];
  return `\n${head}\n${lines.join("\n")}\n\n${verdicts.join("\n")}\nwritten to bench/out/quick.json\n`;
}

function verdict(what: string, reached: number | undefined, mark: number): string {
  const isReached = (reached ?? 0) >= mark ? "reached" : "NOT reached";
  return `${Math.round(reached ?? 0)} ${what}; the mark of ${mark}/s is ${isReached}`;
}

function cell(name: string, of: (run: Run) => number) {
  return [name, of] as const;
}
