/** What operators settle about triggers, and what goes back by itself. A restart is a second engine. */
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { GatewayError } from "../../src/model/error.ts";
import type { Ruling } from "../../src/model/decision.ts";
import type { TriggerView } from "../../src/model/view.ts";
import { forgetfulKeeper } from "../../src/trigger/versions.ts";
import {
  bindRequest,
  messageRequest,
  openScripts,
  type RunningScripts,
  script,
} from "../support/run-trigger.ts";

function charging(charge: number, name = "A"): string {
  return script(`export const ${name} = onMessage({}, (m) => m.accept({ charge: ${charge} }));`);
}

const throwing = script(`export const A = onMessage({}, () => { throw new Error("oops"); });`);

async function charge(running: RunningScripts): Promise<number | string> {
  const ruling = await running.engine.decide(messageRequest());
  return ruling.verdict === "accept" ? ruling.charge : ruling.verdict;
}

function only(running: RunningScripts): TriggerView {
  const [view, ...others] = running.engine.list();
  assert.equal(others.length, 0);
  assert.ok(view);
  return view;
}

const code = (wanted: string) => (error: unknown) =>
  error instanceof GatewayError && error.code === wanted;

/** Until something has come about by itself; the test's own time is the limit. */
async function until(is: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await is())) await new Promise((resolve) => setImmediate(resolve));
}

test("versions count on over a restart, and the same text is the same version", async () => {
  const keeper = forgetfulKeeper();
  {
    await using running = await openScripts({ "a.ts": charging(1) }, { keeper });
    await running.save({ "a.ts": charging(2) });
    await running.save({ "a.ts": "(" });
    await running.save({ "a.ts": charging(2) });
    assert.equal(only(running).version, 2);
  }
  {
    await using running = await openScripts({ "a.ts": charging(2) }, { keeper });
    assert.equal(only(running).version, 2);
    await running.save({ "a.ts": charging(3) });
    assert.equal(only(running).version, 3);
    const versions = await running.engine.control.versions("A");
    assert.deepEqual(
      versions.map(({ version, by, runs }) => [version, by, runs]),
      [
        [3, "unknown", "all"],
        [2, "unknown", "none"],
        [1, "unknown", "none"],
      ],
    );
    const shown = await running.engine.control.version("a", 1);
    assert.deepEqual(shown.texts, [{ path: "a.ts", text: charging(1) }]);
  }
});

test("a rollback runs the version before with the shared files of its time, also after a restart", async () => {
  const keeper = forgetfulKeeper();
  const importing = script(
    `import { price } from "./lib/price.ts";\nexport const A = onMessage({}, (m) => m.accept({ charge: price }));`,
  );
  {
    await using running = await openScripts({}, { keeper });
    await mkdir(join(running.directory, "lib"));
    await running.save({ "lib/price.ts": "export const price = 1;", "a.ts": importing });
    assert.equal(await charge(running), 1);
    await running.save({ "lib/price.ts": "export const price = 2;" });
    assert.equal(await charge(running), 2);
    await running.engine.control.rollback("A", undefined, "ann");
    assert.equal(await charge(running), 1);
    assert.equal(only(running).state, "rolledBack");
    assert.match(only(running).detail, /^version 1 runs, rolled back by ann from 2/);
    // Nothing changes by a look at the same texts.
    await running.engine.rescan();
    assert.equal(await charge(running), 1);
    await assert.rejects(
      running.engine.control.rollback("A", undefined, "ann"),
      code("unknown_trigger_version"),
    );
  }
  await using running = await openScripts({}, { keeper });
  await mkdir(join(running.directory, "lib"));
  await running.save({ "lib/price.ts": "export const price = 2;", "a.ts": importing });
  assert.equal(await charge(running), 1);
  assert.equal(only(running).state, "rolledBack");
  await running.engine.control.followFolder("a.ts", "ann");
  assert.equal(await charge(running), 2);
  assert.equal(only(running).detail, "version 2 runs");
  await assert.rejects(running.engine.control.followFolder("A", "ann"), code("trigger_state"));
});

test("a rollback ends with the next change of the file", async () => {
  await using running = await openScripts({ "a.ts": charging(1) });
  await running.save({ "a.ts": charging(2) });
  await running.save({ "a.ts": charging(3) });
  await running.engine.control.rollback("A", 1, "ann");
  assert.equal(await charge(running), 1);
  // A broken save does not end it.
  await running.save({ "a.ts": "(" });
  assert.equal(await charge(running), 1);
  await running.save({ "a.ts": charging(4) });
  assert.equal(await charge(running), 4);
  assert.equal(only(running).detail, "version 4 runs");
});

test("a file that is broken at a restart runs in its last good version", async () => {
  const keeper = forgetfulKeeper();
  {
    await using running = await openScripts({ "a.ts": charging(1) }, { keeper });
    await running.save({ "a.ts": charging(2) });
  }
  await using running = await openScripts({ "a.ts": "(" }, { keeper });
  assert.equal(await charge(running), 2);
  assert.equal(only(running).state, "broken");
  assert.match(only(running).detail, /version 2 runs still$/);
});

test("[A36] a disabled trigger never runs and is no fault, over restarts and changes of its file", async () => {
  const keeper = forgetfulKeeper();
  const files = { "a.ts": charging(1), "b.ts": charging(5, "B") };
  {
    await using running = await openScripts(files, { keeper });
    assert.equal(await charge(running), 6);
    await running.engine.control.disable("A", "ann");
    assert.equal(await charge(running), 5);
    await running.save({ "a.ts": charging(2) });
    assert.equal(await charge(running), 5);
    await assert.rejects(running.engine.control.disable("NONE", "ann"), code("unknown_trigger"));
  }
  await using running = await openScripts({ ...files, "a.ts": charging(2) }, { keeper });
  assert.equal(await charge(running), 5);
  const [a] = running.engine.list();
  assert.deepEqual(
    [a?.state, a?.detail, a?.runs, a?.faults],
    ["disabled", "never runs, disabled by ann", 0, 0],
  );
  await running.engine.control.enable("A", "bob");
  assert.equal(await charge(running), 7);
  await assert.rejects(running.engine.control.enable("A", "bob"), code("trigger_state"));
});

test("a release ends a quarantine at once", async () => {
  const looping = script(
    `export const A = onMessage({}, (m) => { if (m.text === "loop") for (;;); m.accept({ charge: 1 }); });`,
  );
  await using running = await openScripts({ "a.ts": looping }, { limits: { pumpMs: 20 } });
  await assert.rejects(running.engine.control.release("A", "ann"), code("trigger_state"));
  while (only(running).state !== "quarantined")
    await running.engine.decide(messageRequest({ text: "loop" }));
  assert.equal(await charge(running), "undecided");
  await running.engine.control.release("A", "ann");
  assert.equal(only(running).state, "active");
  assert.equal(only(running).version, 1);
  assert.equal(await charge(running), 1);
});

test("a fresh version that fails goes back by itself, and no event is lost", async () => {
  await using running = await openScripts({ "a.ts": charging(1) }, { limits: { freshRuns: 10 } });
  assert.equal(await charge(running), 1);
  await running.save({ "a.ts": throwing });
  // Each sender tries again what was undecided.
  const began = performance.now();
  const charges = await Promise.all(
    Array.from({ length: 200 }, async () => {
      let tries = 0;
      let got = await charge(running);
      for (; got === "undecided"; tries++) got = await charge(running);
      return got;
    }),
  );
  assert.deepEqual(new Set(charges), new Set([1]));
  const tookMs = performance.now() - began;
  // What is told of it has been told when this has been done.
  await running.engine.rescan();
  assert.equal(only(running).state, "rolledBack");
  assert.match(
    only(running).detail,
    /^version 1 runs, rolled back by signalbox from 2: \d+ of \d+ runs were faults$/,
  );
  const told = running.log.lines.find(
    (line) => line["text"] === "A version of a trigger file failed and was taken back.",
  );
  assert.deepEqual([told?.["level"], told?.["file"], told?.["version"]], ["error", "a.ts", 2]);
  assert.ok(tookMs < 10_000, `it took ${tookMs} ms on a crowded machine`);
});

test("a fresh version that is quarantined goes back at once", async () => {
  const looping = script(`export const A = onMessage({}, () => { for (;;); });`);
  await using running = await openScripts({ "a.ts": charging(1) }, { limits: { pumpMs: 20 } });
  await running.save({ "a.ts": looping });
  await until(async () => (await charge(running)) === 1);
  assert.equal(only(running).state, "rolledBack");
});

test("a version stays that fails as often as the one before, or was fresh long ago", async () => {
  const limits = { freshRuns: 5 };
  await using bad = await openScripts({ "a.ts": throwing }, { limits });
  for (let n = 0; n < 10; n++) await charge(bad);
  await bad.save({ "a.ts": `${throwing}\n// Still.` });
  for (let n = 0; n < 10; n++) await charge(bad);
  await using old = await openScripts(
    { "a.ts": charging(1) },
    { limits: { ...limits, freshMs: 0 } },
  );
  await old.save({ "a.ts": throwing });
  for (let n = 0; n < 10; n++) await charge(old);
  // Whatever was asked for has been done when this has.
  await Promise.all([bad, old].map((running) => running.engine.rescan()));
  assert.deepEqual([only(bad).version, only(bad).state], [2, "active"]);
  assert.deepEqual([only(old).version, only(old).state], [2, "active"]);
});

test("a canary by account runs for them only, from the bind on, until it is promoted", async () => {
  const keeper = forgetfulKeeper();
  const of = (charge: number) =>
    `${charging(charge)}\nexport const BIND = onBind({}, (b) => b.accept({ account: "V${charge}" }));`;
  const chargeOf = async (running: RunningScripts, account: string) => {
    const bind = await running.engine.decide(bindRequest({ systemId: account }));
    const request = messageRequest({ account });
    const ruling = await running.engine.decide(request);
    assert.ok(ruling.verdict === "accept" && bind.verdict === "accept");
    assert.equal(bind.account, `V${ruling.charge}`);
    return ruling.charge;
  };
  const both = async (running: RunningScripts) => [
    await chargeOf(running, "Test1"),
    await chargeOf(running, "Test2"),
  ];
  {
    await using running = await openScripts({ "a.ts": of(1) }, { keeper });
    const wanted = { accounts: ["Test1"] };
    await running.engine.control.canary("a", wanted, "ann");
    assert.deepEqual(await both(running), [1, 1]);
    assert.match(
      running.engine.list()[0]?.detail ?? "",
      /the next one that is saved runs for Test1/,
    );
    await running.save({ "a.ts": of(2) });
    assert.deepEqual(await both(running), [2, 1]);
    await running.save({ "a.ts": of(3) });
    assert.deepEqual(await both(running), [3, 1]);
  }
  await using running = await openScripts({ "a.ts": of(3) }, { keeper });
  assert.deepEqual(await both(running), [3, 1]);
  assert.deepEqual(
    running.engine.list().map(({ name, version, state }) => [name, version, state]),
    [
      ["A", 1, "active"],
      ["BIND", 1, "active"],
      ["A", 3, "canary"],
      ["BIND", 3, "canary"],
    ],
  );
  await running.engine.control.promote("A", "ann");
  assert.deepEqual(await both(running), [3, 3]);
  assert.equal(running.engine.list()[0]?.detail, "version 3 runs");
  await assert.rejects(running.engine.control.promote("A", "ann"), code("trigger_state"));
  // A kept one can be tried as well; who ends it has what ran before.
  await running.engine.control.canary("A", { accounts: ["Test2"], version: 2 }, "ann");
  assert.deepEqual(await both(running), [3, 2]);
  await running.engine.control.endCanary("A", "ann");
  assert.deepEqual(await both(running), [3, 3]);
});

test("a canary by share has that share of the accounts, always the same ones", async () => {
  await using running = await openScripts({ "a.ts": charging(1) });
  await running.engine.control.canary("A", { share: 5 }, "ann");
  await running.save({ "a.ts": charging(2) });
  const accounts = Array.from({ length: 4000 }, (_, n) => `Customer${n}`);
  const chosen = async () => {
    const rulings: Ruling[] = [];
    // In portions, below what may be open at once.
    for (let at = 0; at < accounts.length; at += 500)
      rulings.push(
        ...(await Promise.all(
          accounts
            .slice(at, at + 500)
            .map((account) => running.engine.decide(messageRequest({ account }))),
        )),
      );
    return accounts.filter((_, at) => {
      const ruling = rulings[at];
      return ruling?.verdict === "accept" && ruling.charge === 2;
    });
  };
  const first = await chosen();
  assert.ok(Math.abs(first.length / accounts.length - 0.05) < 0.01, `${first.length} of 4,000`);
  assert.deepEqual(await chosen(), first);
});

test("a canary that fails is taken out alone", async () => {
  const keeper = forgetfulKeeper();
  await using running = await openScripts(
    { "a.ts": charging(1) },
    { keeper, limits: { freshRuns: 5 } },
  );
  await running.engine.control.canary("A", { accounts: ["Test1"] }, "ann");
  await running.save({ "a.ts": throwing });
  const other = messageRequest({ account: "Test2" });
  await until(async () => {
    const ruling = await running.engine.decide(other);
    assert.equal(ruling.verdict, "accept");
    return (await charge(running)) === 1;
  });
  assert.match(only(running).detail, /^version 1 runs, rolled back by signalbox from 2: /);
  const { canaries, pins } = await keeper.state();
  assert.deepEqual([canaries.size, pins.get("a.ts")?.version], [0, 1]);
});

test("who has the last word on a file keeps it out with a reason", async () => {
  const asked: string[] = [];
  await using running = await openScripts(
    { "a.ts": charging(1) },
    {
      approve(file, sources) {
        asked.push(file);
        const bad = sources[file]?.text.includes("charge: 2") === true;
        return Promise.resolve(bad ? `${file}: a test of it fails` : undefined);
      },
    },
  );
  await running.save({ "a.ts": charging(2) });
  assert.equal(await charge(running), 1);
  assert.equal(only(running).detail, "a.ts: a test of it fails; version 1 runs still");
  assert.deepEqual(asked, ["a.ts", "a.ts"]);
});

test("a file that is gone and comes back counts on", async () => {
  await using running = await openScripts({ "a.ts": charging(1) });
  await rm(join(running.directory, "a.ts"));
  await running.engine.rescan();
  await writeFile(join(running.directory, "a.ts"), charging(2));
  await running.engine.rescan();
  assert.equal(only(running).version, 2);
});

test("how long runs take is counted", async () => {
  await using running = await openScripts({ "a.ts": charging(1) });
  for (let n = 0; n < 20; n++) await charge(running);
  const { runs, meanMs, p99Ms } = only(running);
  assert.equal(runs, 20);
  assert.ok(meanMs > 0 && p99Ms > 0 && p99Ms < 10_000);
});
