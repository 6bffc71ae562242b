import assert from "node:assert/strict";
import { test } from "node:test";
/** The shipped folder as a whole: what is in it, and that the guide says so. */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { systemClock } from "../../src/model/clock.ts";
import { openEngine } from "../../src/trigger/engine.ts";
import { defaultLimits } from "../../src/trigger/limits.ts";
import { recorderLog } from "../support/log.ts";

const directory = resolve("triggers");

test("[A71] the folder holds exactly the eight triggers of the how-to, and all of them run", async () => {
  const engine = await openEngine({
    directory,
    log: recorderLog(),
    clock: systemClock,
    calls: {},
    limits: defaultLimits,
  });
  const views = engine.list();
  await engine.close();
  assert.deepEqual(views.map(({ name, event }) => `${name} ${event}`).sort(), [
    "ACK message",
    "APPLYDLR report",
    "BIND bind",
    "FWD message",
    "FWDDLR status",
    "FWDDLR2 status",
    "FWDDLR3 status",
    "RECVFWD message",
  ]);
  assert.deepEqual(new Set(views.map((view) => view.state)), new Set(["active"]));
});

test("the guide lists each file with the first sentence of its trigger", async () => {
  const guide = await readFile("docs/triggers.md", "utf8");
  const files = (await readdir(directory)).filter((file) => file.endsWith(".ts"));
  const rows = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(directory, file), "utf8");
      const [, sentence = ""] = /\/\*\* (.*?)\. \*\//.exec(text) ?? [];
      const [, name = ""] = /export const (\w+)/.exec(text) ?? [];
      return `| \`${file}\` | ${name} | ${sentence} |`;
    }),
  );
  for (const row of rows) assert.ok(guide.includes(row), row);
  assert.equal(guide.split("\n").filter((line) => /^\| `[\w-]+\.ts` \|/.test(line)).length, 8);
});
