// Kannel (Debian's package kannel) as a customer of ours: its bearerbox binds to SMPP_SERVER1, we
// send through its HTTP interface, and it tells us over HTTP what it was told over SMPP. `.ci/run`
// installs it where Debian has it; elsewhere this says what is missing.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { byLastDigit } from "../../src/simulator/rules.ts";
import { type Smsc, startSmsc } from "../../src/simulator/smsc.ts";
import {
  freePort,
  type GatewayProcess,
  startGatewayProcess,
  until,
} from "../support/gateway-process.ts";

/** Debian puts them where only root's PATH leads. */
const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` };
const isThere = (program: string) =>
  spawnSync(program, ["--version"], { env, timeout: 10_000 }).error === undefined;
const skip =
  !(isThere("bearerbox") && isThere("smsbox")) && "Kannel is missing: apt-get install kannel";

/** ms. Kannel looks for work by the second. */
const patienceMs = 30_000;

/** dlr-mask of Kannel's user guide: 1 delivered, 2 not, 4 queued, 8 taken by the SMSC, 16 refused by it. */
const allReports = 31;

let gateway: GatewayProcess;
let provider: Smsc;
let web: Server;
let folder = "";
let sendPort = 0;
let webPort = 0;
const boxes: ChildProcess[] = [];
/** What Kannel told us over HTTP: `/report?...` and `/reply?...`. */
const told: URL[] = [];
let output = "";

before(async () => {
  if (skip) return;
  provider = await startSmsc({ host: "127.0.0.1", port: 0, rules: { outcome: byLastDigit } });
  const port = await freePort();
  gateway = await startGatewayProcess({
    example: true,
    channels: {
      SMPP_SERVER1: { type: "smpp-server", address: ["127.0.0.1"], port },
      SMPP1: {
        type: "smpp-client",
        host: "127.0.0.1",
        port: provider.port,
        systemId: "signalbox",
        password: "simulator",
        reconnectMs: 100,
        reports: { waitMs: 1_000 },
      },
    },
  });
  await gateway.untilUp();
  web = createServer((request, response) => {
    told.push(new URL(request.url ?? "/", "http://kannel"));
    response.end();
  }).listen(0, "127.0.0.1");
  await once(web, "listening");
  const address = web.address();
  webPort = typeof address === "object" && address !== null ? address.port : 0;
  folder = await mkdtemp(join(tmpdir(), "signalbox-kannel-"));
  const config = join(folder, "kannel.conf");
  await writeFile(config, await configuration(port));
  await run("bearerbox", config, /entering mainloop/);
  await run("smsbox", config, /Connected to bearerbox/);
  const isBound = async () =>
    (await gateway.channels()).some(
      ({ name, sessions }) => name === "SMPP_SERVER1" && sessions > 0,
    );
  assert.ok(await until(isBound, patienceMs), `Kannel did not bind:\n${output}`);
});

after(async () => {
  if (skip) return;
  for (const box of boxes.toReversed()) {
    if (box.exitCode !== null) continue;
    const ended = once(box, "exit");
    box.kill("SIGTERM");
    const killing = setTimeout(() => box.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(killing);
  }
  web.close();
  web.closeAllConnections();
  await gateway[Symbol.asyncDispose]();
  await provider.close();
  await rm(folder, { recursive: true, force: true });
});

for (const [to, types, means] of [
  ["+31612345670", ["8", "1"], "taken, then delivered"],
  ["+31612345675", ["8", "2"], "taken, then not delivered"],
  ["+31612345677", ["8", "2"], "taken, then unknown, which is no delivery to it"],
  ["+31612345679", ["8", "2"], "taken by us, then refused by the provider"],
] as const)
  test(`Kannel hears of a message to ${to}: ${means}`, { skip }, async () => {
    const name = to.slice(1);
    const report = `http://127.0.0.1:${webPort}/report?message=${name}&type=%d&text=%A`;
    assert.match(await send({ to, text: "Hello from Kannel", report }), /Accepted/);
    const typesOf = () =>
      told
        .filter(
          ({ pathname, searchParams }) =>
            pathname === "/report" && searchParams.get("message") === name,
        )
        .map(({ searchParams }) => searchParams.get("type"));
    const isAll = async () => types.every((type) => typesOf().includes(type));
    assert.ok(await until(isAll, patienceMs), `it heard ${typesOf().join(", ")}:\n${output}`);
    assert.deepEqual(new Set(typesOf()), new Set(types));
    assert.equal(typesOf().length, types.length, "each once");
  });

test("its text comes to the provider as it was written, Unicode too", { skip }, async () => {
  const text = "Grüße, 世界";
  await send({ to: "+31612345671", text });
  const isThereNow = async () =>
    provider.messages.some(
      ({ sms }) =>
        sms.dataCoding === 8 && Buffer.from(sms.octets).swap16().toString("utf16le") === text,
    );
  assert.ok(await until(isThereNow, patienceMs), output);
});

test("a reply to its number comes to it", { skip }, async () => {
  const reply = { from: "+31612345678", to: "+31699887766", text: "Hello back" };
  assert.equal(await provider.inject(reply), 0);
  const isThereNow = async () => told.some(({ pathname }) => pathname === "/reply");
  assert.ok(await until(isThereNow, patienceMs), output);
  const found = told.find(({ pathname }) => pathname === "/reply")?.searchParams;
  assert.equal(found?.get("text"), "Hello back");
  assert.match(found.get("from") ?? "", /31612345678$/);
});

async function send(message: {
  readonly to: string;
  readonly text: string;
  readonly report?: string;
}): Promise<string> {
  const query = new URLSearchParams({
    username: "tester",
    password: "tester",
    from: "+31699887766",
    to: message.to,
    text: message.text,
    charset: "UTF-8",
    // 0 lets it choose GSM 7-bit, 2 asks for UCS-2.
    coding: /^[\x20-\x7e]*$/.test(message.text) ? "0" : "2",
  });
  if (message.report !== undefined) {
    query.set("dlr-mask", String(allReports));
    query.set("dlr-url", message.report);
  }
  const answer = await fetch(`http://127.0.0.1:${sendPort}/cgi-bin/sendsms?${query.toString()}`);
  return answer.text();
}

async function run(program: string, config: string, ready: RegExp): Promise<void> {
  const box = spawn(program, ["-v", "1", config], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  boxes.push(box);
  let said = "";
  for (const stream of [box.stdout, box.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-16_384);
      output = (output + text).slice(-16_384);
    });
  const isReady = async () => {
    if (box.exitCode !== null) throw new Error(`${program} ended at its start:\n${said}`);
    return ready.test(said);
  };
  assert.ok(await until(isReady, patienceMs), `${program} is not ready:\n${said}`);
}

async function configuration(port: number): Promise<string> {
  sendPort = await freePort();
  const boxPort = await freePort();
  return `
group = core
admin-port = ${await freePort()}
admin-password = unused
smsbox-port = ${boxPort}
box-allow-ip = 127.0.0.1
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = signalbox
host = 127.0.0.1
port = ${port}
transceiver-mode = true
smsc-username = Test1
smsc-password = Pwd1
system-type = ""
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${sendPort}

group = sendsms-user
username = tester
password = tester

group = sms-service
keyword = default
get-url = "http://127.0.0.1:${webPort}/reply?from=%p&to=%P&text=%a"
max-messages = 0
catch-all = true
`;
}
