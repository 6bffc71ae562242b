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
import { byLastDigit } from "../../src/simulator/rules.ts";
import { type Smsc, startSmsc } from "../../src/simulator/smsc.ts";
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
  delivered: z.array(
    z.object({
      command: z.string(),
      from: z.string(),
      to: z.string(),
      text: z.string(),
      esmClass: z.number(),
    }),
  ),
  unbound: z.boolean(),
});

let gateway: GatewayProcess;
let provider: Smsc;
let port = 0;

before(async () => {
  if (skip) return;
  port = await freePort();
  provider = await startSmsc({ host: "127.0.0.1", port: 0, rules: { outcome: byLastDigit } });
  const settings = {
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
  };
  gateway = await startGatewayProcess(settings, "npm");
  await gateway.untilUp();
});

after(async () => {
  if (skip) return;
  await gateway[Symbol.asyncDispose]();
  await provider.close();
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

for (const [to, says, err, text] of [
  ["+31612345670", "DELIVRD", "000", "dlvrd:001"],
  ["+31612345675", "UNDELIV", "006", "dlvrd:000"],
  ["+31612345677", "UNKNOWN", "099", "dlvrd:000"],
  ["+31612345679", "REJECTD", "\\d{3}", "dlvrd:000"],
] as const)
  test(
    `he hears ${says} of a message to ${to}, under the id that he was given`,
    { skip },
    async () => {
      const report = ["--registered-delivery", "1", "--wait-delivered", "1"];
      const seen = await customer("--to", to, "--text", "Where am I?", ...report);
      const id = seen.submits[0]?.messageId ?? "";
      const [receipt] = seen.delivered;
      assert.equal(receipt?.esmClass, 0x04);
      assert.deepEqual([`+${receipt.from}`, receipt.to], [to, "12345"]);
      const form = `^id:${id} sub:001 ${text} submit date:\\d{10} done date:\\d{10} stat:${says} err:${err} text:Where am I\\?$`;
      assert.match(receipt.text, new RegExp(form));
    },
  );

test("he gets the receipt in the words of his account, and as data_sm", { skip }, async () => {
  const path = "/v1/accounts/Test1/options";
  const receiptTemplate = "{stat} id={id} done={done}";
  await gateway.api("PATCH", path, { receiptTemplate, receiptAs: "data_sm", receiptDates: "unix" });
  const report = ["--registered-delivery", "1", "--wait-delivered", "1"];
  const seen = await customer("--to", "+31612345671", "--text", "Where am I?", ...report);
  const [receipt] = seen.delivered;
  assert.deepEqual([receipt?.command, receipt?.esmClass], ["data_sm", 0x04]);
  const id = seen.submits[0]?.messageId ?? "";
  assert.match(receipt?.text ?? "", new RegExp(`^DELIVRD id=${id} done=\\d{10}$`));
  await gateway.api("PATCH", path, { receiptTemplate: "", receiptAs: "", receiptDates: "" });
});

test("a message's life is four entries, each of which can be asked for", { skip }, async () => {
  const report = ["--registered-delivery", "1", "--wait-delivered", "1"];
  const seen = await customer("--to", "+31612345671", "--text", "Where am I?", ...report);
  const id = seen.submits[0]?.messageId ?? "";
  const entry = z.object({ kind: z.string(), direction: z.string(), status: z.string() });
  const lives = z.array(z.object({ status: z.string(), entries: z.array(entry) }));
  const life = async () => lives.parse(await gateway.api("GET", `/v1/lives/${id}`))[0];
  // The customer's answer to the receipt is committed a moment after he has gone.
  const isTold = async () => (await life())?.entries.at(-1)?.status === "DELIVERED";
  assert.ok(await until(isTold, 10_000), `the life stands at ${JSON.stringify(await life())}`);
  assert.deepEqual(
    (await life())?.entries.map((one) => `${one.kind} ${one.direction} ${one.status}`),
    ["sms in DELIVERED", "sms out DELIVERED", "report in RECEIVED", "report out DELIVERED"],
  );
});

test(
  "a reply comes to the customer whose number it is, also when he binds later",
  { skip },
  async () => {
    for (const [to, systemId, password] of [
      ["+31699887766", "Test1", "Pwd1"],
      ["+31688776655", "Test2", "Pwd2"],
    ] as const) {
      const text = `Hello ${systemId}`;
      assert.equal(await provider.inject({ from: "+31612345678", to, text }), 0);
      const who = ["--system-id", systemId, "--password", password, "--bind", "receiver"];
      const seen = await customer(...who, "--wait-delivered", "1");
      assert.deepEqual(seen.delivered, [
        { command: "deliver_sm", from: "31612345678", to: to.slice(1), text, esmClass: 0 },
      ]);
    }
    assert.equal(await provider.inject({ from: "1", to: "+31600000000", text: "nobody's" }), 0);
  },
);

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
