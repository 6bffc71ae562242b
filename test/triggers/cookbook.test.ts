/** The cookbook is true: each trigger of it compiles, has a test and passes it in the real sandbox. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { runTests } from "../../src/trigger/test-runner.ts";

const folder = resolve("docs/cookbook");

const recipes = (await readdir(folder)).filter((file) => /^[^.]+\.ts$/.test(file));

test("every trigger of the cookbook passes its own tests", async () => {
  const results = await runTests({ directory: folder });
  const failed = results.flatMap(({ file, name, failure }) =>
    failure === undefined ? [] : [`${file} ${name ?? ""}: ${failure.text}`],
  );
  assert.deepEqual(failed, []);
  const tested = new Set(results.map(({ file }) => file.replace(".test.ts", ".ts")));
  assert.deepEqual([...tested].toSorted(), recipes.toSorted());
  assert.ok(recipes.length >= 12);
});

test("the cookbook compiles as an editor sees it, and so does what newcomers read", async (t) => {
  // Inside the project, because the compiler looks upward for what the settings name.
  const place = await mkdtemp(join(import.meta.dirname, "cookbook-"));
  t.after(() => rm(place, { recursive: true }));
  const page = await readFile(join(folder, "../coming-from.md"), "utf8");
  const examples = [...page.matchAll(/```ts\n(import [^]*?)```/g)].map(([, text]) => text ?? "");
  assert.ok(examples.length >= 4);
  for (const [at, text] of examples.entries())
    await writeFile(join(place, `example${at}.ts`), text);
  const settings = {
    extends: resolve("triggers/tsconfig.json"),
    include: ["*.ts", join(folder, "*.ts"), resolve("src/trigger/script/globals.d.ts")],
  };
  await writeFile(join(place, "tsconfig.json"), JSON.stringify(settings));
  const tsc = resolve("node_modules/typescript/bin/tsc");
  const told = await promisify(execFile)(process.execPath, [tsc, "--noEmit", "-p", place]).then(
    ({ stdout }) => stdout,
    (cause: { stdout: string }) => cause.stdout,
  );
  assert.equal(told.slice(0, 4_000), "");
});

test("its page names each of them, and nothing that is not there", async () => {
  const page = await readFile(join(folder, "../cookbook.md"), "utf8");
  const named = [...page.matchAll(/\]\(cookbook\/([\w-]+\.ts)\)/g)].map(([, file]) => file ?? "");
  assert.deepEqual(named.toSorted(), recipes.toSorted());
});
