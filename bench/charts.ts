// Pictures for docs/speed.md: how speed and latency move with one thing at a time. About six minutes.
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { init } from "echarts";
import { buildTools } from "./load.ts";
import { machine } from "./machine.ts";
import { passingTrigger, writingTrigger } from "./triggers.ts";
import { type Bench, type How, type Run, isClean, openBench, ratePerS } from "./under-load.ts";

/** Seconds of each point, after a shorter run that warms up and tells how many messages that is. */
const pointS = 8;
const warmUpMessages = 5_000;

const WINDOWS = [1, 3, 10, 30, 100, 300, 1_000];
const BINDS = [1, 10, 50, 200];
const TRIGGERS = [2, 5, 10, 20, 50];
/** Characters; 400 are three parts. */
const TEXTS = { "60 characters": 60, "160 characters": 160, "3 parts": 400 };

const size = { width: 640, height: 320 };

interface Chart {
  readonly file: string;
  readonly title: string;
  readonly axis: string;
  readonly points: readonly { readonly at: string; readonly run: Run }[];
}

/** Measures, and writes docs/charts/*.svg with the figures beside them; false when a run was not clean. */
export async function charts(): Promise<boolean> {
  buildTools();
  const made: Chart[] = [];
  {
    await using bench = await openBench();
    const windows = [];
    for (const window of WINDOWS)
      windows.push({ at: String(window), run: await point(bench, { window }) });
    made.push({
      file: "window",
      title: "Lives per second by window (one bind)",
      axis: "window",
      points: windows,
    });
    const binds = [];
    for (const count of BINDS)
      binds.push({ at: String(count), run: await point(bench, { binds: count, window: 10 }) });
    made.push({
      file: "binds",
      title: "Lives per second by sessions of the customer (window 10 each)",
      axis: "binds",
      points: binds,
    });
  }
  made.push({
    file: "text",
    title: "Lives per second by text",
    axis: "text",
    points: await ofTexts(),
  });
  const triggers = [];
  for (const count of TRIGGERS)
    triggers.push({ at: String(count), run: await withTriggers(count) });
  made.push({
    file: "triggers",
    title: "Lives per second by triggers that run on each message",
    axis: "triggers",
    points: triggers,
  });

  const folder = join(import.meta.dirname, "../docs/charts");
  await mkdir(folder, { recursive: true });
  for (const chart of made) await writeFile(join(folder, `${chart.file}.svg`), pictureOf(chart));
  const figures = made.map(({ file, points }) => ({
    chart: file,
    points: points.map(({ at, run }) => ({
      at,
      perS: Math.round(ratePerS(run)),
      responseMs: run.load.resp_ms,
      cpuUsPerMessage: run.cpuUsPerMessage,
    })),
  }));
  const text = `${JSON.stringify({ ...machine(), figures }, null, 2)}\n`;
  await writeFile(join(folder, "figures.json"), text);
  return made.every(({ points }) => points.every(({ run }) => isClean(run)));
}

async function point(bench: Bench, how: Omit<How, "count">): Promise<Run> {
  const asked = { ...how, reports: true };
  const warm = await bench.measure("warm-up", { ...asked, count: warmUpMessages });
  const count = Math.max(1_000, Math.round(ratePerS(warm) * pointS));
  return bench.measure(JSON.stringify(how), { ...asked, count });
}

/** The text as a script gives it, so that the gateway writes it and cuts what is too long. */
async function ofTexts(): Promise<Chart["points"]> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-bench-triggers-"));
  try {
    await cp(new URL("../triggers", import.meta.url), folder, { recursive: true });
    await writeFile(join(folder, "forward.ts"), writingTrigger);
    await using bench = await openBench({ settings: { triggers: folder } });
    const points = [];
    for (const [at, textCharacters] of Object.entries(TEXTS))
      points.push({ at, run: await point(bench, { window: 100, textCharacters }) });
    return points;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Two of them are those that ship and take and forward the message. */
async function withTriggers(count: number): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-bench-triggers-"));
  try {
    await cp(new URL("../triggers", import.meta.url), folder, { recursive: true });
    for (let n = 1; n <= count - 2; n += 1)
      await writeFile(join(folder, `pass-${n}.ts`), passingTrigger(n));
    await using bench = await openBench({ settings: { triggers: folder } });
    return await point(bench, { window: 100 });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function pictureOf({ title, axis, points }: Chart): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: title, left: "center", textStyle: { fontSize: 14 } },
    legend: { bottom: 0 },
    grid: { top: 48, bottom: 64, left: 72, right: 72 },
    xAxis: {
      type: "category",
      name: axis,
      nameLocation: "middle",
      nameGap: 24,
      data: points.map(({ at }) => at),
    },
    yAxis: [
      { type: "value", name: "lives/s" },
      { type: "log", name: "ms", min: 1, splitLine: { show: false } },
    ],
    series: [
      {
        name: "lives/s",
        type: "bar",
        barMaxWidth: 40,
        data: points.map(({ run }) => Math.round(ratePerS(run))),
      },
      {
        name: "answer p50, ms",
        type: "line",
        yAxisIndex: 1,
        data: points.map(({ run }) => run.load.resp_ms.p50),
      },
      {
        name: "answer p99, ms",
        type: "line",
        yAxisIndex: 1,
        data: points.map(({ run }) => run.load.resp_ms.p99),
      },
    ],
  });
  const picture = chart.renderToSVGString();
  chart.dispose();
  return picture;
}
