import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createPassing } from "../../src/model/passing.ts";

test("a passing map is a map, whatever is done to it in whatever order", () => {
  const keys = fc.integer({ min: 0, max: 5 });
  const act = fc.oneof(
    fc.record({ do: fc.constant("set" as const), key: keys, value: fc.nat() }),
    fc.record({
      do: fc.constantFrom("get" as const, "has" as const, "delete" as const),
      key: keys,
    }),
    fc.record({ do: fc.constant("clear" as const), key: keys }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const [passing, map] = [createPassing<number, number>(), new Map<number, number>()];
      for (const one of acts) {
        if (one.do === "set") {
          passing.set(one.key, one.value);
          map.set(one.key, one.value);
        } else assert.deepEqual(passing[one.do](one.key), map[one.do](one.key));
        assert.equal(passing.size, map.size);
        assert.deepEqual([...passing.entries()], [...map]);
        assert.deepEqual([...passing.values()], [...map.values()]);
      }
    }),
  );
});

test("what is taken out while all are gone through is left out", () => {
  const passing = createPassing<string, number>();
  for (const [n, key] of ["a", "b", "c"].entries()) passing.set(key, n);
  const seen: string[] = [];
  for (const [key] of passing.entries()) {
    seen.push(key);
    passing.delete("b");
  }
  assert.deepEqual(seen, ["a", "c"]);
});
