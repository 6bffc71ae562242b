import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { adminSocketPath } from "../../src/model/admin-socket.ts";

/** What a command said and how it ended. */
export interface Said {
  readonly out: string;
  readonly err: string;
  readonly code: number | null;
}

const launcher = join(import.meta.dirname, "../../cli/signalbox.js");

/** Runs the command line as a child process, without a terminal, in UTC, until it ends. */
export async function signalbox(
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly input?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly script?: string;
    readonly signal?: AbortSignal;
  } = {},
): Promise<Said> {
  const child = spawn(process.execPath, [options.script ?? launcher, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env["PATH"], TZ: "UTC", ...options.env },
  });
  options.signal?.addEventListener("abort", () => child.kill("SIGTERM"));
  child.stdin.end(options.input ?? "");
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { out, err, code };
}

/** A request as the stand-in for the gateway got it. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/**
 * What it is to answer. A body that is no text or octets goes as JSON; with `cut` the connection ends
 * after it as if the gateway had been killed; with `rest` it goes on with that; `silent` answers
 * nothing at all.
 */
export interface Answer {
  readonly status?: number;
  readonly body: unknown;
  readonly cut?: boolean;
  readonly rest?: Promise<Buffer>;
  readonly silent?: boolean;
}
export type Answers = (asked: Asked) => Answer;

export interface Site extends AsyncDisposable {
  readonly folder: string;
  readonly config: string;
  readonly asked: readonly Asked[];
  /** Who asked, as the header of each request says. */
  readonly operators: readonly unknown[];
}

/**
 * A folder with a configuration, and at its admin socket a small HTTP server that answers as told: the
 * gateway's part of the conversation, without the gateway.
 */
export async function openSite(answers?: Answers): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), "signalbox-cli-"));
  const config = join(folder, "signalbox.yaml");
  writeFileSync(config, "data: ./data\nchannels: {}\n");
  mkdirSync(join(folder, "data"));
  const asked: Asked[] = [];
  const operators: unknown[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const one = {
        method: request.method ?? "",
        path: request.url ?? "",
        body: body === "" ? undefined : JSON.parse(body),
      };
      asked.push(one);
      operators.push(request.headers["signalbox-operator"]);
      const {
        status = 200,
        body: value,
        cut,
        rest,
        silent,
      } = answers?.(one) ?? { body: undefined };
      if (silent === true) return;
      response.writeHead(status, { "content-type": "application/json" });
      const isRaw = typeof value === "string" || Buffer.isBuffer(value) || value === undefined;
      const octets = isRaw ? (value ?? "") : JSON.stringify(value);
      if (cut === true) response.write(octets, () => response.destroy());
      else if (rest !== undefined) {
        response.write(octets);
        void rest.then((more) => response.end(more));
      } else response.end(octets);
    });
  });
  if (answers !== undefined)
    await new Promise<void>((resolve) =>
      server.listen(adminSocketPath(join(folder, "data")), resolve),
    );
  return {
    folder,
    config,
    asked,
    operators,
    async [Symbol.asyncDispose]() {
      if (answers !== undefined) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      rmSync(folder, { recursive: true });
    },
  };
}
