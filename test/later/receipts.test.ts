/**
 * What customers are told of their messages, over the wire and word for word: the fields of a receipt,
 * every way in which a message can end, the bits of registered_delivery, forms per account, customers
 * who are away, slow, refuse or never answer. The provider's own receipts are written here by hand.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { OptionChanges } from "../../src/model/account-options.ts";
import type { Sms } from "../../src/model/message.ts";
import type { AccountDetail } from "../../src/model/account-view.ts";
import type { Delivered, Esme } from "../../src/simulator/esme.ts";
import type { SmscRules } from "../../src/simulator/smsc.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { askAdmin, type Refusal } from "../support/admin.ts";
import { customer } from "../support/customer.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

const to = "+31612345670";
const from = "+31699887766";
/** ms. Far more than anything takes here; a test that waits for it has failed. */
const patienceMs = 30_000;

const submit = (esme: Esme, text = "Hello", registeredDelivery = 1) =>
  esme.submit({ from, to, text, registeredDelivery });

/** Every message is taken, but for those whose text is the name of a refusal; the test reports. */
const byHand: SmscRules = {
  outcome: ({ octets }) => ({ answer: REFUSALS[octets.toString()] ?? 0, report: "none" }),
};

const REFUSALS: Readonly<Record<string, number>> = {
  "bad number": 0x0b,
  refused: 0x45,
  busy: 0x58,
};

/** The provider's receipt for the last message that it has taken. */
async function report(gateway: TestGateway, words: string, more: Partial<Sms> = {}): Promise<void> {
  const id = gateway.provider.messages.at(-1)?.messageId ?? assert.fail("nothing was taken");
  const text = `id:${id} sub:001 dlvrd:001 ${words} text:`;
  const receipt: Sms = { ...smsOf({ from: to, to: from, text }), esmClass: 0x04, ...more };
  assert.equal(await gateway.provider.inject(receipt), 0);
}

/** One message, taken by the provider. */
async function taken(gateway: TestGateway, esme: Esme, registeredDelivery = 1): Promise<string> {
  const before = gateway.provider.counts.received;
  const { messageId, status } = await submit(esme, "Hello", registeredDelivery);
  assert.equal(status, 0);
  await gateway.provider.received(before + 1);
  return messageId;
}

async function set(gateway: TestGateway, changes: OptionChanges, id = "Test1"): Promise<void> {
  const path = `/v1/accounts/${id}/options`;
  const answer = await askAdmin(gateway.running.admin.socket, "PATCH", path, changes);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

const wordsOf = (delivered: Delivered | undefined) =>
  delivered?.sms.octets.toString("latin1") ?? "";

const delivrd = "submit date:2611210400 done date:2611210401 stat:DELIVRD err:000";

let shared: TestGateway;
let golden: Delivered;
let goldenId = "";
const text = "Where am I? I am not at home.";

before(async () => {
  shared = await startGateway({ provider: byHand });
  await using esme = await customer(shared);
  const { messageId } = await submit(esme, text);
  goldenId = messageId;
  await shared.provider.received(1);
  await report(shared, delivrd);
  golden = (await esme.delivered(1))[0] ?? assert.fail();
});

after(() => shared[Symbol.asyncDispose]());

const minute = "\\d\\d(?:0[1-9]|1[0-2])(?:[0-2]\\d|3[01])(?:[01]\\d|2[0-3])[0-5]\\d";

for (const [id, field, form] of [
  ["I29", "how many were submitted and delivered", "sub:001 dlvrd:001 "],
  ["I30", "when it was submitted, to the minute", `submit date:${minute} `],
  ["I31", "when it was done, to the minute", `done date:${minute} `],
  ["I32", "how it ended, in a word of the specification", "stat:DELIVRD "],
  ["I33", "the error, in three digits", "err:000 "],
  ["I34", "the first twenty characters of the text", "text:Where am I\\? I am not$"],
] as const)
  test(`[${id}] a receipt says ${field}`, () => {
    assert.match(wordsOf(golden), new RegExp(`(?:^| )${form}`));
  });

test("[I28] a receipt names the id of the submit, in its text and in its TLV", () => {
  assert.ok(wordsOf(golden).startsWith(`id:${goldenId} sub:`));
  const tlv = golden.sms.tlvs.find(({ tag }) => tag === 0x001e);
  assert.equal(tlv?.octets.toString(), `${goldenId}\0`);
});

test("[I31] a message is not done before it was submitted nor in the future, whatever the provider's clock says", async () => {
  for (const done of ["0001010000", "9912312359"]) {
    await using esme = await customer(shared);
    await taken(shared, esme);
    await report(shared, `done date:${done} stat:DELIVRD err:000`);
    const told = (await esme.delivered(1))[0]?.receipt;
    const { submittedMs = Number.NaN, doneMs = Number.NaN } = told ?? {};
    assert.ok(doneMs >= submittedMs && doneMs <= Date.now(), `${submittedMs} ${doneMs}`);
  }
});

/** Ways in which a message can end, and what its sender is told then, but for id and dates. */
const ENDS: readonly {
  readonly name: string;
  readonly end: (gateway: TestGateway, esme: Esme) => Promise<unknown>;
  readonly told: string;
}[] = [
  ...(
    [
      ["DELIVRD", "000", "dlvrd:001", "000"],
      ["UNDELIV", "006", "dlvrd:000", "006"],
      ["EXPIRED", "026", "dlvrd:000", "026"],
      ["REJECTD", "013", "dlvrd:000", "013"],
      ["DELETED", "000", "dlvrd:000", "000"],
      ["UNKNOWN", "027", "dlvrd:000", "027"],
    ] as const
  ).map(([state, error, dlvrd, err]) => ({
    name: `the provider says ${state}`,
    end: async (gateway: TestGateway, esme: Esme) => {
      await taken(gateway, esme);
      await report(gateway, `stat:${state} err:${error}`);
    },
    told: `sub:001 ${dlvrd} stat:${state} err:${err} text:Hello`,
  })),
  {
    name: "the provider refuses its number",
    end: (_, esme) => submit(esme, "bad number"),
    told: "sub:001 dlvrd:000 stat:REJECTD err:011 text:bad number",
  },
  {
    name: "the provider refuses it without a reason",
    end: (_, esme) => submit(esme, "refused"),
    told: "sub:001 dlvrd:000 stat:REJECTD err:006 text:refused",
  },
  {
    name: "its validity ends while the provider is busy",
    end: (_, esme) =>
      esme.submit({
        ...smsOf({ from, to, text: "busy", registeredDelivery: 1 }),
        validityPeriod: "000000000001000R",
      }),
    told: "sub:001 dlvrd:000 stat:EXPIRED err:016 text:busy",
  },
  {
    name: "an operator cancels it",
    end: async (gateway, esme) => {
      const { socket } = gateway.running.admin;
      await askAdmin(socket, "POST", "/v1/channels/SMPP1/pause");
      const { messageId } = await submit(esme);
      const cancel = `/v1/messages/${messageId}/cancel`;
      const { status, body } = await askAdmin(socket, "POST", cancel);
      assert.equal(status, 200, JSON.stringify(body));
      await askAdmin(socket, "POST", "/v1/channels/SMPP1/resume");
    },
    told: "sub:001 dlvrd:000 stat:DELETED err:006 text:Hello",
  },
];

for (const { name, end, told } of ENDS)
  test(`[W03] [I33] ${name}: the sender is told once, word for word`, async () => {
    await using esme = await customer(shared);
    await end(shared, esme);
    const words = wordsOf((await esme.delivered(1))[0]);
    const bare = words.replace(/^id:\S+ /, "").replace(/submit date:\d{10} done date:\d{10} /, "");
    assert.equal(bare, told);
    await shared.running.settled();
    assert.equal(esme.deliveries.length, 1);
  });

test("[A59] [X09] [I93] what nobody ever reported is told as UNKNOWN 099, or not at all if the account wants that", async () => {
  await using gateway = await startGateway({
    provider: byHand,
    channels: { SMPP1: { reports: { waitMs: 100 } } },
  });
  await using esme = await customer(gateway);
  await set(gateway, { receiptNoReport: "omit" });
  const silentId = await taken(gateway, esme);
  const statusOf = async (id: string) => (await gateway.running.admin.lives(id))[0]?.status;
  assert.ok(await until(async () => (await statusOf(silentId)) === "NOREPORT", patienceMs));
  const [life] = await gateway.running.admin.lives(silentId);
  const dropped = life?.entries.flatMap(({ log }) => log).find(({ facts }) => facts["dropped"]);
  assert.match(String(dropped?.facts["dropped"]), /the account wants none/);
  // A late report is told all the same, and is the only one.
  await report(gateway, delivrd);
  const [late] = await esme.delivered(1);
  assert.match(wordsOf(late), new RegExp(`^id:${silentId} .* stat:DELIVRD err:000`));
  await set(gateway, { receiptNoReport: "" });
  const toldId = await taken(gateway, esme);
  const [, told] = await esme.delivered(2);
  assert.match(wordsOf(told), new RegExp(`^id:${toldId} .* stat:UNKNOWN err:099 text:Hello$`));
});

test("[A59] the one late correction comes as a second receipt and is flagged in the trace", async () => {
  await using gateway = await startGateway({
    provider: byHand,
    channels: { SMPP1: { reports: { waitMs: 100 } } },
  });
  await using esme = await customer(gateway);
  const id = await taken(gateway, esme);
  await esme.delivered(1);
  await report(gateway, delivrd);
  const receipts = await esme.delivered(2);
  assert.deepEqual(
    receipts.map(({ receipt }) => `${receipt?.state} ${receipt?.error}`),
    ["UNKNOWN 099", "DELIVRD 000"],
  );
  const [life] = await gateway.running.admin.lives(id);
  const lines = life?.entries.flatMap(({ log }) => log) ?? [];
  assert.ok(lines.some(({ what, facts }) => what === "reported" && facts["late"] === true));
  // Nothing that comes after is told.
  await report(gateway, "stat:UNDELIV err:001");
  await gateway.running.settled();
  assert.equal(esme.deliveries.length, 2);
});

test("[A53] registered_delivery decides who is told: all, failures, successes, what is on its way", async () => {
  await using v34 = await customer(shared);
  await using v50 = await customer(shared, { version: 0x50, systemId: "Test2" });
  for (const [esme, bits, expected] of [
    [v34, 0x00, []],
    [v34, 0x01, ["04 DELIVRD"]],
    [v34, 0x02, []],
    [v34, 0x10, ["20 ENROUTE", "20 ACCEPTD"]],
    [v34, 0x11, ["20 ENROUTE", "20 ACCEPTD", "04 DELIVRD"]],
    [v34, 0x0d, ["04 DELIVRD"]],
    [v34, 0x1e, ["20 ENROUTE", "20 ACCEPTD"]],
    [v50, 0x03, ["04 DELIVRD"]],
    [v50, 0x13, ["20 ENROUTE", "20 ACCEPTD", "04 DELIVRD"]],
  ] as const) {
    const already = esme.deliveries.length;
    const id = await taken(shared, esme, bits);
    // As it was asked, it goes on to the provider, with the acknowledgements of phones (0x04, 0x08);
    // one of SMPP 3.4 knows no 3 and is asked for all.
    const asked = (bits & 3) === 3 ? bits & ~2 : bits;
    assert.equal(shared.provider.messages.at(-1)?.sms.registeredDelivery, asked);
    for (const [state, esmClass] of [
      ["ENROUTE", 0x20],
      ["ACCEPTD", 0x20],
      ["DELIVRD", 0x04],
      ["ENROUTE", 0x20],
    ] as const)
      await report(shared, `stat:${state} err:000`, { esmClass });
    await shared.running.settled();
    await esme.delivered(already + expected.length);
    const told = esme.deliveries.slice(already).map(({ sms, receipt }) => {
      assert.equal(receipt?.messageId, id);
      return `${sms.esmClass.toString(16).padStart(2, "0")} ${receipt?.state}`;
    });
    assert.deepEqual(told, expected, `0x${bits.toString(16)}`);
  }
});

test("reserved values of registered_delivery are refused with 0x07", async () => {
  await using v34 = await customer(shared);
  await using v50 = await customer(shared, { version: 0x50, systemId: "Test2" });
  for (const [esme, bits, status] of [
    [v34, 0x03, 0x07],
    [v34, 0x20, 0x07],
    [v34, 0x81, 0x07],
    [v50, 0x03, 0x00],
    [v50, 0x40, 0x07],
  ] as const)
    assert.equal((await submit(esme, "Hello", bits)).status, status, `0x${bits.toString(16)}`);
});

test("acknowledgements of phones and of customers pass unharmed, both ways", async () => {
  await using esme = await customer(shared);
  for (const esmClass of [0x08, 0x10]) {
    const octets = Buffer.from([0x69, 0x64, 0x3a, 0x31, 0xff, 0x00]);
    const ack: Sms = {
      ...smsOf({ from: to, to: from, text: "" }),
      esmClass,
      octets,
      dataCoding: 4,
    };
    assert.equal(await shared.provider.inject(ack), 0);
    const came = esme.deliveries.length === 0 ? await esme.delivered(1) : await esme.delivered(2);
    const { sms } = came.at(-1) ?? assert.fail();
    assert.deepEqual([sms.esmClass, sms.octets, sms.dataCoding], [esmClass, octets, 4]);
    const before = shared.provider.counts.received;
    const { status } = await esme.submit({ ...ack, from: sms.to, to: sms.from });
    assert.equal(status, 0);
    const out = (await shared.provider.received(before + 1)).at(-1)?.sms;
    assert.deepEqual([out?.esmClass, out?.octets, out?.dataCoding], [esmClass, octets, 4]);
  }
});

test("each part that a customer has split himself is a message: its own id, and its own receipt", async () => {
  await using esme = await customer(shared);
  const ids: string[] = [];
  for (const part of [1, 2]) {
    const before = shared.provider.counts.received;
    const header = Buffer.from([5, 0, 3, 7, 2, part]);
    const sms = smsOf({ from, to, text: "", registeredDelivery: 1 });
    const octets = Buffer.concat([header, Buffer.from(`part ${part}`)]);
    const { messageId } = await esme.submit({ ...sms, esmClass: 0x40, octets });
    ids.push(messageId);
    await shared.provider.received(before + 1);
    assert.deepEqual(shared.provider.messages.at(-1)?.sms.octets, octets);
    await report(shared, part === 1 ? delivrd : "stat:UNDELIV err:001");
  }
  const receipts = await esme.delivered(2);
  assert.deepEqual(
    receipts.map(({ receipt }) => [receipt?.messageId, receipt?.state, receipt?.text]),
    [
      [ids[0], "DELIVRD", "part 1"],
      [ids[1], "UNDELIV", "part 2"],
    ],
  );
});

test("an account has its own template, dates, ids and PDU, also over a restart", async () => {
  await using gateway = await startGateway({ provider: byHand });
  const changes = {
    receiptTemplate: "{stat} {err} of {id} at {done} to {from}",
    receiptDates: "year4",
    receiptTlvs: "never",
    receiptAs: "data_sm",
    messageIdForm: "decimal",
  };
  let before = "";
  {
    await using esme = await customer(gateway);
    before = await taken(gateway, esme);
    await set(gateway, changes);
  }
  // The message that was given its id in the old form is told of by that.
  await report(gateway, delivrd);
  await gateway.restart();
  const { socket } = gateway.running.admin;
  const { body } = await askAdmin<AccountDetail>(socket, "GET", "/v1/accounts/Test1");
  assert.deepEqual(body.options, {
    ...changes,
    receiptNoReport: "send",
    receiptKeepMs: 259_200_000,
    rate: "",
    bindsMax: 0,
    allowFrom: "",
    route: "",
    refunds: "unsent",
    senders: "",
    access: "enabled",
    lowBalance: "",
  });
  await using esme = await customer(gateway);
  const [old] = await esme.delivered(1);
  assert.equal(old?.command, "data_sm");
  assert.match(wordsOf(old), new RegExp(`^DELIVRD 000 of ${before} at 20\\d{12} to 31612345670$`));
  assert.deepEqual(old?.sms.tlvs, []);
  let id = "";
  const isDecimal = async () => /^\d{36,39}$/.test((id = await taken(gateway, esme)));
  assert.ok(await until(isDecimal, patienceMs), "a new form of ids counts a second later");
  await report(gateway, delivrd);
  const [, told] = await esme.delivered(2);
  assert.match(wordsOf(told), new RegExp(`^DELIVRD 000 of ${id} at `));
  const [life] = await gateway.running.admin.lives(id);
  assert.equal(life?.status, "DELIVERED", "it is found by the id that the customer has");
});

test("options that cannot be are refused, all faults at once, and nothing is changed", async () => {
  const { socket } = shared.running.admin;
  const path = "/v1/accounts/Test1/options";
  const changes = { receiptTemplate: "{id} {what}", receiptDates: "never", receiptTlvs: "never" };
  const { status, body } = await askAdmin<Refusal>(socket, "PATCH", path, changes);
  assert.deepEqual([status, body.code], [400, "bad_request"]);
  assert.match(body.message, /no field \{what\} \(character 6\).* receiptDates is one of minute, /);
  const account = await askAdmin<AccountDetail>(socket, "GET", "/v1/accounts/Test1");
  assert.equal(account.body.options.receiptTlvs, "auto");
  for (const unknown of [
    await askAdmin<Refusal>(socket, "GET", "/v1/accounts/Nobody"),
    await askAdmin<Refusal>(socket, "PATCH", "/v1/accounts/Nobody/options", { receiptTlvs: "" }),
  ])
    assert.equal(unknown.body.code, "unknown_account");
});

test("a receipt that is refused for now comes again, with each of the six codes; any other ends it", async () => {
  await using gateway = await startGateway({ provider: { reportDelayMs: 0 } });
  for (const [status, tries] of [
    [0x08, 2],
    [0x14, 2],
    [0x58, 2],
    [0x64, 2],
    [0xfe, 2],
    [0xff, 2],
    [0x65, 1],
    [0x01, 1],
  ] as const) {
    const answers: number[] = [status];
    await using esme = await customer(gateway, { answer: () => answers.shift() ?? 0 });
    const { messageId } = await submit(esme);
    const receipts = await esme.delivered(tries);
    assert.deepEqual(
      receipts.map(({ receipt }) => receipt?.messageId),
      Array.from({ length: tries }, () => messageId),
    );
    const last = async () => (await gateway.running.admin.lives(messageId))[0]?.entries.at(-1);
    const ended = tries === 2 ? "DELIVERED" : "FAILED";
    assert.ok(await until(async () => (await last())?.status === ended, patienceMs), ended);
    assert.equal(esme.deliveries.length, tries);
  }
});

test("a receipt that was refused for now is not told any more after one that tells more", async () => {
  await using gateway = await startGateway({
    provider: byHand,
    channels: { SMPP1: { reports: { waitMs: 100 } } },
  });
  const answers = [0x64];
  await using esme = await customer(gateway, { answer: () => answers.shift() ?? 0 });
  const id = await taken(gateway, esme);
  await esme.delivered(1);
  await report(gateway, delivrd);
  const told = async () => {
    const [life] = await gateway.running.admin.lives(id);
    return life?.entries.flatMap(({ log }) => log.map(({ facts }) => facts["error"]));
  };
  const isGivenUp = async () => (await told())?.includes("a later report tells more") ?? false;
  assert.ok(await until(isGivenUp, patienceMs), JSON.stringify(await told()));
  assert.deepEqual(
    esme.deliveries.map(({ receipt }) => receipt?.state),
    ["UNKNOWN", "DELIVRD"],
  );
});

test("one who never answers and one who is away hold up nobody, his window is kept, and a restart loses nothing", async () => {
  await using gateway = await startGateway({
    provider: { reportDelayMs: 0 },
    channels: { SMPP_SERVER1: { windowRequests: 5, responseTimeoutMs: 60_000 } },
  });
  await using mute = await customer(gateway, { answer: () => "silent" });
  const texts = Array.from({ length: 30 }, (_, n) => `m${n}`);
  const ids = await Promise.all(texts.map(async (one) => (await submit(mute, one)).messageId));
  await mute.delivered(5);
  await using other = await customer(gateway, { systemId: "Test2" });
  for (const one of texts) await submit(other, one);
  await other.delivered(30);
  assert.equal(mute.deliveries.length, 5, "his window is full and stays so");
  mute.drop();
  await gateway.restart();
  await using back = await customer(gateway);
  const told = new Set<string | undefined>();
  for (let n = 1; told.size < 30; n += 1)
    told.add((await back.delivered(n))[n - 1]?.receipt?.messageId);
  assert.deepEqual([...told].toSorted(), ids.toSorted());
});

test("receipts that waited while a customer was away come in order", async () => {
  await using gateway = await startGateway({ provider: { reportDelayMs: 0 } });
  const ids: string[] = [];
  {
    await using esme = await customer(gateway, { bindType: "transmitter" });
    for (let n = 0; n < 20; n += 1) {
      ids.push((await submit(esme, `m${n}`)).messageId);
      await gateway.provider.until("reported", n + 1);
    }
  }
  await using esme = await customer(gateway, { bindType: "receiver", windowRequests: 1 });
  const receipts = await esme.delivered(20);
  assert.deepEqual(
    receipts.map(({ receipt }) => receipt?.messageId),
    ids,
  );
});

test("a receipt is given up when it has waited as long as the account says", async () => {
  await using gateway = await startGateway({ provider: { reportDelayMs: 0 } });
  await set(gateway, { receiptKeepMs: "60000" });
  await using esme = await customer(gateway, { bindType: "transmitter" });
  const { messageId } = await submit(esme);
  await gateway.provider.until("reported", 1);
  const wait = await gateway.query<{ seconds: number }>(
    "select extract(epoch from expires - now())::float8 as seconds from pending where queue = 'SMPP_SERVER1/Test1'",
  );
  assert.ok(wait[0] !== undefined && wait[0].seconds > 30 && wait[0].seconds <= 61);
  await gateway.running.stop();
  await gateway.query("update pending set expires = now()");
  await gateway.restart();
  const last = async () => (await gateway.running.admin.lives(messageId))[0]?.entries.at(-1);
  const words = async () => (await last())?.log.at(-1)?.facts["error"];
  assert.ok(await until(async () => (await words()) === "expired_here", patienceMs));
});
