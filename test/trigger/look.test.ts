/** The look into the folder that a start begins early, and what makes it look again. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, unlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../src/model/clock.ts";
import { openEngine } from "../../src/trigger/engine.ts";
import { defaultLimits } from "../../src/trigger/limits.ts";
import { lookEarly, stillGood } from "../../src/trigger/look.ts";
import { recorderLog } from "../support/log.ts";
import { messageRequest, script } from "../support/run-trigger.ts";

const charging = (charge: number) =>
  script(`export const A = onMessage({}, (m) => m.accept({ charge: ${charge} }));`);

/** A folder, by a link as deployments have it, whose files were written a while ago. */
async function openFolder(t: { after(end: () => Promise<void>): void }) {
  const home = await mkdtemp(join(tmpdir(), "signalbox-look-"));
  t.after(() => rm(home, { recursive: true }));
  for (const name of ["one", "two"]) {
    await mkdir(join(home, name, "shared"), { recursive: true });
    await writeFile(join(home, name, "a.ts"), charging(1));
    await writeFile(join(home, name, "shared", "rate.ts"), "export const rate = 1;\n");
  }
  await writeFile(join(home, "elsewhere.ts"), charging(1));
  await symlink(join(home, "one", "a.ts"), join(home, "one", "linked.ts"));
  const directory = join(home, "triggers");
  await symlink(join(home, "one"), directory);
  // A look does not trust what was written just before it.
  while ((await stillGood(directory, lookEarly(directory))) === undefined);
  return { home, directory };
}

test("an early look is good as long as nothing has changed in the folder", async (t) => {
  const { directory } = await openFolder(t);
  const early = lookEarly(directory);
  const look = await stillGood(directory, early);
  assert.deepEqual(look?.names, ["a.ts", "linked.ts"]);
  assert.equal(
    look?.bundles.every(({ ok }) => ok),
    true,
  );
  assert.equal(await stillGood(directory, undefined), undefined);
});

for (const [what, change] of Object.entries({
  "is written": ({ directory }) => writeFile(join(directory, "a.ts"), charging(2)),
  "is written with an old date": async ({ directory }) => {
    await writeFile(join(directory, "a.ts"), charging(2));
    await utimes(join(directory, "a.ts"), 1, 1);
  },
  "that others import is written": ({ directory }) =>
    writeFile(join(directory, "shared", "rate.ts"), "export const rate = 2;\n"),
  "is new": ({ directory }) => writeFile(join(directory, "b.ts"), charging(2)),
  "is gone": ({ directory }) => unlink(join(directory, "a.ts")),
  "of before is moved there": ({ home, directory }) =>
    rename(join(home, "elsewhere.ts"), join(directory, "a.ts")),
  "is a link to another one": async ({ home, directory }) => {
    await symlink(join(home, "elsewhere.ts"), join(home, "new"));
    await rename(join(home, "new"), join(directory, "linked.ts"));
  },
  "lies in another folder, to which the link leads": async ({ home, directory }) => {
    await symlink(join(home, "two"), join(home, "new"));
    await rename(join(home, "new"), directory);
  },
} satisfies Record<string, (at: { home: string; directory: string }) => Promise<void>>))
  test(`an early look is not good any more when a file ${what}`, async (t) => {
    const place = await openFolder(t);
    const early = lookEarly(place.directory);
    await early;
    await change(place);
    assert.equal(await stillGood(place.directory, early), undefined);
  });

test("a look that failed is no look; the engine tells what is wrong by its own", async (t) => {
  const { home } = await openFolder(t);
  const directory = join(home, "nowhere");
  const early = lookEarly(directory);
  assert.equal(await stillGood(directory, early), undefined);
  const options = { log: recorderLog(), clock: systemClock, calls: {}, limits: defaultLimits };
  await assert.rejects(openEngine({ directory, early, ...options }), {
    code: "bad_configuration",
    message: /it is not there/,
  });
});

test("what is saved between the early look and the start is what runs", async (t) => {
  const { directory } = await openFolder(t);
  await unlink(join(directory, "linked.ts"));
  const early = lookEarly(directory);
  await early;
  await writeFile(join(directory, "a.ts"), charging(2));
  const options = { log: recorderLog(), clock: systemClock, calls: {}, limits: defaultLimits };
  const engine = await openEngine({ directory, early, ...options });
  t.after(() => engine.close());
  const ruling = await engine.decide(messageRequest());
  assert.equal(ruling.verdict === "accept" && ruling.charge, 2);
});
