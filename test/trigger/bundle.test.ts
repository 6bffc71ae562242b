/** What a trigger file becomes before it is loaded. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bundle } from "../../src/trigger/bundle.ts";

const shipped = join(import.meta.dirname, "../../triggers");

const textsOf = async (directory: string, files: readonly string[]) =>
  (await bundle(directory, files)).map((built) => (built.ok ? built.code : built.fault));

test("a file becomes the same whatever lies beside it, so that a broken neighbour reloads nothing", async () => {
  const files = readdirSync(shipped).filter((name) => name.endsWith(".ts"));
  const together = await textsOf(shipped, files);
  const alone = await Promise.all(files.map(async (file) => (await textsOf(shipped, [file]))[0]));
  assert.deepEqual(together, alone);
  assert.equal(new Set(together).size, files.length);
});

test("one broken file is told with its place, and the others are made all the same", async () => {
  const directory = await mkdtemp(join(tmpdir(), "signalbox-bundle-"));
  await writeFile(join(directory, "good.ts"), "export const GOOD = 1;\n");
  await writeFile(join(directory, "wrong.ts"), "export const\n  = 1;\n");
  const [good, wrong] = await bundle(directory, ["good.ts", "wrong.ts"]);
  await rm(directory, { recursive: true });
  assert.equal(good?.ok, true);
  assert.match(wrong?.ok === false ? wrong.fault.text : "", /^wrong\.ts:2:3 /);
  assert.deepEqual(await bundle(directory, []), []);
});
