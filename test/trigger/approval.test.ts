/** `activation: tested`: a save runs when its tests pass, and not before. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { systemClock } from "../../src/model/clock.ts";
import { testedApproval } from "../../src/trigger/approval.ts";
import { type Engine, openEngine } from "../../src/trigger/engine.ts";
import { defaultLimits } from "../../src/trigger/limits.ts";
import { recorderLog } from "../support/log.ts";
import { messageRequest, script } from "../support/run-trigger.ts";

const charging = (charge: number) =>
  script(`export const A = onMessage({}, (m) => m.accept({ charge: ${charge} }));`);

const expecting = (charge: number) => `
  import { test } from "signalbox/test";
  test("charges ${charge}", async ({ message, assert }) => {
    assert.equal((await message()).charge, ${charge});
  });`;

let directory = "";
let engine: Engine;
const log = recorderLog();

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "signalbox-approval-"));
  await save({ "a.ts": charging(1), "a.test.ts": expecting(1), "b.ts": other });
  engine = await openEngine({
    directory,
    log,
    clock: systemClock,
    calls: {},
    limits: defaultLimits,
    approve: testedApproval(directory, log),
  });
});
after(async () => {
  await engine.close();
  await rm(directory, { recursive: true });
});

const other = script(`export const B = onMessage({ channels: ["X"] }, (m) => m.accept());`);

async function save(files: Record<string, string>): Promise<void> {
  for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text);
}

async function charge(): Promise<number | string> {
  const ruling = await engine.decide(messageRequest());
  return ruling.verdict === "accept" ? ruling.charge : ruling.verdict;
}

function detail(file: string): string {
  return engine.list().find((view) => view.file === file)?.detail ?? "";
}

test("[B02] a version whose test fails stays out, and the old one runs until the two agree", async () => {
  assert.equal(await charge(), 1);
  await save({ "a.ts": charging(2) });
  await engine.rescan();
  assert.equal(await charge(), 1);
  assert.match(
    detail("a.ts"),
    /^a\.test\.ts:4:12 AssertionError: is another value \(expected 1, got 2\); the test a\.test\.ts "charges 1" fails; version 1 runs still$/,
  );
  const rejected = log.lines.filter(({ level }) => level === "error").length;
  await engine.rescan();
  assert.equal(log.lines.filter(({ level }) => level === "error").length, rejected);
  // The test alone is mended; the trigger file is the same as before.
  await save({ "a.test.ts": expecting(2) });
  await engine.rescan();
  assert.equal(await charge(), 2);
  assert.match(detail("a.ts"), /^version 2 runs/);
});

test("a test of all files stops each save that it fails with; a file without tests just runs", async () => {
  const all = `
    import { test } from "signalbox/test";
    test("never rejects", async ({ message, assert }) => {
      assert.notEqual((await message({ channel: "X" })).verdict, "reject");
    });`;
  await save({ "all.test.ts": all });
  const rejecting = script(
    `export const B = onMessage({ channels: ["X"] }, (m) => m.reject("throttled"));`,
  );
  await save({ "b.ts": rejecting });
  await engine.rescan();
  assert.match(
    detail("b.ts"),
    /the test all\.test\.ts "never rejects" fails; version 1 runs still$/,
  );
  await rm(join(directory, "all.test.ts"));
  await engine.rescan();
  assert.match(detail("b.ts"), /^version 2 runs/);
});
