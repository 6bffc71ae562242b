import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { adminSocketPath } from "../../src/model/admin-socket.ts";
import type { ChannelView } from "../../src/model/view.ts";

const ROOT = join(import.meta.dirname, "../..");

/** How a gateway is started on a configuration file: as a stranger does, or without npm between. */
const COMMANDS = {
  npm: (config: string) => ["npm", "start", "--", "--config", config],
  node: (config: string) => [process.execPath, "cli/signalbox.js", "start", "--config", config],
} as const;

/** ms. The first start makes a database, which takes seconds on a slow disk. */
const startTimeoutMs = 60_000;
/** ms. Longer than drainMs and the database's shutdown together. */
const stopTimeoutMs = 30_000;
/** Characters of its output that are kept to be told when something goes wrong. */
const outputCharactersMax = 16_384;

export interface GatewayProcess extends AsyncDisposable {
  readonly pid: number;
  readonly dataDirectory: string;
  /** Asks the admin API; rejects when the answer is not a success. */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
  channels(): Promise<readonly ChannelView[]>;
  /** Resolves once it answers its admin socket; rejects as `untilUp` does. */
  untilAnswers(): Promise<void>;
  /** Resolves once every channel is up; rejects when the process ends before, or after a minute. */
  untilUp(): Promise<void>;
  /** What it said last, on both streams. */
  output(): string;
  /** kill -9 of the gateway alone, as a crash would; PostgreSQL and the trigger hosts are not told. */
  kill(): Promise<void>;
  /** Starts it again on the same configuration and data. */
  restart(): Promise<void>;
  /**
   * Asks it to stop and waits until nothing of it runs any more: SIGTERM, or Ctrl-C for all that npm
   * started. Gives the exit code; null when a signal ended it (npm after Ctrl-C, or killed).
   */
  stop(): Promise<number | null>;
}

/**
 * The whole gateway as a process of its own, with an embedded database in a temporary directory.
 * `settings` are those of signalbox.yaml without `data`. Disposing stops it and removes everything.
 * With `data` it keeps its data there, and that directory is the caller's.
 */
export async function startGatewayProcess(
  settings: Readonly<Record<string, unknown>>,
  by: keyof typeof COMMANDS = "node",
  data?: string,
): Promise<GatewayProcess> {
  const directory = await mkdtemp(join(tmpdir(), "signalbox-process-"));
  const dataDirectory = data ?? join(directory, "data");
  await mkdir(dataDirectory, { mode: 0o700, recursive: true });
  const config = join(directory, "signalbox.yaml");
  // JSON is YAML.
  await writeFile(
    config,
    JSON.stringify({ triggers: join(ROOT, "triggers"), ...settings, data: dataDirectory }),
  );
  const [program = "", ...rest] = COMMANDS[by](config);
  let output = "";
  let closed: Promise<unknown> = Promise.resolve();
  const launch = async () => {
    const started = spawn(program, rest, {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      // A process group of its own stands for the terminal in which a stranger types Ctrl-C.
      detached: by === "npm",
    });
    // Not "exit": that is npm's end alone, and what it started would still be running.
    closed = once(started, "close");
    for (const stream of [started.stdout, started.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output = (output + text).slice(-outputCharactersMax);
      });
    await once(started, "spawn");
    return started;
  };
  let child = await launch();

  const api = (method: string, path: string, body?: unknown) =>
    ask(adminSocketPath(dataDirectory), method, path, body);
  const channels = async () => {
    // The CLI trusts this answer in the same way: both ends are of one version.
    const answer = await api("GET", "/v1/channels");
    if (!Array.isArray(answer)) throw new Error(`no list of channels: ${JSON.stringify(answer)}`);
    return answer as readonly ChannelView[]; // oxlint-disable-line typescript/no-unsafe-type-assertion
  };
  const untilChannels = async (are: (list: readonly ChannelView[]) => boolean) => {
    const holds = async () => {
      if (hasEnded(child)) throw new Error(`the gateway ended at its start:\n${output}`);
      const list = await channels().catch(() => []);
      return list.length > 0 && are(list);
    };
    if (!(await until(holds, startTimeoutMs)))
      throw new Error(`not all channels are up after ${startTimeoutMs} ms:\n${output}`);
  };
  const signal = (name: "SIGTERM" | "SIGINT" | "SIGKILL") => {
    if (by === "npm" && child.pid !== undefined) process.kill(-child.pid, name);
    else child.kill(name);
  };
  const stop = async () => {
    if (!hasEnded(child)) signal(by === "npm" ? "SIGINT" : "SIGTERM");
    const killing = setTimeout(() => signal("SIGKILL"), stopTimeoutMs);
    await closed;
    clearTimeout(killing);
    return child.exitCode;
  };
  return {
    get pid() {
      return child.pid ?? 0;
    },
    async kill() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
    async restart() {
      child = await launch();
    },
    dataDirectory,
    api,
    channels,
    untilAnswers: () => untilChannels(() => true),
    untilUp: () => untilChannels((list) => list.every(({ state }) => state === "up")),
    output: () => output,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Asks until the answer is yes; false when it was not within the limit. Another process cannot be
 * awaited by an event of ours, so it is asked again and again.
 */
export async function until(check: () => Promise<boolean>, limitMs: number): Promise<boolean> {
  const giveUp = performance.now() + limitMs;
  while (!(await check())) {
    if (performance.now() > giveUp) return false;
    await pause(20);
  }
  return true;
}

/** A TCP port of 127.0.0.1 that was free a moment ago, for programs that cannot pick one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function ask(socketPath: string, method: string, path: string, body: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const asked = request({ socketPath, method, path, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (more: string) => (text += more));
      answer.on("end", () => {
        if ((answer.statusCode ?? 500) >= 300) reject(new Error(`${method} ${path}: ${text}`));
        // Of a long work each step is a line; the last one is what came of it.
        else resolve(text === "" ? undefined : JSON.parse(text.trimEnd().split("\n").at(-1) ?? ""));
      });
    });
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
