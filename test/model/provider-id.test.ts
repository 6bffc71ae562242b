import assert from "node:assert/strict";
import { test } from "node:test";
import { type IdBase, canonicalProviderId, providerIdForms } from "../../src/model/provider-id.ts";

const keys = (id: string, known?: IdBase) => providerIdForms(id, known).map(({ key }) => key);

/** The id of the answer, the id of the report. */
const same: readonly (readonly [vector: string, answered: string, reported: string])[] = [
  ["D1", "04062581461565934000241", "4062581461565934000241"],
  ["D2", "24", "000024"],
  ["D3", "0913121205", "0913121205"],
  ["D4", "1d6a811", "1D6A811"],
  ["D5", "0e999f21-81ef-4974-a414-3de98174e3c7", "0e999f21-81ef-4974-a414-3de98174e3c7"],
  ["D6", "1101C1-C9D03D-F000", "1101c1-c9d03d-f000"],
  ["D7", "812FC7470000001B", "9308878062554710043"],
  ["D7 the other way", "9308878062554710043", "812fc7470000001b"],
  ["D15", "1_14839433040000", "1_14839433040000"],
];

for (const [vector, answered, reported] of same)
  test(`${vector}: the id ${answered} is found by the report's ${reported}`, () => {
    assert.ok(keys(reported).includes(canonicalProviderId(answered)));
  });

test("a UUID is no number: it keeps its zero and has no other form", () => {
  assert.deepEqual(keys("0E999F21-81ef-4974-a414-3de98174e3c7"), [
    "0e999f21-81ef-4974-a414-3de98174e3c7",
  ]);
  assert.equal(canonicalProviderId("0_1"), "0_1");
});

test("a short id is never read as hex: a provider that counts would get another message's report", () => {
  for (const id of ["100", "256", "64", "ab", "171", "9999999", "fffffff"])
    assert.deepEqual(keys(id), [id]);
  assert.deepEqual(keys("10000000"), ["10000000", "268435456"]);
  assert.deepEqual(keys("268435456"), ["268435456", "10339177558", "10000000"]);
});

test("zero, nothing and the longest id have a form", () => {
  assert.deepEqual(keys("000"), ["0"]);
  assert.deepEqual(keys(""), [""]);
  assert.equal(providerIdForms("f".repeat(65)).length, 1);
});

test("once it is known how a provider writes its ids, that goes first, and short ones are converted", () => {
  assert.deepEqual(keys("120488", "hexToDecimal"), ["1d6a8", "120488"]);
  assert.deepEqual(keys("1d6a8", "decimalToHex"), ["120488", "1d6a8"]);
  assert.deepEqual(keys("120488", "same"), ["120488"]);
  assert.deepEqual(keys("268435456", "hexToDecimal"), ["10000000", "268435456", "10339177558"]);
  assert.deepEqual(keys("7", "hexToDecimal"), ["7"]);
  assert.deepEqual(keys("1d6a8", "hexToDecimal"), ["1d6a8"], "letters are no decimal number");
});
