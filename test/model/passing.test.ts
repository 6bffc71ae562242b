import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createPassing } from "../../src/model/passing.ts";

for (const { what, keys, maxLength } of [
  { what: "few numbers", keys: fc.integer({ min: 0, max: 5 }), maxLength: 40 },
  { what: "many numbers", keys: fc.integer({ min: -90, max: 90 }), maxLength: 400 },
  {
    what: "texts",
    keys: fc.nat({ max: 60 }).map((n) => `${"0".repeat(n % 3)}${n}`),
    maxLength: 200,
  },
])
  test(`a passing map is a map, whatever is done to it in whatever order: ${what}`, () => {
    const act = fc.oneof(
      fc.record({ do: fc.constant("set" as const), key: keys, value: fc.nat() }),
      fc.record({
        do: fc.constantFrom("get" as const, "has" as const, "delete" as const),
        key: keys,
      }),
      fc.record({ do: fc.constant("clear" as const), key: keys }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength, size: "max" }), (acts) => {
        const [passing, map] = [
          createPassing<number | string, number>(),
          new Map<number | string, number>(),
        ];
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

test("what comes and goes while all are gone through is seen as a map would show it", () => {
  const acts = fc.array(fc.record({ out: fc.nat({ max: 12 }), in: fc.nat({ max: 12 }) }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(acts, (list) => {
      const seen = [createPassing<number, number>(), new Map<number, number>()].map((one) => {
        for (let key = 0; key < 6; key += 1) one.set(key, key);
        const keys: number[] = [];
        for (const [key] of one.entries()) {
          const act = list[keys.length];
          keys.push(key);
          if (act === undefined) break;
          one.delete(act.out);
          one.set(act.in, 1);
        }
        return keys;
      });
      assert.deepEqual(seen[0], seen[1]);
    }),
  );
});

test("keys that end or begin alike, as a provider's ids may, are found as fast as others", () => {
  const passing = createPassing<string, number>();
  const keys = Array.from({ length: 20_000 }, (_, n) => `0000-${n.toString(16)}-ffffffffffffffff`);
  for (const [n, key] of keys.entries()) passing.set(key, n);
  for (const [n, key] of keys.entries()) assert.equal(passing.get(key), n);
  for (const key of keys) assert.equal(passing.delete(key), true);
  assert.equal(passing.size, 0);
  assert.deepEqual([...passing.entries()], []);
});
