// The first figure that we promise, in under three minutes: a customer submits, two triggers run,
// the account is charged, the message is stored and passed on, and he is answered after the commit.
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
/** Messages that let the engines warm up, and tell how many make `measuredS`. */
const warmUpMessages = 20_000;
/** Seconds under load at the speed of the warm-up; speed grows with warmth, so that at least 30 are left. */
const measuredS = 50;
/** Messages a second, and for how long, in the run that asks for latency instead of speed. */
const offered = { rate: 1_000, seconds: 20 };
/** ms. Longer means that accepted messages do not get out any more. */
const drainMostMs = 60_000;
/** Accepted messages a second that this path is to reach at least. */
const mark = 8_000;

interface Run {
  readonly name: string;
  readonly asked: number;
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
    const warmUp = await measure(bench, "warm-up", { count: warmUpMessages, window: 100 });
    const count = Math.round(warmUp.load.msgs_per_s * measuredS);
    const runs = [
      await measure(bench, "window 100", { count, window: 100 }),
      await measure(bench, `${offered.rate}/s offered`, {
        count: offered.rate * offered.seconds,
        window: 1_000,
        rate: offered.rate,
      }),
    ];
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
      SMPP_SERVER1: { type: "smpp-server", address: ["127.0.0.1"], port },
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
  how: { readonly count: number; readonly window: number; readonly rate?: number },
): Promise<Run> {
  stdout.write(`${name}: ${how.count} messages\n`);
  const files = { acked: join(folder, "acked.txt"), ids: join(folder, "ids.txt") };
  const sink = await startSink(sinkPort, files.ids);
  await gateway.untilUp();
  await haveAccount(gateway);

  const before = usageOf(gateway.pid, gateway.dataDirectory);
  const beganMs = performance.now();
  const load = await runLoad({ port, ...how, ...customer(), ackedFile: files.acked });
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

function isClean({ asked, load, sink, lost, doubled }: Run): boolean {
  const broken = load.protocol_errors + sink.protocol_errors + load.dup_message_ids;
  return lost === 0 && doubled === 0 && broken === 0 && load.ok === asked;
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
    ...PARTS.map((part) => cell(`CPU µs/message ${part}`, (run) => run.cpuUsPerMessage[part])),
    ...PARTS.map((part) => cell(`memory MiB ${part}`, (run) => run.residentMib[part])),
    ["accepted", ({ load }) => load.ok],
    ["lost", ({ lost }) => lost],
    ["doubled", ({ doubled }) => doubled],
    ["answers", ({ load }) => JSON.stringify(load.by_status)],
  ];
  const lines = rows.map(([name, of]) => `| ${name} | ${runs.map(of).join(" | ")} |`);
  const head = `| | ${runs.map(({ name }) => name).join(" | ")} |\n|---|${"---:|".repeat(runs.length)}`;
  const best = Math.round(runs[0]?.load.msgs_per_s ?? 0);
  const verdict = `${best} accepted/s; the mark of ${mark}/s is ${best >= mark ? "reached" : "NOT reached"}`;
  return `\n${head}\n${lines.join("\n")}\n\n${verdict}\nwritten to bench/out/quick.json\n`;
}

function cell(name: string, of: (run: Run) => number) {
  return [name, of] as const;
}
