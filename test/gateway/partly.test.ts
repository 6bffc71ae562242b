/** A message in parts on its way out, against a peer whose window and answers the test decides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Channel, SendResult } from "../../src/channel/channel.ts";
import type { SendRow } from "../../src/gateway/finish.ts";
import { type PartlyEnd, createPartSender } from "../../src/gateway/partly.ts";
import { type QueueState, createQueues } from "../../src/gateway/queues.ts";
import { standardPolicy } from "../../src/model/failure-policy.ts";
import type { Sms } from "../../src/model/message.ts";
import { silentMeter } from "../../src/model/meter.ts";
import type { PartAttempt } from "../../src/store/writer.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { silentLog } from "../support/database.ts";
import { sentOf } from "../support/sent.ts";

const taken: SendResult = { kind: "taken", providerId: "P" };
const throttled: SendResult = { kind: "refused", status: 0x58, text: "ESME_RTHROTTLED" };
const refused: SendResult = { kind: "refused", status: 0x0b, text: "ESME_RINVDSTADR" };
const unanswered: SendResult = { kind: "uncertain", why: "response_timeout" };

function stage(window: number) {
  const inFlight: { readonly part: string; readonly done: (result: SendResult) => void }[] = [];
  const sent: string[] = [];
  const attempts: PartAttempt[] = [];
  const ends: PartlyEnd[] = [];
  const begun: unknown[] = [];
  const room = { window, draining: false, paced: false };
  const unused = (): never => assert.fail("nobody asks for this");
  const channel: Channel = {
    name: "SMPP1",
    type: "smpp-client",
    taken: "SENT",
    group: "SMPP1",
    reportWaitMs: undefined,
    room: () => (room.paced ? 0 : room.window - inFlight.length),
    isPaced: () => room.paced,
    write: unused,
    send(_message, { octets }: Sms, done) {
      sent.push(octets.toString());
      inFlight.push({ part: octets.toString(), done });
    },
    close: unused,
    drain: unused,
    resume: unused,
    kick: unused,
    traffic: unused,
    view: unused,
    sessions: unused,
    ports: unused,
  };
  const parts = createPartSender({
    writer: {
      part(attempt) {
        attempts.push(attempt);
        return Promise.resolve();
      },
    },
    clock: { nowMs: () => 1_000, tickMs: () => 1_000 },
    log: silentLog,
    meter: silentMeter,
    memory: { put() {} },
    isDraining: () => room.draining,
    standOf: (_state, { tries, expiresMs, maybeTwice }) => ({
      queue: "SMPP1",
      tries,
      expiresMs,
      nowMs: 1_000,
      maybeTwice,
      ways: undefined,
      policy: standardPolicy,
      stateOf: () => "gone",
    }),
    answered() {},
    tally: { begin: (...args) => void begun.push(args) },
    ended: (_state: QueueState, _row: SendRow, end) => void ends.push(end),
  });
  const state = createQueues().of("SMPP1");
  return {
    sent,
    attempts,
    ends,
    begun,
    room,
    begin(changes: Partial<SendRow> = {}) {
      const { message, original } = sentOf("one");
      const times = { dueMs: 0, expiresMs: 1e9, tries: 0, maybeTwice: false };
      const row = { id: message.id, message, original, queue: "SMPP1", priority: 0, ...times };
      const requests = ["1", "2", "3"].map((text) => smsOf({ from: "1", to: "2", text }));
      parts.begin(state, channel, { ...row, ...changes }, { requests, reference: 7 });
    },
    /** To the oldest that is in flight; then there is room again. */
    answer(result: SendResult) {
      inFlight.shift()?.done(result);
      return parts.advance(state, false);
    },
    reply: (result: SendResult) => inFlight.shift()?.done(result),
    advance: () => parts.advance(state, false),
    halt: () => parts.advance(state, true),
  };
}

test("with a window of 1 the parts go one after another, and the message is sent when all are", () => {
  const { begin, answer, sent, ends, attempts, begun } = stage(1);
  begin();
  assert.deepEqual(sent, ["1"]);
  assert.equal(answer(taken), true, "part 3 still waits for room");
  assert.deepEqual(sent, ["1", "2"]);
  answer(taken);
  assert.deepEqual(ends, []);
  assert.equal(answer(taken), false);
  assert.deepEqual(ends, [{ do: "finish", status: "SENT", error: undefined }]);
  assert.deepEqual(
    attempts.map(({ part, parts, reference, status }) => [part, parts, reference, status]),
    [1, 2, 3].map((part) => [part, 3, 7, "SENT"]),
  );
  assert.equal(begun.length, 1);
});

test("parts that only the provider's rate holds back wait where they are, unless the gateway stops", () => {
  const { begin, answer, advance, halt, room, sent, ends } = stage(5);
  room.window = 1;
  begin();
  room.paced = true;
  assert.equal(answer(taken), true);
  assert.deepEqual([sent, ends], [["1"], []]);
  room.paced = false;
  assert.equal(advance(), true);
  assert.deepEqual(sent, ["1", "2"]);
  room.paced = true;
  answer(taken);
  assert.deepEqual(ends, []);
  halt();
  assert.deepEqual(ends, [{ do: "again", waitMs: 0, uncertain: false, error: undefined }]);
});

test("after a refusal for now no further part goes, and what is in flight is waited for", () => {
  const { begin, answer, sent, ends } = stage(2);
  begin();
  answer(throttled);
  assert.deepEqual(sent, ["1", "2"]);
  assert.deepEqual(ends, []);
  answer(taken);
  assert.deepEqual(ends, [{ do: "again", waitMs: 1_000, uncertain: false, error: undefined }]);
});

test("a part without an answer makes the message uncertain, and is sent again", () => {
  const { begin, answer, ends, attempts } = stage(3);
  begin();
  answer(taken);
  answer(unanswered);
  answer(taken);
  assert.deepEqual(ends, [{ do: "again", waitMs: 1_000, uncertain: true, error: undefined }]);
  assert.deepEqual(
    attempts.map(({ status, maybeTwice }) => [status, maybeTwice]),
    [
      ["SENT", false],
      ["QUEUED", true],
      ["SENT", false],
    ],
  );
});

test("a refusal for good ends it, whatever the others came to", () => {
  for (const [answers, error] of [
    [[refused, throttled, unanswered], "multipart_failed"],
    [[throttled, refused, taken], "partial"],
  ] as const) {
    const { begin, answer, ends } = stage(3);
    begin();
    for (const one of answers) answer(one);
    assert.deepEqual(ends, [{ do: "finish", status: "FAILED", error }]);
  }
});

test("no try fits before the validity ends: EXPIRED, partial when some are out", () => {
  for (const [first, error] of [
    [taken, "partial"],
    [throttled, "ESME_RTHROTTLED"],
  ] as const) {
    const { begin, answer, ends } = stage(1);
    begin({ expiresMs: 1_500 });
    answer(first);
    if (first === taken) answer(throttled);
    assert.deepEqual(ends, [{ do: "finish", status: "EXPIRED", error }]);
  }
});

test("only parts of this way of splitting that nobody has are sent", () => {
  const { begin, answer, sent, ends, begun } = stage(3);
  const row = { parts: 3, status: "SENT" } as const;
  begin({
    tries: 1,
    taken: [
      { ...row, part: 1, reference: 7 },
      { ...row, part: 2, reference: 8 },
      { ...row, part: 3, reference: 7, parts: 4 },
    ],
  });
  assert.deepEqual(sent, ["2", "3"]);
  answer(taken);
  answer(taken);
  assert.equal(ends[0]?.do, "finish");
  assert.deepEqual(begun, [], "reports may have come before: the table knows of them");
});

test("all were taken and the last commit was lost: nothing is sent, and it is finished", () => {
  const { begin, sent, ends } = stage(3);
  const row = { parts: 3, reference: 7, status: "SENT" } as const;
  begin({ maybeTwice: true, taken: [1, 2, 3].map((part) => ({ ...row, part })) });
  assert.deepEqual(sent, []);
  assert.deepEqual(ends, [{ do: "finish", status: "SENT", error: undefined }]);
});

test("at a stop, held or with nobody bound, what has nothing in flight goes back into the queue at once", () => {
  const halted = stage(1);
  halted.begin();
  halted.halt();
  assert.deepEqual(halted.ends, [], "part 1 is with the peer");
  halted.answer(taken);
  // The answer made room, and part 2 went before anybody halted it.
  halted.halt();
  assert.deepEqual(halted.ends, []);
  const stopped = stage(1);
  stopped.begin();
  stopped.room.draining = true;
  stopped.halt();
  // Nobody goes on with it after this answer.
  stopped.reply(taken);
  assert.deepEqual(stopped.ends, [{ do: "again", waitMs: 0, uncertain: false, error: undefined }]);
  const gone = stage(1);
  gone.begin();
  gone.room.window = 0;
  gone.answer(taken);
  assert.deepEqual(gone.ends, [{ do: "again", waitMs: 0, uncertain: false, error: undefined }]);
});
