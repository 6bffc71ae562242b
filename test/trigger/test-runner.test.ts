/** Tests beside the triggers: they run in the sandbox, and see what the gateway would have decided. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { runTests, type TestResult } from "../../src/trigger/test-runner.ts";
import { script } from "../support/run-trigger.ts";

const tested = (text: string) => `import { test } from "signalbox/test";\n${text}\n`;

const stop = script(`
  let seen = 0;
  export const STOP = onMessage({}, async (m, { accounts, kv, log, now }) => {
    seen += 1;
    log("seen " + seen + " at " + now());
    const owner = await accounts.byNumber(m.to);
    const count = await kv.increment("count " + m.from, 1, { ttlMs: 1000 });
    if (count > 2) return m.reject("throttled", "too many");
    m.accept({ charge: m.parts });
    if (m.text === "STOP")
      m.forward({ channel: "OPTOUT", account: owner?.id, tlvs: { payload_type: 1 } });
    else m.trace(m.text.nothing.there);
  });
  export const BIND = onBind({}, async (b, { accounts }) => {
    const found = await accounts.verify(b);
    if (found.ok) b.accept({ account: found.account });
    else b.reject(found.reason);
  });`);

const world = script(`
  export const WORLD = onMessage({}, async (m, { db, http, secrets, crypto, messages }) => {
    const [row] = await db.customers\`select credits from users where id = \${m.account}\`;
    const headers = { authorization: secrets.format\`Bearer \${secrets.API_KEY}\` };
    const answer = await http.fetch("https://api.example.com/x", { headers, json: { n: 1 } });
    const found = await messages.find({ account: "Test1" });
    m.trace([row?.credits, answer.status, answer.json().ok, found.length].join(" "));
    m.trace(await crypto.hash("sha256", "abc"));
    m.trace(await crypto.hmac("sha256", secrets.API_KEY, "abc"));
    m.accept();
  });
  export const ENDED = onStatus({}, (m) => m.root?.report({ state: "DELIVRD" }));
  export const APPLY = onReport({}, (r) => r.apply());
  export const DOWN = onChannel({}, (c, { messages }) =>
    messages.send({ channel: "SMPP2", from: "1", to: "2", text: c.name + c.what }));
  export const GONE = onSession({}, (s, { log }) => log(s.account + s.what));`);

const files: Record<string, string> = {
  "stop.ts": stop,
  "world.ts": world,
  "stop.test.ts": tested(`
    test("forwards", async ({ message, accounts, assert }) => {
      accounts.add({ id: "Test2", numbers: ["+31612345678"] });
      const outcome = await message({ to: "+31612345678", text: "STOP" });
      assert.equal(outcome.verdict, "accept");
      const tlvs = { payload_type: 1 };
      assert.deepEqual(outcome.forwards, [{ channel: "OPTOUT", account: "Test2", tlvs }]);
      assert.deepEqual(outcome.ran, ["STOP"]);
    });
    test("begins anew", async ({ message, kv, clock, assert }) => {
      clock.set("2026-03-29T01:00:00Z");
      const first = await message({ text: "STOP" });
      assert.deepEqual(first.log, ["seen 1 at " + Date.parse("2026-03-29T01:00:00Z")]);
      await message({ text: "STOP" });
      const third = await message({ text: "STOP" });
      assert.equal(third.code, "throttled");
      assert.match(third.reason, /too many/);
      assert.deepEqual(kv.keys(), ["count +31600000001"]);
      clock.advance(1000);
      assert.deepEqual(kv.keys(), []);
      assert.equal((await message({ text: "STOP" })).verdict, "accept");
      assert.equal(third.calls.length, 2);
    });
    test("lets in who is known", async ({ bind, accounts, assert }) => {
      accounts.add({ id: "Test1", password: "right" });
      assert.equal((await bind({ password: "right" })).account, "Test1");
      assert.equal((await bind({ password: "wrong" })).code, "bad_password");
      assert.equal((await bind({ systemId: "Other" })).code, "unknown_account");
    });
    test("tells of a fault", async ({ message, assert }) => {
      const outcome = await message({ text: "other" });
      assert.equal(outcome.verdict, "undecided");
      assert.match(outcome.fault, /^stop\\.ts:13:\\d+ TypeError/);
    });
    test("events at once", async ({ message, assert }) => {
      const all = await Promise.all([message({ text: "STOP" }), message({ text: "STOP" })]);
      assert.deepEqual(all.map(({ verdict }) => verdict), ["accept", "accept"]);
    });
    test("another file", { files: ["world.ts"] }, async ({ report, assert }) => {
      const outcome = await report();
      assert.ok(outcome.applied);
    });
    test("what was recorded", async ({ recorded, assert }) => {
      const outcome = await recorded("events/stop.json");
      assert.equal(outcome.forwards[0].account, "Recorded");
    });`),
  "events/stop.json": JSON.stringify({
    signalbox: 1,
    kind: "message",
    text: "STOP",
    to: "+31612345678",
    calls: [
      {
        trigger: "STOP",
        name: "accounts.byNumber",
        args: ["+31612345678"],
        answer: { id: "Recorded" },
      },
    ],
  }),
  "events/old.json": JSON.stringify({ signalbox: 9, kind: "message" }),
  "world.test.ts": tested(`
    test("asks the world", async ({ message, db, http, secrets, answers, assert }) => {
      db.answers([{ credits: 3 }]);
      http.answers((request) => ({ status: 201, body: { ok: request.method } }));
      secrets.set("API_KEY", "s3cret");
      answers("messages.find", [{}, {}]);
      const { trace } = await message();
      assert.deepEqual(trace.slice(0, 1), ["3 201 POST 2"]);
      assert.match(trace[1], /^ba7816bf/);
      assert.match(trace[2], /^[0-9a-f]{64}$/);
      assert.deepEqual(db.queries.map(({ source, values }) => [source, values]), [["customers", ["Test1"]]]);
      assert.equal(http.requests[0].headers.authorization, "Bearer s3cret");
      assert.equal(http.requests[0].body, '{"n":1}');
    });
    test("of every kind", async ({ status, channel, session, assert }) => {
      assert.deepEqual((await status({ root: {} })).reports, [{ state: "DELIVRD" }]);
      assert.deepEqual((await channel({ what: "up" })).sends[0].text, "SMPP1up");
      assert.deepEqual((await session({ what: "bound" })).log, ["Test1bound"]);
    });
    test("an answer that is missing", async ({ message, assert }) => {
      assert.match((await message()).fault, /the test has no db\\.answers/);
    });`),
  "all.test.ts": tested(`
    test("all files of the folder", async ({ message, assert }) => {
      assert.deepEqual((await message({ text: "STOP" })).ran, ["STOP", "WORLD"]);
    });`),
};

const failing = tested(`
  import { STOP } from "./stop.ts";
  test("differs", { files: ["stop.ts"] }, async ({ message, assert }) => {
    console.log("told", STOP.event);
    assert.deepEqual((await message({ text: "STOP" })).forwards, [{ channel: "X" }]);
  });
  test("hangs", async () => { await new Promise(() => {}); });
  test("loops", () => { for (;;); });
  test("throws", () => { (undefined).x; });
  test("a wrong field", async ({ message }) => { await message({ texd: "x" }); });
  test("a missing file", { files: ["nope.ts"] }, async ({ message }) => { await message(); });
  test("an old event", async ({ recorded }) => { await recorded("events/old.json"); });
  test("an event elsewhere", async ({ recorded }) => { await recorded("../stop.json"); });
  test("throws what is none", () => { throw null; });
  test("passes all the same", ({ assert }) => {
    assert.throws(() => { throw new Error("x"); }, /x/);
    assert.notEqual(1, "1");
    assert.deepEqual({ a: [1, { b: new Uint8Array([1]) }] }, { a: [1, { b: new Uint8Array([1]) }] });
    return assert.rejects(Promise.reject(new Error("y")), /y/);
  });`);

let directory = "";
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "signalbox-tests-"));
  await save(files);
});
after(() => rm(directory, { recursive: true }));

async function save(texts: Record<string, string>): Promise<void> {
  for (const [file, text] of Object.entries(texts)) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), text);
  }
}

test("[B02] tests see what is decided, in triggers and a world that begin anew for each", async () => {
  const results = await runTests({ directory });
  assert.deepEqual(
    results.filter(({ failure }) => failure !== undefined),
    [],
  );
  assert.equal(results.length, 11);
});

test("[B02] a failing test is told with its place, its line and both values; a hanging one by its name", async () => {
  await save({ "failing.test.ts": failing, "stop.test.ts": "(", "empty.test.ts": "export {};" });
  const told: TestResult[] = [];
  const chosen = ["failing.test.ts", "stop.test.ts", "empty.test.ts"];
  await runTests({ directory, files: chosen, testMs: 3_000, ended: (result) => told.push(result) });
  const faults = told.map(({ name, failure }) => [name, failure?.text]);
  const expected: readonly (readonly [string | undefined, RegExp | undefined])[] = [
    ["differs", /^failing\.test\.ts:6:12 AssertionError: is another value$/],
    ["hangs", /^failing\.test\.ts did not end within 3000 ms$/],
    ["loops", /^failing\.test\.ts computed for too long$/],
    ["throws", /^failing\.test\.ts:10:\d+ TypeError: Cannot read/],
    ["a wrong field", /^failing\.test\.ts:11:\d+ Error: message\.texd is unknown; there are /],
    ["a missing file", /^failing\.test\.ts:12:\d+ Error: there is no trigger file nope\.ts$/],
    ["an old event", /^failing\.test\.ts:13:\d+ Error: events\/old\.json is of version 9; /],
    ["an event elsewhere", /^failing\.test\.ts:14:\d+ Error: "\.\.\/stop\.json" is no name of a /],
    ["throws what is none", /^failing\.test\.ts thrown: null$/],
    ["passes all the same", undefined],
    [undefined, /^stop\.test\.ts:1:2 /],
    [undefined, /^empty\.test\.ts declares no test/],
  ];
  assert.equal(faults.length, expected.length);
  for (const [at, [name, fault]] of expected.entries()) {
    assert.equal(faults[at]?.[0], name);
    if (fault === undefined) assert.equal(faults[at]?.[1], undefined);
    else assert.match(faults[at]?.[1] ?? "", fault);
  }
  const [differs] = told;
  assert.deepEqual(differs?.log, ["told message"]);
  assert.equal(differs.failure?.expected, '[{ channel: "X" }]');
  assert.match(differs.failure.actual ?? "", /OPTOUT/);
  assert.match(differs.failure.source ?? "", /^ 6 \| .*\n\s+\| +\^$/);
});
