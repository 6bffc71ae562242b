// What became of a message is told to the customer as a receipt, over the server channel.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SendResult } from "../../src/channel/channel.ts";
import { type AccountOptions, standardOptions } from "../../src/model/account-options.ts";
import type { Message } from "../../src/model/message.ts";
import { idFrom } from "../../src/model/id.ts";
import { connectEsme, type EsmeOptions } from "../../src/simulator/esme.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { openTestChannel, type TestChannel } from "./host.ts";
import { outgoing, reportOut } from "./messages.ts";

const host = "127.0.0.1";

const settings = { type: "smpp-server", address: [host], port: 0 };

function server(options: Partial<AccountOptions> = {}) {
  return openTestChannel(settings, { optionsOf: () => ({ ...standardOptions, ...options }) });
}

function customer({ channel }: TestChannel, options: Partial<EsmeOptions> = {}) {
  const [port = 0] = channel.ports();
  return connectEsme({ host, port, systemId: "Test1", password: "Pwd1", ...options });
}

async function sent(ours: TestChannel, message: Message): Promise<SendResult> {
  await ours.room(message.account);
  return handedOver(ours, message);
}

function handedOver({ channel }: TestChannel, message: Message): Promise<SendResult> {
  const { sms } = message;
  assert.ok(sms !== undefined);
  return new Promise((resolve) => channel.send(message, sms, resolve));
}

test("a customer gets the receipt in its standard form, with its TLVs", async () => {
  await using ours = await server();
  await using esme = await customer(ours);
  assert.deepEqual(await sent(ours, reportOut("Test1")), { kind: "taken", providerId: "" });
  const [delivered] = await esme.delivered(1);
  assert.equal(
    delivered?.sms.octets.toString("latin1"),
    "id:0199a2b4-0000-7000-8000-000000000001 sub:001 dlvrd:000 submit date:2608011200 done date:2608011205 stat:UNDELIV err:001 text:Hello",
  );
  assert.equal(delivered?.sms.esmClass, 0x04);
  assert.deepEqual(
    delivered?.sms.tlvs.map(({ tag, octets }) => [tag.toString(16), octets.toString("hex")]),
    [
      ["1e", Buffer.from("0199a2b4-0000-7000-8000-000000000001\0").toString("hex")],
      ["427", "05"],
      ["423", "030043"],
    ],
  );
  const { from, to } = delivered.sms;
  assert.deepEqual([from.digits, to.digits], ["15552223333", "15550001111"]);
});

test("a customer of SMPP 3.3 gets the text of the receipt without TLVs", async () => {
  await using ours = await server();
  await using esme = await customer(ours, { bindType: "receiver", version: 0x33 });
  await sent(ours, reportOut("Test1"));
  const [delivered] = await esme.delivered(1);
  assert.deepEqual(delivered?.sms.tlvs, []);
  assert.equal(delivered?.receipt?.state, "UNDELIV");
});

test("a receipt has the words, dates and TLVs of its account", async () => {
  const receiptTemplate =
    '{{{stat}}} id={id} from={from} to={to} err={err} {submit} {done} {sub}/{dlvrd} "{text}"';
  for (const [receiptDates, dates] of [
    ["minute", "2608011200 2608011205"],
    ["second", "260801120000 260801120500"],
    ["year4", "20260801120000 20260801120500"],
    ["unix", "1785585600 1785585900"],
  ] as const) {
    await using ours = await server({ receiptTemplate, receiptDates, receiptTlvs: "never" });
    await using esme = await customer(ours);
    await sent(ours, reportOut("Test1"));
    const [delivered] = await esme.delivered(1);
    assert.equal(
      delivered?.sms.octets.toString("latin1"),
      `{UNDELIV} id=0199a2b4-0000-7000-8000-000000000001 from=15552223333 to=15550001111 err=001 ${dates} 001/000 "Hello"`,
    );
    assert.deepEqual(delivered.sms.tlvs, []);
  }
});

test("a customer who wants data_sm gets the receipt as that, one of SMPP 3.3 as deliver_sm", async () => {
  await using ours = await server({ receiptAs: "data_sm" });
  for (const [version, command] of [
    [0x33, "deliver_sm"],
    [0x34, "data_sm"],
    [0x50, "data_sm"],
  ] as const) {
    await using esme = await customer(ours, { bindType: "receiver", version });
    assert.equal((await sent(ours, reportOut("Test1"))).kind, "taken");
    const [delivered] = await esme.delivered(1);
    assert.equal(delivered?.command, command);
    assert.equal(delivered?.sms.esmClass, 0x04);
    assert.match(delivered?.sms.octets.toString("latin1") ?? "", /^id:0199.* text:Hello$/);
    assert.equal(delivered?.sms.tlvs.length, version === 0x33 ? 0 : 3);
    await esme.unbind();
  }
});

test("an account's message is no receipt and comes as deliver_sm all the same", async () => {
  await using ours = await server({ receiptAs: "data_sm" });
  await using esme = await customer(ours);
  await sent(ours, outgoing({ account: "Test1" }));
  assert.equal((await esme.delivered(1))[0]?.command, "deliver_sm");
});

test("an intermediate notification has esm_class 0x20 and the state that is on its way", async () => {
  await using ours = await server();
  await using esme = await customer(ours);
  for (const [state, number] of [
    ["ENROUTE", "01"],
    ["ACCEPTD", "06"],
    ["BUFFRED", "01"],
  ] as const) {
    await sent(ours, reportOut("Test1", { status: "SENT", state, error: "000" }));
    const { sms } = (await esme.delivered(1)).at(-1) ?? assert.fail();
    assert.equal(sms.esmClass, 0x20);
    assert.match(sms.octets.toString("latin1"), new RegExp(`dlvrd:000 .* stat:${state} err:000`));
    const tlvs = sms.tlvs.map(({ tag, octets }) => [tag.toString(16), octets.toString("hex")]);
    assert.deepEqual(tlvs.slice(1), [["427", number]]);
  }
});

test("[I28] the id of a message is given in the form of its account", async () => {
  const id = "0199a2b4-0000-7000-8000-000000000001";
  for (const [messageIdForm, expected] of [
    ["uuid", id],
    ["hex32", "0199a2b4000070008000000000000001"],
    ["decimal", "2126949426566317552527872728389124097"],
  ] as const) {
    await using ours = await openTestChannel(settings, {
      optionsOf: () => ({ ...standardOptions, messageIdForm }),
      answers: { message: () => ({ kind: "accepted", id }) },
    });
    await using esme = await customer(ours);
    const { messageId } = await esme.submit({ from: "+1555", to: "+1666", text: "Hello" });
    assert.equal(messageId, expected);
    assert.equal(idFrom(messageId), id);
  }
});

test("[I26] receipts go to receivers and transceivers of that account alone", async () => {
  await using ours = await server();
  await using transmitter = await customer(ours, { bindType: "transmitter" });
  await using stranger = await customer(ours, { systemId: "Test2" });
  assert.equal(ours.channel.room("Test1"), 0);
  const early = await handedOver(ours, reportOut("Test1"));
  assert.equal(early.kind, "refused");
  await using receiver = await customer(ours, { bindType: "receiver" });
  assert.equal((await sent(ours, reportOut("Test1"))).kind, "taken");
  assert.equal((await receiver.delivered(1)).length, 1);
  assert.deepEqual([transmitter.deliveries, stranger.deliveries], [[], []]);
});

test("a receipt that the customer refuses or leaves unanswered is told as that", async () => {
  await using ours = await openTestChannel({
    type: "smpp-server",
    address: [host],
    port: 0,
    responseTimeoutMs: 100,
  });
  const answers: (number | "silent")[] = [0x64, "silent"];
  await using esme = await customer(ours, { answer: () => answers.shift() ?? 0 });
  assert.deepEqual(await sent(ours, reportOut("Test1")), {
    kind: "refused",
    status: 0x64,
    text: "ESME_RX_T_APPN",
  });
  assert.deepEqual(await sent(ours, reportOut("Test1")), {
    kind: "uncertain",
    why: "response_timeout",
  });
  // Who has left one unanswered gets no other before he was heard.
  assert.equal(ours.channel.room("Test1"), 0);
  assert.equal((await esme.submit({ from: "+1555", to: "+1666", text: "here" })).status, 0);
  assert.equal((await sent(ours, reportOut("Test1"))).kind, "taken");
  assert.equal(esme.deliveries.length, 3);
});

test("a message beside receipts keeps its octets", async () => {
  await using ours = await server();
  await using esme = await customer(ours);
  await sent(ours, outgoing({ account: "Test1" }));
  const [delivered] = await esme.delivered(1);
  assert.deepEqual([delivered?.receipt, delivered?.sms.octets.toString()], [undefined, "Hello"]);
});

test("[A54] a customer who submits a receipt is refused with 0x43, and nobody hears of it", async () => {
  await using ours = await server();
  await using esme = await customer(ours);
  const sms = smsOf({ from: "+1555", to: "+1666", text: "id:1 stat:DELIVRD err:000 text:" });
  for (const esmClass of [0x04, 0x20]) {
    const { status } = await esme.submit({ ...sms, esmClass });
    assert.equal(status, 0x43);
  }
  assert.deepEqual([ours.events.message, ours.events.report], [[], []]);
  assert.equal((await esme.submit(sms)).status, 0);
});
