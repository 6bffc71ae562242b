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
    { numRuns: 300 },
  );
});

test("senders who have nothing due go where most room is", () => {
  const [one, two] = [session(2), session(5)];
  const spread = createSpread<typeof one>();
  for (const sender of ["a", "b", "c", "d", "e"]) spread.pick([one, two], sender)?.due.push(sender);
  assert.deepEqual([one.due.length, two.due.length], [1, 4]);
});
