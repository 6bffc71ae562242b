// Number tables of a million prefixes: memory, look-ups, and whether anything pauses while one is loaded.
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import process, { stdout } from "node:process";
import type { NumberTableEntry } from "../src/model/number-table.ts";
import { numberTable } from "../src/route/number-table.ts";
import { prefixStretch } from "../src/route/stretch.ts";
import { octetsOf, tableBuilder } from "../src/route/table-builder.ts";
import { entriesOfCsv } from "../src/route/table-csv.ts";

const prefixes = 1_000_000;
const lookUps = 1_000_000;
const perBatch = 1_000;

/** What a router can spend on it. */
const lookUpMaxUs = 5;

/** Ours are some 10 ms; what else the machine does comes on top. */
const pauseMaxMs = 200;

/** `npm run bench routes` */
export async function routes(): Promise<boolean> {
  const table = await packed();
  const octets = octetsOf(table);
  const read = numberTable({
    name: "prices",
    table,
    ported: () => undefined,
    nowMs: () => Date.now(),
  });
  const numbers = Array.from(
    { length: 10_000 },
    () => `+${31_000_000_000 + Math.floor(Math.random() * 1_000_000_000)}`,
  );
  for (const number of numbers) read.find(number);
  // Of the processor, so that what else the machine does is not measured.
  const before = process.threadCpuUsage();
  let hits = 0;
  let reasons = 0;
  for (let n = 0; n < lookUps; n++) {
    const { entries } = read.find(numbers[n % numbers.length] ?? "");
    hits += entries.length;
    reasons += entries[0]?.why.length ?? 0;
  }
  const { user, system } = process.threadCpuUsage(before);
  const us = (user + system) / lookUps;
  if (reasons === 0) throw new Error("no look-up found anything");
  const csvMs = await readCsv();
  stdout.write(
    [
      `look-up: ${us.toFixed(2)} µs in ${table.size} lines, ${(hits / lookUps).toFixed(1)} providers found`,
      `memory: ${(octets / 1_048_576).toFixed(1)} MiB, ${(octets / table.size).toFixed(1)} octets a line`,
      `loaded in ${table.tookMs.toFixed(0)} ms, the longest pause ${table.pauseMs.toFixed(1)} ms`,
      `CSV: ${csvMs.tookMs.toFixed(0)} ms for ${prefixes} lines, the longest pause ${csvMs.pauseMs.toFixed(1)} ms`,
      "",
    ].join("\n"),
  );
  return us < lookUpMaxUs && table.pauseMs < pauseMaxMs && csvMs.pauseMs < pauseMaxMs;
}

/** In slices, as the gateway loads it. */
async function packed() {
  const prices = { qualityMin: 0, perProvider: false };
  const builder = tableBuilder({
    size: 2 * prefixes,
    options: prices,
    networksElsewhere: false,
    fault: ({ text }) => {
      throw new Error(text);
    },
  });
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedMs = performance.now();
  let line = 1;
  // Two providers for each of 31000000 … 31999999.
  for (let n = 0; n < prefixes; n++) {
    const stretch = prefixStretch(`3${String(n + 1_000_000)}`);
    for (const provider of ["SMPP1", "SMPP2"]) {
      line += 1;
      builder.add({ line, ...stretch, provider, ...rest, price: 100 + (n % 900) });
    }
    if (n % perBatch === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const table = builder.finish();
  delay.disable();
  const tookMs = performance.now() - startedMs;
  return { ...table, tookMs, pauseMs: delay.max / 1e6 };
}

const rest = {
  network: "",
  quality: 90,
  weight: 1,
  validFromS: 0,
  blocked: false,
} satisfies Partial<NumberTableEntry>;

async function readCsv() {
  async function* chunks(): AsyncGenerator<Buffer> {
    yield Buffer.from("prefix,provider,price,quality\n");
    for (let n = 0; n < prefixes; n += perBatch) {
      const lines = Array.from(
        { length: perBatch },
        (_, at) => `3${1_000_000 + n + at},SMPP1,0.0065,90`,
      );
      yield Buffer.from(`${lines.join("\n")}\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedMs = performance.now();
  let count = 0;
  const fault = ({ text }: { text: string }): never => {
    throw new Error(text);
  };
  for await (const batch of entriesOfCsv(chunks(), fault)) count += batch.length;
  delay.disable();
  if (count !== prefixes) throw new Error(`${count} lines were read`);
  return { tookMs: performance.now() - startedMs, pauseMs: delay.max / 1e6 };
}
