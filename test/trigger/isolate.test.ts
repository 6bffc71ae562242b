import assert from "node:assert/strict";
import { test } from "node:test";
import { type Isolate, openIsolate } from "../../src/trigger/isolate.ts";
import { defaultLimits } from "../../src/trigger/limits.ts";
import { openPreludes } from "../../src/trigger/prelude.ts";

/** Tells, instead of what our own code in there would, what it was given: the octets of the longest piece, how many, the whole. */
const echo = `let given = [];
globalThis.signalbox = {
  registered: "[]",
  pump(handler, ...pieces) { given = pieces; },
  collect() {
    const octets = given.map((one) => one.length * ([...one].some((c) => c.codePointAt(0) > 255) ? 2 : 1));
    return [[Math.max(...octets), given.length, given.join("")].join("|")];
  },
};`;

const preludes = openPreludes({ trigger: echo, test: "" });
const nothing = { isolate: 1, file: "nothing.ts", code: "", prelude: "trigger" } as const;

function given(isolate: Isolate, text: string): [octets: number, pieces: number, whole: string] {
  const [octets = "", pieces = "", ...whole] = isolate.pump(0, text).split("|");
  return [Number(octets), Number(pieces), whole.join("|")];
}

test("what is brought into an isolate is whole, in pieces that stay in its own heap, wherever they cut a character", (t) => {
  const isolate = openIsolate(nothing, defaultLimits, preludes);
  t.after(() => isolate.dispose());
  for (const length of [0, 1, 511, 512, 1_022, 1_023, 20_000])
    for (const text of ["a".repeat(length), `a${"🌍".repeat(length)}`, "й".repeat(length)]) {
      const [octets, , whole] = given(isolate, text);
      assert.ok(whole === text, `${length} of ${text.at(-1)}`);
      assert.ok(octets < 1_024, `a piece of ${octets} octets`);
    }
});

test("a batch of more than 1,048,576 characters goes in one piece", (t) => {
  // The script counts each octet of it, for which a slow machine needs longer than an event may take.
  const limits = { ...defaultLimits, pumpMs: 5_000 };
  const isolate = openIsolate(nothing, limits, preludes);
  t.after(() => isolate.dispose());
  const most = "b".repeat(1_048_576);
  const [, pieces, whole] = given(isolate, most);
  assert.ok(whole === most);
  assert.equal(pieces, Math.ceil(most.length / 511));
  assert.deepEqual(given(isolate, `${most}b`).slice(0, 2), [most.length + 1, 1]);
});
