/**
 * SMS dialogs over the wire: a customer or two, a provider with one phone after another, and between them
 * the gateway with the triggers that `trigger new --template dialogs` writes.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { answered } from "../../cli/template-answers.ts";
import type { Sms } from "../../src/model/message.ts";
import type { Esme } from "../../src/simulator/esme.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { dialogs } from "../../src/trigger/templates/dialogs.ts";
import { askAdmin } from "../support/admin.ts";
import { customer } from "../support/customer.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

/** The number that the provider has given us; phones answer to it. It belongs to Test1. */
const ours = "+31699887766";
/** Of Test2. */
const recipient = "+31688776655";

let gateway: TestGateway;
let one: Esme;
let two: Esme;

before(async () => {
  const shipped = ["bind", "acknowledge", "apply-report", "forward-report"];
  const texts = shipped.map(async (name) => {
    const file = `${name}.ts`;
    return [file, await readFile(new URL(`../../triggers/${file}`, import.meta.url), "utf8")];
  });
  const options = { from: ["SMPP_SERVER1"], to: ["SMPP1"] };
  const base = { name: "DIALOGS", description: dialogs.description, order: dialogs.order };
  const known = {
    channels: [
      { name: "SMPP_SERVER1", leads: "customers" },
      { name: "SMPP1", leads: "provider" },
    ],
    dataSources: [],
  } as const;
  const { script } = dialogs.write(await answered(dialogs, options, base, known, undefined));
  gateway = await startGateway({
    triggers: { ...Object.fromEntries(await Promise.all(texts)), "dialogs.ts": script },
    channels: { SMPP1: { dialogs: true, sender: ours }, SMPP_SERVER1: { join: true } },
  });
  await gateway.query("update account set credits = 10000");
  one = await customer(gateway);
  two = await customer(gateway, { systemId: "Test2" });
});

after(async () => {
  await gateway[Symbol.asyncDispose]();
});

/** Each test has a phone of its own, so that it meets no letters of others. */
let phones = 0;
function newPhone(): string {
  phones += 1;
  return `+3161200${String(phones).padStart(4, "0")}`;
}

/** What the phone reads of a message that a customer's user writes, octet for octet. */
async function reads(esme: Esme, from: string, phone: string, text: string): Promise<string> {
  const before = gateway.provider.counts.received;
  const { status } = await esme.submit({ from, to: phone, text });
  assert.equal(status, 0);
  const taken = (await gateway.provider.received(before + 1)).at(-1);
  assert.equal(`+${taken?.sms.to.digits}`, phone);
  assert.equal(taken?.sms.from.digits, ours.slice(1));
  return gsm(taken?.sms);
}

/** Who gets a phone's answer, with its text; or the command_status that it is refused with. */
async function reaches(esme: Esme, phone: string, text: string): Promise<string | number> {
  const before = esme.deliveries.length;
  const status = await gateway.provider.inject({ from: phone, to: ours, text });
  if (status !== 0) return status;
  const { sms } = (await esme.delivered(before + 1)).at(-1) ?? assert.fail();
  assert.equal(`+${sms.from.digits}`, phone);
  return `${sms.to.digits}: ${gsm(sms)}`;
}

/** The default alphabet of GSM has the at sign as zero. */
function gsm(sms: Sms | undefined): string {
  assert.equal(sms?.dataCoding, 0);
  return sms.octets.toString("latin1").replaceAll("\0", "@");
}

async function set(changes: Readonly<Record<string, unknown>>): Promise<void> {
  const path = "/v1/channels/SMPP1";
  const answer = await askAdmin(gateway.running.admin.socket, "PATCH", path, changes);
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
}

test("[C41] [C42] [C43] [C49] a single dialog goes as it is written in the example", async () => {
  const phone = newPhone();
  const smith = "smith@company.dom";
  assert.equal(await reads(one, smith, phone, "Hi!"), "@a=smith@company.dom Hi!");
  assert.equal(await reaches(one, phone, "Great. Signed?"), `${smith}: Great. Signed?`);
  assert.equal(await reads(one, smith, phone, "They've signed it"), "@a They've signed it");
  assert.equal(await reaches(one, phone, "Congrats, CU!"), `${smith}: Congrats, CU!`);
});

test("[C44] [C46b] [C49] [X11] two dialogs of one phone go as they are written in the example", async () => {
  const phone = newPhone();
  const [susan, smith] = ["susan@company.dom", "smith@company.dom"];
  assert.equal(await reads(one, susan, phone, "Hello"), "@a=susan@company.dom Hello");
  assert.equal(await reads(one, susan, phone, "Are you there?"), "@a Are you there?");
  assert.equal(await reads(two, smith, phone, "How is it?"), "@b=smith@company.dom How is it?");
  assert.equal(await reaches(two, phone, "@b good!"), `${smith}: good!`);
  assert.equal(
    await reaches(one, phone, "@a Thnx a lot, I will!"),
    `${susan}: Thnx a lot, I will!`,
  );
});
