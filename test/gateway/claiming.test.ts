// Rows that are marked in the table before there is room for them, against a channel and a table that
// the test keeps.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Channel } from "../../src/channel/channel.ts";
import { createClaiming } from "../../src/gateway/claiming.ts";
import { type Claimed, createQueues } from "../../src/gateway/queues.ts";
import { silentLog } from "../support/database.ts";
import { sentOf } from "../support/sent.ts";

const { message } = sentOf("one");
const nowMs = 1_000;

function setUp() {
  const done = { handed: [] as string[], back: [] as string[], expired: [] as string[] };
  const holds = { room: 0, held: false, paced: false, draining: false, gone: [] as string[] };
  const asked: number[] = [];
  const state = createQueues().of("SMPP1");
  // Only its room and its pace are looked at here.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const channel = {
    room(_account: string | undefined, enough: number) {
      asked.push(enough);
      return holds.room;
    },
    isPaced: () => holds.paced,
  } as unknown as Channel;
  const claiming = createClaiming({
    writer: { claim: () => Promise.resolve(holds.gone) },
    clock: { nowMs: () => nowMs, tickMs: () => nowMs },
    log: silentLog,
    channel: () => channel,
    isDraining: () => holds.draining,
    isStopped: () => holds.held,
    isProbing: () => false,
    outdated: undefined,
    wakeIn() {},
    finish: () => Promise.resolve(true),
    release() {},
    endIfOver(_state, { id, expiresMs }) {
      if (expiresMs <= nowMs) done.expired.push(id);
      return expiresMs <= nowMs;
    },
    putBack: (_state, { id }) => done.back.push(id),
    hand(one, { row: { id } }) {
      one.handed += 1;
      holds.room -= 1;
      done.handed.push(id);
    },
    done() {},
  });
  const claimedOf = (id: string, expiresMs = Infinity, on = channel): Claimed => {
    const times = { dueMs: 0, expiresMs, tries: 0, maybeTwice: false };
    const row = { id, message: { ...message, id }, queue: "SMPP1", priority: 0, ...times };
    const written = { requests: [], reference: 0 };
    return { row: { ...row, original: undefined }, channel: on, written, requests: 1 };
  };
  return { done, holds, asked, state, channel, claiming, claimedOf };
}

test("half as many as the peer has are claimed ahead, a hundred at most, and none while it has nothing", () => {
  const { holds, state, channel, claiming } = setUp();
  assert.equal(claiming.room(state, channel), 0);
  state.handed = 9;
  assert.equal(claiming.room(state, channel), 5);
  state.claiming = 4;
  assert.equal(claiming.room(state, channel), 1);
  state.handed = 1_000;
  assert.equal(claiming.room(state, channel), 96);
  holds.paced = true;
  assert.equal(claiming.room(state, channel), -4, "nobody waits for what its rate holds back");
});

test("of the channel's room no more is asked for than what is claimed, ready or wanted takes", () => {
  const { holds, asked, state, channel, claiming, claimedOf } = setUp();
  holds.room = 3;
  state.claiming = 2;
  assert.equal(claiming.room(state, channel, 1), 1);
  assert.equal(claiming.room(state, channel), 1);
  assert.deepEqual(asked.splice(0), [3, Infinity]);
  for (const id of ["a", "b", "c"]) claiming.marked(state, claimedOf(id));
  claiming.handOver(state);
  assert.deepEqual(asked, [3]);
});

test("what was claimed ahead goes as soon as there is room, in its order, without another commit", async () => {
  const { done, holds, state, claiming, claimedOf } = setUp();
  holds.room = 1;
  await claiming.claim(
    state,
    ["a", "b", "c"].map((id) => claimedOf(id)),
  );
  assert.deepEqual(done.handed, ["a"]);
  assert.equal(state.claiming, 2);
  holds.room = 1;
  claiming.handOver(state);
  assert.deepEqual(done, { handed: ["a", "b"], back: [], expired: [] });
});

test("what was claimed ahead goes back when nothing is with the peer, an operator holds the channel, or the gateway stops", async () => {
  for (const how of ["nothing", "held", "draining"]) {
    const { done, holds, state, claiming, claimedOf } = setUp();
    Object.assign(holds, { held: how === "held", draining: how === "draining" });
    state.handed = how === "nothing" ? 0 : 3;
    await claiming.claim(state, [claimedOf("a"), claimedOf("b")]);
    assert.deepEqual(done, { handed: [], back: ["a", "b"], expired: [] }, how);
    assert.equal(state.claiming, 0);
  }
});

test("what its rate holds back stays claimed, since it is known when it goes", async () => {
  const { done, holds, state, claiming, claimedOf } = setUp();
  holds.paced = true;
  await claiming.claim(state, [claimedOf("a")]);
  assert.deepEqual(done.back, []);
  holds.room = 1;
  claiming.handOver(state);
  assert.deepEqual(done.handed, ["a"]);
});

test("what was written for a channel that was made anew since is not handed to the new one as it is", async () => {
  const { done, holds, state, channel, claiming, claimedOf } = setUp();
  holds.room = 5;
  await claiming.claim(state, [claimedOf("a", Infinity, { ...channel }), claimedOf("b")]);
  assert.deepEqual(done, { handed: [], back: ["a", "b"], expired: [] });
});

test("what is claimed ahead and expires meanwhile, or was ended by somebody else, is not handed over", async () => {
  const { done, holds, state, claiming, claimedOf } = setUp();
  holds.room = 3;
  holds.gone = ["a"];
  await claiming.claim(state, [claimedOf("a"), claimedOf("b", 999), claimedOf("c")]);
  assert.deepEqual(done, { handed: ["c"], back: [], expired: ["b"] });
  assert.equal(state.claiming, 0);
});

test("what was written with our mark needs no claim, and comes behind what is being claimed", async () => {
  const { claiming, state, holds, done, claimedOf } = setUp();
  holds.room = 4;
  claiming.marked(state, claimedOf("alone"));
  claiming.handOver(state);
  assert.deepEqual(done.handed, ["alone"]);
  const claim = claiming.claim(state, [claimedOf("first")]);
  claiming.marked(state, claimedOf("second"));
  claiming.handOver(state);
  assert.deepEqual(done.handed, ["alone"]);
  await claim;
  claiming.marked(state, claimedOf("third"));
  await state.claimed;
  claiming.handOver(state);
  assert.deepEqual(done.handed, ["alone", "first", "second", "third"]);
});
