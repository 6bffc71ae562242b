// Every figure that we hold ourselves to, in about a quarter of an hour: see bench/README.md.
import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stdout } from "node:process";
import pg from "pg";
import { type GatewayProcess, freePort } from "../test/support/gateway-process.ts";
import { buildTools, toolsAlone, toolsAloneAtMarks } from "./load.ts";
import { machine } from "./machine.ts";
import { idleTrigger } from "./triggers.ts";
import { type Bench, type Run, isClean, openBench, ratePerS } from "./under-load.ts";
import { postmasterFile } from "./usage.ts";

/** Messages that let the engines warm up, and tell how many make the seconds below. */
const warmUpMessages = 20_000;
const measuredS = 60;
/** Seconds of each side of a comparison; the sides take turns so that both see the same machine. */
const comparedS = 10;
const turns = 3;
const offered = { rate: 1_000, seconds: 120 } as const;
const lifetimeMessages = 1_000_000;
const answerDelayMs = 50;
const manyBinds = 200;
const manyTriggers = 100;

/** One promise: what was reached, and what is asked for. */
interface Mark {
  readonly what: string;
  readonly reached: number;
  readonly unit: string;
  /** At least this much where `most` is false. */
  readonly mark: number;
  readonly most: boolean;
  readonly stretch?: number;
}

/** Prints a table, writes bench/out/full.json; false when anything was lost, doubled or refused. */
export async function full(): Promise<boolean> {
  buildTools();
  const before = await aloneNow();
  const marks: Mark[] = [];
  const runs: Run[] = [];
  const keep = (run: Run): Run => {
    runs.push(run);
    return run;
  };
  const least = (what: string, reached: number, unit: string, mark: number, stretch?: number) =>
    marks.push({ what, reached, unit, mark, most: false, ...(stretch && { stretch }) });
  const most = (what: string, reached: number, unit: string, mark: number, stretch?: number) =>
    marks.push({ what, reached, unit, mark, most: true, ...(stretch && { stretch }) });

  {
    await using bench = await openBench();
    const accepted = await bench.measure("warm-up", { count: warmUpMessages, window: 100 });
    const alone = keep(
      await bench.measure("without reports", {
        count: seconds(accepted, measuredS),
        window: 100,
      }),
    );
    least("without reports", ratePerS(alone), "messages/s", 25_000, 35_000);
    const warm = await bench.measure("warm-up with reports", {
      count: warmUpMessages,
      window: 100,
      reports: true,
    });
    const lives = keep(
      await bench.measure("whole lives", {
        count: seconds(warm, measuredS),
        window: 100,
        reports: true,
      }),
    );
    least("whole lives", ratePerS(lives), "lives/s", 15_000, 20_000);

    const atRate = keep(
      await bench.measure(`${offered.rate}/s with a checkpoint in the middle`, {
        count: offered.rate * offered.seconds,
        window: 1_000,
        rate: offered.rate,
        reports: true,
        meanwhile: checkpoint,
      }),
    );
    most("response at 1,000/s, p50", atRate.load.resp_ms.p50, "ms", 3);
    most("response at 1,000/s, p99", atRate.load.resp_ms.p99, "ms", 20);
    most("life at 1,000/s, p50", atRate.load.dlr.p50_ms, "ms", 10);
    most("life at 1,000/s, p99", atRate.load.dlr.p99_ms, "ms", 60);

    const sent = runs.reduce((sum, { load }) => sum + load.ok, 0);
    const early = memoryOf(lives);
    const million = await bench.measure("up to a million", {
      count: Math.max(warmUpMessages, lifetimeMessages - sent),
      window: 100,
      reports: true,
    });
    keep(million);
    // After the same kind of load as then: what is held for two hundred sessions is told by the next row.
    most("memory against that after the first minute", percent(memoryOf(million), early), "%", 110);

    const shared = await ofManyBinds(bench, lives, keep);
    least(`${manyBinds} binds against one`, shared, "%", 80);

    const highest = Math.max(...runs.map(memoryOf));
    most("memory at its highest, gateway and host", highest, "MiB", 400, 300);
    const beside = await besideFresh(bench, lives, keep);
    least("whole lives beside a million others", beside, "%", 90);
  }

  for (const window of [10, 100]) {
    await using bench = await openBench({ clientWindow: window });
    const possible = (window * 1_000) / answerDelayMs;
    await bench.measure("warm-up", { count: 2_000, window: 2 * window, answerDelayMs });
    const run = keep(
      await bench.measure(`provider answers after ${answerDelayMs} ms, window ${window}`, {
        count: possible * 20,
        window: 2 * window,
        answerDelayMs,
      }),
    );
    const share = percent(run.forwardedPerS, possible);
    least(`window ${window} at ${answerDelayMs} ms, of what is possible`, share, "%", 95);
  }

  const folder = await mkdtemp(join(tmpdir(), "signalbox-bench-triggers-"));
  try {
    await cp(new URL("../triggers", import.meta.url), folder, { recursive: true });
    for (let n = 1; n <= manyTriggers; n += 1)
      await writeFile(join(folder, `idle-${n}.ts`), idleTrigger(n));
    most(`${manyTriggers} triggers that do not match`, await costOf(folder, keep), "% cost", 5);
    most(`start with ${manyTriggers} triggers`, await startMs(folder), "ms", 2_000);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }

  const out = join(import.meta.dirname, "out");
  await mkdir(out, { recursive: true });
  const toolsPerS = [before, await aloneNow()];
  const kept = { ...machine(), toolsPerS, marks, runs };
  await writeFile(join(out, "full.json"), `${JSON.stringify(kept, null, 2)}\n`);
  stdout.write(
    `\nThe tools alone, before and after: ${toolsPerS.join(" and ")} messages/s; ` +
      `on the machine of the marks ${toolsAloneAtMarks}.\n`,
  );
  stdout.write(`\n${marks.map(lineOf).join("\n")}\nwritten to bench/out/full.json\n`);
  return runs.every(isClean);
}

async function aloneNow(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-bench-alone-"));
  try {
    return Math.round(await toolsAlone(folder, await freePort()));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How fast 200 sessions of the customer are, in % of one. */
function ofManyBinds(bench: Bench, like: Run, keep: (run: Run) => Run): Promise<number> {
  const how = { count: seconds(like, comparedS), reports: true };
  return inTurns(ratePerS, {
    one: () => bench.measure("one bind", { ...how, window: 100 }),
    other: async () =>
      keep(await bench.measure(`${manyBinds} binds`, { ...how, binds: manyBinds, window: 10 })),
  });
}

/** How fast a gateway is whose database holds all that went before, in % of a new one. */
async function besideFresh(old: Bench, like: Run, keep: (run: Run) => Run): Promise<number> {
  await using fresh = await openBench();
  const warm = { count: warmUpMessages, window: 100, reports: true };
  await fresh.measure("warm-up of a new gateway", warm);
  const how = { ...warm, count: seconds(like, comparedS) };
  return await inTurns(ratePerS, {
    one: () => fresh.measure("beside nothing", how),
    other: async () => keep(await old.measure("beside a million lives", how)),
  });
}

/**
 * What more triggers cost that have nothing to do with the traffic, in % of processor for each message, which
 * other users of the machine change less than the rate.
 */
async function costOf(folder: string, keep: (run: Run) => Run): Promise<number> {
  await using few = await openBench();
  await using many = await openBench({ settings: { triggers: folder } });
  const warm = { count: warmUpMessages, window: 100, reports: true };
  const like = await few.measure("warm-up", warm);
  await many.measure(`warm-up with ${manyTriggers} more triggers`, warm);
  const how = { ...warm, count: seconds(like, comparedS) };
  const share = await inTurns(processorUs, {
    one: () => few.measure("the eight triggers", how),
    other: async () => keep(await many.measure(`beside ${manyTriggers} others`, how)),
  });
  return share - 100;
}

/**
 * The other's figure in % of the one's: the median of turns, in each of which one follows the other, so that both
 * see the same machine.
 */
async function inTurns(
  figure: (run: Run) => number,
  { one, other }: { readonly one: () => Promise<Run>; readonly other: () => Promise<Run> },
): Promise<number> {
  const shares: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    // Who begins changes, since the machine may become slower as it goes on.
    const began = turn % 2 === 0 ? await one() : await other();
    const followed = turn % 2 === 0 ? await other() : await one();
    const [first, second] = turn % 2 === 0 ? [began, followed] : [followed, began];
    shares.push(percent(figure(second), figure(first)));
  }
  return median(shares);
}

function processorUs({ cpuUsPerMessage: us }: Run): number {
  return us.gateway + us.host + us.postgres;
}

/** ms from the command to all channels up, on a data directory that has been used before. */
async function startMs(triggers: string): Promise<number> {
  await using bench = await openBench({ settings: { triggers } });
  await bench.gateway.untilAnswers();
  const took: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    await bench.gateway.stop();
    const beganMs = performance.now();
    await bench.gateway.restart();
    await bench.gateway.untilAnswers();
    took.push(performance.now() - beganMs);
  }
  return median(took);
}

/** In the middle of the run, as an ordinary one would come: it must not be felt. */
async function checkpoint({ dataDirectory }: GatewayProcess): Promise<void> {
  await new Promise((wait) => setTimeout(wait, (offered.seconds * 1_000) / 2));
  const [, , , port, host] = readFileSync(postmasterFile(dataDirectory), "utf8").split("\n");
  const client = new pg.Client({ host, port: Number(port), user: "signalbox" });
  await client.connect();
  await client.query("checkpoint");
  await client.end();
}

function seconds(like: Run, count: number): number {
  return Math.round(ratePerS(like) * count);
}

function memoryOf({ residentMib }: Run): number {
  return residentMib.gateway + residentMib.host;
}

function percent(part: number, whole: number): number {
  return (part * 100) / whole;
}

function median(list: readonly number[]): number {
  return list.toSorted((one, other) => one - other)[list.length >> 1] ?? 0;
}

function lineOf({ what, reached, unit, mark, most, stretch }: Mark): string {
  const isMet = most ? reached <= mark : reached >= mark;
  const value = `${reached >= 100 ? Math.round(reached) : reached.toFixed(1)} ${unit}`;
  const asked = `${most ? "at most" : "at least"} ${mark}${stretch === undefined ? "" : `, stretch ${stretch}`}`;
  return `| ${what} | ${value} | ${asked} | ${isMet ? "reached" : "NOT reached"} |`;
}
