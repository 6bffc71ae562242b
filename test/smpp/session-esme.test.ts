/** A session of the binding side on a real socket, with a bare peer that plays the SMSC. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/model/error.ts";
import type { Answer, BindFields } from "../../src/smpp/session.ts";
import { decodeShortMessage, encodeShortMessage } from "../../src/smpp/short-message.ts";
import { sms } from "./messages.ts";
import { type Pair, frame, header, openPair } from "./peer.ts";

const FIELDS: BindFields = {
  bindType: "transceiver",
  systemId: "client",
  password: "secret",
  systemType: "",
  version: 0x34,
  addressRange: "",
  addressTon: 0,
  addressNpi: 0,
};

const withCode = (code: string) => (error: unknown) =>
  error instanceof GatewayError && error.code === code;

/** Answers the bind of `pair` with a status and TLVs in hex. */
async function bindTo(pair: Pair, { bindType = FIELDS.bindType, tlvs = "" } = {}): Promise<void> {
  const bound = pair.session.bind({ ...FIELDS, bindType });
  const request = await pair.peer.next();
  const { sequence } = request;
  pair.peer.write(frame(`${header(request.id + 0x8000_0000, { sequence })} 534d534300 ${tlvs}`));
  assert.equal((await bound).status, 0);
}

test("[C16] the three bind types bind with their commands", async () => {
  for (const [bindType, id, state] of [
    ["receiver", 1, "bound_rx"],
    ["transmitter", 2, "bound_tx"],
    ["transceiver", 9, "bound_trx"],
  ] as const) {
    await using pair = await openPair("esme");
    const bound = pair.session.bind({ ...FIELDS, bindType });
    const request = await pair.peer.next();
    assert.equal(request.id, id);
    assert.equal(request.body.toString("latin1"), "client\0secret\0\0\x34\0\0\0");
    pair.peer.write(
      frame(`${header(id + 0x8000_0000, { sequence: request.sequence })} 534d534300 0210 0001 34`),
    );
    assert.deepEqual(await bound, { status: 0, systemId: "SMSC", version: 0x34 });
    assert.equal(pair.session.state, state);
  }
});

test("a bind may be refused without a body, and tried again on the same connection", async () => {
  await using pair = await openPair("esme");
  const first = pair.session.bind(FIELDS);
  const { sequence } = await pair.peer.next();
  pair.peer.write(frame(header(0x8000_0009, { status: 0x0e, sequence })));
  assert.deepEqual(await first, { status: 0x0e, systemId: "", version: undefined });
  assert.equal(pair.session.state, "open");
  await bindTo(pair);
});

test("a bind that nobody answers rejects; so does one whose connection ends", async () => {
  await using quiet = await openPair("esme", { limits: { responseTimeoutMs: 50 } });
  await assert.rejects(quiet.session.bind(FIELDS), withCode("response_timeout"));
  await using lost = await openPair("esme");
  const bound = lost.session.bind(FIELDS);
  await lost.peer.next();
  lost.peer.socket.end();
  await assert.rejects(bound, withCode("connection_lost"));
  await assert.rejects(lost.session.bind(FIELDS), withCode("connection_lost"));
});

test("a bind that the wire cannot carry is refused before anything is written", async () => {
  await using pair = await openPair("esme");
  await assert.rejects(
    pair.session.bind({ ...FIELDS, password: "x".repeat(65) }),
    withCode("bad_password"),
  );
  await bindTo(pair);
});

test("a provider that tells 3.3 in its answer gets no TLVs", async () => {
  await using pair = await openPair("esme");
  await bindTo(pair, { tlvs: "0210 0001 33" });
  assert.equal(pair.session.version, 0x33);
  pair.session.send("submit_sm", sms({ tlvs: [{ tag: 0x1400, octets: Buffer.of(1) }] }), () => {});
  assert.deepEqual(decodeShortMessage("submit_sm", (await pair.peer.next()).pdu).tlvs, []);
});

test("a message goes out whole and its answer comes back in the same turn as it is read", async () => {
  await using pair = await openPair("esme");
  const { peer, session, seen } = pair;
  await bindTo(pair);
  const order: string[] = [];
  const answered = Promise.withResolvers<Answer>();
  session.send("submit_sm", sms(), (answer) => {
    order.push("answer");
    assert.equal(seen.messages.length, 0);
    answered.resolve(answer);
  });
  const submit = await peer.next();
  assert.deepEqual(decodeShortMessage("submit_sm", submit.pdu), sms());
  // The receipt lies right behind the answer, in the same octets.
  const receipt = encodeShortMessage("deliver_sm", sms({ esmClass: 4 }), {
    sequence: 77,
    tlvs: true,
    pduOctetsMax: 65_536,
  });
  peer.write(
    Buffer.concat([
      frame(`${header(0x8000_0004, { sequence: submit.sequence })} 61626300 001e 0002 4142`),
      receipt,
    ]),
  );
  assert.deepEqual(await answered.promise, {
    kind: "answered",
    status: 0,
    messageId: "abc",
    tlvs: [{ tag: 0x1e, octets: Buffer.from("AB") }],
  });
  const answer = await peer.next();
  assert.deepEqual([answer.id, answer.status, answer.sequence], [0x8000_0005, 0, 77]);
  assert.equal(seen.messages[0]?.command, "deliver_sm");
});

test("the window counts down and refuses what is above it", async () => {
  await using pair = await openPair("esme", { limits: { windowRequestsMax: 2 } });
  const { peer, session } = pair;
  assert.equal(session.room(), 0);
  await bindTo(pair);
  assert.equal(session.room(), 2);
  const answers: Answer[] = [];
  session.send("submit_sm", sms(), (answer) => answers.push(answer));
  session.send("submit_sm", sms(), (answer) => answers.push(answer));
  assert.equal(session.room(), 0);
  assert.throws(() => session.send("submit_sm", sms(), () => {}), withCode("overloaded"));
  const { sequence } = await peer.next();
  peer.write(frame(header(0x8000_0004, { status: 0x58, sequence })));
  while (answers.length === 0) await new Promise((turn) => setImmediate(turn));
  assert.deepEqual(answers, [{ kind: "answered", status: 0x58, messageId: "", tlvs: [] }]);
  assert.equal(session.room(), 1);
});

test("what is illegal in this state or cannot be written is thrown and takes no room", async () => {
  await using pair = await openPair("esme");
  const { session } = pair;
  const send = (changes = {}) => session.send("submit_sm", sms(changes), () => assert.fail());
  assert.throws(() => send(), withCode("wrong_bind_state"));
  await bindTo(pair);
  const to = { ton: 1, npi: 1, digits: "1".repeat(21) };
  assert.throws(() => send({ to }), withCode("bad_destination"));
  assert.throws(
    () => session.send("deliver_sm", sms(), () => assert.fail()),
    withCode("wrong_bind_state"),
  );
  assert.equal(session.room(), 10);
  session.close("draining");
  assert.throws(() => send(), withCode("connection_lost"));
});

test("an answer must fit its request: another command or number is stray and settles nothing", async () => {
  await using pair = await openPair("esme");
  const { peer, session } = pair;
  await bindTo(pair);
  const answered = Promise.withResolvers<Answer>();
  session.send("submit_sm", sms(), answered.resolve);
  const { sequence } = await peer.next();
  peer.write(frame(header(0x8000_0015, { sequence })));
  peer.write(frame(header(0x8000_0004, { sequence: sequence + 1 })));
  peer.write(frame(header(0x8000_0077, { sequence })));
  peer.write(frame(`${header(0x8000_0004, { sequence })} 6f6b00`));
  const answer = await answered.promise;
  assert.equal(answer.kind === "answered" && answer.messageId, "ok");
  assert.equal(session.counters.stray, 3);
});

test("generic_nack settles a request, and one of status 0 is no success", async () => {
  await using pair = await openPair("esme");
  const { peer, session } = pair;
  await bindTo(pair);
  const answered = Promise.withResolvers<Answer>();
  session.send("submit_sm", sms(), answered.resolve);
  peer.write(frame(header(0x8000_0000, { sequence: (await peer.next()).sequence })));
  assert.deepEqual(await answered.promise, {
    kind: "answered",
    status: 0xff,
    messageId: "",
    tlvs: [],
  });
});

test("an answer after its time is counted as late; the link itself stays", async () => {
  await using pair = await openPair("esme", { limits: { responseTimeoutMs: 250 } });
  const { peer, session, seen } = pair;
  await bindTo(pair);
  const answered = Promise.withResolvers<Answer>();
  session.send("submit_sm", sms(), answered.resolve);
  const { sequence } = await peer.next();
  assert.deepEqual(await answered.promise, { kind: "unanswered", why: "response_timeout" });
  assert.equal(session.room(), 0);
  peer.write(frame(`${header(0x8000_0004, { sequence })} 6f6b00`));
  // We ask whether the peer lives, and answer that he asks us.
  assert.equal((await peer.next()).id, 0x15);
  peer.write(frame(header(0x15, { sequence: 1 })));
  assert.equal((await peer.next()).id, 0x8000_0015);
  assert.deepEqual([session.counters.late, session.counters.timedOut], [1, 1]);
  assert.equal(seen.closedCount, 0);
});

test("a peer that leaves a message unanswered is asked at once, and gets one again when he answers that", async () => {
  const heard = Promise.withResolvers<void>();
  await using pair = await openPair("esme", {
    limits: { responseTimeoutMs: 250, enquireLinkMs: 600_000 },
    owner: { heardAgain: () => heard.resolve() },
  });
  const { peer, session } = pair;
  await bindTo(pair);
  session.send("submit_sm", sms(), () => {});
  assert.equal((await peer.next()).id, 4);
  const asked = await peer.next();
  assert.equal(asked.id, 0x15);
  assert.equal(session.room(), 0);
  peer.write(frame(header(0x8000_0015, { sequence: asked.sequence })));
  await heard.promise;
  assert.equal(session.room(), 1);
});

test("when the connection ends all that is outstanding is settled, then the owner is told", async () => {
  const order: string[] = [];
  await using pair = await openPair("esme", { owner: { closed: () => order.push("closed") } });
  const { peer, session, seen } = pair;
  await bindTo(pair);
  for (const name of ["a", "b"])
    session.send("submit_sm", sms(), (answer) => {
      assert.deepEqual(answer, { kind: "unanswered", why: "connection_lost" });
      order.push(name);
    });
  await peer.next();
  peer.socket.destroy();
  await seen.closed;
  assert.deepEqual(order, ["a", "b", "closed"]);
});

test("a throw in `done` is told and the rest of the octets is still read", async () => {
  await using pair = await openPair("esme");
  const { peer, session, seen } = pair;
  await bindTo(pair);
  session.send("submit_sm", sms(), () => {
    throw new Error("broken owner");
  });
  const { sequence } = await peer.next();
  peer.write(
    Buffer.concat([
      frame(`${header(0x8000_0004, { sequence })} 6f6b00`),
      frame(header(0x15, { sequence: 5 })),
    ]),
  );
  assert.equal((await peer.next()).sequence, 5);
  assert.equal(seen.faults.length, 1);
});

test("[W16] unbind waits for answers, asks, waits for unbind_resp and closes", async () => {
  await using pair = await openPair("esme");
  const { peer, session, seen } = pair;
  await bindTo(pair);
  const order: string[] = [];
  session.send("submit_sm", sms(), (answer) => order.push(answer.kind));
  const unbound = session.unbind().then(() => order.push("unbound"));
  assert.equal(session.room(), 0);
  const submit = await peer.next();
  assert.equal(submit.id, 4);
  peer.write(frame(`${header(0x8000_0004, { sequence: submit.sequence })} 6f6b00`));
  const unbind = await peer.next();
  assert.equal(unbind.id, 6);
  // What still comes while it waits is answered.
  peer.write(frame(header(0x15, { sequence: 5 })));
  assert.equal((await peer.next()).sequence, 5);
  peer.write(frame(header(0x8000_0006, { sequence: unbind.sequence })));
  await unbound;
  assert.deepEqual(order, ["answered", "unbound"]);
  await peer.ended;
  assert.equal((await seen.closed).reason, "unbound");
});

test("unbind towards a dead peer ends after unbindMs for each step", async () => {
  await using pair = await openPair("esme", { limits: { unbindMs: 60 } });
  const { peer, session, seen } = pair;
  await bindTo(pair);
  let outcome: Answer | undefined;
  session.send("submit_sm", sms(), (answer) => (outcome = answer));
  await session.unbind();
  assert.equal((await seen.closed).reason, "unbind_unanswered");
  assert.deepEqual(outcome, { kind: "unanswered", why: "connection_lost" });
  assert.deepEqual([(await peer.next()).id, (await peer.next()).id], [4, 6]);
});

test("both sides may unbind at the same time", async () => {
  await using pair = await openPair("esme");
  const { peer, session } = pair;
  await bindTo(pair);
  const unbound = session.unbind();
  assert.equal((await peer.next()).id, 6);
  peer.write(frame(header(6, { sequence: 9 })));
  assert.deepEqual([(await peer.next()).id, session.state], [0x8000_0006, "closed"]);
  await unbound;
});

test("a provider at our limit, or one whose message breaks us, is asked to come again (0x64)", async () => {
  await using pair = await openPair("esme", {
    limits: { peerRequestsMax: 1 },
    owner: {
      shortMessage(request) {
        if (request.sequence === 1) throw new Error("broken owner");
      },
    },
  });
  const { peer } = pair;
  await bindTo(pair);
  for (const sequence of [1, 2, 3])
    peer.write(
      encodeShortMessage("deliver_sm", sms(), { sequence, tlvs: true, pduOctetsMax: 65_536 }),
    );
  const first = await peer.next();
  assert.deepEqual([first.sequence, first.status, first.body.length], [1, 0x64, 1]);
  const second = await peer.next();
  assert.deepEqual([second.sequence, second.status], [3, 0x64]);
});

test("a provider's odd values are taken: a refused receipt helps nobody", async () => {
  await using pair = await openPair("esme");
  const { peer, seen } = pair;
  await bindTo(pair);
  const odd = sms({
    esmClass: 4,
    priority: 9,
    registeredDelivery: 0xff,
    scheduleTime: "0",
    validityPeriod: "garbage",
    tlvs: [{ tag: 0x0423, octets: Buffer.from("12") }],
  });
  peer.write(encodeShortMessage("deliver_sm", odd, { sequence: 1, tlvs: true, pduOctetsMax: 999 }));
  assert.equal((await peer.next()).status, 0);
  assert.deepEqual(seen.messages[0]?.sms, odd);
});

test("a bind or submit_sm from the side that is bound to is refused with 0x04", async () => {
  await using pair = await openPair("esme");
  const { peer, seen } = pair;
  await bindTo(pair);
  peer.write(frame(header(9, { sequence: 1 })));
  const bind = await peer.next();
  assert.deepEqual([bind.id, bind.status], [0x8000_0009, 4]);
  peer.write(frame(header(4, { sequence: 2 })));
  assert.equal((await peer.next()).status, 4);
  assert.equal(seen.binds.length + seen.messages.length, 0);
});

test("outbind and alert_notification reach the owner and are not answered", async () => {
  await using pair = await openPair("esme", {
    owner: { other: (request) => void pair.seen.others.push(request) },
  });
  const { peer, session, seen } = pair;
  peer.write(frame(`${header(0x0b, { sequence: 1 })} 534d5343 00 50 00`));
  const bound = bindTo(pair);
  await bound;
  peer.write(frame(`${header(0x102, { sequence: 2 })} 01 01 3132 00 00 00 41 00 0422 0001 00`));
  peer.write(frame(header(0x15, { sequence: 3 })));
  assert.equal((await peer.next()).sequence, 3);
  assert.deepEqual(seen.others[0]?.fields, { system_id: "SMSC", password: "P" });
  assert.equal(seen.others[1]?.fields["source_addr"], "12");
  assert.deepEqual(seen.others[1]?.tlvs, [{ tag: 0x0422, octets: Buffer.of(0) }]);
  assert.equal(session.state, "bound_trx");
});

test("[W09] query_sm is asked and answered with its fields; a refusal has none", async () => {
  await using pair = await openPair("esme");
  const { peer, session } = pair;
  await bindTo(pair);
  const asked = session.ask("query_sm", { message_id: "77", source_addr: "ACME" });
  const query = await peer.next();
  assert.equal(query.body.toString("latin1"), "77\0\0\0ACME\0");
  peer.write(frame(`${header(0x8000_0003, { sequence: query.sequence })} 373700 00 02 00`));
  assert.deepEqual(await asked, {
    status: 0,
    fields: { message_id: "77", final_date: "", message_state: 2, error_code: 0 },
    tlvs: [],
  });
  const refused = session.ask("query_sm", { message_id: "78" });
  const { sequence } = await peer.next();
  peer.write(frame(header(0x8000_0003, { status: 0x67, sequence })));
  assert.equal((await refused).status, 0x67);
});

test("our requests stop while the peer does not read, before its answers would", async () => {
  await using pair = await openPair("esme", {
    limits: { windowRequestsMax: 100_000, writeBufferOctetsMax: 65_536 },
  });
  const { peer, session, seen } = pair;
  await bindTo(pair);
  peer.socket.pause();
  const long = sms({ octets: Buffer.alloc(4_000) });
  let sent = 0;
  while (session.room() > 0) {
    session.send("submit_sm", long, () => {});
    sent += 1;
    if (sent % 8 === 0) await new Promise((turn) => setImmediate(turn));
  }
  assert.ok(sent < 100_000);
  assert.throws(() => session.send("submit_sm", long, () => {}), withCode("overloaded"));
  assert.equal(seen.closedCount, 0);
  peer.socket.resume();
  while (session.room() === 0) await new Promise((turn) => setImmediate(turn));
});
