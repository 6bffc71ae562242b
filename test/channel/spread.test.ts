import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createSpread } from "../../src/channel/spread.ts";

/** A session whose peer answers in the order in which it was asked. */
function session(window: number) {
  const due: string[] = [];
  return { due, room: () => window - due.length };
}

test("of one sender nothing overtakes while his session has room, and all room is used", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
      fc.array(fc.oneof(fc.constantFrom("a", "b", "c", "d"), fc.nat(3)), { maxLength: 60 }),
      (windows, acts) => {
        const sessions = windows.map(session);
        const spread = createSpread<(typeof sessions)[number]>();
        for (const act of acts) {
          if (typeof act === "number") {
            const answering = sessions[act];
            const sender = answering?.due.shift();
            if (answering !== undefined && sender !== undefined) spread.done(answering, sender);
            continue;
          }
          const room = sessions.some((one) => one.room() > 0);
          const before = sessions.filter(({ due }) => due.includes(act));
          const picked = spread.pick(sessions, act);
          assert.equal(picked !== undefined, room);
          if (picked === undefined) continue;
          assert.ok(picked.room() > 0);
          const [only] = before;
          if (before.length === 1 && only !== undefined && only.room() > 0)
            assert.equal(picked, only);
          picked.due.push(act);
        }
      },
    ),
    { numRuns: 3_000 },
  );
});

test("a sender who had to go to another session stays where an answer for him is still due", () => {
  const [one, two] = [session(2), session(1)];
  const spread = createSpread<typeof one>();
  for (const sender of ["x", "a", "a"]) spread.pick([one, two], sender)?.due.push(sender);
  assert.deepEqual([one.due, two.due], [["x", "a"], ["a"]]);
  spread.done(two, two.due.shift() ?? "");
  spread.done(one, one.due.shift() ?? "");
  assert.equal(spread.pick([one, two], "a"), one);
});

test("senders who have nothing due go where most room is", () => {
  const [one, two] = [session(2), session(5)];
  const spread = createSpread<typeof one>();
  for (const sender of ["a", "b", "c", "d", "e"]) spread.pick([one, two], sender)?.due.push(sender);
  assert.deepEqual([one.due.length, two.due.length], [1, 4]);
});

test("of hundreds of sessions each has its turn, few are asked, and the one that has room is found", () => {
  let asked = 0;
  const sessions = Array.from({ length: 200 }, () => {
    const one = session(1);
    return {
      due: one.due,
      room() {
        asked += 1;
        return one.room();
      },
    };
  });
  const spread = createSpread<(typeof sessions)[number]>();
  for (let n = 0; n < 100; n += 1) spread.pick(sessions, `a${n}`)?.due.push(`a${n}`);
  // Eight that are compared, and before them the one that was given the last.
  assert.ok(asked <= 100 * 9, `${asked} questions`);
  for (let n = 100; n < 200; n += 1) spread.pick(sessions, `a${n}`)?.due.push(`a${n}`);
  assert.ok(
    sessions.every(({ due }) => due.length === 1),
    "all room is used",
  );
  assert.equal(spread.pick(sessions, "another"), undefined);
});

test("of many sessions with room eight are compared, beginning with another one each time", () => {
  const rooms = [1, 1, 1, 1, 1, 1, 1, 2, 9, 1, 1, 1];
  const due = rooms.map(() => 0);
  const sessions = rooms.map((room, n) => ({ n, room: () => room - (due[n] ?? 0) }));
  const spread = createSpread<(typeof sessions)[number]>();
  const picked = Array.from({ length: 8 }, (_, n) => {
    const at = spread.pick(sessions, `a${n}`)?.n ?? -1;
    due[at] = (due[at] ?? 0) + 1;
    return at;
  });
  // Two where two had room; then five in a row where there were nine, and there again.
  assert.deepEqual(picked, [7, 7, 8, 8, 8, 8, 8, 8]);
});

test("of many sessions one is given five in a row, so that they go in one write", () => {
  const sessions = Array.from({ length: 20 }, (_, n) => ({ n, room: () => 10 }));
  const spread = createSpread<(typeof sessions)[number]>();
  const picked = Array.from({ length: 15 }, (_, n) => spread.pick(sessions, `a${n}`)?.n);
  assert.deepEqual(picked, [...Array(5).fill(0), ...Array(5).fill(1), ...Array(5).fill(2)]);
});

test("one of many that has gone is given nothing more", () => {
  const sessions = Array.from({ length: 20 }, (_, n) => ({ n, room: () => 10 }));
  const spread = createSpread<(typeof sessions)[number]>();
  assert.equal(spread.pick(sessions, "a")?.n, 0);
  assert.notEqual(spread.pick(sessions.slice(1), "b")?.n, 0);
});
