/** The author's line under what is told of it: in the list of triggers and in a trace. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { stepLines, stepsOf } from "../../cli/steps.ts";
import { faultsText } from "../../cli/trigger-faults.ts";
import { original, trigger } from "./views.ts";

const source = " 5 |   m.forward(route[m.to].channel);\n   |                         ^";
const shown = [
  "       5 |   m.forward(route[m.to].channel);",
  "         |                         ^",
];
const text = "forward.ts:5:25 TypeError: Cannot read properties of undefined";

test("below the list stand the line of a broken file, once, and the last fault of each trigger", () => {
  const broken = {
    ...trigger,
    file: "bind.ts",
    state: "broken",
    detail: "bind.ts:5:25 …",
    source,
  } as const;
  const lastFault = { atMs: Date.now() - 120_000, text, source };
  const lines = stripVTControlCharacters(
    faultsText([broken, { ...broken, name: "BIND2" }, { ...trigger, lastFault }, trigger]),
  ).split("\n");
  assert.deepEqual(lines.slice(0, 3), ["bind.ts:5:25 …", ...shown]);
  assert.match(lines[3] ?? "", /^ACK {2}last fault .* ago {2}forward\.ts:5:25 TypeError/);
  assert.deepEqual(lines.slice(4), shown);
  assert.equal(faultsText([trigger]), "");
});

test("a trace shows the line under the step that it is about", () => {
  const facts = {
    trigger: "FWD",
    version: 2,
    us: 7,
    fault: "trigger_failed",
    text,
    skipped: false,
    source,
  };
  const steps = stepsOf({ ...original, attempts: [], log: [{ at: 0, what: "trigger", facts }] });
  const [line = ""] = stepLines(steps);
  const lines = stripVTControlCharacters(line).split("\n");
  assert.match(lines[0] ?? "", /FWD v2 {2}7 µs {2}fault trigger_failed {2}forward\.ts:5:25/);
  assert.deepEqual(lines.slice(1), shown);
});
