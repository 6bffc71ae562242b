import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openVersions, versionsMax, writeWhole } from "../../src/config/versions.ts";

async function folder(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "signalbox-versions-"));
  t.after(() => rm(made, { recursive: true, force: true }));
  return made;
}

test("the last twenty texts are kept, the newest first, for this user only", async (t) => {
  const directory = join(await folder(t), "kept");
  const versions = openVersions(directory);
  for (let at = 1; at <= versionsMax + 3; at += 1) await versions.keep(`text ${at}`, "a.b/c", at);
  const all = await versions.list();
  assert.deepEqual(
    all.map(({ number }) => number),
    Array.from({ length: versionsMax }, (_, at) => versionsMax + 3 - at),
  );
  assert.deepEqual(all[0], { number: versionsMax + 3, atMs: versionsMax + 3, by: "a.b/c" });
  assert.equal(await versions.read(4), "text 4");
  assert.equal(await versions.read(3), undefined);
  for (const name of await readdir(directory))
    assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600);
});

test("the same text again is no new version, and what else lies there is left alone", async (t) => {
  const directory = await folder(t);
  await writeFile(join(directory, "notes.txt"), "mine");
  const first = await openVersions(directory).keep("text", "ann", 1);
  assert.deepEqual(await openVersions(directory).keep("text", "bob", 2), first);
  assert.deepEqual(await openVersions(directory).list(), [first]);
});

test("a file is written whole, through a link, with the rights that it had", async (t) => {
  const directory = await folder(t);
  const real = join(directory, "real.yaml");
  const link = join(directory, "link.yaml");
  await writeFile(real, "old");
  await chmod(real, 0o640);
  await symlink(real, link);
  await writeWhole(link, "new", 0o600);
  assert.equal(await readFile(real, "utf8"), "new");
  assert.equal((await stat(real)).mode & 0o777, 0o640);
  assert.deepEqual((await readdir(directory)).toSorted(), ["link.yaml", "real.yaml"]);
  await assert.rejects(writeWhole(join(directory, "none", "x"), "x", 0o600));
});
