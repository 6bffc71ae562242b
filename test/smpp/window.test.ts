/** Which answer belongs to which request, also after the numbers have gone round. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GENERIC_NACK } from "../../src/smpp/command.ts";
import { createWindow } from "../../src/smpp/window.ts";

const SUBMIT = 0x8000_0004;
const ENQUIRE = 0x8000_0015;
const anyResponse = GENERIC_NACK;

test("numbers begin at 1, wrap after 0x7fffffff and skip those in use", () => {
  const window = createWindow<string>({
    lateAnswersMax: 10,
    anyResponse,
    firstSequence: 0x7fff_ffff,
  });
  const add = (request: string) => window.add(SUBMIT, request, { nowMs: 0, counted: true });
  assert.deepEqual([add("a"), add("b"), add("c")], [0x7fff_ffff, 1, 2]);
  const again = createWindow<string>({ lateAnswersMax: 10, anyResponse, firstSequence: 1 });
  assert.equal(again.add(SUBMIT, "a", { nowMs: 0, counted: true }), 1);
});

test("a number of a request in flight is not given twice after a whole round", () => {
  const window = createWindow<string>({
    lateAnswersMax: 10,
    anyResponse,
    firstSequence: 0x7fff_fffe,
  });
  const options = { nowMs: 0, counted: true };
  const first = window.add(SUBMIT, "old", options);
  const second = window.add(SUBMIT, "older", options);
  assert.deepEqual([first, second], [0x7fff_fffe, 0x7fff_ffff]);
  assert.equal(window.add(SUBMIT, "new", options), 1);
});

test("an answer must name its request's command; generic_nack fits all", () => {
  const window = createWindow<string>({ lateAnswersMax: 10, anyResponse });
  const one = window.add(SUBMIT, "one", { nowMs: 0, counted: true });
  const two = window.add(ENQUIRE, "two", { nowMs: 0, counted: false });
  assert.equal(window.size, 1);
  assert.equal(window.settle(one, ENQUIRE), "stray");
  assert.equal(window.settle(99, SUBMIT), "stray");
  const settled = window.settle(one, SUBMIT);
  assert.equal(typeof settled === "object" && settled.request, "one");
  assert.equal(window.settle(one, SUBMIT), "stray");
  const nacked = window.settle(two, GENERIC_NACK);
  assert.equal(typeof nacked === "object" && nacked.request, "two");
  assert.equal(window.size, 0);
});

test("a timed-out number is kept from use until its late answer, and the oldest forgotten first", () => {
  const window = createWindow<number>({ lateAnswersMax: 2, anyResponse });
  const numbers = [1, 2, 3].map((request) =>
    window.add(SUBMIT, request, { nowMs: request, counted: true }),
  );
  assert.deepEqual(
    window.expire(2).map(({ request }) => request),
    [1, 2],
  );
  assert.equal(window.size, 1);
  assert.equal(window.settle(numbers[0]!, SUBMIT), "late");
  assert.equal(window.settle(numbers[0]!, SUBMIT), "stray");
  window.expire(3);
  window.add(SUBMIT, 4, { nowMs: 4, counted: true });
  window.expire(4);
  assert.equal(window.settle(numbers[1]!, SUBMIT), "stray");
  assert.equal(window.settle(numbers[2]!, SUBMIT), "late");
});

test("draining gives all, in the order of sending", () => {
  const window = createWindow<string>({ lateAnswersMax: 2, anyResponse });
  for (const request of ["a", "b", "c"])
    window.add(SUBMIT, request, { nowMs: 0, counted: request !== "b" });
  assert.deepEqual(
    window.drain().map(({ request }) => request),
    ["a", "b", "c"],
  );
  assert.equal(window.size, 0);
  assert.deepEqual(window.drain(), []);
});

test("whatever comes, each request is settled once and the count is right", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("add" as const), counted: fc.boolean() }),
    fc.record({ do: fc.constant("settle" as const), sequence: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ do: fc.constant("drop" as const), sequence: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ do: fc.constant("expire" as const), back: fc.nat(5) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const window = createWindow<number>({ lateAnswersMax: 3, anyResponse });
      const open = new Map<number, boolean>();
      const settle = (sequence: number): void => assert.ok(open.delete(sequence));
      for (const [nowMs, one] of steps.entries()) {
        if (one.do === "add") {
          const sequence = window.add(SUBMIT, nowMs, { nowMs, counted: one.counted });
          assert.ok(!open.has(sequence));
          open.set(sequence, one.counted);
        } else if (one.do === "settle") {
          const found = window.settle(one.sequence, SUBMIT);
          if (typeof found === "object") settle(found.sequence);
          else assert.ok(!open.has(one.sequence));
        } else if (one.do === "drop") {
          window.drop(one.sequence);
          open.delete(one.sequence);
        } else for (const { sequence } of window.expire(nowMs - one.back)) settle(sequence);
        assert.equal(window.size, [...open.values()].filter(Boolean).length);
      }
      for (const { sequence } of window.drain()) settle(sequence);
      assert.equal(open.size, 0);
    }),
  );
});
