// How many messages a second are accepted over HTTP, durable and scripted, beside what SMPP does in the same
// run on the same gateway; and how long a batch of a thousand takes. Where wrk is installed (Debian: `apt-get
// install wrk`) it makes the load, since it costs a fifth of what ours does; where Kannel is, too (`apt-get
// install kannel`), it takes turns with us.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath, stdout } from "node:process";
import { promisify } from "node:util";
import { type Store, kannelPerSAtMarks, openKannel } from "./kannel.ts";
import { buildTools, startSink } from "./load.ts";
import { openBench } from "./under-load.ts";
import { freePort } from "../test/support/gateway-process.ts";

const connections = 50;
const warmUpSeconds = 3;
const seconds = 6;
/** Of us and of Kannel, one after the other: the machine is not the same from minute to minute. */
const turns = 3;
/** Accepted a second, and milliseconds of a batch of a thousand: the marks of two cores. */
const marks = { perS: 8_000, p99Ms: 30, batchMs: 150 } as const;

const TRIGGERS = `import { onBind, onMessage, onReport } from "signalbox";
export const BIND = onBind({}, async (bind, { accounts }) => {
  const found = await accounts.verify(bind);
  if (found.ok) bind.accept({ account: found.account });
  else bind.reject(found.reason);
});
export const ACK = onMessage({ channels: ["SMPP_SERVER1", "HTTP1"], order: 10 }, (message) => {
  message.accept({ charge: message.parts });
});
export const FWD = onMessage({ channels: ["SMPP_SERVER1", "HTTP1"], order: 20 }, (message) => {
  message.forward({ channel: "SMPP1" });
});
export const REPORT = onReport({}, (report) => report.apply());
`;

/** For wrk: every request is the same, and the sum is one line of JSON. */
const WRK = `
local body = '{"to":"+31612345678","from":"Shop","text":"Your order 12345 is on its way to you."}'
function init(args)
  if #args == 0 then return end
  wrk.method = "POST"
  wrk.body = body
  wrk.headers["content-type"] = "application/json"
  wrk.headers["authorization"] = "Bearer " .. args[1]
end
function done(summary, latency)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  local statuses = '"202":' .. (summary.requests - summary.errors.status)
  if bad > 0 then statuses = statuses .. ',"other":' .. bad end
  io.write(string.format('{"perS":%d,"p50Ms":%.1f,"p99Ms":%.1f,"statuses":{%s}}\\n',
    summary.requests / summary.duration * 1000000, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, statuses))
end
`;

interface Load {
  readonly perS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly statuses: Readonly<Record<string, number>>;
}

/** Prints what was measured; false when something was not accepted. */
export async function http(): Promise<boolean> {
  buildTools();
  const folder = await mkdtemp(join(tmpdir(), "signalbox-bench-http-"));
  try {
    await writeFile(join(folder, "bench.ts"), TRIGGERS);
    const port = await freePort();
    const channel = { type: "http-server", address: ["127.0.0.1"], port };
    await using bench = await openBench({
      settings: { triggers: folder },
      channels: { HTTP1: channel },
    });
    await bench.measure("SMPP, warm-up", { count: 10_000, window: 100 });
    const smpp = await bench.measure("SMPP, window 100", { count: 30_000, window: 100 });
    const made = await bench.gateway.api("POST", "/v1/api-keys", { account: "load" });
    const key = keyIn(made);
    const load = (count: number, lasts: number, batch = 0) => send(port, key, count, lasts, batch);
    await load(connections, warmUpSeconds);
    const sendUrl = `http://127.0.0.1:${port}/v1/messages`;
    const sent = (await wrk(folder, sendUrl, key)) ?? (await load(connections, seconds));
    await load(1, 1, 1_000);
    const batches = await load(1, 2, 1_000);
    const ratio = sent.perS / smpp.load.msgs_per_s;
    stdout.write(
      `\nSMPP ${Math.round(smpp.load.msgs_per_s)}/s, p99 ${smpp.load.resp_ms.p99} ms\n` +
        `HTTP ${sent.perS}/s at ${connections} connections, ${ratio.toFixed(2)} of SMPP; p50 ${sent.p50Ms} ms, p99 ${sent.p99Ms} ms; answers ${JSON.stringify(sent.statuses)}\n` +
        `batch of 1,000: p50 ${batches.p50Ms} ms, p99 ${batches.p99Ms} ms, ${batches.perS} messages/s\n` +
        `marks: ${marks.perS}/s, p99 ${marks.p99Ms} ms, a batch in ${marks.batchMs} ms\n`,
    );
    for (const store of ["memory", "spool"] as const) await beside(folder, store, sendUrl, key);
    return [sent, batches].every(({ statuses }) => Object.keys(statuses).join() === "202");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Us and Kannel, in turns; nothing where wrk or Kannel is missing. */
async function beside(folder: string, store: Store, sendUrl: string, key: string): Promise<void> {
  const port = await freePort();
  const provider = await startSink(port, join(folder, "kannel-ids.txt"));
  try {
    await using kannel = await openKannel(folder, port, store);
    if (kannel === undefined) return;
    const ours: Load[] = [];
    const theirs: Load[] = [];
    for (let turn = 0; turn < turns; turn += 1) {
      const our = await wrk(folder, sendUrl, key);
      const their = await wrk(folder, kannel.url);
      if (our === undefined || their === undefined) return;
      ours.push(our);
      theirs.push(their);
    }
    const tell = (list: readonly Load[]) =>
      list.map(({ perS, p99Ms }) => `${perS}/s (p99 ${p99Ms} ms)`).join(", ");
    const sum = (list: readonly Load[]) => list.reduce((all, { perS }) => all + perS, 0);
    const mark = store === "memory" ? `, mark ${(marks.perS / kannelPerSAtMarks).toFixed(2)}` : "";
    stdout.write(
      `we, in turns with Kannel: ${tell(ours)}\nKannel, ${store}: ${tell(theirs)}\n` +
        `ratio ${(sum(ours) / sum(theirs)).toFixed(2)}${mark}\n`,
    );
  } finally {
    await provider.stop();
  }
}

/** Load by wrk, without a key by a GET; undefined where it is not installed. */
async function wrk(folder: string, url: string, key?: string): Promise<Load | undefined> {
  const script = join(folder, "send.lua");
  await writeFile(script, WRK);
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "-s", script, url];
  const own = key === undefined ? [] : ["--", key];
  try {
    const { stdout: told } = await promisify(execFile)("wrk", [...args, ...own]);
    const line = told.split("\n").find((text) => text.startsWith("{")) ?? "";
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The script above writes it.
    return JSON.parse(line) as Load;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}

async function send(
  port: number,
  key: string,
  count: number,
  lasts: number,
  batch: number,
): Promise<Load> {
  const program = join(import.meta.dirname, "http-load.ts");
  const args = [program, port, key, count, lasts, batch].map(String);
  const { stdout: told } = await promisify(execFile)(execPath, [
    "--disable-warning=ExperimentalWarning",
    ...args,
  ]);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Our own program writes it.
  return JSON.parse(told) as Load;
}

function keyIn(made: unknown): string {
  return typeof made === "object" && made !== null && "key" in made ? String(made.key) : "";
}
