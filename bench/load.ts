import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "../src/config/schema.ts";

const TOOLS = join(import.meta.dirname, "tools");

const latency = z.object({ p50: z.number(), p99: z.number(), max: z.number() });

/** What we read of smpp-load's line; bench/tools/README.md explains it. */
const loadSchema = z.object({
  ok: z.number(),
  seconds: z.number(),
  msgs_per_s: z.number(),
  resp_ms: latency,
  by_status: z.record(z.string(), z.number()),
  bind_errors: z.number(),
  dup_message_ids: z.number(),
  dlr: z.object({
    received: z.number(),
    duplicates: z.number(),
    unknown: z.number(),
    not_delivrd: z.number(),
    per_s: z.number(),
    p50_ms: z.number(),
    p99_ms: z.number(),
  }),
  protocol_errors: z.number(),
  cpu_s: z.number(),
});
export type Load = z.infer<typeof loadSchema>;

const sinkSchema = z.object({
  accepted: z.number(),
  distinct: z.number(),
  e2e_ms: latency,
  protocol_errors: z.number(),
  cpu_s: z.number(),
});
export type SinkCount = z.infer<typeof sinkSchema>;

/** Makes both tools; throws with the compiler's words when that fails. */
export function buildTools(): void {
  const { status, stderr, error } = spawnSync("make", ["-C", TOOLS], { encoding: "utf8" });
  if (status !== 0) throw new Error(`make -C bench/tools failed: ${error?.message ?? stderr}`);
}

/** A provider that takes everything at once, and reports what is asked for at once. `stop` ends it and gives its count. */
export async function startSink(port: number, idsFile: string, answerDelayMs = 0) {
  const delay = ["--resp-delay-ms", String(answerDelayMs)];
  const args = ["--port", String(port), "--dlr", "auto", "--log-ids", idsFile, ...delay];
  const child = spawn(join(TOOLS, "smpp-sink"), args, { stdio: ["ignore", "pipe", "pipe"] });
  const output = textOf(child.stdout);
  // It says on this stream that it listens.
  await Promise.race([once(child.stderr, "data"), once(child, "exit")]);
  if (child.exitCode !== null) throw new Error(`smpp-sink ended at once with ${child.exitCode}`);
  return {
    async stop(): Promise<SinkCount> {
      const ended = once(child, "close");
      child.kill("SIGTERM");
      await ended;
      return sinkSchema.parse(JSON.parse(output()));
    },
  };
}

export interface LoadOptions {
  readonly port: number;
  readonly systemId: string;
  readonly password: string;
  readonly count: number;
  /** submit_sm without an answer at a time, for each bind. */
  readonly window: number;
  /** Sessions that share the load; 1 when left out. */
  readonly binds?: number;
  /** Messages a second; as fast as answers come when left out. */
  readonly rate?: number;
  /** Each message asks for a report, and the run ends when the last receipt has come. */
  readonly reports: boolean;
  readonly textCharacters: number;
  /** Gets the number of each message that was answered with status 0. */
  readonly ackedFile: string;
}

export async function runLoad(options: LoadOptions): Promise<Load> {
  const flags: Readonly<Record<string, string | number | undefined>> = {
    port: options.port,
    "system-id": options.systemId,
    password: options.password,
    count: options.count,
    window: options.window,
    binds: options.binds,
    rate: options.rate,
    "registered-delivery": options.reports ? 1 : 0,
    len: options.textCharacters,
    "log-acked": options.ackedFile,
  };
  const args = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  const child = spawn(join(TOOLS, "smpp-load"), args, { stdio: ["ignore", "pipe", "inherit"] });
  const output = textOf(child.stdout);
  await once(child, "close");
  return loadSchema.parse(JSON.parse(output()));
}

/**
 * Messages a second that the tools exchange with nothing between them, at a window of 10: how fast the machine is just now,
 * as far as small packets and turns of two processes go.
 */
export async function toolsAlone(folder: string, port: number): Promise<number> {
  const sink = await startSink(port, join(folder, "alone-ids.txt"));
  const { msgs_per_s: perS } = await runLoad({
    port,
    systemId: "alone",
    password: "secret",
    count: 200_000,
    window: 10,
    reports: false,
    textCharacters: 60,
    ackedFile: join(folder, "alone-acked.txt"),
  });
  await sink.stop();
  return perS;
}

/** What they did on the machine on which our marks were set. */
export const toolsAloneAtMarks = 208_000;

/** Which acknowledged messages never reached the provider, and which reached it more than once. */
export function compare(ackedFile: string, idsFile: string) {
  const lines = (file: string) => readFileSync(file, "utf8").split("\n").filter(Boolean);
  const came = new Map(
    lines(idsFile).map((line) => {
      const [number = "", times = ""] = line.split(" ");
      return [number, Number(times)];
    }),
  );
  const acked = lines(ackedFile);
  return {
    lost: acked.filter((number) => !came.has(number)).length,
    doubled: [...came.values()].filter((times) => times > 1).length,
  };
}

function textOf(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (more: string) => (text += more));
  return () => text;
}
