/** The folder as the world leaves it: odd files, a bundler that dies, a folder that comes and goes. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  realpath,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../src/model/clock.ts";
import { GatewayError } from "../../src/model/error.ts";
import { type Engine, openEngine } from "../../src/trigger/engine.ts";
import { changedSince, filesMax } from "../../src/trigger/folder.ts";
import { defaultLimits } from "../../src/trigger/limits.ts";
import { recorderLog } from "../support/log.ts";
import { messageRequest, openScripts, script } from "../support/run-trigger.ts";

function charging(charge: number): string {
  return script(`export const A = onMessage({}, (m) => m.accept({ charge: ${charge} }));`);
}

async function charge(engine: Engine): Promise<number | string> {
  const ruling = await engine.decide(messageRequest());
  return ruling.verdict === "accept" ? ruling.charge : ruling.verdict;
}

function details(engine: Engine): Record<string, string> {
  return Object.fromEntries(engine.list().map((view) => [view.file, view.detail]));
}

/** Waits for looks at the folder until this is what runs; the test's own time limit ends it. */
async function untilCharge(engine: Engine, wanted: number | string): Promise<void> {
  for (;;) {
    const changed = engine.changed();
    if ((await charge(engine)) === wanted) return;
    await changed;
  }
}

function open(directory: string, log = recorderLog()): Promise<Engine> {
  return openEngine({ directory, log, clock: systemClock, calls: {}, limits: defaultLimits });
}

async function emptyFolder(t: { after(end: () => Promise<void>): void }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-folder-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

test("[A70] a save is live within a second, however it is written", async () => {
  await using running = await openScripts({ "a.ts": charging(0) });
  const { engine, directory } = running;
  const file = join(directory, "a.ts");
  const ways: readonly ((text: string) => Promise<void>)[] = [
    (text) => writeFile(file, text),
    // As editors do that want no half of a file to be seen.
    async (text) => {
      await writeFile(join(directory, ".a.ts.swap"), text);
      await rename(join(directory, ".a.ts.swap"), file);
    },
    async (text) => {
      await rm(file);
      await writeFile(file, text);
    },
  ];
  for (const [at, save] of ways.entries()) {
    const beganMs = performance.now();
    await save(charging(at + 1));
    await untilCharge(engine, at + 1);
    const tookMs = performance.now() - beganMs;
    assert.ok(tookMs < 1000, `way ${at} took ${Math.round(tookMs)} ms`);
  }
});

test("a folder full of other files: what is no trigger is left out, what cannot be is listed", async () => {
  await using running = await openScripts({ "a.ts": charging(1) });
  const { engine, directory } = running;
  const put = (name: string, text: string | Buffer) => writeFile(join(directory, name), text);
  for (const name of ["README.md", "data.csv", "a.ts~", "a.js", "a.tsx", ".a.ts.swp", "._a.ts"])
    await put(name, "}{ not a trigger");
  // An editor's lock is a link to nowhere.
  await symlink("someone@somewhere.1234", join(directory, ".#a.ts"));
  for (const name of ["folder.ts", "node_modules"]) await mkdir(join(directory, name));
  await put("node_modules/b.ts", "}{");
  assert.deepEqual(Object.keys(details(engine)), ["a.ts"]);

  await put("binary.ts", Buffer.from([0, 255, 254, 0, 1, 128]));
  await put("empty.ts", "");
  await put("huge.ts", "");
  await truncate(join(directory, "huge.ts"), 3 * 1024 * 1024 * 1024);
  await put("imports.ts", `import "./pipe.ts";\n${charging(5)}`);
  execFileSync("mkfifo", [join(directory, "pipe.ts")]);
  await symlink("/dev/zero", join(directory, "zero.ts"));
  await engine.rescan();

  assert.equal(await charge(engine), 1);
  const told = details(engine);
  assert.equal(told["a.ts"], "version 1 runs");
  assert.match(told["binary.ts"] ?? "", /^binary\.ts:1:1 .*; nothing of it runs$/);
  assert.match(told["empty.ts"] ?? "", /^empty\.ts registers no trigger/);
  assert.match(told["huge.ts"] ?? "", /has 3221225472 octets; 4194304 are allowed/);
  assert.match(
    told["imports.ts"] ?? "",
    /^imports\.ts:1:8 it is no file|^pipe\.ts.* it is no file/,
  );
  assert.match(told["pipe.ts"] ?? "", /it is no file/);
  assert.match(told["zero.ts"] ?? "", /it is no file/);
  assert.ok(!("folder.ts" in told));
});

test("what lies outside the folder cannot be imported, whatever it is; what a link of the folder leads to can", async (t) => {
  const elsewhere = await emptyFolder(t);
  const secret = join(await emptyFolder(t), "secret.json");
  await writeFile(secret, `{"password":"x"}`);
  await writeFile(
    join(elsewhere, "linked.ts"),
    `import { n } from "./beside.ts";\n${script("export const L = onMessage({ channels: ['X'] }, (m) => m.accept({ charge: n }));")}`,
  );
  await writeFile(join(elsewhere, "beside.ts"), "export const n = 1;");
  await using running = await openScripts({ "a.ts": charging(1) });
  const { engine, directory } = running;
  await symlink(join(elsewhere, "linked.ts"), join(directory, "linked.ts"));
  await engine.rescan();
  assert.equal(details(engine)["linked.ts"], "version 1 runs");
  const path = relative(await realpath(directory), await realpath(secret));
  for (const [name, from] of [
    ["above.ts", path],
    ["absolute.ts", secret],
  ] as const)
    await writeFile(
      join(directory, name),
      `import all from ${JSON.stringify(from)};\nconsole.log(all);\n${charging(5)}`,
    );
  await engine.rescan();
  const told = details(engine);
  for (const name of ["above.ts", "absolute.ts"])
    assert.match(told[name] ?? "", /it is outside the trigger folder; nothing of it runs$/);
});

test("a file that may not be read is broken, in one sentence, and the others run", async () => {
  await using running = await openScripts({ "a.ts": charging(1) });
  const { engine, directory } = running;
  await chmod(directory, 0o755);
  await writeFile(join(directory, "closed.ts"), charging(5), { mode: 0o000 });
  // Root may read all.
  if (process.getuid?.() === 0) process.seteuid?.(65_534);
  try {
    await engine.rescan();
  } finally {
    if (process.getuid?.() === 0) process.seteuid?.(0);
  }
  assert.equal(await charge(engine), 1);
  assert.match(
    details(engine)["closed.ts"] ?? "",
    /^closed\.ts:1:1 it cannot be read: EACCES: permission denied; nothing of it runs$/,
  );
});

test("what is too large with all that it imports is broken", async () => {
  await using running = await openScripts({ "a.ts": charging(1) });
  const { engine, directory } = running;
  await mkdir(join(directory, "shared"));
  const part = `export const text = ${JSON.stringify("x".repeat(3 * 1024 * 1024))};`;
  await writeFile(join(directory, "shared/one.ts"), part);
  await writeFile(join(directory, "shared/two.ts"), part.replace(`"x`, `"y`));
  await running.save({
    "a.ts": `import { text as one } from "./shared/one.ts";
      import { text as two } from "./shared/two.ts";
      ${charging(2)}
      console.log(one + two);`,
  });
  assert.equal(await charge(engine), 1);
  assert.match(
    details(engine)["a.ts"] ?? "",
    /^a\.ts:1:1 with all that it imports it has 6\d{6} octets; 4194304 are allowed; version 1 runs still/,
  );
});

test("more than filesMax files are another folder by mistake: refused at the start, and what runs stays", async (t) => {
  const folder = await emptyFolder(t);
  await writeFile(join(folder, "a.ts"), charging(1));
  const log = recorderLog();
  const engine = await open(folder, log);
  for (let at = 0; at < filesMax; at++) await writeFile(join(folder, `x${at}.ts`), "");
  await assert.rejects(engine.rescan(), /it has 257 trigger files; 256 are allowed/);
  assert.equal(await charge(engine), 1);
  await engine.close();
  await assert.rejects(open(folder), (error) => {
    assert.ok(error instanceof GatewayError && error.code === "bad_configuration");
    assert.equal(
      error.message,
      `The trigger folder ${folder} cannot be used: it has 257 trigger files; 256 are allowed.`,
    );
    return true;
  });
});

test("a folder that is not there, or is a file, is refused in one sentence", async (t) => {
  const folder = await emptyFolder(t);
  await writeFile(join(folder, "file"), "");
  for (const [name, why] of [
    ["nothing", "it is not there"],
    ["file", "it is no folder"],
  ] as const)
    await assert.rejects(open(join(folder, name)), (error) => {
      assert.ok(error instanceof GatewayError && error.code === "bad_configuration");
      assert.equal(
        error.message,
        `The trigger folder ${join(folder, name)} cannot be used: ${why}.`,
      );
      return true;
    });
});

test("a folder that goes away stops nothing, and is taken up when it is back", async (t) => {
  const parent = await emptyFolder(t);
  const folder = join(parent, "triggers");
  await mkdir(folder);
  await writeFile(join(folder, "a.ts"), charging(1));
  const log = recorderLog();
  const engine = await open(folder, log);
  t.after(() => engine.close());
  const looked = engine.changed();
  await rename(folder, join(parent, "away"));
  await looked;
  assert.equal(await charge(engine), 1);
  assert.ok(log.lines.some((line) => line["why"] === "it is not there"));
  await mkdir(folder);
  await writeFile(join(folder, "a.ts"), charging(2));
  await untilCharge(engine, 2);
  // It is watched as before.
  await writeFile(join(folder, "a.ts"), charging(3));
  await untilCharge(engine, 3);
});

test("a folder that is a link is taken anew when the link points elsewhere", async (t) => {
  const parent = await emptyFolder(t);
  for (const n of [1, 2]) {
    await mkdir(join(parent, `release${n}`));
    await writeFile(join(parent, `release${n}`, "a.ts"), charging(n));
  }
  const folder = join(parent, "triggers");
  await symlink("release1", folder);
  const engine = await open(folder);
  t.after(() => engine.close());
  assert.equal(await charge(engine), 1);
  await symlink("release2", join(parent, "next"));
  await rename(join(parent, "next"), folder);
  await untilCharge(engine, 2);
  await writeFile(join(folder, "a.ts"), charging(3));
  await untilCharge(engine, 3);
});

test("files that are links to a folder that is swapped are one save, as Kubernetes mounts them", async (t) => {
  const folder = await emptyFolder(t);
  for (const n of [1, 2]) {
    await mkdir(join(folder, `..data${n}`));
    await writeFile(join(folder, `..data${n}`, "a.ts"), charging(n));
  }
  await symlink("..data1", join(folder, "..data"));
  await symlink("..data/a.ts", join(folder, "a.ts"));
  const engine = await open(folder);
  t.after(() => engine.close());
  assert.equal(await charge(engine), 1);
  await symlink("..data2", join(folder, "..next"));
  await rename(join(folder, "..next"), join(folder, "..data"));
  await rm(join(folder, "..data1"), { recursive: true });
  await untilCharge(engine, 2);
});

test("a bundler that was killed is started anew with the next save", async () => {
  await using running = await openScripts({
    "a.ts": charging(1),
    "b.ts": script("onMessage({ name: 'B' }, () => {});"),
  });
  const children = execFileSync("ps", ["--ppid", String(process.pid), "-o", "pid=,args="], {
    encoding: "utf8",
  });
  const [, pid = ""] = /^ *(\d+) .*esbuild.*--service/m.exec(children) ?? [];
  process.kill(Number(pid), "SIGKILL");
  await running.save({ "a.ts": charging(2) });
  assert.equal(await charge(running.engine), 2);
  assert.deepEqual(details(running.engine), { "a.ts": "version 2 runs", "b.ts": "version 1 runs" });
});

test("a look in the middle of a save waits for the rest of it, in subfolders too", async (t) => {
  const folder = await emptyFolder(t);
  await mkdir(join(folder, "shared"));
  await mkdir(join(folder, "node_modules"));
  const nowS = Date.now() / 1_000;
  const write = async (file: string, ageS: number): Promise<void> => {
    await writeFile(join(folder, file), "");
    await utimes(join(folder, file), nowS - ageS, nowS - ageS);
  };
  await write("old.ts", 3_600);
  // A clock that was wrong when it was written must not hold up all that follows.
  await write("future.ts", -3_600);
  await write("node_modules/package.ts", 1);
  assert.equal(await changedSince(folder, Date.now() - 60_000), false);
  await write("shared/rates.ts", 1);
  assert.equal(await changedSince(folder, Date.now() - 60_000), true);
  await write("shared/rates.ts", 120);
  assert.equal(await changedSince(folder, Date.now() - 60_000), false);
});
