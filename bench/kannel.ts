// Kannel (Debian: `apt-get install kannel`) on the work of `npm run bench http`: HTTP in, SMPP out. What machines and
// their hours do to a figure they do to both, so the ratio of the two says more than either.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { freePort, until } from "../test/support/gateway-process.ts";

/** Debian puts them where only root's PATH leads. */
const programs = { bearerbox: "/usr/sbin/bearerbox", smsbox: "/usr/sbin/smsbox" };

/** Where it keeps what it has accepted: nowhere but in memory, or in a file for each, without fsync. */
export type Store = "memory" | "spool";

/** The rate of the machine on which our marks were set, in memory (bench/README.md). */
export const kannelPerSAtMarks = 11_300;

export interface Kannel extends AsyncDisposable {
  /** A GET of this sends one message. */
  readonly url: string;
}

/** Bound to a provider on that port when it resolves; undefined where Kannel is not installed. */
export async function openKannel(
  folder: string,
  providerPort: number,
  store: Store,
): Promise<Kannel | undefined> {
  if (!Object.values(programs).every((path) => existsSync(path))) return undefined;
  const [adminPort, boxPort, webPort] = [await freePort(), await freePort(), await freePort()];
  const kept = join(folder, store);
  await mkdir(kept, { recursive: true });
  const config = join(folder, `kannel-${store}.conf`);
  await writeFile(
    config,
    `group = core
admin-port = ${adminPort}
admin-password = admin
smsbox-port = ${boxPort}
box-allow-ip = "127.0.0.1"
log-level = 3
log-file = "${join(folder, "bearerbox.log")}"
${store === "spool" ? `store-type = spool\nstore-location = "${kept}"` : ""}

group = smsc
smsc = smpp
smsc-id = provider
host = 127.0.0.1
port = ${providerPort}
transceiver-mode = 1
smsc-username = kannel
smsc-password = kannel
system-type = ""
max-pending-submits = 100

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${webPort}
log-level = 3
log-file = "${join(folder, "smsbox.log")}"

group = sendsms-user
username = bench
password = bench
`,
  );
  const boxes: ChildProcess[] = [];
  const start = (path: string) => boxes.push(spawn(path, [config], { stdio: "ignore" }));
  const url = `http://127.0.0.1:${webPort}/cgi-bin/sendsms?username=bench&password=bench`;
  const asked = `${url}&from=Shop&to=%2B31612345678&text=Your+order+12345+is+on+its+way+to+you.`;
  const kannel: Kannel = {
    url: asked,
    async [Symbol.asyncDispose]() {
      for (const box of boxes.toReversed()) {
        if (box.exitCode !== null || box.signalCode !== null) continue;
        const ended = once(box, "exit");
        box.kill("SIGKILL");
        await ended;
      }
    },
  };
  start(programs.bearerbox);
  // It opens its port for smsbox a second after its start, and smsbox asks but once.
  await until(() => isListening(boxPort), startMs);
  start(programs.smsbox);
  const isUp = async () => {
    const answer = await fetch(asked).catch(() => undefined);
    return answer?.status === 202 && (await answer.text()).includes("Accepted");
  };
  if (await until(isUp, startMs)) return kannel;
  await kannel[Symbol.asyncDispose]();
  throw new Error(`Kannel took no message within ${startMs} ms`);
}

/** ms. */
const startMs = 20_000;

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const heard = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return heard;
}
