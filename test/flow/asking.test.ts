/**
 * What customers ask of messages that they have sent, and messages to many, over the wire of the whole
 * gateway: submit_multi, query_sm, cancel_sm, replace_sm, replace_if_present_flag.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { textField } from "../../src/smpp/rare.ts";
import type { ChannelView, LifeView } from "../../src/model/view.ts";
import { askAdmin } from "../support/admin.ts";
import { askingCustomer, toNumbers } from "../support/asking.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

/** ms. Far more than anything takes here; a test that waits for it has failed. */
const patienceMs = 30_000;

const status = {
  ok: 0,
  unsupported: 0x03,
  badDestination: 0x0b,
  unknownId: 0x0c,
  cancelFailed: 0x11,
  replaceFailed: 0x13,
  badCount: 0x33,
  badList: 0x34,
  badFlag: 0x40,
  refused: 0x45,
  queryFailed: 0x67,
} as const;

const state = { enroute: 1, delivered: 2, deleted: 4, undeliverable: 5 } as const;

const source = { source_addr_ton: 1, source_addr_npi: 1, source_addr: "31699887766" } as const;
const aboutId = (id: string) => ({ message_id: id, ...source });

/** Routes by number, refuses a word, adds a line to another, and counts what it charges. */
const routing = `
import { onMessage } from "signalbox";

export const ROUTE = onMessage({ channels: ["SMPP_SERVER1"], order: 5 }, (message) => {
  if (message.text?.includes("spam")) return message.reject("refused_by_rule", "spam");
  if (message.text?.startsWith("only even"))
    for (const destination of message.destinations)
      if (Number(destination.slice(-1)) % 2 === 0)
        message.forward({ channel: "SMPP1", destination, text: "for " + destination });
});
`;
const forward = `
import { onMessage } from "signalbox";

export const FWD = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, (message) => {
  if (!message.text?.startsWith("only even")) message.forward({ channel: "SMPP1" });
});
`;

let gateway: TestGateway;

before(async () => {
  const { readFile } = await import("node:fs/promises");
  const shipped = async (name: string) =>
    readFile(new URL(`../../triggers/${name}`, import.meta.url), "utf8");
  const names = [
    "bind.ts",
    "acknowledge.ts",
    "apply-report.ts",
    "forward-report.ts",
    "forward-report-failed.ts",
  ];
  const files = await Promise.all(names.map(async (name) => [name, await shipped(name)] as const));
  gateway = await startGateway({
    triggers: { ...Object.fromEntries(files), "route.ts": routing, "forward.ts": forward },
    provider: {
      outcome: (sms) => ({
        answer: 0,
        report: sms.to.digits.endsWith("9") ? "UNDELIV" : "DELIVRD",
      }),
    },
  });
});

after(async () => gateway[Symbol.asyncDispose]());

async function held(what: "pause" | "resume"): Promise<void> {
  const { socket } = gateway.running.admin;
  const answer = await askAdmin<ChannelView>(socket, "POST", `/v1/channels/SMPP1/${what}`);
  assert.ok(answer.status < 300);
}

async function lifeOf(id: string): Promise<LifeView> {
  const { socket } = gateway.running.admin;
  const answer = await askAdmin<LifeView[]>(socket, "GET", `/v1/lives/${id}`);
  const [life] = answer.body;
  assert.ok(life);
  return life;
}

async function credits(): Promise<number> {
  const rows = await gateway.query("select credits from account where id = 'Test1'");
  return Number(rows[0]?.["credits"]);
}

const textsTo = (digits: string): string[] =>
  gateway.provider.messages
    .filter(({ sms }) => sms.to.digits === digits)
    .map(({ sms }) => sms.octets.toString());

test("a submit_multi is one message with a child, a charge and a receipt for each receiver", async () => {
  await using customer = await askingCustomer(gateway.port);
  const purse = await credits();
  const numbers = ["31600000011", "31600000012", "31600000019"];
  const answer = await customer.ask("submit_multi", toNumbers(numbers, "to many"));
  assert.equal(answer.status, status.ok);
  assert.deepEqual(answer.fields["unsuccess_sme"], []);
  const id = textField(answer.fields, "message_id");

  for (const number of numbers) {
    const receipt = await customer.hears((sms) => sms.from.digits === number);
    assert.match(receipt.octets.toString(), new RegExp(`^id:${id} `));
    assert.equal(receipt.octets.toString().includes("stat:UNDELIV"), number.endsWith("9"));
    assert.equal(receipt.to.digits, "31699887766");
    assert.deepEqual(textsTo(number), ["to many"]);
  }
  assert.equal(await credits(), purse - 3);
  const life = await lifeOf(id);
  const sent = life.entries.filter(({ kind, direction }) => kind === "sms" && direction === "out");
  assert.equal(sent.length, 3);
  // The worst of its outcomes is that of the whole.
  assert.equal(life.status, "NOTDELIVERED");
  const found = await customer.ask("query_sm", aboutId(id));
  assert.equal(found.fields["message_state"], state.undeliverable);
});

test("those that a submit_multi cannot go to are told, the others are taken", async () => {
  await using customer = await askingCustomer(gateway.port);
  const number = (digits: string) => ({ ton: 1, npi: 1, digits });
  const named = [{ list: "friends" }, number("31600000021"), number(""), number("31600000022")];
  const fields = { ...toNumbers([], "some"), dest_address: named };
  const answer = await customer.ask("submit_multi", fields);
  assert.equal(answer.status, status.ok);
  assert.deepEqual(answer.fields["unsuccess_sme"], [
    { ton: 0, npi: 0, digits: "friends", status: status.badList },
    { ton: 1, npi: 1, digits: "", status: status.badDestination },
  ]);
  await customer.hears((sms) => sms.from.digits === "31600000021");
  await customer.hears((sms) => sms.from.digits === "31600000022");

  const lists = { ...toNumbers([], "none"), dest_address: [{ list: "friends" }] };
  assert.equal((await customer.ask("submit_multi", lists)).status, status.badList);
  const none = await customer.ask("submit_multi", toNumbers([], "nobody"));
  assert.equal(none.status, status.badCount);
});

test("a trigger routes a message to many by number, and its sender hears whom it left out", async () => {
  await using customer = await askingCustomer(gateway.port);
  const numbers = ["31600000031", "31600000032", "31600000034"];
  const answer = await customer.ask("submit_multi", toNumbers(numbers, "only even ones"));
  assert.equal(answer.status, status.ok);
  assert.deepEqual(answer.fields["unsuccess_sme"], [
    { ton: 1, npi: 1, digits: "31600000031", status: status.refused },
  ]);
  await customer.hears((sms) => sms.from.digits === "31600000034");
  assert.deepEqual(textsTo("31600000032"), ["for +31600000032"]);
  assert.deepEqual(textsTo("31600000031"), []);
});

test("254 receivers are taken, with one credit each", async () => {
  await using customer = await askingCustomer(gateway.port, {
    systemId: "Test2",
    password: "Pwd2",
  });
  await gateway.query("update account set credits = 254 where id = 'Test2'");
  const numbers = Array.from({ length: 254 }, (_, n) => `3161000${String(n).padStart(4, "0")}`);
  const quiet = { registered_delivery: 0 };
  const answer = await customer.ask("submit_multi", toNumbers(numbers, "all", quiet));
  assert.equal(answer.status, status.ok);
  const rows = await gateway.query("select credits from account where id = 'Test2'");
  assert.equal(Number(rows[0]?.["credits"]), 0);
  const came = async () =>
    gateway.provider.messages.filter(({ sms }) => sms.to.digits.startsWith("3161000")).length ===
    254;
  assert.ok(await until(came, patienceMs));
  const more = await customer.ask("submit_multi", toNumbers(numbers, "all", quiet));
  assert.equal(more.status, status.refused);
});

test("[W09] query_sm tells message_state, final_date and error_code, of one's own messages only", async () => {
  await using customer = await askingCustomer(gateway.port);
  await using other = await askingCustomer(gateway.port, { systemId: "Test2", password: "Pwd2" });
  await held("pause");
  const id = await customer.submit({ text: "how is it" });
  const waiting = await customer.ask("query_sm", aboutId(id));
  assert.equal(waiting.status, status.ok);
  assert.deepEqual(waiting.fields, {
    message_id: id,
    final_date: "",
    message_state: state.enroute,
    error_code: 0,
  });
  await held("resume");
  await customer.hears((sms) => sms.octets.toString().startsWith(`id:${id} `));
  const ended = await customer.ask("query_sm", aboutId(id));
  assert.equal(ended.fields["message_state"], state.delivered);
  assert.match(textField(ended.fields, "final_date"), /^\d{12}\d00\+$/);
  assert.equal(ended.fields["error_code"], 0);

  // In every form of the id, and without a source.
  for (const form of [id.toUpperCase(), id.replaceAll("-", "")])
    assert.equal((await customer.ask("query_sm", { message_id: form })).status, status.ok);
  assert.equal((await other.ask("query_sm", aboutId(id))).status, status.queryFailed);
  for (const unknown of ["", "nonsense", id.replace(/.$/, (end) => (end === "0" ? "1" : "0"))])
    assert.equal((await customer.ask("query_sm", aboutId(unknown))).status, status.queryFailed);
  const elsewhere = { message_id: id, ...source, source_addr: "31600000000" };
  assert.equal((await customer.ask("query_sm", elsewhere)).status, status.queryFailed);
});

test("[W09] a message that was not delivered is told with the network's own error", async () => {
  await using customer = await askingCustomer(gateway.port);
  const to = { ton: 1, npi: 1, digits: "31600000049" };
  const id = await customer.submit({ text: "in vain", to });
  await customer.hears((sms) => sms.octets.toString().startsWith(`id:${id} `));
  const { fields } = await customer.ask("query_sm", aboutId(id));
  assert.equal(fields["message_state"], state.undeliverable);
});

test("[W08] cancel_sm takes a queued message back; a sent one is refused with 0x11", async () => {
  await using customer = await askingCustomer(gateway.port);
  await using other = await askingCustomer(gateway.port, { systemId: "Test2", password: "Pwd2" });
  await held("pause");
  const to = { ton: 1, npi: 1, digits: "31600000051" };
  const id = await customer.submit({ text: "take me back", to });
  assert.equal((await other.ask("cancel_sm", aboutId(id))).status, status.unknownId);
  assert.equal((await customer.ask("cancel_sm", aboutId(id))).status, status.ok);
  const { fields } = await customer.ask("query_sm", aboutId(id));
  assert.equal(fields["message_state"], state.deleted);
  const life = await lifeOf(id);
  assert.equal(life.status, "CANCELLED");
  const lines = life.entries.flatMap(({ log }) => log).filter(({ what }) => what === "cancelled");
  assert.deepEqual(
    lines.map(({ facts }) => facts["by"]),
    ["customer Test1"],
  );
  assert.equal((await customer.ask("cancel_sm", aboutId(id))).status, status.cancelFailed);
  await held("resume");
  const sent = await customer.submit({ text: "gone", to });
  await customer.hears((sms) => sms.octets.toString().startsWith(`id:${sent} `));
  assert.equal((await customer.ask("cancel_sm", aboutId(sent))).status, status.cancelFailed);
  assert.deepEqual(textsTo("31600000051"), ["gone"]);
});

test("[W08] cancel_sm without an id takes back all between two numbers, of one service_type if it says so", async () => {
  await using customer = await askingCustomer(gateway.port);
  await held("pause");
  const to = { ton: 1, npi: 1, digits: "31600000061" };
  const between = {
    ...source,
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: "31600000061",
  } as const;
  const quiet = { to, registeredDelivery: 0 };
  await customer.submit({ text: "one", ...quiet });
  await customer.submit({ text: "two", ...quiet, serviceType: "CMT" });
  await customer.submit({ text: "three", ...quiet, serviceType: "CPT" });
  const many = await customer.ask(
    "submit_multi",
    toNumbers(["31600000062", "31600000061"], "four", { registered_delivery: 0 }),
  );
  assert.equal(many.status, status.ok);
  const some = await customer.ask("cancel_sm", { ...between, service_type: "CPT" });
  assert.equal(some.status, status.ok);
  const counts = await gateway.query(
    "select count(*)::integer as n from pending where kind = 'send'",
  );
  assert.equal(counts[0]?.["n"], 4);
  assert.equal((await customer.ask("cancel_sm", between)).status, status.ok);
  assert.equal((await customer.ask("cancel_sm", between)).status, status.cancelFailed);
  await held("resume");
  assert.ok(await until(async () => textsTo("31600000062").length === 1, patienceMs));
  assert.deepEqual(textsTo("31600000061"), []);
});

test("replace_sm puts another text into a message that waits, under the same id", async () => {
  await using customer = await askingCustomer(gateway.port);
  await held("pause");
  const to = { ton: 1, npi: 1, digits: "31600000071" };
  const id = await customer.submit({ text: "first text", to, registeredDelivery: 0 });
  const replace = (text: string, more = {}) =>
    customer.ask("replace_sm", {
      ...aboutId(id),
      registered_delivery: 1,
      short_message: Buffer.from(text),
      ...more,
    });
  const purse = await credits();
  assert.equal((await replace("second text")).status, status.ok);
  assert.equal((await replace("this is spam")).status, status.refused);
  assert.equal((await replace("x".repeat(200))).status, status.replaceFailed);
  assert.equal((await replace("only even 1")).status, status.replaceFailed);
  assert.equal(await credits(), purse);
  await held("resume");
  // The receipt was only asked for by the replacement.
  const receipt = await customer.hears((sms) => sms.octets.toString().startsWith(`id:${id} `));
  assert.match(receipt.octets.toString(), /stat:DELIVRD.* text:second text/i);
  assert.deepEqual(textsTo("31600000071"), ["second text"]);
  assert.equal((await replace("third text")).status, status.replaceFailed);
  const life = await lifeOf(id);
  const texts = life.entries.filter(({ kind }) => kind === "sms").map(({ text }) => text);
  assert.deepEqual(texts, ["second text", "first text", "second text"]);
  assert.equal(life.status, "DELIVERED");
});

test("replace_if_present_flag takes the place of what waits between the same numbers", async () => {
  await using customer = await askingCustomer(gateway.port);
  await held("pause");
  const to = { ton: 1, npi: 1, digits: "31600000081" };
  const quiet = { to, registeredDelivery: 0 };
  const first = await customer.submit({ text: "old news", ...quiet, serviceType: "CMT" });
  await customer.submit({ text: "of another kind", ...quiet });
  await customer.submit({ text: "news", ...quiet, serviceType: "CMT", replaceIfPresent: 1 });
  assert.equal((await lifeOf(first)).status, "CANCELLED");
  await held("resume");
  assert.ok(await until(async () => textsTo("31600000081").length === 2, patienceMs));
  assert.deepEqual(textsTo("31600000081"), ["of another kind", "news"]);
});

test("broadcast_sm and its like are refused with 0x03, whoever asks", async () => {
  await using customer = await askingCustomer(gateway.port);
  for (const command of ["broadcast_sm", "query_broadcast_sm", "cancel_broadcast_sm"] as const)
    assert.equal((await customer.ask(command, {})).status, status.unsupported);
});
