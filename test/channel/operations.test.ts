/**
 * The operations of SMPP as a channel offers them to customers and uses them toward a provider, over
 * real sockets, with a gateway that is played.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { systemClock } from "../../src/model/clock.ts";
import { addressOf } from "../../src/model/address.ts";
import type { MessageAnswer } from "../../src/model/event.ts";
import type { Sms } from "../../src/model/message.ts";
import { sessionLimits } from "../../src/smpp/limits.ts";
import { openSession } from "../../src/smpp/session.ts";
import type { OtherCommand } from "../../src/smpp/command.ts";
import { textField } from "../../src/smpp/rare.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { askingCustomer, toNumbers } from "../support/asking.ts";
import { openTestChannel, type TestChannel } from "./host.ts";
import { handOver, outgoing } from "./messages.ts";

const host = "127.0.0.1";

let server: TestChannel;
let port: number;

before(async () => {
  const settings = { type: "smpp-server", address: [host], port: 0, systemId: "centre" };
  server = await openTestChannel(settings, {
    answers: {
      operation: ({ what, messageId, from }) => {
        if (what === "query" && messageId === "known")
          return {
            kind: "found",
            status: "NOTDELIVERED",
            state: "EXPIRED",
            endedMs: 0,
            error: "27",
          };
        if (what !== "query" && from === "+31699887766") return { kind: "done" };
        return { kind: "refused", code: "query_failed", reason: "" };
      },
    },
  });
  port = server.channel.ports()[0] ?? 0;
});

after(async () => server[Symbol.asyncDispose]());

const message = (text: string, more: Partial<Sms> = {}): Sms => ({
  ...smsOf({ from: "+31699887766", to: "+31612345670", text }),
  ...more,
});

/** A deliver_sm of the gateway; its outcome as the channel tells it. */
function deliver(account: string, text: string): Promise<string> {
  const sms = message(text);
  return new Promise((resolve) => {
    handOver(server.channel, outgoing({ account, sms }), ({ kind }) => resolve(kind));
  });
}

const submitted = (customer: Awaited<ReturnType<typeof askingCustomer>>, sms: Sms) =>
  new Promise<{ status: number; messageId: string }>((resolve) => {
    customer.session.send("submit_sm", sms, (answer) => {
      assert.equal(answer.kind, "answered");
      if (answer.kind === "answered") resolve(answer);
    });
  });

test("[I05] [I06] a transmitter submits text, Unicode and binary, and is never delivered to", async () => {
  await using customer = await askingCustomer(port, { systemId: "TX", bindType: "transmitter" });
  const from = server.events.message.length;
  for (const [dataCoding, octets] of [
    [0, Buffer.from("text")],
    [8, Buffer.from("00e90020043f", "hex")],
    [4, Buffer.from("0001ff", "hex")],
  ] as const) {
    const answer = await submitted(customer, message("", { dataCoding, octets, text: undefined }));
    assert.deepEqual([answer.status, answer.messageId], [0, "id-1"]);
  }
  const came = server.events.message
    .slice(from)
    .map(({ text, message: { sms } }) => [text, sms?.octets.toString("hex")]);
  assert.deepEqual(came, [
    ["text", "74657874"],
    ["é п", "00e90020043f"],
    [undefined, "0001ff"],
  ]);
  assert.equal(server.channel.room("TX"), 0);
  assert.equal(await deliver("TX", "for nobody"), "refused");
  assert.deepEqual(customer.delivered, []);
});

test("[I07] [I08] a receiver gets messages and reports, and what it submits hears 0x04", async () => {
  await using customer = await askingCustomer(port, { systemId: "RX", bindType: "receiver" });
  assert.equal(await deliver("RX", "for you"), "taken");
  assert.equal(customer.delivered[0]?.esmClass, 0);
  const report = {
    messageId: "id-1",
    status: "DELIVERED",
    state: "DELIVRD",
    error: "000",
    submittedMs: 0,
    doneMs: 0,
    text: "",
    networkError: undefined,
  } as const;
  await new Promise<void>((done) => {
    const told = outgoing({ account: "RX", kind: "report", report });
    handOver(server.channel, told, () => done());
  });
  assert.equal(customer.delivered[1]?.esmClass, 0x04);
  assert.match(String(customer.delivered[1]?.octets), /stat:DELIVRD/);
  assert.throws(() => customer.session.send("submit_sm", message("no"), () => {}), {
    code: "wrong_bind_state",
  });
});

test("[I10] a transceiver submits and is delivered to", async () => {
  await using customer = await askingCustomer(port, { systemId: "TRX" });
  assert.equal((await submitted(customer, message("out"))).status, 0);
  assert.equal(await deliver("TRX", "in"), "taken");
  assert.equal(customer.delivered[0]?.octets.toString(), "in");
});

test("a data_sm is taken as a submit_sm is, and answered with data_sm_resp", async () => {
  await using customer = await askingCustomer(port);
  const before = server.events.message.length;
  const answer = await new Promise<{ kind: string; messageId?: string }>((resolve) => {
    customer.session.send("data_sm", message("by data"), resolve);
  });
  assert.deepEqual([answer.kind, answer.messageId], ["answered", "id-1"]);
  const event = server.events.message[before];
  assert.equal(event?.message.log[0]?.facts["command"], "data_sm");
  assert.equal(event.message.sms?.octets.toString() ?? "", "by data");
});

test("query_sm, cancel_sm and replace_sm become operations of the customer's own account", async () => {
  await using customer = await askingCustomer(port, { systemId: "Asker" });
  const from = server.events.operation.length;
  const source = { source_addr_ton: 1, source_addr_npi: 1, source_addr: "31699887766" };
  const found = await customer.ask("query_sm", { message_id: "known", ...source });
  assert.deepEqual(found.fields, {
    message_id: "known",
    final_date: "700101000000000+",
    message_state: 3,
    error_code: 27,
  });
  assert.equal((await customer.ask("query_sm", { message_id: "no" })).status, 0x67);
  const to = { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: "31612345670" };
  assert.equal((await customer.ask("cancel_sm", { ...source, ...to })).status, 0);
  assert.equal((await customer.ask("cancel_sm", { ...to })).status, 0x0a);
  assert.equal((await customer.ask("cancel_sm", { ...source })).status, 0x0b);
  const replacement = { message_id: "known", ...source, short_message: Buffer.from("new") };
  assert.equal((await customer.ask("replace_sm", replacement)).status, 0);
  for (const [field, value, status] of [
    ["schedule_delivery_time", "nonsense", 0x61],
    ["validity_period", "nonsense", 0x62],
    ["registered_delivery", 0xff, 0x07],
  ] as const)
    assert.equal(
      (await customer.ask("replace_sm", { ...replacement, [field]: value })).status,
      status,
    );
  assert.deepEqual(
    server.events.operation
      .slice(from)
      .map((one) => [one.what, one.account, one.messageId, one.to]),
    [
      ["query", "Asker", "known", undefined],
      ["query", "Asker", "no", undefined],
      ["cancel", "Asker", "", "+31612345670"],
      ["replace", "Asker", "known", undefined],
    ],
  );
});

test("an alert_notification goes to a customer who may receive and knows it", async () => {
  await using old = await askingCustomer(port, {
    systemId: "Old",
    version: 0x33,
    bindType: "receiver",
  });
  await using customer = await askingCustomer(port, { systemId: "New" });
  const alert = {
    channel: "SMPP1",
    session: "s",
    phone: addressOf("+31612345670"),
    sender: addressOf("+31699887766"),
    availability: 0,
  };
  assert.equal(server.channel.alert?.("Old", alert), false);
  assert.equal(server.channel.alert("New", alert), true);
  // What has no answer is seen to have come by what comes behind it.
  assert.equal(await deliver("New", "behind"), "taken");
  const [told] = customer.others;
  assert.equal(told?.command, "alert_notification");
  assert.equal(textField(told.fields, "source_addr"), "31612345670");
  assert.equal(textField(told.fields, "esme_addr"), "31699887766");
  assert.deepEqual(told.tlvs, [{ tag: 0x0422, octets: Buffer.of(0) }]);
  assert.deepEqual(old.others, []);
});

test("[I16] enquire_link is answered before messages that are still being decided", async () => {
  const decided = Promise.withResolvers<void>();
  const settings = { type: "smpp-server", address: [host], port: 0 };
  await using busy = await openTestChannel(settings, {
    answers: {
      message: async (): Promise<MessageAnswer> => {
        await decided.promise;
        return { kind: "accepted", id: "late" };
      },
    },
  });
  await using customer = await askingCustomer(busy.channel.ports()[0] ?? 0);
  let answered = 0;
  const all = Array.from(
    { length: 900 },
    () =>
      new Promise<void>((resolve) => {
        customer.session.send("submit_sm", message("load"), () => {
          answered += 1;
          resolve();
        });
      }),
  );
  const startMs = performance.now();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- It has no body, so it can be asked so.
  await customer.session.ask("enquire_link" as OtherCommand, {});
  assert.ok(performance.now() - startMs < 1_000);
  assert.equal(answered, 0);
  decided.resolve();
  await Promise.all(all);
});

test("submit_multi of a customer is one event with all its receivers", async () => {
  await using customer = await askingCustomer(port);
  const before = server.events.message.length;
  const fields = toNumbers(["31600000001", "31600000002"], "x".repeat(200));
  const answer = await customer.ask("submit_multi", fields);
  assert.deepEqual([answer.status, textField(answer.fields, "message_id")], [0, "id-1"]);
  const event = server.events.message[before];
  assert.deepEqual(event?.destinations, ["+31600000001", "+31600000002"]);
  assert.equal(event.message.to, "+31600000001");
  // Two short messages to each.
  assert.equal(event.parts, 4);
});

test("a client channel sends by data_sm where it is told to, with the validity as qos_time_to_live", async () => {
  await using provider = await startSmsc({ host, port: 0 });
  const settings = {
    type: "smpp-client",
    host,
    port: provider.port,
    systemId: "us",
    password: "x",
  };
  await using client = await openTestChannel({ ...settings, submitAs: "data_sm" });
  await client.room();
  const sms = message("as data", { text: undefined, octets: Buffer.from("as data") });
  const timed = { ...sms, validityPeriod: "000000000100000R" };
  const result = await new Promise<string>((resolve) => {
    handOver(client.channel, outgoing({ sms: timed }), ({ kind }) => resolve(kind));
  });
  assert.equal(result, "taken");
  const [taken] = await provider.received(1);
  assert.equal(taken?.command, "data_sm");
  assert.equal(taken.sms.octets.toString(), "as data");
  const life = taken.sms.tlvs.find(({ tag }) => tag === 0x0017);
  assert.equal(life?.octets.readUInt32BE(), 60);
});

test("a provider that calls us is bound to on its own connection, when it says who it is", async () => {
  const outbind = { address: [host], port: 0, systemId: "SMSC", password: "secret" };
  const settings = { type: "smpp-client", host, systemId: "us", password: "x", outbind };
  await using client = await openTestChannel({ ...settings, bindType: "receiver" });
  const [listensOn = 0] = client.channel.ports();
  assert.match(client.channel.view().detail, /waits for outbind on 127\.0\.0\.1:/);

  const call = async (password: string) => {
    const socket = connect({ host, port: listensOn });
    await once(socket, "connect");
    const bound = Promise.withResolvers<string>();
    const session = openSession(socket, {
      role: "smsc",
      limits: sessionLimits,
      clock: systemClock,
      owner: {
        bind(request, on) {
          on.answerBind(request, 0, "SMSC");
          bound.resolve(request.bindType);
        },
        shortMessage: () => {},
        closed: (_session, reason) => bound.resolve(reason),
      },
    });
    const fields = { system_id: "SMSC", password };
    session.announce("outbind", { fields, tlvs: [] });
    return { session, became: await bound.promise };
  };

  assert.equal((await call("guess")).became, "peer_closed");
  const { session, became } = await call("secret");
  assert.equal(became, "receiver");
  const done = Promise.withResolvers<void>();
  session.send("deliver_sm", message("called"), () => done.resolve());
  await done.promise;
  assert.equal(client.events.message[0]?.text, "called");
  assert.equal(client.channel.view().state, "up");
  const phone = { source_addr_ton: 1, source_addr: "31612345670", esme_addr: "31699887766" };
  session.announce("alert_notification", { fields: phone, tlvs: [] });
  const { facts } = await client.logged("a phone can be reached again");
  assert.equal(facts["phone"], "31612345670");
  assert.equal(client.events.alert[0]?.sender.digits, "31699887766");
  // One bind is all that there may be.
  assert.equal((await call("secret")).became, "peer_closed");
  await session.unbind();
});
