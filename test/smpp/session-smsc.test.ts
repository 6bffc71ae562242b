/**
 * A session of the bound-to side on a real socket, with a bare peer that sends octets: what it
 * answers by itself, what it leaves to its owner, and how it ends.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { GatewayError } from "../../src/model/error.ts";
import { lingerMs, sessionLimits } from "../../src/smpp/limits.ts";
import type { ShortMessageRequest } from "../../src/smpp/session.ts";
import { encodeShortMessage } from "../../src/smpp/short-message.ts";
import { sms } from "./messages.ts";
import { BIND_TRX, frame, header, openPair } from "./peer.ts";

const submit = (sequence: number, changes = {}): Buffer =>
  encodeShortMessage("submit_sm", sms(changes), { sequence, tlvs: true, pduOctetsMax: 65_536 });

test("[I09] a transceiver binds, submits, is answered with the id, and unbinds", async () => {
  await using pair = await openPair("smsc");
  const { peer, session, seen } = pair;
  peer.write(BIND_TRX);
  const bound = await peer.next();
  assert.equal(bound.id, 0x8000_0009);
  assert.equal(bound.status, 0);
  // "us" and sc_interface_version 0x34.
  assert.equal(bound.body.toString("hex"), "7573000210000134");
  assert.equal(session.state, "bound_trx");
  assert.equal(seen.binds[0]?.systemId, "Test1");
  assert.equal(seen.binds[0]?.password, "Pwd1");

  peer.write(submit(7));
  const answer = await peer.next();
  assert.deepEqual([answer.id, answer.status, answer.sequence], [0x8000_0004, 0, 7]);
  assert.equal(answer.body.toString("latin1"), "id-7\0");
  assert.equal(seen.messages[0]?.sms.octets.toString(), "hello");

  peer.write(frame(header(6, { sequence: 8 })));
  const unbound = await peer.next();
  assert.deepEqual([unbound.id, unbound.status, unbound.sequence], [0x8000_0006, 0, 8]);
  await peer.ended;
  assert.equal((await seen.closed).reason, "peer_unbound");
  assert.equal(seen.closedCount, 1);
});

test("a PDU may come split at any octet", async () => {
  await using pair = await openPair("smsc");
  const { peer } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  const pdu = submit(1);
  for (let at = 1; at < pdu.length; at += 1) {
    peer.write(pdu.subarray(0, at));
    // An answer to something whole shows that the first half has been read by then.
    await new Promise((turn) => setImmediate(turn));
    peer.write(pdu.subarray(at));
    const answer = await peer.next();
    assert.deepEqual([answer.id, answer.status], [0x8000_0004, 0], `split at ${at}`);
  }
});

test("[I15] enquire_link is answered at once, before the bind too", async () => {
  await using pair = await openPair("smsc");
  const { peer } = pair;
  peer.write(frame(header(0x15, { sequence: 3 })));
  const answer = await peer.next();
  assert.deepEqual([answer.id, answer.status, answer.sequence], [0x8000_0015, 0, 3]);
});

test("[I43] an unknown command gets generic_nack 0x03 and the session goes on", async () => {
  await using pair = await openPair("smsc");
  const { peer } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  peer.write(frame(header(0x77, { sequence: 5 })));
  const nack = await peer.next();
  assert.deepEqual([nack.id, nack.status, nack.sequence], [0x8000_0000, 3, 5]);
  peer.write(submit(6));
  assert.equal((await peer.next()).status, 0);
});

test("[I44] what is illegal in a state is answered 0x04", async () => {
  await using pair = await openPair("smsc");
  const { peer, seen } = pair;
  peer.write(submit(1));
  const early = await peer.next();
  assert.deepEqual([early.id, early.status], [0x8000_0004, 4]);
  // bind_receiver, then submit_sm on it.
  peer.write(frame(`${header(1, { sequence: 2 })} 41 00 00 00 34 00 00 00`));
  assert.equal((await peer.next()).status, 0);
  peer.write(submit(3));
  assert.equal((await peer.next()).status, 4);
  assert.equal(seen.messages.length, 0);
  assert.equal(pair.session.counters.refused, 2);
});

test("[I45] a second bind on a bound session is answered 0x05", async () => {
  await using pair = await openPair("smsc");
  const { peer, seen } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  peer.write(BIND_TRX);
  const again = await peer.next();
  assert.deepEqual([again.id, again.status], [0x8000_0009, 5]);
  assert.equal(seen.binds.length, 1);
});

test("a second bind before the first is answered gets 0x05", async () => {
  await using pair = await openPair("smsc", { owner: { bind() {} } });
  const { peer, session, seen } = pair;
  peer.write(Buffer.concat([BIND_TRX, BIND_TRX]));
  assert.equal((await peer.next()).status, 5);
  session.answerBind(seen.binds[0]!, 0, "us");
  assert.equal((await peer.next()).status, 0);
});

test("[I03] a peer of 3.3 gets no sc_interface_version and no TLV at all", async () => {
  await using pair = await openPair("smsc");
  const { peer, session } = pair;
  peer.write(frame(`${header(1, { sequence: 1 })} 41 00 42 00 00 33 00 00 00`));
  const bound = await peer.next();
  assert.equal(bound.body.toString("latin1"), "us\0");
  assert.equal(session.version, 0x33);
  const tlvs = [{ tag: 0x001e, octets: Buffer.from("id") }];
  session.send("deliver_sm", sms({ tlvs }), () => {});
  assert.equal((await peer.next()).pdu.length, 16 + 17 + 4 + 11 + 5);
  assert.throws(
    () => session.send("deliver_sm", sms({ octets: Buffer.alloc(255) }), () => {}),
    (error) => error instanceof GatewayError && error.code === "message_too_long",
  );
});

test("a refused bind is told, and the owner may close at once without losing the answer", async () => {
  await using pair = await openPair("smsc", {
    owner: {
      bind(request, session) {
        session.answerBind(request, 0x0e, "us");
        session.close("bind_refused");
      },
    },
  });
  const { peer, seen } = pair;
  peer.write(BIND_TRX);
  const answer = await peer.next();
  assert.deepEqual([answer.id, answer.status, answer.body.length], [0x8000_0009, 0x0e, 0]);
  await peer.ended;
  assert.equal((await seen.closed).reason, "bind_refused");
});

test("a refused peer may bind again, and is closed when it does not", async () => {
  let refusals = 0;
  await using pair = await openPair("smsc", {
    limits: { sessionInitMs: 300 },
    owner: {
      bind(request, session) {
        refusals += 1;
        session.answerBind(request, refusals === 1 ? 0x0e : 0x0f, "us");
      },
    },
  });
  const { peer, seen } = pair;
  peer.write(BIND_TRX);
  assert.equal((await peer.next()).status, 0x0e);
  peer.write(BIND_TRX);
  assert.equal((await peer.next()).status, 0x0f);
  assert.equal((await seen.closed).reason, "session_init_timeout");
});

test("a connection that does not bind in time is closed", async () => {
  await using pair = await openPair("smsc", { limits: { sessionInitMs: 50 } });
  await pair.peer.ended;
  assert.equal((await pair.seen.closed).reason, "session_init_timeout");
});

test("a bind that takes its owner long is not a connection that does not bind", async () => {
  await using pair = await openPair("smsc", {
    limits: { sessionInitMs: 200, enquireLinkMs: 400 },
    owner: { bind() {} },
  });
  const { peer, session, seen } = pair;
  peer.write(BIND_TRX);
  // The question whether it lives comes long after sessionInitMs.
  assert.equal((await peer.next()).id, 0x15);
  session.answerBind(seen.binds[0]!, 0, "us");
  assert.equal((await peer.next()).status, 0);
});

for (const [what, hex] of [
  ["8", "00000008 00000015"],
  ["15", "0000000f 00000015"],
  ["0", "00000000"],
  ["above the limit", "00010001"],
  ["of an HTTP request", Buffer.from("GET / HTTP/1.0\r\n\r\n").toString("hex")],
] as const)
  test(`[I42] command_length ${what} gets generic_nack 0x02 at its 4th octet and the end`, async () => {
    await using pair = await openPair("smsc");
    const { peer, seen } = pair;
    peer.write(hex);
    const nack = await peer.next();
    assert.deepEqual([nack.id, nack.status, nack.sequence], [0x8000_0000, 2, 0]);
    await peer.ended;
    assert.equal((await seen.closed).reason, "bad_length");
  });

test("a sound header with a broken body gets the fitting status and the session goes on", async () => {
  await using pair = await openPair("smsc");
  const { peer, seen } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  const whole = submit(1);
  const cases: readonly (readonly [what: string, pdu: Buffer, status: number])[] = [
    ["no body", frame(header(4, { sequence: 1 })), 0x02],
    ["cut in the text", frame(whole.subarray(4, -2).toString("hex")), 0x02],
    ["a TLV cut short", frame(`${whole.subarray(4).toString("hex")} 0424 00`), 0xc0],
    ["a TLV longer than the PDU", frame(`${whole.subarray(4).toString("hex")} 0424 0009 41`), 0xc0],
    ["a TLV of wrong length", submit(1, { tlvs: [{ tag: 0x0204, octets: Buffer.of(1) }] }), 0xc2],
    ["priority 9", submit(1, { priority: 9 }), 0x06],
    ["registered_delivery 0xff", submit(1, { registeredDelivery: 0xff }), 0x07],
    ["esm_class 0x3f", submit(1, { esmClass: 0x3f }), 0x43],
    ["a bad time", submit(1, { scheduleTime: "tomorrow" }), 0x61],
    ["a bad validity", submit(1, { validityPeriod: "260230120000000+" }), 0x62],
  ];
  for (const [what, pdu, status] of cases) {
    peer.write(pdu);
    const answer = await peer.next();
    assert.deepEqual([answer.id, answer.status], [0x8000_0004, status], what);
  }
  assert.equal(seen.messages.length, 0);
  peer.write(whole);
  assert.equal((await peer.next()).status, 0);
  assert.deepEqual(seen.faults, []);
});

test("[I53] a bind whose system_id or password is too long is refused with that", async () => {
  await using pair = await openPair("smsc");
  const { peer } = pair;
  const name = "41".repeat(17);
  peer.write(frame(`${header(9, { sequence: 1 })} ${name} 00 42 00 00 34 00 00 00`));
  assert.equal((await peer.next()).status, 0x0f);
  peer.write(frame(`${header(9, { sequence: 2 })} 41 00 ${"42".repeat(65)} 00 00 34 00 00 00`));
  assert.equal((await peer.next()).status, 0x0e);
});

test("[I56] at peerRequestsMax a message is refused with 0x58, while enquire_link is answered", async () => {
  const waiting: ShortMessageRequest[] = [];
  await using pair = await openPair("smsc", {
    limits: { peerRequestsMax: 3 },
    owner: { shortMessage: (request) => void waiting.push(request) },
  });
  const { peer, session } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  peer.write(Buffer.concat([1, 2, 3, 4].map((sequence) => submit(sequence))));
  const refused = await peer.next();
  assert.deepEqual([refused.sequence, refused.status], [4, 0x58]);
  peer.write(frame(header(0x15, { sequence: 5 })));
  assert.equal((await peer.next()).sequence, 5);
  session.answer(waiting[0]!, 0, "one");
  assert.equal((await peer.next()).body.toString(), "one\0");
  peer.write(submit(6));
  peer.write(submit(7));
  assert.deepEqual([(await peer.next()).sequence, waiting.length], [7, 4]);
});

test("above peerRequestsMax + 100 reading stops, and goes on when the owner has answered", async () => {
  await using pair = await openPair("smsc", {
    limits: { peerRequestsMax: 2, peerQuestionsMax: 1_000 },
    owner: { other: (request) => void pair.seen.others.push(request) },
  });
  const { peer, session, seen } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  const query = (sequence: number): Buffer => frame(`${header(3, { sequence })} 41 00 00 00 00`);
  peer.write(Buffer.concat(Array.from({ length: 200 }, (_, index) => query(index + 1))));
  peer.write(frame(header(0x15, { sequence: 999 })));
  // Only when the first hundred are answered is the rest read, with the enquire_link behind it.
  let answers = 0;
  let enquiredAfter = 0;
  while (answers < 200) {
    while (seen.others.length <= answers) await new Promise((turn) => setImmediate(turn));
    assert.ok(seen.others.length - answers <= 103, `${seen.others.length} - ${answers}`);
    session.answerOther(seen.others[answers]!, 0, { message_id: "A", message_state: 2 });
    answers += 1;
    let answer = await peer.next();
    if (answer.sequence === 999) {
      enquiredAfter = answers;
      answer = await peer.next();
    }
    assert.deepEqual([answer.id, answer.sequence], [0x8000_0003, answers]);
  }
  assert.ok(enquiredAfter > 100, `${enquiredAfter}`);
});

test("at peerQuestionsMax a query is refused with 0x58, while messages and enquire_link go on", async () => {
  await using pair = await openPair("smsc", {
    limits: { peerQuestionsMax: 2 },
    owner: { other: (request) => void pair.seen.others.push(request) },
  });
  const { peer, session, seen } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  const query = (sequence: number): Buffer => frame(`${header(3, { sequence })} 41 00 00 00 00`);
  peer.write(Buffer.concat([query(1), query(2), query(3), submit(4), query(5)]));
  const answers = [await peer.next(), await peer.next(), await peer.next()];
  assert.deepEqual(
    answers.map(({ sequence, status }) => [sequence, status]),
    [
      [3, 0x58],
      [4, 0],
      [5, 0x58],
    ],
  );
  session.answerOther(seen.others[0]!, 0, { message_id: "A", message_state: 2 });
  assert.equal((await peer.next()).sequence, 1);
  peer.write(query(6));
  peer.write(frame(header(0x15, { sequence: 7 })));
  assert.deepEqual([(await peer.next()).sequence, seen.others.length], [7, 3]);
});

test("without an owner for the rest, query_sm is refused with 0x03", async () => {
  await using pair = await openPair("smsc");
  const { peer } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  peer.write(frame(`${header(3, { sequence: 9 })} 41 00 00 00 00`));
  const answer = await peer.next();
  assert.deepEqual([answer.id, answer.status, answer.sequence], [0x8000_0003, 3, 9]);
});

test("[I48] a throw in the owner is answered 0x08, told, and wedges nothing", async () => {
  let throws = true;
  await using pair = await openPair("smsc", {
    owner: {
      shortMessage(request, session) {
        if (throws) throw new Error("broken owner");
        session.answer(request, 0, "ok");
      },
    },
  });
  const { peer, seen } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  peer.write(submit(1));
  assert.equal((await peer.next()).status, 8);
  throws = false;
  peer.write(submit(2));
  assert.equal((await peer.next()).status, 0);
  assert.equal(seen.faults.length, 1);
});

test("a request is answered once; a second answer and one after the end do nothing", async () => {
  await using pair = await openPair("smsc", { owner: { shortMessage() {} } });
  const { peer, session, seen } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  peer.write(Buffer.concat([submit(1), submit(2), frame(header(0x15, { sequence: 3 }))]));
  await peer.next();
  session.answer(seen.messages[0]!, 0, "first");
  session.answer(seen.messages[0]!, 8);
  assert.equal((await peer.next()).body.toString(), "first\0");
  peer.write(frame(header(0x15, { sequence: 4 })));
  assert.equal((await peer.next()).sequence, 4);
  session.close("kicked");
  session.answer(seen.messages[1]!, 0, "late");
  session.answerBind(seen.binds[0]!, 0, "late");
  await peer.ended;
  assert.equal(seen.closedCount, 1);
});

test("an id that the wire cannot carry becomes 0x08 and is told", async () => {
  await using pair = await openPair("smsc", {
    owner: { shortMessage: (request, session) => session.answer(request, 0, "x".repeat(65)) },
  });
  const { peer, seen } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  peer.write(submit(1));
  assert.equal((await peer.next()).status, 8);
  assert.equal(seen.faults.length, 1);
});

test("answers owed to a peer that unbinds are sent before its unbind_resp", async () => {
  await using pair = await openPair("smsc", { owner: { shortMessage() {} } });
  const { peer, session, seen } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  peer.write(Buffer.concat([submit(1), frame(header(6, { sequence: 2 })), submit(3)]));
  const refused = await peer.next();
  assert.deepEqual([refused.sequence, refused.status], [3, 4]);
  assert.equal(session.state, "unbound");
  assert.equal(session.room(), 0);
  session.answer(seen.messages[0]!, 0, "kept");
  assert.equal((await peer.next()).body.toString(), "kept\0");
  assert.equal((await peer.next()).id, 0x8000_0006);
  assert.equal((await seen.closed).reason, "peer_unbound");
});

test("a peer that unbinds does not wait for ever for an owner that never answers", async () => {
  await using pair = await openPair("smsc", {
    limits: { unbindMs: 50 },
    owner: { shortMessage() {} },
  });
  const { peer } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  peer.write(Buffer.concat([submit(1), frame(header(6, { sequence: 2 }))]));
  assert.equal((await peer.next()).id, 0x8000_0006);
});

test("[I15] a half-open peer is found by enquire_link and closed", async () => {
  await using pair = await openPair("smsc", {
    limits: { enquireLinkMs: 60, responseTimeoutMs: 80 },
  });
  const { peer, session, seen } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  let outcome: unknown;
  session.send("deliver_sm", sms(), (answer) => (outcome = answer));
  assert.equal((await peer.next()).id, 5);
  assert.equal((await peer.next()).id, 0x15);
  assert.equal((await seen.closed).reason, "enquire_link_unanswered");
  assert.deepEqual(outcome, { kind: "unanswered", why: "response_timeout" });
});

test("a peer that answers enquire_link stays; without messages it ends by inactivityMs", async () => {
  await using pair = await openPair("smsc", {
    limits: { enquireLinkMs: 40, responseTimeoutMs: 5_000, inactivityMs: 600 },
  });
  const { peer, seen } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  let asked = 0;
  while (seen.closedCount === 0) {
    const question = await Promise.race([peer.next(), seen.closed.then(() => undefined)]);
    if (question === undefined) break;
    assert.equal(question.id, 0x15);
    asked += 1;
    peer.write(frame(header(0x8000_0015, { sequence: question.sequence })));
  }
  assert.ok(asked > 0);
  assert.equal((await seen.closed).reason, "inactive");
});

test("a peer that does not close its end is cut off after lingerMs", async () => {
  await using pair = await openPair("smsc", { reads: false });
  const cut = once(pair.near, "close");
  const startMs = performance.now();
  pair.session.close("kicked");
  assert.equal(pair.session.state, "closed");
  await cut;
  assert.ok(performance.now() - startMs >= lingerMs - 5);
});

test("a peer that sends and does not read is closed when the write buffer is full", async () => {
  await using pair = await openPair("smsc", {
    reads: false,
    limits: { writeBufferOctetsMax: 65_536 },
  });
  const { peer, seen } = pair;
  peer.write(BIND_TRX);
  const enquiries = Buffer.concat(
    Array.from({ length: 10_000 }, (_, index) => frame(header(0x15, { sequence: index + 1 }))),
  );
  // The system's own buffers take some megabytes first.
  while (seen.closedCount === 0) {
    peer.write(enquiries);
    await new Promise((turn) => setImmediate(turn));
  }
  assert.equal((await seen.closed).reason, "peer_not_reading");
});

test("a peer that resets the connection is told to the owner once, with the system's word", async () => {
  await using pair = await openPair("smsc");
  const { peer, seen } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  peer.socket.resetAndDestroy();
  const { reason, detail } = await seen.closed;
  assert.equal(reason, "connection_error");
  assert.match(detail, /ECONNRESET/);
  assert.equal(seen.closedCount, 1);
});

test("every PDU is shown to a dump, a bind without its password", async () => {
  const shown: string[] = [];
  await using pair = await openPair("smsc", {
    owner: { dump: (direction, pdu) => shown.push(`${direction} ${pdu.toString("latin1", 16)}`) },
  });
  const { peer } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  assert.deepEqual(shown, ["in Test1\0****\0\0\x34\0\0\0", "out us\0\x02\x10\0\x01\x34"]);
});

test("every limit has a default above zero, but inactivityMs", () => {
  for (const [name, value] of Object.entries(sessionLimits))
    assert.equal(value > 0, name !== "inactivityMs", name);
});
