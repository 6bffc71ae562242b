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

function claimedOf(id: string, expiresMs = Infinity): Claimed {
  const times = { dueMs: 0, expiresMs, tries: 0, maybeTwice: false };
  const row = { id, message: { ...message, id }, queue: "SMPP1", priority: 0, ...times };
  return {
    row: { ...row, original: undefined },
    written: { requests: [], reference: 0 },
    requests: 1,
  };
}

function setUp() {
  const done = { handed: [] as string[], back: [] as string[], expired: [] as string[] };
  const holds = { room: 0, held: false, gone: [] as string[] };
  const state = createQueues().of("SMPP1");
  // Only its room is looked at here.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const channel = { room: () => holds.room } as unknown as Channel;
  const claiming = createClaiming({
    writer: { claim: () => Promise.resolve(holds.gone) },
    clock: { nowMs: () => 1_000, tickMs: () => 1_000 },
    log: silentLog,
    held: () => holds.held,
    outdated: undefined,
    isDraining: () => false,
    wakeIn() {},
    finish: () => Promise.resolve(true),
    expired: (_state, { id }) => done.expired.push(id),
    release() {},
    putBack: (_state, { id }) => done.back.push(id),
    hand(one, _channel, { id }) {
      one.handed += 1;
      holds.room -= 1;
      done.handed.push(id);
    },
    done() {},
  });
  return { done, holds, state, channel, claiming };
}

test("half as many as the peer has are claimed ahead, and none while it has nothing", () => {
  const { state, channel, claiming } = setUp();
  assert.equal(claiming.ahead(state, channel), 0);
  state.handed = 9;
  assert.equal(claiming.ahead(state, channel), 5);
  assert.equal(claiming.ahead(state, { ...channel, isPaced: () => true }), 0);
});

test("what was claimed ahead goes as soon as there is room, in its order, without another commit", async () => {
  const { done, holds, state, channel, claiming } = setUp();
  holds.room = 1;
  await claiming.claim(
    state,
    channel,
    ["a", "b", "c"].map((id) => claimedOf(id)),
  );
  assert.deepEqual(done.handed, ["a"]);
  assert.equal(state.claiming, 2);
  holds.room = 1;
  claiming.handOver(state, channel);
  assert.deepEqual(done.handed, ["a", "b"]);
  assert.deepEqual(done.back, []);
});

test("what was claimed ahead goes back when nothing is with the peer any more, or an operator holds the channel", async () => {
  for (const held of [false, true]) {
    const { done, holds, state, channel, claiming } = setUp();
    Object.assign(holds, { held, room: 0 });
    state.handed = held ? 3 : 0;
    await claiming.claim(state, channel, [claimedOf("a"), claimedOf("b")]);
    assert.deepEqual(done, { handed: [], back: ["a", "b"], expired: [] });
    assert.equal(state.claiming, 0);
  }
});

test("what is claimed ahead and expires meanwhile, or was ended by somebody else, is not handed over", async () => {
  const { done, holds, state, channel, claiming } = setUp();
  holds.room = 3;
  holds.gone = ["a"];
  await claiming.claim(state, channel, [claimedOf("a"), claimedOf("b", 999), claimedOf("c")]);
  assert.deepEqual(done, { handed: ["c"], back: [], expired: ["b"] });
  assert.equal(state.claiming, 0);
});
