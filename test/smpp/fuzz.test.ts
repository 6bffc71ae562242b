/**
 * Seeded fuzz. Sound PDUs of every kind are mutated (bits, lengths, cuts, repeats) and thrown at the
 * decoders and, as one stream, at a session. Nothing but a GatewayError may come out of a decoder; a
 * session must answer or close, with no fault of ours, and settle all that it sent.
 * FUZZ_ROUNDS scales the rounds, FUZZ_SEED repeats a run; the seed is printed.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { GatewayError } from "../../src/model/error.ts";
import { decodeBindAnswer } from "../../src/smpp/bind.ts";
import { COMMAND, commandName } from "../../src/smpp/command.ts";
import { encodeRare } from "../../src/smpp/rare.ts";
import { decodeRare } from "../../src/smpp/rare.ts";
import {
  decodeShortMessage,
  decodeShortMessageAnswer,
  encodeShortMessage,
} from "../../src/smpp/short-message.ts";
import { checkSubmitted } from "../../src/smpp/submit-rules.ts";
import { sms } from "./messages.ts";
import { BIND_TRX, frame, header, openPair } from "./peer.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 20_000);

/** mulberry32: small, fast, the same everywhere. */
function randomFrom(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const options = { sequence: 1, tlvs: true, pduOctetsMax: 65_536 };
const rich = sms({
  serviceType: "CMT",
  scheduleTime: "261120120000004+",
  tlvs: [
    { tag: 0x0204, octets: Buffer.of(1, 2) },
    { tag: 0x1403, octets: Buffer.from("own") },
  ],
});
const CORPUS: readonly Buffer[] = [
  BIND_TRX,
  encodeShortMessage("submit_sm", rich, options),
  encodeShortMessage("submit_sm", sms({ octets: Buffer.alloc(300) }), options),
  encodeShortMessage("deliver_sm", rich, options),
  encodeShortMessage("data_sm", rich, options),
  ...Object.keys(COMMAND).map((command) => encodeRare(command, { sequence: 1 })),
  frame(`${header(0x8000_0004, { sequence: 1 })} 616200 001d 0001 78`),
  frame(header(0x8000_0000, { status: 3, sequence: 2 })),
];

function mutate(pdu: Buffer, random: (below: number) => number): Buffer {
  let octets = Buffer.from(pdu);
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const at = random(octets.length);
    switch (random(6)) {
      case 0:
        octets[at] = random(256);
        break;
      case 1:
        octets[at] = (octets[at] ?? 0) ^ (1 << random(8));
        break;
      case 2:
        octets = octets.subarray(0, Math.max(16, at));
        break;
      case 3:
        octets = Buffer.concat([octets.subarray(0, at), octets.subarray(random(at + 1))]);
        break;
      case 4:
        octets = Buffer.concat([octets, Buffer.from([random(256), random(256)])]);
        break;
      default:
        octets[at] = random(2) === 0 ? 0 : 255;
    }
  }
  return octets;
}

test(`${rounds} mutated PDUs give a value or a GatewayError, never another throw`, (t) => {
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const random = randomFrom(seed);
  for (let round = 0; round < rounds; round += 1) {
    const pdu = mutate(CORPUS[random(CORPUS.length)] ?? BIND_TRX, random);
    const told = `round ${round}, seed ${seed}: ${pdu.toString("hex")}`;
    const guarded = (act: () => unknown): void => {
      try {
        act();
      } catch (error) {
        assert.ok(error instanceof GatewayError && error.entry.smpp !== undefined, told);
      }
    };
    for (const command of ["submit_sm", "deliver_sm", "data_sm"] as const)
      guarded(() => checkSubmitted(decodeShortMessage(command, pdu), 0x34));
    const name = commandName(pdu.readUInt32BE(4) & 0x8000_01ff).replace("generic_nack", "outbind");
    if (!name.startsWith("0x")) guarded(() => decodeRare(name, pdu));
    decodeShortMessageAnswer(pdu);
    decodeBindAnswer("transceiver", pdu);
  }
});

test("a session under mutated PDUs answers or closes, with no fault of ours", async (t) => {
  t.diagnostic(`FUZZ_SEED=${seed}`);
  const random = randomFrom(seed + 1);
  for (let run = 0; run < Math.max(5, rounds / 400); run += 1) {
    const role = random(2) === 0 ? "smsc" : "esme";
    let sent = 0;
    let settled = 0;
    await using pair = await openPair(role, {
      limits: { unbindMs: 100 },
      owner: {
        other: (request, session) => session.answerOther(request, 0x67),
        shortMessage(request, session) {
          session.answer(request, 0, "id");
          if (session.room() === 0) return;
          sent += 1;
          session.send("deliver_sm", sms(), () => (settled += 1));
        },
      },
    });
    const { peer, session, seen } = pair;
    if (role === "smsc") peer.write(BIND_TRX);
    for (let pdus = 0; pdus < 100; pdus += 1) {
      const pdu = mutate(CORPUS[random(CORPUS.length)] ?? BIND_TRX, random);
      // Mostly with a sound length, or the stream would end at once.
      if (random(50) > 0) pdu.writeUInt32BE(pdu.length, 0);
      peer.write(pdu);
    }
    // A PDU whose length was fooled may wait for more: the end of the stream settles that.
    peer.socket.end();
    await seen.closed;
    const told = `run ${run}, seed ${seed}`;
    assert.deepEqual(seen.faults, [], told);
    assert.equal(settled, sent, told);
    assert.equal(seen.closedCount, 1, told);
    assert.equal(session.state, "closed", told);
  }
});
