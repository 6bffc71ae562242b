// What scripts write to the console, as it stands in the trigger's log. Real sandbox.
import assert from "node:assert/strict";
import { test } from "node:test";
import { messageRequest, openScripts, script } from "../support/run-trigger.ts";

async function logged(body: string): Promise<readonly unknown[]> {
  await using running = await openScripts({
    "talk.ts": script(`export const TALK = onMessage({}, (message) => {\n${body}\n});`),
  });
  const ruling = await running.engine.decide(messageRequest());
  assert.equal(ruling.verdict, "unanswered", JSON.stringify(ruling));
  return running.log.lines.filter(({ trigger }) => trigger === "TALK").map(({ text }) => text);
}

test("values are shown as people expect, side by side", async () => {
  const lines = await logged(`
    console.log("to", message.to, 3, true, null, undefined);
    console.info({ a: 1, b: ["x", undefined], c: { d: new Map([["k", new Set([1n])]]) } });
    console.warn(new Date(0), new Uint8Array([1, 255]), /a+/g.source, () => 1, Symbol("s"));
    console.error("it broke");
    console.debug([]);
  `);
  assert.deepEqual(lines, [
    "to +31600000002 3 true null undefined",
    '{"a":1,"b":["x",undefined],"c":{"d":Map {"k":Set {1n}}}}',
    'warning: "1970-01-01T00:00:00.000Z" [2 octets 01ff] a+ [function without a name] Symbol(s)',
    "error: it broke",
    "[]",
  ]);
});

test("an error is shown with the author's place, also inside of something else", async () => {
  const lines = await logged(`
    console.error(new TypeError("no such thing"));
    console.log({ failed: new Error("inside") });
  `);
  assert.match(String(lines[0]), /^error: talk\.ts:4:19 TypeError: no such thing$/);
  assert.match(String(lines[1]), /^\{"failed":talk\.ts:5:27 Error: inside\}$/);
});

test("what refers to itself, throws when it is looked at or has no end is shown in short", async () => {
  const lines = await logged(`
    const ring: Record<string, unknown> = {}; ring.ring = ring;
    console.log(ring);
    console.log({ get trap() { throw new Error("no"); } });
    console.log(new Proxy({}, { ownKeys() { throw new Error("no"); } }));
    let deep: unknown = 1; for (let n = 0; n < 100; n++) deep = { deep };
    console.log(deep);
    console.log(new Array(1000).fill(7));
    console.log("x".repeat(100000));
    let wide: unknown = 1; for (let n = 0; n < 4; n++) wide = new Array(100).fill(wide);
    console.log(wide);
  `);
  assert.deepEqual(lines.slice(0, 4), [
    '{"ring":[itself]}',
    "[something that cannot be shown]",
    "[something that cannot be shown]",
    '{"deep":{"deep":{"deep":{"deep":{…}}}}}',
  ]);
  assert.match(String(lines[4]), /^\[7,7.*… 900 more\]$/);
  assert.equal(String(lines[5]).length, 1_000);
  assert.match(String(lines[6]), /^\[\[\[\[1,1/);
});

test("more lines than logLinesMax in one batch are dropped", async () => {
  const lines = await logged(`for (let n = 0; n < 100; n++) console.log(n);`);
  assert.equal(lines.length, 64);
});
