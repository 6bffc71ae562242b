// Rows that are written with our mark because there is room for them, with the queues themselves, against a channel
// and a table that the test keeps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Channel, SendResult } from "../../src/channel/channel.ts";
import { placedWriter } from "../../src/gateway/placing.ts";
import { createSender } from "../../src/gateway/send.ts";
import { GatewayError } from "../../src/model/error.ts";
import { silentMeter } from "../../src/model/meter.ts";
import type { Acceptance, Conclusion, Forward } from "../../src/store/writer.ts";
import { silentLog } from "../support/database.ts";
import { sentOf } from "../support/sent.ts";

const { message } = sentOf("one");

function setUp(windowRequests: number) {
  const seen = {
    claimed: [] as string[],
    handed: [] as string[],
    back: [] as string[],
    held: false,
  };
  const answers: (() => void)[] = [];
  let free = windowRequests;
  // Only what sending needs is looked at here.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const channel = {
    name: "SMPP1",
    taken: "SENT",
    group: "SMPP1",
    room: () => free,
    write: () => ({ requests: [message.sms], reference: 0 }),
    send({ id }: { id: string }, _request: unknown, done: (result: SendResult) => void) {
      free -= 1;
      seen.handed.push(id);
      answers.push(() => {
        free += 1;
        done({ kind: "taken", providerId: id });
      });
    },
  } as unknown as Channel;
  const refuse = () => Promise.reject(new Error("not here"));
  const sender = createSender({
    clock: { nowMs: () => 1, tickMs: () => 1 },
    log: silentLog,
    channel: () => channel,
    held: () => seen.held,
    meter: silentMeter,
    memory: { put() {} },
    tally: { begin() {}, forget() {} },
    onItsWay: { handed() {}, landed() {} },
    writer: {
      claim(ids) {
        seen.claimed.push(...ids);
        return Promise.resolve([]);
      },
      part: refuse,
      again({ id }) {
        seen.back.push(id);
        return Promise.resolve();
      },
    },
    queue: {
      counts: () => Promise.resolve(new Map()),
      takeUp: () => Promise.resolve(0),
      expired: () => Promise.resolve([]),
      fetch: () => Promise.resolve({ rows: [], nextDueMs: undefined }),
    },
    finisher: () => Promise.resolve([]),
  });
  const forward = (id: string, over: Partial<Forward> = {}): Forward => ({
    message: { ...message, id },
    queue: "SMPP1",
    priority: 0,
    dueMs: 0,
    expiresMs: Infinity,
    ...over,
  });
  const end = async () => {
    for (const answer of answers.splice(0)) answer();
    await sender.drain();
  };
  return { sender, seen, forward, end };
}

test("what has room is marked and handed over after its commit without a claim; what has none is claimed later", async () => {
  const { sender, seen, forward, end } = setUp(2);
  const rows = ["a", "b", "c"].map((id) => sender.reserve(forward(id)));
  assert.deepEqual(
    rows.map(({ taken }) => taken),
    [true, true, undefined],
  );
  assert.deepEqual(seen.handed, [], "nothing goes before the commit");
  sender.offer(rows);
  await turn();
  assert.deepEqual(seen.handed, ["a", "b"]);
  assert.deepEqual(seen.claimed, ["c"]);
  await end();
});

test("what is held, scheduled, or has others before it gets no place", async () => {
  const { sender, seen, forward, end } = setUp(1);
  assert.equal(sender.reserve(forward("later", { dueMs: 5 })).taken, undefined);
  seen.held = true;
  assert.equal(sender.reserve(forward("held")).taken, undefined);
  sender.offer([forward("held")]);
  await turn();
  seen.held = false;
  assert.equal(sender.reserve(forward("behind")).taken, undefined);
  await end();
});

test("what is written while the gateway stops goes back unmarked, and the stop waits for it", async () => {
  const { sender, seen, forward } = setUp(1);
  const row = sender.reserve(forward("a"));
  const drained = sender.drain();
  await turn();
  sender.offer([row]);
  await drained;
  assert.deepEqual([seen.handed, seen.back], [[], ["a"]]);
  assert.equal(sender.reserve(forward("b")).taken, undefined);
});

test("a place is free again when what it was kept for is refused or cannot be stored", async () => {
  const { sender, forward } = setUp(1);
  const outcomes: (() => Promise<"no_credit">)[] = [
    () => Promise.resolve("no_credit"),
    () => Promise.reject(new GatewayError("database_unreachable")),
  ];
  const marks: (true | undefined)[] = [];
  const look = (rows: readonly Forward[]) => marks.push(...rows.map(({ taken }) => taken));
  // Only these are called.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const store = {
    accept({ forwards }: Acceptance) {
      look(forwards);
      return outcomes.shift()?.();
    },
    conclude({ tell }: Conclusion) {
      look(tell);
      return Promise.reject(new GatewayError("database_unreachable"));
    },
  } as unknown as Parameters<typeof placedWriter>[0];
  const writer = placedWriter(store, sender);
  const acceptance = { message, charge: undefined, status: "QUEUED", error: undefined } as const;
  const forwards = [forward("a")];
  assert.equal(await writer.accept({ ...acceptance, forwards }), "no_credit");
  await assert.rejects(writer.accept({ ...acceptance, forwards }));
  const rest = {
    status: undefined,
    error: undefined,
    atMs: 1,
    lines: [],
    later: undefined,
    done: undefined,
  };
  await assert.rejects(writer.conclude({ id: "a", root: "a", tell: forwards, ...rest }));
  assert.deepEqual(marks, [true, true, true]);
  assert.deepEqual(sender.counts("SMPP1"), { queued: 0, inFlight: 0, uncertain: 0 });
  await sender.drain();
});
