/**
 * "One event, one decision" of docs/triggers.md, rule by rule, in the real sandbox: several triggers of
 * several files on the same event. Rules e) and f) are the gateway's when it writes the decision; their
 * tests are in test/flow/accept.test.ts.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Ruling } from "../../src/model/decision.ts";
import {
  bindRequest,
  messageRequest,
  openScripts,
  reportRequest,
  type RunningScripts,
  statusRequest,
  script,
} from "../support/run-trigger.ts";

// One engine for all tests, because a start of hosts costs 0.2 s; each test has a channel of its own.
let running: RunningScripts;
const files: Record<string, string> = {};
const asked: string[] = [];
let count = 0;

/** Declares triggers, a file for each text; CHANNEL stands for the test's own channel. */
function triggers(...texts: string[]): string {
  const channel = `C${++count}`;
  for (const [at, text] of texts.entries())
    files[`${channel}-${at}.ts`] = script(
      text.replaceAll("CHANNEL", channel).replaceAll("export const ", `export const ${channel}_`),
    );
  return channel;
}

before(async () => {
  running = await openScripts(files, {
    limits: { eventDeadlineMs: 1000, queuedEventsMax: 200 },
    calls: {
      "accounts.byNumber": (_, __, callId) => {
        asked.push(callId);
        return Promise.resolve(null);
      },
    },
  });
});
after(() => running[Symbol.asyncDispose]());

const decide = (channel: string, origin: "customer" | "provider" = "customer", id = "m") =>
  running.engine.decide(messageRequest({ channel, origin, id }));

/** What ran, by the names that the test gave. */
const ran = (ruling: Ruling) => ruling.ran.map((one) => one.trigger.replace(/^C\d+_/, ""));

const order = triggers(
  `export const B = onMessage({ channels: ["CHANNEL"], order: 20 }, (m) => m.trace("b"));
   export const Z = onMessage({ channels: ["CHANNEL"], order: 10 }, (m) => m.trace("z"));`,
  `export const A = onMessage({ channels: ["CHANNEL"], order: 20 }, (m) => m.accept());
   export const LAST = onMessage({ channels: ["CHANNEL"] }, (m) => m.trace("100 when it is left out"));`,
);
test("order: triggers of all files run by order, then by name, whatever their files are called", async () => {
  assert.deepEqual(ran(await decide(order)), ["Z", "A", "B", "LAST"]);
});

const sees = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, async (m, { accounts }) => {
     await accounts.byNumber(m.to);
     m.accept({ charge: 2 });
     m.forward({ channel: "X", to: "+1" });
   });`,
  `export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => {
     if (m.decided.some(({ actions }) => actions.some((one) => one.do === "forward"))) return;
     m.forward({ channel: "Y" });
   });
   export const C = onMessage({ channels: ["CHANNEL"], order: 3 }, (m) => m.trace(JSON.stringify(m.decided.map((one) => one.actions.length))));`,
);
test("what later triggers see: all that those before them asked for, also after a host call", async () => {
  const ruling = await decide(sees);
  assert.ok(ruling.verdict === "accept");
  assert.deepEqual(ruling.forwards, [{ do: "forward", channel: "X", to: "+1" }]);
  const last = ruling.ran.at(-1);
  assert.deepEqual(last !== undefined && "actions" in last && last.actions, [
    { do: "trace", text: "[2,0]" },
  ]);
});

const own = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m) => { (m as any).to = "+666"; (m as any).extra = 1; m.accept(); });`,
  `export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => m.trace(m.to + ("extra" in m)));`,
);
test("what later triggers see: the event as it came in, whatever one before did to its own copy", async () => {
  const last = (await decide(own)).ran.at(-1);
  assert.deepEqual(last !== undefined && "actions" in last && last.actions, [
    { do: "trace", text: "+31600000002false" },
  ]);
});

const first = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m) => { m.forward({ channel: "X" }); });
   export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => m.accept({ charge: 2 }));
   export const C = onMessage({ channels: ["CHANNEL"], order: 3 }, (m) => m.accept({ charge: 3 }));
   export const D = onMessage({ channels: ["CHANNEL"], order: 4 }, (m) => m.accept());`,
);
test("rule a) the first accept answers and charges add up, and all effects stand", async () => {
  const ruling = await decide(first);
  assert.ok(ruling.verdict === "accept");
  assert.equal(ruling.charge, 5);
  assert.deepEqual(ruling.forwards, [{ do: "forward", channel: "X" }]);
});

const rejected = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m, { messages }) => {
     m.accept({ charge: 9 });
     m.forward({ channel: "X" });
     messages.send({ channel: "X", from: "us", to: "+1", text: "hi" });
     m.trace("this stays");
   });
   export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => m.reject("refused_by_rule", "on the STOP list"));
   export const C = onMessage({ channels: ["CHANNEL"], order: 3 }, () => { throw new Error("never asked"); });`,
);
test("rule b) a reject ends the run, wins over an earlier accept, and of what was gathered only trace lines stay", async () => {
  const ruling = await decide(rejected);
  assert.ok(ruling.verdict === "reject");
  assert.deepEqual([ruling.code, ruling.reason], ["refused_by_rule", "on the STOP list"]);
  assert.deepEqual(ran(ruling), ["A", "B"]);
  assert.ok(!("forwards" in ruling) && !("sends" in ruling) && !("charge" in ruling));
  const [one] = ruling.ran;
  assert.ok(one !== undefined && "actions" in one && one.actions.some((act) => act.do === "trace"));
});

const twice = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"] }, (m) => { m.reject("try_later"); m.accept(); });`,
);
const contrary = triggers(
  `export const A = onBind({ channels: ["CHANNEL"] }, (b) => b.accept({ account: "one" }));
   export const B = onBind({ channels: ["CHANNEL"] }, (b) => b.accept({ account: "two" }));`,
);
const agreeing = triggers(
  `export const A = onBind({ channels: ["CHANNEL"] }, (b) => b.accept({ account: "one" }));
   export const B = onBind({ channels: ["CHANNEL"] }, (b) => { b.accept({ account: "one" }); b.accept(); });`,
);
test("rule c) accept and reject by one trigger, or accepts for two accounts, are the fault answered_twice", async () => {
  const both = await decide(twice);
  assert.ok(both.verdict === "undecided");
  assert.equal(both.fault, "answered_twice");
  assert.match(both.text, /_A gave an answer that contradicts/);
  const bind = await running.engine.decide(bindRequest({ channel: contrary }));
  assert.ok(bind.verdict === "undecided");
  assert.equal(bind.fault, "answered_twice");
  assert.match(bind.text, /_B gave an answer that contradicts/);
  const same = await running.engine.decide(bindRequest({ channel: agreeing }));
  assert.equal(same.verdict === "accept" && same.account, "one");
});

const silent = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"] }, (m) => m.forward({ channel: "X" }));
   export const B = onBind({ channels: ["CHANNEL"] }, (b) => b.trace("hm"));
   export const C = onReport({ channels: ["CHANNEL"] }, (r) => r.apply());
   export const D = onStatus({}, (s) => s.trace("hm"));`,
);
test("rule d) nobody answered: a bind and a customer's message are unanswered; all else is taken, and effects stand", async () => {
  const { engine } = running;
  assert.equal((await decide(silent)).verdict, "unanswered");
  assert.equal((await engine.decide(bindRequest({ channel: silent }))).verdict, "unanswered");
  const mo = await decide(silent, "provider");
  assert.deepEqual(mo.verdict === "accept" && mo.forwards, [{ do: "forward", channel: "X" }]);
  const report = await engine.decide(reportRequest({ channel: silent }));
  assert.equal(report.verdict === "accept" && report.applied, true);
  assert.equal((await engine.decide(statusRequest())).verdict, "accept");
});

const calling = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, async (m, { accounts }) => { await accounts.byNumber("+1"); m.accept(); });
   export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => m.reject("try_later"));`,
);
test("rule g) what a host call has done is not undone by a reject", async () => {
  asked.length = 0;
  assert.equal((await decide(calling, "customer", "rule-g")).verdict, "reject");
  assert.deepEqual(asked, [`rule-g:${calling}_A:0`]);
});

const throwing = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m) => { m.accept(); m.forward({ channel: "X" }); });
   export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => {
     const route: Record<string, { channel: string }> = {};
     m.forward({ channel: route[m.to]!.channel });
   });
   export const C = onMessage({ channels: ["CHANNEL"], order: 3 }, (m) => m.reject("try_later"));`,
);
test("fault: a throw stops the event, nothing is applied, and it names the author's place and line", async () => {
  const ruling = await decide(throwing);
  assert.ok(ruling.verdict === "undecided");
  assert.equal(ruling.fault, "trigger_failed");
  assert.deepEqual(ran(ruling), ["A", "B"]);
  assert.match(
    ruling.text,
    new RegExp(`^${throwing}-0\\.ts:5:40 TypeError: Cannot read properties`),
  );
  const last = ruling.ran.at(-1);
  assert.ok(last !== undefined && "fault" in last);
  const [line, caret] = last.source?.split("\n") ?? [];
  assert.equal(line, " 5 |      m.forward({ channel: route[m.to]!.channel });");
  assert.equal(line?.charAt(caret?.indexOf("^") ?? 0), "c");
  const listed = running.engine.list().find((one) => one.name === `${throwing}_B`);
  assert.equal(listed?.lastFault?.text, ruling.text);
  assert.equal(listed.lastFault.source, last.source);
  const logged = running.log.lines.find((one) => one["trigger"] === `${throwing}_B`);
  assert.equal(logged?.["fault"], ruling.text);
  assert.equal(logged["source"], last.source);
});

const watching = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"], order: 1, onFault: "skip" }, (m) => { m.forward({ channel: "X" }); throw new Error("the watcher"); });
   export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => { m.accept(); m.trace(String(m.decided.length)); });`,
);
test("fault: of a trigger with onFault skip nothing counts, and the others go on without having seen it", async () => {
  const ruling = await decide(watching);
  assert.ok(ruling.verdict === "accept");
  assert.deepEqual(ruling.forwards, []);
  const [one, other] = ruling.ran;
  assert.ok(one !== undefined && "fault" in one && one.skipped);
  assert.deepEqual(other !== undefined && "actions" in other && other.actions[1], {
    do: "trace",
    text: "0",
  });
});

const late = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m) => { m.accept(); void Promise.resolve().then(() => null).then(() => m.forward({ channel: "X" })); });
   export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, async (m, { accounts }) => { await accounts.byNumber(m.to); });`,
);
test("fault: a call after the handler has ended, while the event is open", async () => {
  const ruling = await decide(late);
  assert.match(
    ruling.verdict === "undecided" ? ruling.text : "",
    /forward was called after the handler had ended/,
  );
});

const returned = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, () => ({ do: "reject", code: "try_later" }) as never);
   export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => m.accept());`,
);
test("what a handler returns is ignored", async () => {
  assert.equal((await decide(returned)).verdict, "accept");
});

const hanging = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m) => m.accept());
   export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, () => new Promise(() => {}));`,
);
test("fault: no end within the deadline, over all triggers together, is decision_timeout", async () => {
  const ruling = await decide(hanging);
  assert.ok(ruling.verdict === "undecided");
  assert.equal(ruling.fault, "decision_timeout");
  assert.match(ruling.text, /_A, C\d+_B took longer than 1000 ms/);
});

const computing = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"] }, (m) => { if (m.id === "long") for (;;); m.accept(); });`,
);
test("fault: computing too long costs the one event, others of its batch are run again; the third time within a minute is quarantine", async () => {
  for (let strike = 1; strike <= 3; strike++) {
    const [long, ...others] = await Promise.all(
      ["long", "1", "2"].map((id) => decide(computing, "customer", id)),
    );
    assert.equal(long?.verdict === "undecided" && long.fault, "trigger_failed");
    if (strike < 3)
      assert.deepEqual(
        others.map((one) => one.verdict),
        ["accept", "accept"],
      );
  }
  const after = await decide(computing);
  assert.ok(after.verdict === "undecided");
  assert.equal(after.fault, "trigger_unavailable");
  assert.match(
    after.text,
    /in quarantine until .* changes or it is released, because 3 times: computed for too long/,
  );
});

const crowded = triggers(
  `export const A = onMessage({ channels: ["CHANNEL"] }, async (m, { accounts }) => { await accounts.byNumber(m.to); m.accept(); });`,
);
test("fault: more open events than queuedEventsMax are overloaded, at once", async () => {
  const rulings = await Promise.all(
    Array.from({ length: 210 }, (_, n) => decide(crowded, "customer", `crowd-${n}`)),
  );
  const over = rulings.filter((one) => one.verdict === "undecided" && one.fault === "overloaded");
  assert.equal(over.length, 10);
  assert.equal(rulings.filter((one) => one.verdict === "accept").length, 200);
});
