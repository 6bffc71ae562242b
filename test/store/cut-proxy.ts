import { mkdtemp, rm } from "node:fs/promises";
import { type Server, type Socket, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Stands between a gateway and its PostgreSQL as a network would: it can lose the gateway's side of
 * its connections while the server's side stays, refuse new ones, and swallow what the server answers.
 */
export interface CutProxy extends AsyncDisposable {
  /** The same database, through this proxy. */
  readonly url: string;
  /** The gateway's connections end; the server is not told, its backends go on. */
  cut(): void;
  /** New connections are refused until it is set back. */
  refusing: boolean;
  /** Answers of the server are dropped, as when they are lost with the connection. */
  deaf: boolean;
  /** Octets of answers that were dropped so far. */
  readonly swallowed: number;
}

export async function startCutProxy(url: string): Promise<CutProxy> {
  const parsed = new URL(url.replace("@/", "@socket/"));
  const socketDirectory = parsed.searchParams.get("host") ?? "";
  const folder = await mkdtemp(join(tmpdir(), "signalbox-cut-"));
  const pairs = new Set<{ near: Socket; far: Socket }>();
  const proxy = { refusing: false, deaf: false, swallowed: 0 };

  const server: Server = createServer((near) => {
    if (proxy.refusing) {
      near.destroy();
      return;
    }
    const far = connect(join(socketDirectory, ".s.PGSQL.5432"));
    const pair = { near, far };
    pairs.add(pair);
    near.on("data", (chunk) => far.write(chunk));
    far.on("data", (chunk) => {
      if (proxy.deaf) proxy.swallowed += chunk.length;
      else near.write(chunk);
    });
    near.on("end", () => far.end());
    far.on("close", () => {
      pairs.delete(pair);
      near.destroy();
    });
    for (const socket of [near, far]) socket.on("error", () => undefined); // Cut on purpose.
  });
  await new Promise<void>((resolve) => server.listen(join(folder, ".s.PGSQL.5432"), resolve));

  parsed.searchParams.set("host", folder);
  return Object.assign(proxy, {
    url: parsed.href.replace("@socket/", "@/"),
    cut() {
      for (const { near } of pairs) near.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  });
}
