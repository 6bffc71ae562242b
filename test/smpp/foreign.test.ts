/** The npm package `smpp`, which we did not write, as customer and as provider of our sessions. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, connect } from "node:net";
import { test } from "node:test";
import smpp, { type ForeignPdu, type ForeignSession } from "smpp";
import { systemClock } from "../../src/model/clock.ts";
import { sessionLimits } from "../../src/smpp/limits.ts";
import { type Answer, type SessionOwner, openSession } from "../../src/smpp/session.ts";
import { sms } from "./messages.ts";

const owner: SessionOwner = {
  bind: (request, session) =>
    session.answerBind(request, request.password === "Pwd1" ? 0 : 0x0e, "signalbox"),
  shortMessage: (request, session) => session.answer(request, 0, `id-${request.sequence}`),
  closed() {},
};

function portOf(server: { address(): string | AddressInfo | null }): number {
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return address.port;
}

function ask(peer: ForeignSession, command: string, fields = {}): Promise<ForeignPdu> {
  const { promise, resolve } = Promise.withResolvers<ForeignPdu>();
  peer.send(new smpp.PDU(command, fields), resolve);
  return promise;
}

test("a foreign customer binds, submits, receives and unbinds", async () => {
  const server = createServer();
  const opened = Promise.withResolvers<ReturnType<typeof openSession>>();
  server.on("connection", (socket) => {
    const options = { role: "smsc", limits: sessionLimits, clock: systemClock, owner } as const;
    opened.resolve(openSession(socket, options));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const customer = smpp.connect({ host: "127.0.0.1", port: portOf(server) });
  customer.on("error", () => {});
  await once(customer, "connect");

  const wrong = await ask(customer, "bind_transceiver", { system_id: "Test1", password: "no" });
  assert.equal(wrong.command_status, 0x0e);
  const right = await ask(customer, "bind_transceiver", { system_id: "Test1", password: "Pwd1" });
  assert.deepEqual([right.command_status, right["system_id"]], [0, "signalbox"]);
  // It binds with 5.0.
  assert.equal(right["sc_interface_version"], 0x50);
  const answer = await ask(customer, "submit_sm", {
    destination_addr: "31699887766",
    short_message: Buffer.from("hello"),
  });
  assert.equal(answer["message_id"], `id-${answer.sequence_number}`);

  const session = await opened.promise;
  const delivered = Promise.withResolvers<ForeignPdu>();
  customer.once("deliver_sm", delivered.resolve);
  const settled = Promise.withResolvers<Answer>();
  session.send("deliver_sm", sms({ octets: Buffer.alloc(400, 0x41) }), settled.resolve);
  const pdu = await delivered.promise;
  assert.equal(pdu["source_addr"], "ACME");
  customer.send(pdu.response());
  assert.equal((await settled.promise).kind, "answered");

  const closed = once(customer, "close");
  assert.equal((await ask(customer, "unbind")).command_status, 0);
  await closed;
  server.close();
});

test("a foreign provider is bound to, takes messages and delivers", async () => {
  const server = smpp.createServer((provider) => {
    provider.on("error", () => {});
    provider.on("bind_transceiver", (pdu: ForeignPdu) =>
      provider.send(pdu.response({ system_id: "provider" })),
    );
    provider.on("submit_sm", (pdu: ForeignPdu) => {
      provider.send(pdu.response({ message_id: "P1" }));
      provider.send(
        new smpp.PDU("deliver_sm", { esm_class: 4, short_message: Buffer.from("id:P1") }),
      );
    });
    provider.on("unbind", (pdu: ForeignPdu) => {
      provider.send(pdu.response());
      provider.close();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect({ port: portOf(server), host: "127.0.0.1" });
  await once(socket, "connect");
  const order: string[] = [];
  const receipt = Promise.withResolvers<string>();
  const session = openSession(socket, {
    role: "esme",
    limits: sessionLimits,
    clock: systemClock,
    owner: {
      ...owner,
      shortMessage(request, session) {
        order.push("receipt");
        session.answer(request, 0);
        receipt.resolve(request.sms.octets.toString());
      },
    },
  });
  const bound = await session.bind({
    bindType: "transceiver",
    systemId: "us",
    password: "pw",
    systemType: "",
    version: 0x34,
    addressRange: "",
    addressTon: 0,
    addressNpi: 0,
  });
  assert.deepEqual(bound, { status: 0, systemId: "provider", version: undefined });
  session.send("submit_sm", sms(), (answer) => {
    assert.ok(answer.kind === "answered");
    order.push(answer.messageId);
  });
  assert.equal(await receipt.promise, "id:P1");
  assert.deepEqual(order, ["P1", "receipt"]);
  await session.unbind();
  assert.equal(session.state, "closed");
  server.close();
});
