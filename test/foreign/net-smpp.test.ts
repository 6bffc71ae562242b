// A customer whom we did not write (Debian's Net::SMPP, see customer.pl) against a gateway that was
// started as a stranger starts it. `.ci/run` installs what it needs; elsewhere it says what is missing.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { z } from "../../src/config/schema.ts";
import {
  freePort,
  type GatewayProcess,
  startGatewayProcess,
  until,
} from "../support/gateway-process.ts";

const script = join(import.meta.dirname, "customer.pl");
const perl = spawnSync("perl", ["-MNet::SMPP", "-e", "1"]);
const skip = perl.status !== 0 && "perl or Net::SMPP is missing: apt-get install libnet-smpp-perl";

const lineSchema = z.object({
  bind: z.object({ status: z.number(), systemId: z.string() }).nullable(),
  submits: z.array(z.object({ status: z.number(), messageId: z.string() })),
  delivered: z.array(z.object({ from: z.string(), text: z.string(), esmClass: z.number() })),
  unbound: z.boolean(),
});

let gateway: GatewayProcess;
let port = 0;

before(async () => {
  if (skip) return;
  port = await freePort();
  const providerPort = await freePort();
  const settings = {
    example: true,
    channels: {
      SMPP_SERVER1: { type: "smpp-server", address: ["127.0.0.1"], port },
      SMPP1: {
        type: "smpp-client",
        host: "127.0.0.1",
        port: providerPort,
        systemId: "signalbox",
        password: "simulator",
        reconnectMs: 100,
      },
    },
    simulator: { port: providerPort },
  };
  gateway = await startGatewayProcess(settings, "npm");
  await gateway.untilUp();
});

after(async () => {
  if (!skip) await gateway[Symbol.asyncDispose]();
});

/** One run of the customer, as he tells it. */
async function customer(...options: readonly string[]) {
  const args = [script, "--port", String(port), ...options];
  const { stdout } = await promisify(execFile)("perl", args, { timeout: 30_000 });
  return lineSchema.parse(JSON.parse(stdout));
}

for (const bind of ["transceiver", "transmitter"])
  test(
    `a ${bind} of Net::SMPP is let in, his message accepted, and he can leave`,
    { skip },
    async () => {
      const seen = await customer("--bind", bind, "--to", "+31612345678", "--text", "Hello");
      assert.deepEqual(seen.bind, { status: 0, systemId: "signalbox" });
      assert.equal(seen.submits.length, 1);
      assert.equal(seen.submits[0]?.status, 0);
      assert.match(seen.submits[0]?.messageId ?? "", /^[0-9a-f]{8}-?[0-9a-f]{4}-?7/);
      assert.ok(seen.unbound);
    },
  );

test("his message is passed to the provider and its life can be asked for", { skip }, async () => {
  const seen = await customer("--to", "+31687654321", "--text", "Where am I?");
  const id = seen.submits[0]?.messageId ?? "";
  const entry = z.object({ direction: z.string(), text: z.string(), status: z.string() });
  const lives = z.array(z.object({ entries: z.array(entry) }));
  const out = async () => {
    const [life] = lives.parse(await gateway.api("GET", `/v1/lives/${id}`));
    return life?.entries.find(({ direction }) => direction === "out");
  };
  const passedOn = async () => /^(SENT|DELIVERED)$/.test((await out())?.status ?? "");
  assert.ok(await until(passedOn, 10_000), `the life stands at ${JSON.stringify(await out())}`);
  assert.equal((await out())?.text, "Where am I?");
});

test("twenty messages in a row are all accepted, each under its own id", { skip }, async () => {
  const seen = await customer("--to", "+31612345678", "--count", "20");
  assert.deepEqual(new Set(seen.submits.map(({ status }) => status)), new Set([0]));
  assert.equal(new Set(seen.submits.map(({ messageId }) => messageId)).size, 20);
});

test("a receiver of Net::SMPP is let in and may not send", { skip }, async () => {
  const seen = await customer("--bind", "receiver", "--to", "+31612345678");
  assert.equal(seen.bind?.status, 0);
  assert.equal(seen.submits[0]?.status, 0x04);
});

test("a wrong password is refused with 0x0E, an unknown name with 0x0F", { skip }, async () => {
  assert.equal((await customer("--password", "Pwd2")).bind?.status, 0x0e);
  assert.equal((await customer("--system-id", "Nobody")).bind?.status, 0x0f);
});

test("Ctrl-C ends the gateway and its database, and the port is free again", { skip }, async () => {
  await gateway.stop();
  const left = readdirSync(gateway.dataDirectory, { recursive: true, encoding: "utf8" });
  assert.ok(!left.some((file) => file.endsWith("postmaster.pid")), gateway.output());
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  server.close();
});
