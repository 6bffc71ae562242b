/** Messages of a session that has to wait for its turn: they stay as the octets they came in. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Intake, Take } from "../../src/model/intake.ts";
import { encodeShortMessage } from "../../src/smpp/short-message.ts";
import { sms } from "./messages.ts";
import { BIND_TRX, type Pair, type Peer, frame, header, openPair } from "./peer.ts";

const submit = (sequence: number): Buffer =>
  encodeShortMessage("submit_sm", sms(), { sequence, tlvs: true, pduOctetsMax: 65_536 });
const enquire = (sequence: number): Buffer => frame(header(0x15, { sequence }));
const submits = (from: number, to: number): Buffer =>
  Buffer.concat(Array.from({ length: to - from + 1 }, (_, index) => submit(from + index)));

/** Turns come when the test says so. */
function line(): Intake & { readonly takes: Take[] } {
  const takes: Take[] = [];
  return { takes, enter: (take) => void takes.push(take) };
}

async function bound(
  given: Parameters<typeof openPair>[1],
): Promise<{ pair: Pair; peer: Peer; answered: (count: number) => Promise<unknown[]> }> {
  const pair = await openPair("smsc", given);
  const { peer } = pair;
  peer.write(BIND_TRX);
  await peer.next();
  return {
    pair,
    peer,
    async answered(count) {
      const answers: unknown[] = [];
      for (let n = 0; n < count; n += 1) {
        const { sequence, status } = await peer.next();
        answers.push([sequence, status]);
      }
      return answers;
    },
  };
}

test("messages wait for their turn in the order in which they came, and what is no message does not", async () => {
  const intake = line();
  const { pair, peer, answered } = await bound({ intake });
  await using _ = pair;
  peer.write(Buffer.concat([submits(1, 5), enquire(6)]));
  assert.deepEqual(await answered(1), [[6, 0]]);
  assert.equal(pair.seen.messages.length, 0);
  assert.equal(intake.takes.length, 1, "a session stands in the line once");
  assert.equal(intake.takes[0]?.(2), 2);
  assert.deepEqual(await answered(2), [
    [1, 0],
    [2, 0],
  ]);
  // Who took all that he might is asked again.
  peer.write(Buffer.concat([submit(7), enquire(8)]));
  assert.deepEqual(await answered(1), [[8, 0]]);
  assert.equal(intake.takes.length, 1);
  assert.equal(intake.takes[0]?.(10), 4);
  assert.deepEqual(await answered(4), [
    [3, 0],
    [4, 0],
    [5, 0],
    [7, 0],
  ]);
  peer.write(Buffer.concat([submit(9), enquire(10)]));
  assert.deepEqual(await answered(1), [[10, 0]]);
  assert.equal(intake.takes.length, 2, "who had less stands behind again");
});

test("a message has come when it came, however long it waits", async () => {
  const intake = line();
  const { pair, peer, answered } = await bound({ intake });
  await using _ = pair;
  const before = performance.now();
  peer.write(Buffer.concat([submit(1), enquire(2)]));
  await answered(1);
  const after = performance.now();
  while (performance.now() < after + 5) await new Promise((turn) => setImmediate(turn));
  intake.takes[0]?.(1);
  const { receivedMs = 0 } = pair.seen.messages[0] ?? {};
  assert.ok(before <= receivedMs && receivedMs <= after, `${before} ${receivedMs} ${after}`);
});

test("[I56] what waits for its turn counts for peerRequestsMax", async () => {
  const intake = line();
  const { pair, peer, answered } = await bound({ intake, limits: { peerRequestsMax: 3 } });
  await using _ = pair;
  peer.write(submits(1, 4));
  assert.deepEqual(await answered(1), [[4, 0x58]]);
  intake.takes[0]?.(3);
  assert.equal((await answered(3)).length, 3);
});

test("a message that cannot be read is refused in its turn, and those behind it are taken up", async () => {
  const intake = line();
  const { pair, peer, answered } = await bound({ intake });
  await using _ = pair;
  // A destination without its NUL, and the unbind that waits for all of them.
  const broken = frame(`${header(4, { sequence: 2 })} 00 00 00 41 00 00 00 41 42 43`);
  peer.write(Buffer.concat([submit(1), broken, enquire(4), frame(header(6, { sequence: 3 }))]));
  assert.deepEqual(await answered(1), [[4, 0]]);
  intake.takes[0]?.(1);
  assert.deepEqual(await answered(1), [[1, 0]]);
  intake.takes[0]?.(1);
  const [[refused, status], unbound] = (await answered(2)) as [[number, number], unknown];
  assert.equal(refused, 2);
  assert.notEqual(status, 0);
  assert.deepEqual(unbound, [3, 0]);
  assert.equal((await pair.seen.closed).reason, "peer_unbound");
});

test("before we unbind all that waits is given to its owner, and answered", async () => {
  const intake = line();
  const { pair, peer, answered } = await bound({ intake });
  await using _ = pair;
  peer.write(Buffer.concat([submits(1, 3), enquire(4)]));
  assert.deepEqual(await answered(1), [[4, 0]]);
  const ended = pair.session.unbind();
  assert.equal((await answered(3)).length, 3);
  const unbind = await peer.next();
  assert.equal(unbind.id, 6);
  peer.write(frame(header(0x8000_0006, { sequence: unbind.sequence })));
  await ended;
  assert.equal(intake.takes[0]?.(1), 0);
});

test("what a closed session had waiting is forgotten, and its turn costs nothing", async () => {
  const intake = line();
  const { pair, peer, answered } = await bound({ intake });
  await using _ = pair;
  peer.write(Buffer.concat([submits(1, 3), enquire(4)]));
  await answered(1);
  pair.session.close("kicked");
  assert.equal(intake.takes[0]?.(10), 0);
  assert.equal(pair.seen.messages.length, 0);
});
