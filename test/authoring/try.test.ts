/** Trigger files are tried before they run: `trigger check`, `trigger test`, `trigger run`; no gateway is there. */
import assert from "node:assert/strict";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { signalbox } from "../cli/cli.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "signalbox-try-"));
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
});
after(() => rm(folder, { recursive: true }));

const stop = `import { onMessage } from "signalbox";

export const STOP = onMessage({ channels: ["SMPP_SERVER1"] }, async (message, { accounts }) => {
  const owner = await accounts.byNumber(message.to);
  message.accept({ charge: message.parts });
  message.trace(owner?.id ?? "nobody");
  if (message.text === "STOP") message.forward({ channel: "OPTOUT" });
});
`;

const files: Record<string, string> = {
  "stop.ts": stop,
  "stop.test.ts": `import { test } from "signalbox/test";

test("STOP goes out", async ({ message, assert }) => {
  const outcome = await message({ text: "STOP" });
  assert.deepEqual(outcome.forwards, [{ channel: "OPTOUT" }]);
});
`,
};

async function inFolder(texts: Record<string, string>, run: () => Promise<void>): Promise<void> {
  for (const [file, text] of Object.entries(texts)) await writeFile(join(folder, file), text);
  await run();
  for (const file of Object.keys(texts)) await rm(join(folder, file), { force: true });
}

const typed = (json: string): Record<string, unknown> => JSON.parse(json);

test("[B01] trigger check tells all faults at once, of types and of loading, in a folder of its own", async () => {
  const good = await signalbox(["trigger", "check", "--folder", folder]);
  assert.deepEqual([good.out, good.code], ["1 file, 1 trigger: no fault.\n", 0], good.err);
  const texts = {
    "charge.ts": `import { onMessage } from "signalbox";
export const CHARGE = onMessage({}, (message) => {
  message.accept({ charge: "1" });
  message.forwrd();
});
`,
    "event.ts": `import { onMesage } from "signalbox";
export const EVENT = onMesage({}, () => {});
`,
    "half.ts": "export const HALF = ",
    "machine.ts": `import { readFile } from "node:fs";\nexport const A = readFile;\n`,
    "none.ts": "export const NONE = 1;\n",
    "twice.ts": stop,
    "odd.test.ts": `import { test } from "signalbox/test";
test("odd", async ({ message }) => { await message({ texd: "" }); });
`,
  };
  await inFolder(texts, async () => {
    await symlink(join(folder, "nowhere.ts"), join(folder, "link.ts"));
    const bad = await signalbox(["trigger", "check", "--folder", folder, "--json"]);
    await rm(join(folder, "link.ts"));
    assert.equal(bad.code, 1, bad.err);
    const faults = typed(bad.out)["faults"] as { file: string; text: string; source: string[] }[];
    const told = faults.map(({ text }) => text).join("\n");
    for (const one of [
      /^charge\.ts:3:20 TS2322: .*number/m,
      /^charge\.ts:4:11 TS2551: .*forwrd/m,
      /^event\.ts:1:10 .*onMesage/m,
      /^half\.ts:1:20 TS1109: /m,
      /^machine\.ts:1:\d+ .*node:fs/m,
      /^none\.ts registers no trigger/m,
      /two triggers of the name STOP/m,
      /^odd\.test\.ts:2:\d+ TS/m,
      /^link\.ts:1:1 /m,
    ])
      assert.match(told, one);
    const charge = faults.find(({ text }) => text.startsWith("charge.ts:3"));
    assert.match(charge?.source[0] ?? "", /3 \| {3}message\.accept/);
    assert.match(charge?.source[1] ?? "", /\| +\^$/);
  });
});

test("[B02] trigger test tells each test, a failing one with its difference, and ends with 1 then", async () => {
  const good = await signalbox(["trigger", "test", "stop.ts", "--folder", folder]);
  assert.match(
    good.out,
    /^stop\.test\.ts\n {2}✔ STOP goes out \(\d+ ms\)\n1 test, all passed\.\n$/,
  );
  assert.equal(good.code, 0);
  const wrong = files["stop.test.ts"]?.replace('"OPTOUT"', '"OTHER"') ?? "";
  await inFolder({ "wrong.test.ts": wrong }, async () => {
    const bad = await signalbox(["trigger", "test", "--folder", folder]);
    assert.equal(bad.code, 1);
    assert.match(
      bad.out,
      /✖ STOP goes out\n {6}wrong\.test\.ts:5:10 AssertionError: is another value/,
    );
    assert.match(
      bad.out,
      /- \[\{ channel: "OTHER" \}\]\n {6}\+ \[\{ channel: "OPTOUT" \}\]\n2 tests, 1 failed/,
    );
    const tap = await signalbox(["trigger", "test", "--tap", "--folder", folder]);
    assert.match(tap.out, /^TAP version 14\nok 1 - stop\.test\.ts STOP goes out\nnot ok 2 - wrong/);
    assert.match(tap.out, /\n {2}expected: .*OTHER.*\n(.*\n)* {2}\.\.\.\n1\.\.2\n$/);
    const json = typed((await signalbox(["trigger", "test", "--json", "--folder", folder])).out);
    assert.equal(json["failed"], 1);
  });
});

test("[B03] trigger run prints the decision of an event, made up or of a file, and its faults", async () => {
  const run = (...more: string[]) =>
    signalbox(["trigger", "run", join(folder, "stop.ts"), ...more]);
  const made = await run("--text", "STOP", "--answer", 'accounts.byNumber={"id":"Test2"}');
  assert.match(made.out, /^decision {2}accept$/m, made.err);
  assert.match(made.out, /^charge {4}1$/m);
  assert.match(made.out, /^forward {3}\{"channel":"OPTOUT"\}$/m);
  assert.match(made.out, /^trace {5}Test2$/m);
  assert.match(made.out, /^call {6}accounts\.byNumber\("\+31600000002"\) → \{"id":"Test2"\}$/m);
  assert.equal(made.code, 0);
  const bare = await run("--text", "STOP");
  assert.match(
    bare.out,
    /^fault {5}.*a dry run asks nobody; give an answer: --answer accounts\.byNumber=/m,
  );
  assert.equal(bare.code, 1);
  const other = await run("--kind", "report", "--json");
  assert.deepEqual(typed(other.out)["triggers"], []);
  const events = {
    "event.json": JSON.stringify({ signalbox: 1, kind: "message", text: "x" }),
    "old.json": JSON.stringify({ signalbox: 2, kind: "message" }),
    "half.json": '{"signalbox": 1, "kind": "mess',
  };
  await inFolder(events, async () => {
    const given = ["--answer", "accounts.byNumber=null"];
    const read = await run("--event", join(folder, "event.json"), ...given);
    assert.match(read.out, /^trace {5}nobody$/m, read.err);
    const old = await run("--event", join(folder, "old.json"));
    assert.match(old.err, /old\.json is of version 2; this Signalbox reads 1\./);
    assert.equal(old.code, 1);
    const half = await run("--event", join(folder, "half.json"));
    assert.match(half.err, /half\.json ends in the middle/);
  });
  const missing = await signalbox(["trigger", "run", join(folder, "nope.ts")]);
  assert.match(missing.err, /there is no trigger file nope\.ts in /);
  assert.equal(missing.code, 1);
});
