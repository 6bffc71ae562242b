// What is sent to a peer that has let messages without an answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { once } from "node:events";
import type { Answer } from "../../src/smpp/session.ts";
import { sms } from "./messages.ts";
import { type Peer, frame, header, openPair } from "./peer.ts";

/** A bound session with a window of three; the peer has read its bind and nothing else. */
async function bound(onHeard: () => void = () => {}) {
  const pair = await openPair("esme", {
    limits: { responseTimeoutMs: 120, windowRequestsMax: 3 },
    owner: { heardAgain: onHeard },
  });
  const { peer, session } = pair;
  const fields = { systemId: "us", password: "x", systemType: "", addressRange: "" };
  const numbers = { version: 0x34, addressTon: 0, addressNpi: 0 };
  const binding = session.bind({ bindType: "transceiver", ...fields, ...numbers });
  const { sequence } = await peer.next();
  peer.write(frame(`${header(0x8000_0009, { sequence })} 00`));
  await binding;
  return pair;
}

const answerTo = (sequence: number, status = 0): Buffer =>
  frame(`${header(0x8000_0004, { sequence, status })} 6100`);

const alive = (sequence: number): Buffer => frame(header(0x8000_0015, { sequence }));

/** The sequence number of the next enquire_link; messages before it are passed over. */
async function enquired(peer: Pick<Peer, "next">): Promise<number> {
  for (;;) {
    const { id, sequence } = await peer.next();
    if (id === 0x15) return sequence;
  }
}

test("after a message without an answer nothing is sent until the peer is heard, then one", async () => {
  const heard = Promise.withResolvers<void>();
  await using pair = await bound(heard.resolve);
  const { peer, session } = pair;
  const lost = [1, 2, 3].map(
    () => new Promise<Answer>((done) => session.send("submit_sm", sms(), done)),
  );
  const first = await peer.next();
  await Promise.all([peer.next(), peer.next()]);
  for (const answer of await Promise.all(lost))
    assert.deepEqual(answer, { kind: "unanswered", why: "response_timeout" });
  assert.equal(session.room(), 0);
  assert.throws(() => session.send("submit_sm", sms(), () => {}));

  // Any word of it counts, here the late answer to the first.
  const asked = await enquired(peer);
  peer.write(answerTo(first.sequence));
  peer.write(alive(asked));
  await heard.promise;
  assert.equal(session.counters.late, 1);
  assert.equal(session.room(), 1);
  const probe = new Promise<Answer>((done) => session.send("submit_sm", sms(), done));
  assert.equal(session.room(), 0);
  const { sequence } = await peer.next();
  peer.write(answerTo(sequence, 0x58));
  const answer = await probe;
  assert.equal(answer.kind === "answered" && answer.status, 0x58);
  assert.equal(session.room(), 3);
});

test("a peer that only answers enquire_link gets one message in each time, and tells once", async () => {
  let heard = 0;
  const told: (() => void)[] = [];
  await using pair = await bound(() => {
    heard += 1;
    for (const one of told.splice(0)) one();
  });
  const { peer, session } = pair;
  for (let round = 1; round <= 3; round += 1) {
    let sent = 0;
    const lost: Promise<Answer>[] = [];
    while (session.room() > 0) {
      lost.push(new Promise((done) => session.send("submit_sm", sms(), done)));
      sent += 1;
    }
    assert.equal(sent, round === 1 ? 3 : 1);
    await Promise.all(lost);
    const next = new Promise<void>((resolve) => told.push(resolve));
    peer.write(alive(await enquired(peer)));
    await next;
    assert.equal(heard, round);
  }
});

test("one answer that is lost among others holds nothing up", async () => {
  await using pair = await bound();
  const { peer, session } = pair;
  const lost = new Promise<Answer>((done) => session.send("submit_sm", sms(), done));
  await peer.next();
  assert.equal((await lost).kind, "unanswered");
  assert.equal(session.room(), 0);
  peer.write(alive(await enquired(peer)));
  await once(pair.near, "data");
  const answered = new Promise<Answer>((done) => session.send("submit_sm", sms(), done));
  peer.write(answerTo((await peer.next()).sequence));
  assert.equal((await answered).kind, "answered");
  assert.equal(session.room(), 3);
});
