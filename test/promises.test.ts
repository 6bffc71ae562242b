import assert from "node:assert/strict";
import { test } from "node:test";
import { citations, citedIn, open, promised } from "./promises.ts";

/** Every id that there is; a promise may be reworded, its id never goes away. */
const IDS = [
  ...ids("C", 1, 45),
  "C46a",
  "C46b",
  ...ids("C", 47, 49),
  ...ids("Y", 1, 35),
  ...ids("I", 1, 34),
  ...ids("I", 40, 62),
  ...ids("I", 70, 95),
  ...ids("W", 1, 18),
  ...ids("A", 1, 72),
  ...ids("X", 1, 18),
  ...ids("D", 1, 17),
  ...ids("B", 1, 3),
  "B13",
  "B15",
  "B16",
  "B31",
];

test("each id is promised exactly once", () => {
  const found = promised().map(({ id }) => id);
  assert.deepEqual(found.toSorted(), IDS.toSorted());
});

test("each promise is one whole sentence", () => {
  for (const { id, text } of promised()) {
    assert.match(text, /^[A-Z0-9`][^|]*[A-Za-z0-9"`)]\.$/, id);
    assert.doesNotMatch(text, /[a-z)]\. [A-Z]/, `${id} is more than one sentence`);
  }
});

test("each id that a test cites is promised", (t) => {
  const known = new Set(promised().map(({ id }) => id));
  const unknown = citations().filter(({ id }) => !known.has(id));
  assert.deepEqual(unknown, []);
  t.diagnostic(
    `${open().length} of ${known.size} promises have no test yet: node test/promises.ts`,
  );
});

test("a citation is read at the beginning of a test's name and nowhere else", () => {
  const text = [
    call('"[A01] one", () => {'),
    call("\n  `[A02] [C46a] two`, () => {"),
    call('"none [A03]", () => {'),
    'assert.equal("[A04]", x)',
  ].join("\n");
  assert.deepEqual(citedIn(text, "x.test.ts"), [
    { id: "A01", place: "test/x.test.ts:1" },
    { id: "A02", place: "test/x.test.ts:2" },
    { id: "C46a", place: "test/x.test.ts:2" },
  ]);
});

test("a name that takes its id from a table cites each row of it", () => {
  const rows = ['  ["A05", "five"],', '  ["A06", "six"],'].join("\n");
  const named = call("`[${id}] is ${number}`, () => {");
  assert.deepEqual(
    citedIn(`${rows}\n${named}`, "x.test.ts").map(({ id, place }) => `${id} ${place}`),
    ["A05 test/x.test.ts:1", "A06 test/x.test.ts:2"],
  );
  assert.deepEqual(citedIn(rows, "x.test.ts"), [], "rows alone cite nothing");
});

/** Put together, so that this file does not cite them itself. */
function call(name: string): string {
  return ["te", "st("].join("") + name;
}

function ids(letter: string, first: number, last: number): readonly string[] {
  return Array.from(
    { length: last - first + 1 },
    (_, n) => letter + String(first + n).padStart(2, "0"),
  );
}
