/** Joining by itself: what is stored, told and decided when something goes wrong in between. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Channel } from "../../src/channel/channel.ts";
import { createJoin, type JoinParts } from "../../src/gateway/join.ts";
import { systemClock } from "../../src/model/clock.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { MessageAnswer, MessageEvent } from "../../src/model/event.ts";
import { idMaker } from "../../src/model/id.ts";
import type { Message } from "../../src/model/message.ts";
import { smsOf } from "../../src/simulator/written.ts";
import type { Conclusion, ReceivedPart } from "../../src/store/writer.ts";
import { recorderLog } from "../support/log.ts";

const newId = idMaker(() => systemClock.nowMs());

interface Bench {
  readonly join: ReturnType<typeof createJoin>;
  readonly stored: ReceivedPart[];
  readonly concluded: Conclusion[];
  readonly decided: MessageEvent[];
  /** What the next texts are answered with; accepted when it is empty. */
  readonly answers: MessageAnswer[];
  /** What the next parts are stored with; stored when it is empty. */
  readonly faults: (GatewayError | undefined)[];
}

function bench(more: Partial<JoinParts> & { readonly kept?: readonly Message[] } = {}): Bench {
  const stored: ReceivedPart[] = [];
  const concluded: Conclusion[] = [];
  const decided: MessageEvent[] = [];
  const answers: MessageAnswer[] = [];
  const faults: (GatewayError | undefined)[] = [];
  const { kept = [], ...others } = more;
  const join = createJoin({
    receive: (event) => {
      decided.push(event);
      return Promise.resolve(answers.shift() ?? { kind: "accepted", id: event.message.id });
    },
    writer: {
      receivePart(part) {
        const fault = faults.shift();
        if (fault !== undefined) return Promise.reject(fault);
        stored.push(part);
        return Promise.resolve();
      },
      conclude: (conclusion) => Promise.resolve(void concluded.push(conclusion)),
    },
    queue: {
      waitingParts: () => Promise.resolve(kept.map((message) => ({ message, repeats: undefined }))),
    },
    clock: systemClock,
    log: recorderLog(),
    newId,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Nothing else is asked of it.
    channel: (name) => ({ name, group: name, joinWaitMs: 60_000 }) as Channel,
    status: { failed: () => [] },
    isDiskLow: () => false,
    offer: () => undefined,
    ...others,
  });
  return { join, stored, concluded, decided, answers, faults };
}

function partOf(number: number, total: number, more: Partial<MessageEvent> = {}): MessageEvent {
  const id = newId();
  const from = "+31201234567";
  const to = "+31612345678";
  const octets = Buffer.from([5, 0, 3, 7, total, number, 0x60 + number]);
  const message: Message = {
    id,
    root: id,
    parent: undefined,
    kind: "sms",
    direction: "in",
    channel: "SMPP_SERVER1",
    account: "Test1",
    from,
    to,
    sms: { ...smsOf({ from, to, text: "" }), octets, esmClass: 0x40 },
    report: undefined,
    sameAsParent: false,
    hops: 1,
    log: [],
  };
  return {
    message,
    text: undefined,
    parts: 1,
    part: { by: "udh8", reference: 7, number, total },
    session: "S",
    expiresMs: systemClock.nowMs() + 60_000,
    origin: "customer",
    isOpen: () => true,
    ...more,
  };
}

const gone = () => new GatewayError("database_unreachable");

test("a part that could not be stored is refused, and taken when it comes again", async () => {
  const { join, faults, decided } = bench();
  faults.push(gone());
  assert.equal((await join.answer(partOf(1, 2))).kind, "refused");
  assert.equal((await join.answer(partOf(1, 2))).kind, "accepted");
  assert.equal((await join.answer(partOf(2, 2))).kind, "accepted");
  assert.equal(decided[0]?.text, "ab");
});

test("a text whose first part is lost while the last one is stored is not whole: that one is to come again", async () => {
  const { join, faults, decided } = bench();
  faults.push(gone());
  const both = await Promise.all([join.answer(partOf(1, 2)), join.answer(partOf(2, 2))]);
  assert.deepEqual(
    both.map(({ kind }) => kind),
    ["refused", "refused"],
  );
  assert.equal(decided.length, 0);
  assert.equal((await join.answer(partOf(2, 2))).kind, "accepted");
  assert.equal((await join.answer(partOf(1, 2))).kind, "accepted");
  assert.equal(decided[0]?.text, "ab");
});

test("a text whose last part was stored and never decided is decided at the next start", async () => {
  const kept = [partOf(1, 2), partOf(2, 2)].map(({ message }) => message);
  const { join, decided } = bench({ kept });
  await join.takeUp();
  await join.stop();
  assert.equal(decided.length, 1);
  assert.deepEqual(
    decided[0]?.message.joined?.map(({ id }) => id),
    kept.map(({ id }) => id),
  );
});

test("a last part that is sent again while it is being decided hears the same answer", async () => {
  let decide: (answer: MessageAnswer) => void = () => undefined;
  const { join, decided } = bench({
    receive: (event) => {
      decided.push(event);
      return new Promise((resolve) => (decide = resolve));
    },
  });
  await join.answer(partOf(1, 2));
  const last = join.answer(partOf(2, 2));
  while (decided.length === 0) await Promise.resolve();
  const again = join.answer(partOf(2, 2));
  decide({ kind: "refused", code: "refused_by_rule", reason: "" });
  const refused = { kind: "refused", code: "refused_by_rule", reason: "" };
  assert.deepEqual(await Promise.all([last, again]), [refused, refused]);
});

test("a text that is refused for good fails all its parts, one that is refused for now waits for its last part", async () => {
  const { join, answers, concluded } = bench();
  const first = partOf(1, 2);
  await join.answer(first);
  answers.push({ kind: "refused", code: "trigger_failed", reason: "" });
  await join.answer(partOf(2, 2));
  assert.deepEqual(
    concluded.map(({ error }) => error),
    ["trigger_failed"],
  );
  assert.equal(join.waiting(), 1);
  answers.push({ kind: "refused", code: "no_credit", reason: "" });
  await join.answer(partOf(2, 2));
  assert.deepEqual(
    concluded.slice(1).map(({ error, id }) => [error, id === first.message.id]),
    [
      ["no_credit", true],
      ["no_credit", false],
    ],
  );
  assert.equal(join.waiting(), 0);
});

test("when parts take all the memory that they may, more are refused and stored nowhere", async () => {
  const { join, stored } = bench({ octetsMax: 4_000 });
  const answers = [];
  for (let total = 2; total < 6; total += 1) answers.push(await join.answer(partOf(1, total)));
  assert.deepEqual(
    answers.map((answer) => (answer.kind === "refused" ? answer.code : answer.kind)),
    ["accepted", "accepted", "queue_full", "queue_full"],
  );
  assert.equal(stored.length, 2);
});

test("with a full disk no part is taken", async () => {
  const { join, stored } = bench({ isDiskLow: () => true });
  const answer = await join.answer(partOf(1, 2));
  assert.deepEqual([answer.kind, stored.length], ["refused", 0]);
});

test("a message that is no part, and the only part of its text, go straight on", async () => {
  const { join, stored, decided } = bench();
  const { part: _part, ...whole } = partOf(1, 1);
  for (const event of [whole, partOf(1, 1)]) await join.answer(event);
  assert.deepEqual([stored.length, decided.length], [0, 2]);
});
