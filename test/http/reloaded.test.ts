// What is made of files, and anew when they change.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { reloaded } from "../../src/http/reloaded.ts";
import { until } from "../support/gateway-process.ts";
import { recorderLog } from "../support/log.ts";

/** ms. Far more than anything takes here. */
const patienceMs = 20_000;

/** Two files, of which a text is made as long as both end alike, as a certificate and its key. */
async function pair(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-reloaded-"));
  const paths = [join(folder, "a"), join(folder, "b")];
  const [a = "", b = ""] = paths;
  await writeFile(a, "one");
  await writeFile(b, "one");
  const log = recorderLog();
  const renewed: string[] = [];
  const make = async (): Promise<string> => {
    const [first, second] = await Promise.all(paths.map((path) => readFile(path, "utf8")));
    if (first !== second) throw new Error(`${first} and ${second} do not belong together`);
    return first ?? "";
  };
  const kept = await reloaded({ paths, make, log, everyMs: 5 }, (value) => renewed.push(value));
  t.after(async () => {
    kept.close();
    await rm(folder, { recursive: true });
  });
  return { folder, a, b, kept, log, renewed };
}

test("a change is taken once both files are there, what does not fit is told once and not taken", async (t) => {
  const { a, b, kept, log, renewed } = await pair(t);
  assert.equal(kept.value, "one");
  await writeFile(a, "two");
  await until(async () => kept.refused !== undefined, patienceMs);
  assert.deepEqual([kept.value, kept.refused], ["one", "two and one do not belong together"]);
  await writeFile(b, "two");
  await until(async () => kept.value === "two", patienceMs);
  assert.equal(kept.refused, undefined);
  assert.deepEqual(renewed, ["two"]);
  assert.deepEqual(
    log.lines.map(({ level }) => level),
    ["error", "info"],
  );
});

test("a file that is put in another's place is seen, and so is one behind a symbolic link", async (t) => {
  const { folder, a, b, kept } = await pair(t);
  for (const path of [a, b]) {
    await writeFile(`${path}.new`, "two");
    await rename(`${path}.new`, path);
  }
  await until(async () => kept.value === "two", patienceMs);
  // As renewals and mounted secrets do it: the name stays and leads elsewhere.
  await writeFile(join(folder, "live"), "six");
  for (const path of [a, b]) {
    await unlink(path);
    await symlink(join(folder, "live"), path);
  }
  await until(async () => kept.value === "six", patienceMs);
});

test("files that are gone for a while are told, and it goes on with what was there", async (t) => {
  const { a, b, kept } = await pair(t);
  await unlink(a);
  await until(async () => kept.refused !== undefined, patienceMs);
  assert.equal(kept.value, "one");
  await writeFile(a, "new");
  await writeFile(b, "new");
  await until(async () => kept.value === "new", patienceMs);
});

test("what cannot be made at first is an error of its own, and nothing is looked at", async (t) => {
  const log = recorderLog();
  const make = () => Promise.reject(new Error("no"));
  await assert.rejects(reloaded({ paths: ["/no/such"], make, log, everyMs: 5 }), /^Error: no$/);
  t.assert.deepEqual(log.lines, []);
});
