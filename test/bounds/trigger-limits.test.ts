/** Every bound of src/trigger/limits.ts, set low, and what happens there; the real sandbox. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Ruling } from "../../src/model/decision.ts";
import { failing } from "../../src/trigger/failing.ts";
import { defaultLimits, type TriggerLimits } from "../../src/trigger/limits.ts";
import {
  messageRequest,
  openScripts,
  type RunningScripts,
  script,
  statusRequest,
} from "../support/run-trigger.ts";

// One engine with all of them low, because a start of hosts costs 0.2 s.
const low: Partial<TriggerLimits> = {
  actionsMax: 10,
  batchEventsMax: 5,
  eventDeadlineMs: 4000,
  hostCallsMax: 2,
  isolateMemoryMib: 16,
  loadMs: 60,
  logLinesMax: 3,
  pumpMs: 30,
  quarantineFaults: 2,
  quarantineMs: 60_000,
  queuedEventsMax: 40,
  resultOctetsMax: 2000,
  statusDeadlineMs: 600,
  watchdogMs: 150,
};

let running: RunningScripts;
const files: Record<string, string> = {};
/** Begun before all other tests, so that nobody waits for its deadline alone. */
let never: Promise<Ruling>;
let inCalls = 0;
let inCallsMost = 0;

/** A file with one trigger on a channel of its own. */
function trigger(name: string, code: string): string {
  files[`${name}.ts`] = script(
    `export const ${name} = onMessage({ channels: ["${name}"] }, async (m, { accounts, log }) => {
      void accounts; void log;
      ${code}
      m.accept();
    });`,
  );
  return name;
}

before(async () => {
  files["status.ts"] = script(`export const STATUS = onStatus({}, () => new Promise(() => {}));`);
  trigger("NEVER", "await new Promise(() => {});");
  running = await openScripts(files, {
    limits: low,
    calls: {
      "accounts.byNumber": async ([number]) => {
        inCallsMost = Math.max(inCallsMost, ++inCalls);
        await new Promise((resolve) => setImmediate(resolve));
        inCalls--;
        return number === "large" ? "x".repeat(3000) : null;
      },
    },
  });
  never = running.engine.decide(messageRequest({ channel: "NEVER" }));
});
after(() => running[Symbol.asyncDispose]());

const decide = (channel: string, id = "m") =>
  running.engine.decide(messageRequest({ channel, id, origin: "provider" }));

function fault(ruling: Ruling): string {
  return ruling.verdict === "undecided" ? `${ruling.fault}: ${ruling.text}` : ruling.verdict;
}

function traced(ruling: Ruling): readonly string[] {
  return ruling.ran.flatMap((one) =>
    "actions" in one ? one.actions.flatMap((act) => (act.do === "trace" ? act.text : [])) : [],
  );
}

const actions = trigger("ACTIONS", `for (let n = 0; n < 11; n++) m.trace("x");`);
test("actionsMax: 10 actions are taken and 11 are a fault", async () => {
  assert.equal(
    fault(await decide(actions)),
    "trigger_failed: asked for 12 actions; 10 are allowed",
  );
});

const large = trigger(
  "LARGE",
  `if (m.id === "call") await accounts.byNumber("x".repeat(2000));
   else if (m.id === "answer") m.trace(await accounts.byNumber("large").then(() => "", String));
   else m.trace("x".repeat(2000));`,
);
test("resultOctetsMax: a larger result or call is a fault, a larger answer an error in the script", async () => {
  assert.match(fault(await decide(large)), /resultOctetsMax/);
  assert.match(fault(await decide(large, "call")), /resultOctetsMax/);
  assert.match(traced(await decide(large, "answer")).join(""), /larger than 2000 octets/);
});

const calls = trigger(
  "CALLS",
  `const all = await Promise.allSettled(Array.from({ length: m.id === "all" ? 5 : 1 }, () => accounts.byNumber("+1")));
   m.trace(all.filter((one) => one.status === "rejected").length + "");`,
);
test("hostCallsMax: of one event more at once are refused, of one trigger they wait", async () => {
  assert.deepEqual(traced(await decide(calls, "all")), ["3"]);
  inCallsMost = 0;
  const rulings = await Promise.all(Array.from({ length: 20 }, (_, n) => decide(calls, `${n}`)));
  assert.ok(rulings.every((ruling) => ruling.verdict === "accept"));
  assert.equal(inCallsMost, 2);
});

const queued = trigger("QUEUED", `await accounts.byNumber("+1");`);
test("queuedEventsMax: above it events are overloaded, at once", async () => {
  const rulings = await Promise.all(Array.from({ length: 45 }, (_, n) => decide(queued, `${n}`)));
  const over = rulings.filter((one) => fault(one) === "overloaded: QUEUED has 40 events open");
  assert.equal(over.length, 5);
  assert.equal(rulings.filter((one) => one.verdict === "accept").length, 40);
});

const batches = trigger("BATCHES", "");
test("batchEventsMax: what is more goes with the next batch", async () => {
  const beforehand = running.engine.facts().batches;
  await Promise.all(Array.from({ length: 20 }, (_, n) => decide(batches, `${n}`)));
  assert.equal(running.engine.facts().batches - beforehand, 4);
});

const logs = trigger("LOGS", `for (let n = 0; n < 10; n++) log(String(n));`);
test("logLinesMax: the rest of the lines of a batch is dropped", async () => {
  assert.equal((await decide(logs)).verdict, "accept");
  const lines = running.log.lines.filter((line) => line["trigger"] === "LOGS");
  assert.deepEqual(
    lines.map((line) => line["text"]),
    ["0", "1", "2"],
  );
});

const pump = trigger("PUMP", `const until = Date.now() + 400; while (Date.now() < until);`);
test("pumpMs: what computes longer is stopped", async () => {
  assert.equal(fault(await decide(pump)), "trigger_failed: computed for too long");
});

const memory = trigger(
  "MEMORY",
  `const all: number[][] = []; for (let n = 0; n < 40; n++) all.push(new Array(131_072).fill(n + 0.5));`,
);
test("isolateMemoryMib: what outgrows it is stopped, or its host is", async () => {
  assert.match(fault(await decide(memory)), /isolateMemoryMib|too long|took its host down/);
  assert.equal((await decide(batches)).verdict, "accept");
});

const watchdog = trigger(
  "WATCHDOG",
  `const all: number[] = []; all.length = 4e9; m.trace(String(all.indexOf(1)));`,
);
test("watchdogMs: what V8 does not stop takes its host down, and the spare goes on", async () => {
  assert.match(fault(await decide(watchdog)), /took its host down: no progress for 150 ms/);
  assert.equal((await decide(batches)).verdict, "accept");
});

test("eventDeadlineMs: a message that is not decided by then is undecided", async () => {
  assert.equal(fault(await never), "decision_timeout: NEVER took longer than 4000 ms");
});

test("statusDeadlineMs: of a status, for which nobody waits, it is another one", async () => {
  const ruling = await running.engine.decide(statusRequest());
  assert.equal(fault(ruling), "decision_timeout: STATUS took longer than 600 ms");
});

const struck = trigger("STRUCK", "for (;;);");
test("quarantineFaults: so many overruns within quarantineMs are quarantine", async () => {
  await decide(struck);
  assert.match(fault(await decide(struck)), /^trigger_failed/);
  assert.match(fault(await decide(struck)), /^trigger_unavailable: .* because 2 times: computed/);
});

test("loadMs: a file that computes longer while it is loaded is not taken", async () => {
  await running.save({
    "load.ts": script("for (const until = Date.now() + 800; Date.now() < until;);"),
  });
  const listed = running.engine.list().find((one) => one.file === "load.ts");
  assert.match(listed?.detail ?? "", /while it was loaded it computed for too long/);
});

test("hostMemoryMib: a host that outgrows it is killed", async () => {
  const hungry = script(
    `export const HUNGRY = onMessage({}, () => { const all: number[][] = []; for (;;) all.push(new Array(131_072).fill(1.5)); });`,
  );
  await using one = await openScripts(
    { "hungry.ts": hungry },
    {
      limits: {
        hostMemoryMib: 200,
        isolateMemoryMib: 2000,
        pumpMs: 10_000,
        watchdogMs: 10_000,
        eventDeadlineMs: 20_000,
      },
    },
  );
  const ruling = await one.engine.decide(messageRequest());
  assert.match(fault(ruling), /took its host down: more than 200 MiB/);
});

test("freshFaultShare: of a fresh version so many runs may be faults, and not one more", () => {
  const limits = { freshRuns: 10, freshFaultShare: 0.2 };
  const version = (faults: number) =>
    failing({ triggers: [{ runs: 10, faults }], faultShareBefore: 0 }, limits);
  assert.equal(version(2), undefined);
  assert.equal(version(3), "3 of 10 runs were faults");
});

test("every limit has a test that is named for it, here or where its part is tested", () => {
  const folder = join(import.meta.dirname, "..");
  const texts = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => readFileSync(join(folder, file), "utf8"))
    // Of this file only the names of the tests count.
    .map((text) => (text.includes("every limit has") ? titles(text) : text))
    .join("\n");
  assert.deepEqual(
    // What a save does when it is written slowly is in folder.test.ts, by its behaviour.
    Object.keys(defaultLimits).filter((key) => key !== "saveQuietMs" && !texts.includes(key)),
    [],
  );
});

function titles(text: string): string {
  return [...text.matchAll(/^test\("(\w+):/gm)].map(([, name]) => name).join("\n");
}
