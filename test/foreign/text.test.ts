// Text in every form, as a customer's library that we did not write puts it on the wire (Debian's
// Net::SMPP, see customer.pl): octets in are octets out, in both directions, and parts are joined.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { z } from "../../src/config/schema.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { startGateway } from "../support/gateway.ts";

const script = join(import.meta.dirname, "customer.pl");
const perl = spawnSync("perl", ["-MNet::SMPP", "-e", "1"]);
const skip = perl.status !== 0 && "perl or Net::SMPP is missing: apt-get install libnet-smpp-perl";

const to = "+31612345670";
const from = "12345";

const lineSchema = z.object({
  submits: z.array(z.object({ status: z.number(), messageId: z.string() })),
  delivered: z.array(
    z.object({ hex: z.string(), dataCoding: z.number(), esmClass: z.number(), text: z.string() }),
  ),
});

async function customer(port: number, options: Readonly<Record<string, string | number>>) {
  const args = Object.entries({ port, ...options }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  const { stdout } = await promisify(execFile)("perl", [script, ...args]);
  return lineSchema.parse(JSON.parse(stdout));
}

const parts = ["0500032a0201", "0500032a0202"];
const FORMS = [
  { name: "GSM 7-bit", hex: "48656c6c6f201b65021b3c", dataCoding: 0, esmClass: 0 },
  { name: "packed GSM 7-bit", hex: "e8329bfd4697d9ec37", dataCoding: 0xf1, esmClass: 0 },
  { name: "UCS-2 with a surrogate pair", hex: "041f0440d83cdf0d", dataCoding: 8, esmClass: 0 },
  { name: "binary for a port", hex: "0605040b8423f000ff1b0a0d", dataCoding: 4, esmClass: 0x40 },
  { name: "an alphabet that nobody here reads", hex: "1b244224", dataCoding: 5, esmClass: 0 },
  {
    name: "two parts",
    hex: `${parts[0]}${"61".repeat(153)},${parts[1]}${"62".repeat(20)}`,
    dataCoding: 0,
    esmClass: 0x40,
  },
];

test(
  "[A51] what a foreign customer sends goes out with the same octets, in every form",
  { skip },
  async () => {
    await using gateway = await startGateway();
    for (const [at, { name, hex, dataCoding, esmClass }] of FORMS.entries()) {
      const options = { to, from, hex, "data-coding": dataCoding, "esm-class": esmClass };
      const seen = await customer(gateway.port, options);
      assert.deepEqual([...new Set(seen.submits.map(({ status }) => status))], [0], name);
      const sent = hex.split(",");
      const taken = (await gateway.provider.received(at + sent.length)).slice(at);
      assert.deepEqual(
        taken.map(({ sms }) => [sms.octets.toString("hex"), sms.dataCoding, sms.esmClass]),
        sent.map((octets) => [octets, dataCoding, esmClass]),
        name,
      );
    }
  },
);

test(
  "[A51] what a provider brings reaches a foreign customer with the same octets, in every form",
  { skip },
  async () => {
    await using gateway = await startGateway({
      triggers: {
        "bind.ts": `import { onBind } from "signalbox";
        export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));`,
        "in.ts": `import { onMessage } from "signalbox";
        export const IN = onMessage({ channels: ["SMPP1"] }, (m) => m.forward({ channel: "SMPP_SERVER1", account: "Test1" }));`,
      },
    });
    const wanted = FORMS.flatMap(({ hex, dataCoding, esmClass }) =>
      hex.split(",").map((octets) => ({ hex: octets, dataCoding, esmClass })),
    );
    const base = smsOf({ from: to, to: "+31201234567", text: "" });
    for (const { hex, dataCoding, esmClass } of wanted) {
      const octets = Buffer.from(hex, "hex");
      assert.equal(await gateway.provider.inject({ ...base, octets, dataCoding, esmClass }), 0);
    }
    const seen = await customer(gateway.port, { "wait-delivered": wanted.length });
    assert.deepEqual(
      seen.delivered.map(({ hex, dataCoding, esmClass }) => ({ hex, dataCoding, esmClass })),
      wanted,
    );
  },
);

test(
  "a text that a foreign customer has cut is joined, and each of his parts gets its receipt",
  { skip },
  async () => {
    await using gateway = await startGateway({ channels: { SMPP_SERVER1: { join: true } } });
    const form = FORMS.at(-1);
    const seen = await customer(gateway.port, {
      to,
      from,
      hex: form?.hex ?? "",
      "esm-class": 0x40,
      "registered-delivery": 1,
      "wait-delivered": 2,
    });
    const told = seen.delivered.map(({ text }) => /id:(\S+).*stat:DELIVRD/.exec(text)?.[1]);
    assert.deepEqual(told.sort(), seen.submits.map(({ messageId }) => messageId).sort());
    const taken = await gateway.provider.received(2);
    const bodies = taken.map(({ sms }) => sms.octets.subarray(6).toString("latin1")).join("");
    assert.equal(bodies, "a".repeat(153) + "b".repeat(20));
  },
);
