// The figures that we promise, in under three minutes: a customer submits, two triggers run, the
// account is charged, the message is stored and passed on, and he is answered after the commit; then
// the same with the whole way home: the provider's report, two more triggers, the customer's receipt.
// Everything is real and on this machine; see bench/README.md for how to read it.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stdout } from "node:process";
import { buildTools } from "./load.ts";
import { machine } from "./machine.ts";
import { type Run, isClean, openBench } from "./under-load.ts";
import { PARTS } from "./usage.ts";

/** Messages that let the engines warm up, and tell how many make the seconds below. */
const warmUpMessages = 20_000;
/** Seconds under load at the speed of the warm-up; speed grows with warmth, so that at least 30 are left. */
const measuredS = { accepted: 50, lives: 40 } as const;
/** Messages a second, and for how long, in the runs that ask for latency instead of speed. */
const offered = { rate: 1_000, seconds: 15 } as const;
/** What this machine is to reach at least: messages accepted a second, and whole lives a second. */
const marks = { accepted: 8_000, lives: 5_000 } as const;

const atRate = { count: offered.rate * offered.seconds, window: 1_000, rate: offered.rate };

/** Prints a table, writes bench/out/quick.json; false when anything was lost, doubled or not accepted. */
export async function quick(): Promise<boolean> {
  buildTools();
  await using bench = await openBench();
  const accepted = await bench.measure("warm-up", { count: warmUpMessages, window: 100 });
  const runs = [
    await bench.measure("window 100", {
      count: Math.round(accepted.load.msgs_per_s * measuredS.accepted),
      window: 100,
    }),
    await bench.measure(`${offered.rate}/s`, atRate),
  ];
  const reports = true;
  const warm = { count: warmUpMessages, window: 100, reports };
  const lives = await bench.measure("warm-up with reports", warm);
  runs.push(
    await bench.measure("window 100, reports", {
      count: Math.round(lives.load.dlr.per_s * measuredS.lives),
      window: 100,
      reports,
    }),
    await bench.measure(`${offered.rate}/s, reports`, { ...atRate, reports }),
  );
  const out = join(import.meta.dirname, "out");
  await mkdir(out, { recursive: true });
  await writeFile(join(out, "quick.json"), `${JSON.stringify({ ...machine(), runs }, null, 2)}\n`);
  stdout.write(report(runs));
  return runs.every(isClean);
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
