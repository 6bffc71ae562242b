// Both roles with peers of 3.3, 3.4 and 5.0, over sockets.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { systemClock } from "../../src/model/clock.ts";
import { standardOptions } from "../../src/model/account-options.ts";
import type { MessageEvent } from "../../src/model/event.ts";
import type { Sms } from "../../src/model/message.ts";
import { connectEsme, type EsmeOptions } from "../../src/simulator/esme.ts";
import { smsOf } from "../../src/simulator/written.ts";
import type { BindRequest } from "../../src/smpp/bind.ts";
import { sessionLimits } from "../../src/smpp/limits.ts";
import { openSession } from "../../src/smpp/session.ts";
import { type OpenOptions, openTestChannel, type TestChannel } from "./host.ts";
import { handOver, outgoing, reportOut } from "./messages.ts";

const host = "127.0.0.1";
const message = { from: "+31201234567", to: "+31612345678", text: "Hello" };

function customer({ channel }: TestChannel, options: Partial<EsmeOptions> = {}) {
  const [port = 0] = channel.ports();
  return connectEsme({ host, port, systemId: "Test1", password: "Pwd1", ...options });
}

const accept = ({ message: { id } }: MessageEvent) => ({ kind: "accepted", id }) as const;

const server = (more: Readonly<Record<string, unknown>> = {}, options: OpenOptions = {}) =>
  openTestChannel({ type: "smpp-server", address: [host], port: 0, ...more }, options);

test("[I03] a customer of 3.3 binds as transceiver, gets ids of 8 digits, and the same in his receipt", async () => {
  await using ours = await server({}, { answers: { message: accept } });
  await using esme = await customer(ours, { version: 0x33 });
  assert.equal(esme.bindStatus, 0);
  assert.equal(ours.events.bind[0]?.version, 0x33);
  const first = await esme.submit(message);
  const second = await esme.submit(message);
  assert.match(first.messageId, /^[0-9a-f]{8}$/);
  assert.match(second.messageId, /^[0-9a-f]{8}$/);
  assert.notEqual(first.messageId, second.messageId);
  assert.ok(ours.events.message[0]?.message.id.endsWith(first.messageId));
  await ours.room("Test1");
  handOver(ours.channel, reportOut("Test1", { messageId: first.messageId }), () => {});
  const [delivered] = await esme.delivered(1);
  assert.equal(delivered?.receipt?.messageId, first.messageId);
  assert.deepEqual(delivered.sms.tlvs, []);
});

test("a customer whose account wants short ids gets them over 3.4, too; all others get whole ones", async () => {
  const answers = { message: accept };
  const optionsOf = (account: string) => ({
    ...standardOptions,
    messageIdForm: account === "Test1" ? ("short" as const) : ("hex32" as const),
  });
  await using ours = await server({}, { answers, optionsOf });
  await using one = await customer(ours);
  await using other = await customer(ours, { systemId: "Test2", version: 0x33 });
  assert.match((await one.submit(message)).messageId, /^[0-9a-f]{8}$/);
  // Who has asked for a form by name gets it, whatever he binds with.
  assert.match((await other.submit(message)).messageId, /^[0-9a-f]{32}$/);
});

test("sc_interface_version tells each peer a version that he knows", async () => {
  await using ours = await server();
  const told: (number | undefined)[] = [];
  for (const version of [0x33, 0x34, 0x50]) {
    await using esme = await customer(ours, { version });
    told.push(esme.peerVersion);
    assert.equal(esme.session.version, version);
  }
  assert.deepEqual(told, [undefined, 0x34, 0x50]);
});

test("255 octets go as short_message between peers of 5.0, and are too many before", async () => {
  await using ours = await server();
  await using esme = await customer(ours, { version: 0x50 });
  const octets = Buffer.alloc(255, 0x41);
  assert.equal((await esme.submit({ ...smsOf(message), octets })).status, 0);
  assert.equal(ours.events.message[0]?.message.sms?.octets.length, 255);
  assert.deepEqual(ours.events.message[0]?.message.sms?.tlvs, []);
});

test("a peer of 5.0 is told with each answer how loaded we are, and priority 4 is his alone", async () => {
  const held: (() => void)[] = [];
  const accepted = { kind: "accepted", id: "id-1" } as const;
  await using ours = await server(
    { peerRequests: 4 },
    {
      answers: {
        message: () => new Promise((resolve) => held.push(() => resolve(accepted))),
      },
    },
  );
  await using esme = await customer(ours, { version: 0x50 });
  const states: number[] = [];
  const answered = [1, 2].map(
    () =>
      new Promise<void>((resolve) =>
        esme.session.send("submit_sm", { ...smsOf(message), priority: 4 }, (answer) => {
          assert.ok(answer.kind === "answered" && answer.status === 0);
          states.push(answer.tlvs.find(({ tag }) => tag === 0x0428)?.octets[0] ?? -1);
          resolve();
        }),
      ),
  );
  while (held.length < 2) await new Promise((go) => setImmediate(go));
  for (const answer of held) answer();
  await Promise.all(answered);
  // One of four was still without an answer when the first one went.
  assert.deepEqual(states, [25, 0]);
  await using older = await customer(ours);
  assert.equal((await older.submit({ ...smsOf(message), priority: 4 })).status, 0x06);
});

test("a status of 5.0 is told to peers of 5.0, and to others one that they know", async () => {
  const reject = () => ({ kind: "refused", code: 0x0100, reason: "" }) as const;
  await using ours = await server({}, { answers: { message: reject } });
  const heard: (number | undefined)[] = [];
  for (const version of [0x33, 0x34, 0x50]) {
    await using esme = await customer(ours, { version });
    heard.push((await esme.submit(message)).status);
  }
  assert.deepEqual(heard, [0x15, 0x15, 0x100]);
});

/** A provider of one version that keeps what it gets. */
async function provider() {
  const binds: BindRequest[] = [];
  const got: Sms[] = [];
  let wake = (): void => {};
  const listener = createServer((socket) => {
    openSession(socket, {
      role: "smsc",
      limits: sessionLimits,
      clock: systemClock,
      owner: {
        bind(request, session) {
          binds.push(request);
          session.answerBind(request, 0, "provider");
        },
        shortMessage(request, session) {
          got.push(request.sms);
          session.answer(request, 0, `p${got.length}`);
          wake();
        },
        closed() {},
      },
    });
  });
  listener.listen(0, host);
  await once(listener, "listening");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- It listens on TCP.
  const { port } = listener.address() as AddressInfo;
  return {
    port,
    binds,
    async next(): Promise<Sms> {
      while (got.length === 0) await new Promise<void>((go) => (wake = go));
      return got.shift()!;
    },
    [Symbol.asyncDispose]: () => new Promise<void>((done) => listener.close(() => done())),
  };
}

for (const [version, octet, tlvs, priority] of [
  ["3.3", 0x33, 0, 3],
  ["3.4", 0x34, 1, 3],
  ["5.0", 0x50, 1, 4],
] as const)
  test(`[I03] to a provider we bind with ${version} and send him what that knows`, async () => {
    await using peer = await provider();
    await using ours = await openTestChannel({
      type: "smpp-client",
      host,
      port: peer.port,
      systemId: "us",
      password: "secret",
      version,
    });
    await ours.room();
    const sms: Sms = {
      ...smsOf(message),
      priority: 4,
      tlvs: [{ tag: 0x1401, octets: Buffer.from("x") }],
    };
    handOver(ours.channel, outgoing({ sms }), () => {});
    const came = await peer.next();
    assert.equal(peer.binds[0]?.version, octet);
    assert.equal(came.tlvs.length, tlvs);
    assert.equal(came.priority, priority);
    assert.equal(ours.channel.sessions()[0]?.version, version);
  });

test("[Y05] service_type is the channel's where the author left it unset, both ways", async () => {
  await using peer = await provider();
  const client = { type: "smpp-client", host, port: peer.port, systemId: "us", password: "secret" };
  await using up = await openTestChannel({ ...client, serviceType: "sms" });
  await up.room();
  handOver(up.channel, outgoing(), () => {});
  assert.equal((await peer.next()).serviceType, "sms");
  handOver(up.channel, outgoing({ sms: { ...smsOf(message), serviceType: "CMT" } }), () => {});
  assert.equal((await peer.next()).serviceType, "CMT");
  await using down = await server({ serviceType: "sms" });
  await using esme = await customer(down);
  await down.room("Test1");
  handOver(down.channel, outgoing({ account: "Test1" }), () => {});
  assert.equal((await esme.delivered(1))[0]?.sms.serviceType, "sms");
});

test("[C22] system_type is empty unless it is set", async () => {
  await using peer = await provider();
  const client = { type: "smpp-client", host, port: peer.port, systemId: "us", password: "secret" };
  await using plain = await openTestChannel(client);
  await plain.room();
  await using named = await openTestChannel({ ...client, systemType: "CommuniGate" });
  await named.room();
  assert.deepEqual(
    peer.binds.map(({ systemType }) => systemType),
    ["", "CommuniGate"],
  );
});
