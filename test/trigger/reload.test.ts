/** Files come, change, break and go while events run: what runs is always whole. */
import assert from "node:assert/strict";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { GatewayError } from "../../src/model/error.ts";
import { systemClock } from "../../src/model/clock.ts";
import { openEngine } from "../../src/trigger/engine.ts";
import { defaultLimits } from "../../src/trigger/limits.ts";
import { recorderLog } from "../support/log.ts";
import {
  messageRequest,
  openScripts,
  type RunningScripts,
  script,
} from "../support/run-trigger.ts";

function charging(name: string, charge: number): string {
  return script(`export const ${name} = onMessage({}, (m) => m.accept({ charge: ${charge} }));`);
}

async function charge(running: RunningScripts): Promise<number | string> {
  const ruling = await running.engine.decide(messageRequest());
  return ruling.verdict === "accept" ? ruling.charge : ruling.verdict;
}

function detail(running: RunningScripts, file: string): string {
  return running.engine.list().find((view) => view.file === file)?.detail ?? "";
}

test("[A37] a saved file is in by itself, and counts its versions", async () => {
  await using running = await openScripts({ "a.ts": charging("A", 1) });
  assert.equal(await charge(running), 1);
  const changed = running.engine.changed();
  await writeFile(join(running.directory, "a.ts"), charging("A", 2));
  await changed;
  assert.equal(await charge(running), 2);
  assert.equal(running.engine.list()[0]?.version, 2);
});

test("a new file runs, a removed one stops", async () => {
  await using running = await openScripts({});
  assert.equal(await charge(running), "unanswered");
  await running.save({ "a.ts": charging("A", 1) });
  assert.equal(await charge(running), 1);
  await rm(join(running.directory, "a.ts"));
  await running.engine.rescan();
  assert.equal(await charge(running), "unanswered");
  assert.deepEqual(running.engine.list(), []);
});

test("a renamed file is one change: its trigger never runs twice", async () => {
  await using running = await openScripts({ "a.ts": charging("A", 1) });
  await rename(join(running.directory, "a.ts"), join(running.directory, "b.ts"));
  await running.engine.rescan();
  assert.equal(await charge(running), 1);
  assert.deepEqual(
    running.engine.list().map((view) => [view.file, view.state]),
    [["b.ts", "active"]],
  );
});

const broken: readonly [what: string, text: string, fault: RegExp][] = [
  ["[A70] a syntax error", "export const A = ;", /^a\.ts:1:18 Unexpected ";"/],
  [
    "a module of the machine",
    `import { readFile } from "node:fs";\nexport const A = readFile;`,
    /^a\.ts:1:26 "node:fs" is not there/,
  ],
  ["a module of the machine by its old name", `import "net";`, /^a\.ts:1:8 "net" is not there/],
  ["a file that is not there", `import "./nope.ts";`, /^a\.ts:1:8 Could not resolve/],
  [
    "a throw while it is loaded",
    script(`export const A = onMessage({}, () => {});\n\nthrow new Error("at load");`),
    /^a\.ts:4:7 Error: at load/,
  ],
  ["a load without end", "for (;;);", /^a\.ts while it was loaded it computed for too long/],
  ["no trigger at all", "export const A = 1;", /^a\.ts registers no trigger/],
  [
    "two triggers of one name",
    script(`
      export const A = onMessage({}, () => {});
      export const B = onMessage({ name: "A" }, () => {});`),
    /^a\.ts two triggers of the name A/,
  ],
  [
    "the name of another file's trigger",
    charging("OTHER", 1),
    /^a\.ts two triggers of the name OTHER: the other one is in other\.ts/,
  ],
  [
    "an unknown condition",
    script(`export const A = onMessage({ channel: "X" } as never, () => {});`),
    /^a\.ts the condition channel is unknown/,
  ],
  [
    "no conditions",
    script(`export const A = onMessage((() => {}) as never, {} as never);`),
    /^a\.ts a trigger needs its conditions first/,
  ],
  [
    "no handler",
    script(`export const A = onMessage({}, undefined as never);`),
    /^a\.ts a trigger needs a handler/,
  ],
  [
    "no name",
    script(`onMessage({}, () => {});`),
    /^a\.ts a trigger without a name: export it, or give it one/,
  ],
  [
    "conditions that cannot be read",
    script(`JSON.stringify = () => "[";\nexport const A = onMessage({}, () => {});`),
    /^a\.ts registers what cannot be read/,
  ],
];

test("a broken file keeps its last good version, and tells file, line and column", async () => {
  await using running = await openScripts({
    "a.ts": charging("A", 1),
    "other.ts": script(`export const OTHER = onMessage({ channels: ["X"] }, () => {});`),
  });
  for (const [what, text, fault] of broken) {
    await running.save({ "a.ts": text });
    const view = running.engine.list().find((one) => one.file === "a.ts");
    assert.equal(view?.state, "broken", what);
    assert.match(view.detail, fault, what);
    assert.match(view.detail, /; version 1 runs still$/, what);
    assert.equal(await charge(running), 1, what);
  }
  const told = running.log.lines.filter((line) => line["level"] === "error");
  assert.equal(told.length, broken.length);
  await running.save({ "a.ts": charging("A", 2) });
  assert.equal(await charge(running), 2);
  assert.equal(detail(running, "a.ts"), "version 2 runs");
});

test("a file that goes back to what runs is not broken any more", async () => {
  await using running = await openScripts({ "a.ts": charging("A", 1) });
  await running.save({ "a.ts": "export const A = ;" });
  await running.save({ "a.ts": charging("A", 1) });
  assert.equal(detail(running, "a.ts"), "version 1 runs");
});

test("a file that was never good is listed, and the others run", async () => {
  await using running = await openScripts({ "a.ts": "(", "b.ts": charging("B", 1) });
  assert.equal(await charge(running), 1);
  assert.match(detail(running, "a.ts"), /^a\.ts:1:2 .*; nothing of it runs$/);
});

test("a file that takes its host down while it is loaded hurts nobody", async () => {
  await using running = await openScripts({ "a.ts": charging("A", 1) });
  const active = running.engine.facts().hosts[0];
  await running.save({ "a.ts": "const all = []; all.length = 4e9; all.indexOf(1);" });
  assert.equal(await charge(running), 1);
  assert.equal(running.engine.facts().hosts[0], active);
  assert.match(detail(running, "a.ts"), /took its host down while it was loaded/);
});

test("the files of one save are in together or not at all", async () => {
  await using running = await openScripts({ "a.ts": charging("A", 1), "b.ts": charging("B", 10) });
  await running.save({ "a.ts": charging("A", 2), "b.ts": "(" });
  assert.equal(await charge(running), 11);
  assert.match(detail(running, "a.ts"), /a\.ts waits: of the same save, b\.ts is broken/);
  // Another file does not wait for them, and does not bring half of them in.
  await running.save({ "c.ts": charging("C", 100) });
  assert.equal(await charge(running), 111);
  await running.save({ "b.ts": charging("B", 20) });
  assert.equal(await charge(running), 122);
});

test("while events run, a save changes all of its files between two events", async () => {
  const both = (n: number) => ({
    "a.ts": script(`export const A = onMessage({}, (m) => m.accept({ charge: ${n} }));`),
    "b.ts": script(`export const B = onMessage({}, async (m) => {
      await null;
      m.accept({ charge: ${n * 1000} });
    });`),
  });
  await using running = await openScripts(both(1));
  let going = true;
  const seen = new Set<number | string>();
  const load = Promise.all(
    Array.from({ length: 20 }, async () => {
      while (going) seen.add(await charge(running));
    }),
  );
  for (const n of [2, 3, 4, 5]) {
    await running.save(both(n));
    assert.equal(await charge(running), n * 1001);
  }
  going = false;
  await load;
  for (const one of seen) assert.equal(Number(one) % 1001, 0, String(one));
});

test("an event ends with the version that it began with", async () => {
  const asking = (n: number) =>
    script(`export const A = onMessage({}, async (m, { accounts }) => {
      await accounts.byNumber(m.to);
      m.accept({ charge: ${n} });
    });`);
  const { promise: called, resolve: calling } = Promise.withResolvers<void>();
  const { promise: answer, resolve: give } = Promise.withResolvers<null>();
  await using running = await openScripts(
    { "a.ts": asking(1) },
    {
      calls: {
        "accounts.byNumber": () => {
          calling();
          return answer;
        },
      },
    },
  );
  const first = charge(running);
  await called;
  await running.save({ "a.ts": asking(2) });
  const second = charge(running);
  give(null);
  assert.deepEqual([await first, await second], [1, 2]);
});

test("shared code lives in a subfolder, and a change of it reaches who imports it", async () => {
  await using running = await openScripts({});
  await mkdir(join(running.directory, "shared"));
  const price = (n: number) => `export const price = ${n};\n`;
  await running.save({
    "shared/price.ts": price(3),
    "a.ts": `import { price } from "./shared/price.ts";\n${script(
      "export const A = onMessage({}, (m) => m.accept({ charge: price }));",
    )}`,
    "a.test.ts": "not a trigger",
    "types.d.ts": "not a trigger",
  });
  assert.equal(await charge(running), 3);
  await running.save({ "shared/price.ts": price(4) });
  assert.equal(await charge(running), 4);
  assert.equal(running.engine.list().length, 1);
});

test("a throw in shared code is told with the place in that file", async () => {
  await using running = await openScripts({});
  await mkdir(join(running.directory, "shared"));
  await running.save({
    "shared/price.ts": `export function price(): number {\n  throw new Error("no price");\n}\n`,
    "a.ts": `import { price } from "./shared/price.ts";\n${script(
      "export const A = onMessage({}, (m) => m.accept({ charge: price() }));",
    )}`,
  });
  const ruling = await running.engine.decide(messageRequest());
  assert.match(
    ruling.verdict === "undecided" ? ruling.text : "",
    /^shared\/price\.ts:2:9 Error: no price/,
  );
});

test("a broken link is one broken file", async () => {
  await using running = await openScripts({ "b.ts": charging("B", 1) });
  await symlink(join(running.directory, "gone"), join(running.directory, "a.ts"));
  await running.engine.rescan();
  assert.equal(await charge(running), 1);
  assert.match(detail(running, "a.ts"), /nothing of it runs/);
});

test("a channel that is not there is a warning, and the trigger runs", async () => {
  const two = script(
    `export const A = onMessage({ channels: ["SMPP_SERVER1", "NOPE"] }, (m) => m.accept());`,
  );
  await using running = await openScripts({ "a.ts": two }, { channels: () => ["SMPP_SERVER1"] });
  assert.equal(await charge(running), 0);
  assert.equal(detail(running, "a.ts"), "version 1 runs; there is no channel NOPE");
  const warning = running.log.lines.find((line) => line["level"] === "warn");
  assert.equal(warning?.["channel"], "NOPE");
});

test("a default export has the name of its file, and a name of its own goes first", async () => {
  const text = script(`
    export default onMessage({}, (m) => m.accept());
    export const x = onMessage({ name: "my.own-name" }, () => {});`);
  await using running = await openScripts({ "greet.ts": text });
  const names = running.engine.list().map((view) => view.name);
  assert.deepEqual(names, ["greet", "my.own-name"]);
});

test("a folder that is not there is refused in one sentence", async () => {
  const directory = join(import.meta.dirname, "no-such-folder");
  await assert.rejects(
    openEngine({
      directory,
      limits: defaultLimits,
      log: recorderLog(),
      clock: systemClock,
      calls: {},
    }),
    (error) => error instanceof GatewayError && error.code === "bad_configuration",
  );
});
