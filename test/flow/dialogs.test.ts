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
    live: true,
    channels: { SMPP1: { dialogs: true, sender: ours }, SMPP_SERVER1: { join: true } },
    provider: {
      outcome: ({ octets }) => ({
        answer: octets.toString("latin1").endsWith("refused") ? 0x45 : 0,
        report: "none",
      }),
    },
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
  const status = await gateway.provider.inject({ from: phone, to: ours, text }, "signalbox");
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

test("[C46a] [C31] [X03] an answer without a letter finds the only sender; of none or two it is refused with 0x66, and comes once", async () => {
  const phone = newPhone();
  assert.equal(await reaches(one, phone, "Anybody?"), 0x66);
  await reads(one, "susan", phone, "Hello");
  assert.equal(await reaches(one, phone, "Hi susan"), "susan: Hi susan");
  await reads(two, "smith", phone, "Hello");
  const before = gateway.provider.counts.delivered;
  assert.equal(await reaches(one, phone, "Which one?"), 0x66);
  assert.equal(await reaches(two, phone, "@b To smith"), "smith: To smith");
  assert.equal(
    gateway.provider.counts.delivered,
    before + 1,
    "what was refused did not come again",
  );
  assert.match(await storyOf(phone), /no letter, and 2 who write to this phone/);
});

test("[C46b] a letter with a colon, a blank, both, or as a capital is taken off; one that nobody has is refused", async () => {
  const phone = newPhone();
  await reads(one, "susan", phone, "Hello");
  for (const text of ["@a:hi", "@a hi", "@a: hi", "@A hi"])
    assert.equal(await reaches(one, phone, text), "susan: hi", text);
  for (const text of ["@ahi", "@1 hi", "@"])
    assert.equal(await reaches(one, phone, text), `susan: ${text}`);
  assert.equal(await reaches(one, phone, "@z hi"), 0x66);
});

test("[C30] [X03] with a recipient he gets what answers nobody, and what begins with @@ and a space", async () => {
  await set({ recipient });
  const phone = newPhone();
  const his = recipient.slice(1);
  assert.equal(await reaches(two, phone, "Anybody?"), `${his}: Anybody?`);
  assert.equal(await reaches(two, phone, "@a Anybody?"), `${his}: @a Anybody?`);
  await reads(one, "susan", phone, "Hello");
  assert.equal(await reaches(one, phone, "Hi"), "susan: Hi");
  assert.equal(await reaches(two, phone, "@@ Help"), `${his}: Help`);
  assert.equal(await reaches(one, phone, "@@Help"), "susan: @@Help");
  assert.equal(await reaches(two, phone, "@z hi"), 0x66);
  await reads(two, "smith", phone, "Hello");
  assert.equal(await reaches(two, phone, "Which one?"), 0x66);
  await set({ recipient: null });
  assert.equal(await reaches(two, phone, "@@ Help"), 0x66);
});

test("[C14] [C29] [C30] [C32] without dialogs there are no letters, and the recipient or the number itself gets what comes", async () => {
  const phone = newPhone();
  await set({ dialogs: false });
  assert.equal(await reads(one, "susan", phone, "Hello"), "Hello");
  assert.equal(await reaches(one, phone, "@a: Hi"), `${ours.slice(1)}: @a: Hi`);
  await set({ recipient });
  assert.equal(await reaches(two, phone, "Hi"), `${recipient.slice(1)}: Hi`);
  const sessions = gateway.provider.counts.bound;
  await set({ recipient: null });
  const bound = gateway.provider.counts.bound;
  assert.ok(bound > sessions);
  await set({ dialogs: true });
  assert.equal(await reads(one, "susan", phone, "Hello"), "@a=susan Hello");
  assert.equal(gateway.provider.counts.bound, bound, "no session ended for it");
});

test("[C45] letters outlive a restart", async () => {
  const phone = newPhone();
  await reads(one, "susan", phone, "Hello");
  await reads(two, "smith", phone, "Hello");
  await gateway.restart();
  one = await customer(gateway);
  two = await customer(gateway, { systemId: "Test2" });
  assert.equal(await reaches(two, phone, "@b: Hi"), "smith: Hi");
  assert.equal(await reads(one, "susan", phone, "Hello again"), "@a Hello again");
});

test("[C44] [X10] senders who write at the same moment get letters of their own, and one more gets one of theirs", async () => {
  const phone = newPhone();
  const senders = Array.from({ length: 26 }, (_, at) => `user${at}`);
  const before = gateway.provider.counts.received;
  const submits = senders.map((from) => one.submit({ from, to: phone, text: "Hello" }));
  for (const { status } of await Promise.all(submits)) assert.equal(status, 0);
  const taken = (await gateway.provider.received(before + 26))
    .slice(-26)
    .map(({ sms }) => gsm(sms));
  const letters = new Map(taken.map((text) => [text.slice(3, -6), text[1] ?? ""]));
  assert.deepEqual([...letters.keys()].toSorted(), senders.toSorted());
  assert.equal(new Set(letters.values()).size, 26);
  const answers = [...letters].map(async ([sender, letter]) => {
    const text = `@${letter} ${sender}`;
    assert.equal(await gateway.provider.inject({ from: phone, to: ours, text }), 0);
  });
  const had = one.deliveries.length;
  await Promise.all(answers);
  const came = (await one.delivered(had + 26)).slice(had);
  for (const { sms } of came) assert.equal(gsm(sms), sms.to.digits);
  const [, letter = ""] =
    /^@([a-z])=user26 Hello$/.exec(await reads(one, "user26", phone, "Hello")) ?? [];
  assert.equal(await reaches(one, phone, `@${letter} Hi`), "user26: Hi");
  const lost = [...letters].find(([, was]) => was === letter)?.[0];
  assert.ok((await storyOf("user26")).includes(`letter ${letter} was of ${lost} until now`));
});

test("[C43] a hundred messages to a phone at once are all taken, with one letter", async () => {
  const phone = newPhone();
  const before = gateway.provider.counts.received;
  const submits = Array.from({ length: 100 }, () =>
    one.submit({ from: "susan", to: phone, text: "Hello" }),
  );
  for (const { status } of await Promise.all(submits)) assert.equal(status, 0);
  const taken = (await gateway.provider.received(before + 100)).slice(-100);
  for (const { sms } of taken) assert.match(gsm(sms), /^@a(?:=susan)? Hello$/);
  await gateway.running.settled();
  assert.equal(await reads(one, "susan", phone, "Hello"), "@a Hello");
});

test("[C42] a phone that has not got the message that tells a letter is told it again", async () => {
  const phone = newPhone();
  await gateway.query("update account set credits = 0 where id = 'Test2'");
  const unpaid = await two.submit({ from: "smith", to: phone, text: "unpaid" });
  assert.notEqual(unpaid.status, 0);
  await gateway.query("update account set credits = 10000 where id = 'Test2'");
  assert.equal(await reads(two, "smith", phone, "refused"), "@a=smith refused");
  await gateway.running.settled();
  assert.equal(await reads(two, "smith", phone, "Hello"), "@a=smith Hello");
  assert.equal(await reads(two, "smith", phone, "Hello"), "@a Hello");
});

test("[C42] a long text and one of Unicode have the letter before their first part; an answer's number may lack its plus", async () => {
  const phone = newPhone();
  const text = "0123456789".repeat(18);
  const before = gateway.provider.counts.received;
  assert.equal((await one.submit({ from: "susan", to: phone, text })).status, 0);
  const parts = (await gateway.provider.received(before + 2)).slice(-2).map(({ sms }) => sms);
  const whole = parts.map(({ octets }) => octets.subarray(6).toString("latin1")).join("");
  assert.equal(whole.replaceAll("\0", "@"), `@a=susan ${text}`);
  const bare: Sms = smsOf({ from: phone.slice(1), to: ours, text: "@a: Grüße ✓" });
  const had = one.deliveries.length;
  assert.equal(await gateway.provider.inject({ ...bare, from: { ...bare.from, ton: 0 } }), 0);
  const { sms } = (await one.delivered(had + 1)).at(-1) ?? assert.fail();
  assert.deepEqual([sms.to.digits, sms.dataCoding], ["susan", 8]);
  assert.equal(sms.octets.swap16().toString("utf16le"), "Grüße ✓");
});

/** What the lives of all messages from there tell. */
async function storyOf(from: string): Promise<string> {
  const rows = await gateway.query("select log from message where from_address = $1", [from]);
  return JSON.stringify(rows);
}
