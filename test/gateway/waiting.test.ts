import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createWaitingList } from "../../src/gateway/waiting.ts";

const id = (n: number) => n.toString().padStart(6, "0");

test("a queue gives the most urgent first and within one priority the oldest", () => {
  const list = createWaitingList<{ id: string; priority: number }>();
  for (const [n, priority] of [
    [3, 0],
    [1, 0],
    [4, 2],
    [2, 2],
    [5, 0],
  ] as const)
    list.put({ id: id(n), priority });
  const order: string[] = [];
  for (let one = list.take(); one !== undefined; one = list.take()) order.push(one.id);
  assert.deepEqual(order, [2, 4, 1, 3, 5].map(id));
});

test("whatever is put in and taken out in between, nothing is lost and the order holds", () => {
  const step = fc.oneof(
    { weight: 10, arbitrary: fc.integer({ min: 0, max: 3 }) },
    { weight: 10, arbitrary: fc.constant("take" as const) },
    { weight: 1, arbitrary: fc.constant("takeUrgent" as const) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 4_000 }), (steps) => {
      const list = createWaitingList<{ id: string; priority: number }>();
      const model: { id: string; priority: number }[] = [];
      let n = 0;
      for (const what of steps) {
        if (what === "take") {
          model.sort((a, b) => b.priority - a.priority || (a.id < b.id ? -1 : 1));
          assert.deepEqual(list.take(), model.shift());
        } else if (what === "takeUrgent") {
          const urgent = list.takeAll(({ priority }) => priority === 3).map((one) => one.id);
          const expected = model.filter(({ priority }) => priority === 3).map((one) => one.id);
          assert.deepEqual(urgent.toSorted(), expected.toSorted());
          for (const gone of expected)
            model.splice(
              model.findIndex((one) => one.id === gone),
              1,
            );
        } else {
          const one = { id: id((n += 1)), priority: what };
          list.put(one);
          model.push(one);
          assert.ok(list.has(one.id));
        }
        assert.equal(list.size, model.length);
      }
    }),
    { numRuns: 50 },
  );
});
