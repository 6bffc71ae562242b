/**
 * What a script that means harm finds in the real sandbox, and what it can say there. What it can do to
 * others is in attacks.test.ts.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { messageRequest, openScripts, script } from "../support/run-trigger.ts";

const good = script(`export const GOOD = onMessage({ channels: ["GOOD"] }, (m) => m.accept());`);

test("nothing of the machine is there", async () => {
  const names = [
    ..."process require module Buffer fetch setTimeout setImmediate queueMicrotask XMLHttpRequest".split(
      " ",
    ),
    ..."WebAssembly SharedArrayBuffer Atomics Worker global __filename importScripts".split(" "),
  ];
  const bad = script(`
    export const BAD = onMessage({ channels: ["BAD"] }, async (m) => {
      const here = ${JSON.stringify(names)}.filter((name) => name in globalThis);
      const made = new Function("return typeof process + typeof require")();
      const imported = await import(String("node:" + "fs")).then(() => "yes", () => "no");
      m.trace(JSON.stringify({ here, made, imported }));
    });`);
  await using running = await openScripts({ "bad.ts": bad });
  const ruling = await running.engine.decide(
    messageRequest({ channel: "BAD", origin: "provider" }),
  );
  const [ran] = ruling.ran;
  assert.ok(ran !== undefined && "actions" in ran, JSON.stringify(ruling));
  const [action] = ran.actions;
  assert.ok(action?.do === "trace");
  assert.deepEqual(JSON.parse(action.text), {
    here: [],
    made: "undefinedundefined",
    imported: "no",
  });
});

test("a prototype that a script spoils is spoiled for that script alone", async () => {
  const bad = script(`
    export const BAD = onMessage({ channels: ["GOOD"], order: 1 }, (m) => {
      Object.assign(Object.prototype, { account: "admin", charge: 1_000_000 });
      Array.prototype.push = () => 0;
      m.forward({ channel: "X" });
    });`);
  await using running = await openScripts(
    { "bad.ts": bad, "good.ts": good },
    { limits: { eventDeadlineMs: 100 } },
  );
  const ruling = await running.engine.decide(messageRequest({ channel: "GOOD" }));
  // The spoiled script told nothing that its runtime could pass on: its event is not decided.
  assert.equal(ruling.verdict, "undecided");
  assert.equal(ruling.fault, "decision_timeout");
  assert.equal(Object.hasOwn(Object.prototype, "account"), false);
});

test("a script cannot answer for another script's event, whatever lines it forges", async () => {
  const bad = script(`
    const forged = Array.from({ length: 20 }, (_, key) => "S" + key + ' +[["a",1000,null]]');
    export const BAD = onMessage({ channels: ["BAD"] }, (m) => {
      const join = (lines: string[]) => lines.reduce((all, line) => all + "\\n" + line);
      Array.prototype.join = () => join([...forged, "S", "C1", "C1 0 accounts.byNumber []", "L1 x"]);
      m.accept();
    });`);
  const slow = script(`
    export const SLOW = onMessage({ channels: ["SLOW"] }, async (m, { accounts }) => {
      await accounts.byNumber(m.to);
      m.accept({ charge: 3 });
    });`);
  let asked = 0;
  const { promise: owner, resolve: found } = Promise.withResolvers<null>();
  const { promise: called, resolve: calling } = Promise.withResolvers<void>();
  await using running = await openScripts(
    { "bad.ts": bad, "slow.ts": slow },
    {
      calls: {
        "accounts.byNumber": () => {
          asked++;
          calling();
          return owner;
        },
      },
    },
  );
  const slowly = running.engine.decide(messageRequest({ channel: "SLOW" }));
  await called;
  const forger = await running.engine.decide(messageRequest({ channel: "BAD" }));
  found(null);
  const ruling = await slowly;
  assert.equal(ruling.verdict === "accept" && ruling.charge, 3);
  assert.equal(asked, 1);
  // For its own event a script may of course say what it likes.
  assert.equal(forger.verdict === "accept" && forger.charge, 1000, JSON.stringify(forger));
});

test("__proto__ in a result is a fault or nothing, never a prototype", async () => {
  const bad = script(`
    const acts = JSON.parse('[["a",null,null],{"__proto__":{"do":"forward"}}]');
    export const BAD = onMessage({ channels: ["BAD"] }, (m) => {
      m.accept(JSON.parse('{"__proto__":{"charge":7}}'));
      m.forward(JSON.parse('{"channel":"X","__proto__":{"to":"+1"}}'));
      void acts;
    });`);
  await using running = await openScripts({ "bad.ts": bad });
  const ruling = await running.engine.decide(messageRequest({ channel: "BAD" }));
  assert.equal(ruling.verdict, "accept");
  assert.equal(ruling.charge, 0);
  assert.deepEqual(ruling.forwards, [{ do: "forward", channel: "X" }]);
});

test("an await that never ends is undecided at the deadline, which names what it waited for", async () => {
  const slow = script(`
    export const SLOW = onMessage({ channels: ["SLOW"] }, async (m, { accounts }) => {
      await accounts.byNumber(m.to);
      m.accept();
    });
    export const NEVER = onMessage({ channels: ["NEVER"] }, () => new Promise(() => {}));`);
  await using running = await openScripts(
    { "slow.ts": slow, "good.ts": good },
    {
      limits: { eventDeadlineMs: 100 },
      calls: { "accounts.byNumber": () => new Promise(() => {}) },
    },
  );
  const [slowly, never, good1] = await Promise.all(
    ["SLOW", "NEVER", "GOOD"].map((channel) => running.engine.decide(messageRequest({ channel }))),
  );
  assert.equal(good1?.verdict, "accept");
  assert.deepEqual(
    [slowly, never].map((ruling) => ruling?.verdict === "undecided" && ruling.fault),
    ["decision_timeout", "decision_timeout"],
  );
  assert.match(
    slowly?.verdict === "undecided" ? slowly.text : "",
    /SLOW took longer than 100 ms, waiting for accounts.byNumber/,
  );
  assert.equal(running.engine.facts().openEvents, 0);
});

test("a rejection that nobody awaits is logged and costs no other event its answer", async () => {
  const stray = script(`
    export const STRAY = onMessage({}, (m) => {
      void Promise.reject(new Error("nobody waits"));
      m.accept();
    });`);
  await using running = await openScripts({ "stray.ts": stray });
  const rulings = await Promise.all(
    ["1", "2", "3"].map((id) => running.engine.decide(messageRequest({ id }))),
  );
  assert.deepEqual(
    rulings.map((ruling) => ruling.verdict),
    ["accept", "accept", "accept"],
  );
  assert.ok(running.log.lines.some((line) => /nobody waits/.test(String(line["text"]))));
});

test("of a batch that overruns, only the guilty event is lost", async () => {
  const one = script(`
    export const ONE = onMessage({}, async (m, { accounts }) => {
      await accounts.byNumber(m.to);
      if (m.id === "7") for (;;);
      m.accept();
    });`);
  const asked: string[] = [];
  await using running = await openScripts(
    { "one.ts": one },
    {
      calls: {
        "accounts.byNumber": (_, __, callId) => {
          asked.push(callId);
          return Promise.resolve(null);
        },
      },
    },
  );
  const ids = Array.from({ length: 20 }, (_, at) => String(at));
  const rulings = await Promise.all(ids.map((id) => running.engine.decide(messageRequest({ id }))));
  assert.deepEqual(
    ids.filter((_, at) => rulings[at]?.verdict !== "accept"),
    ["7"],
  );
  // All of them were run again, and none of them asked again.
  assert.deepEqual(asked, [...new Set(asked)]);
  assert.equal(asked.length, 20);
  assert.equal(asked[0], "0:ONE:0");
});

test("a trigger that logs without end has what is above the limit dropped", async () => {
  const chatty = script(`
    export const CHATTY = onMessage({}, (m, { log }) => {
      for (let n = 0; n < 1000; n++) log(String(n));
      m.accept();
    });`);
  await using running = await openScripts({ "chatty.ts": chatty }, { limits: { logLinesMax: 5 } });
  const ruling = await running.engine.decide(messageRequest());
  assert.equal(ruling.verdict, "accept");
  assert.equal(running.log.lines.filter((line) => line["trigger"] === "CHATTY").length, 5);
});
