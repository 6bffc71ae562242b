/** What triggers ask for becomes one decision: the rules of the guide, in the real sandbox. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Ruling } from "../../src/model/decision.ts";
import {
  bindRequest,
  messageRequest,
  openScripts,
  type RunningScripts,
  script,
} from "../support/run-trigger.ts";

// Each test has a channel of its own in one engine, because a start of hosts costs 0.2 s.
let running: RunningScripts;
const cases: Record<string, string> = {};
let count = 0;

/** Declares the triggers of a test; CHANNEL in the text stands for the test's own channel. */
function triggers(text: string): string {
  const channel = `C${++count}`;
  const own = text
    .replaceAll("CHANNEL", channel)
    .replaceAll("export const ", `export const ${channel}_`);
  cases[`${channel}.ts`] = script(own);
  return channel;
}

before(async () => {
  running = await openScripts(cases, {
    limits: { actionsMax: 10, resultOctetsMax: 2000 },
    calls: { "accounts.byNumber": () => Promise.resolve(null) },
  });
});
after(() => running[Symbol.asyncDispose]());

async function decided(channel: string, origin: "customer" | "provider" = "customer") {
  return running.engine.decide(messageRequest({ channel, origin, text: "Hi" }));
}

function faultText(ruling: Ruling): string {
  assert.equal(ruling.verdict, "undecided", JSON.stringify(ruling));
  return ruling.text;
}

const inOrder = triggers(`
  export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => m.trace("b"));
  export const C = onMessage({ channels: ["CHANNEL"] }, (m) => m.trace("c"));
  export const A = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => m.accept());
  export const Z = onMessage({ channels: ["CHANNEL"], order: 1.5 }, (m) => m.trace("z"));`);
test("triggers run by order, then by name", async () => {
  const ruling = await decided(inOrder);
  const names = ruling.ran.map((one) => one.trigger.split("_")[1]);
  assert.deepEqual(names, ["Z", "A", "B", "C"]);
});

const seen = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m) => {
    m.accept({ charge: 2 });
    m.forward({ channel: "X", to: "+1" });
  });
  export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => m.trace(JSON.stringify(m.decided)));`);
test("a later trigger sees what those before it asked for", async () => {
  const ruling = await decided(seen);
  const last = ruling.ran.at(-1);
  assert.ok(last !== undefined && "actions" in last);
  const [line] = last.actions;
  assert.equal(line?.do, "trace");
  assert.deepEqual(JSON.parse(line.text), [
    {
      trigger: `${seen}_A`,
      actions: [
        { do: "accept", charge: 2 },
        { do: "forward", channel: "X", to: "+1" },
      ],
    },
  ]);
});

const charges = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"] }, (m) => m.accept({ charge: 2 }));
  export const B = onMessage({ channels: ["CHANNEL"] }, async (m) => { await null; m.accept({ charge: 3 }); });`);
test("the first accept answers, and charges add up", async () => {
  const ruling = await decided(charges);
  assert.equal(ruling.verdict, "accept");
  assert.equal(ruling.charge, 5);
});

const coded = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m, { messages }) => {
    m.accept();
    m.forward({ channel: "X", dataCoding: 0 });
    messages.send({ channel: "X", from: "us", to: "+1", text: "t", dataCoding: 255 });
  });
  export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => m.trace(JSON.stringify(m.decided)));`);
const notCoded = [256, -1, 0.5, "NaN", "null", `"3"`].flatMap(
  (value) =>
    [
      [
        "forward",
        triggers(`
    export const A = onMessage({ channels: ["CHANNEL"] }, (m) => m.forward({ channel: "X", dataCoding: ${value} as any }));`),
      ],
      [
        "send",
        triggers(`
    export const A = onMessage({ channels: ["CHANNEL"] }, (m, { messages }) =>
      messages.send({ channel: "X", from: "us", to: "+1", text: "t", dataCoding: ${value} as any }));`),
      ],
    ] as const,
);
test("[W07] a data_coding crosses over as it was named, and what is none is a fault", async () => {
  const ruling = await decided(coded);
  assert.equal(ruling.verdict, "accept");
  const [forward] = ruling.forwards;
  const send = ruling.sends[0]?.action;
  assert.deepEqual([forward?.dataCoding, send?.dataCoding], [0, 255]);
  const last = ruling.ran.at(-1);
  const [line] = last !== undefined && "actions" in last ? last.actions : [];
  assert.equal(line?.do, "trace");
  const [{ actions }] = JSON.parse(line.text);
  assert.deepEqual(actions, [{ do: "accept" }, forward, send]);
  for (const [what, channel] of notCoded)
    assert.match(
      faultText(await decided(channel)),
      new RegExp(`${what} takes a dataCoding that is a whole number from 0 to 255`),
    );
});

const rejects = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m) => { m.accept(); m.forward({ channel: "X" }); });
  export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => m.reject("refused_by_rule", "no"));
  export const C = onMessage({ channels: ["CHANNEL"], order: 3 }, () => { throw new Error("never asked"); });`);
test("a reject ends the run and wins over an earlier accept", async () => {
  const ruling = await decided(rejects);
  assert.equal(ruling.verdict, "reject");
  assert.equal(ruling.code, "refused_by_rule");
  assert.equal(ruling.reason, "no");
  assert.equal(ruling.ran.length, 2);
});

const twice = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"] }, (m) => { m.accept(); m.reject(8); });`);
test("accept and reject by one trigger is a fault", async () => {
  const ruling = await decided(twice);
  assert.equal(ruling.verdict, "undecided");
  assert.equal(ruling.fault, "answered_twice");
});

const accounts = triggers(`
  export const A = onBind({ channels: ["CHANNEL"] }, (b) => b.accept({ account: "one" }));
  export const B = onBind({ channels: ["CHANNEL"] }, (b) => b.accept({ account: "two" }));`);
test("two accepts for different accounts are a fault", async () => {
  const ruling = await running.engine.decide(bindRequest({ channel: accounts }));
  assert.equal(ruling.verdict, "undecided");
  assert.equal(ruling.fault, "answered_twice");
});

const silent = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"] }, (m) => m.forward({ channel: "X" }));`);
test("without an answer a customer's message is unanswered, a provider's is taken", async () => {
  assert.equal((await decided(silent)).verdict, "unanswered");
  const ruling = await decided(silent, "provider");
  assert.equal(ruling.verdict, "accept");
  assert.deepEqual(ruling.forwards, [{ do: "forward", channel: "X" }]);
});

test("an event that no trigger matches is ruled at once, and no host hears of it", async () => {
  assert.deepEqual(await decided("nobody"), { verdict: "unanswered", ran: [] });
  assert.equal((await decided("nobody", "provider")).verdict, "accept");
});

const throws = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m) => m.accept());
  export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => {
    const some: { thing: { deep: string } } = JSON.parse("{}");
    m.trace(some.thing.deep);
  });`);
test("[I48] a throw leaves the event undecided and names the author's file, line and column", async () => {
  const ruling = await decided(throws);
  assert.equal(ruling.verdict, "undecided");
  assert.equal(ruling.fault, "trigger_failed");
  assert.match(ruling.text, new RegExp(`^${throws}\\.ts:6:24 TypeError: Cannot read properties`));
});

const rejection = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"] }, async () => {
    await Promise.resolve();
    throw new RangeError("too far");
  });`);
test("a rejected promise of a handler is a throw", async () => {
  assert.match(faultText(await decided(rejection)), /\.ts:5:11 RangeError: too far/);
});

const skipped = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"], onFault: "skip" }, () => { throw new Error("logger is down"); });
  export const B = onMessage({ channels: ["CHANNEL"] }, (m) => m.accept());`);
test("a fault of a trigger with onFault skip lets the others go on", async () => {
  const ruling = await decided(skipped);
  assert.equal(ruling.verdict, "accept");
  const [first] = ruling.ran;
  assert.ok(first !== undefined && "fault" in first && first.skipped);
});

const late = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m) => {
    m.accept();
    void Promise.resolve().then(() => Promise.resolve()).then(() => m.forward({ channel: "X" }));
  });
  export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, async (m, { accounts }) => {
    await accounts.byNumber(m.to);
  });`);
test("a call after the handler has ended is a fault of an event that is open", async () => {
  assert.match(faultText(await decided(late)), /forward was called after the handler had ended/);
});

const tooLate = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"] }, (m) => {
    m.accept();
    void Promise.resolve().then(() => m.trace("late"));
  });`);
test("a call after the event was decided is logged and changes nothing", async () => {
  assert.equal((await decided(tooLate)).verdict, "accept");
  // The next event comes after the log line, for the pipe keeps order.
  await decided(tooLate);
  const lines = running.log.lines.filter((line) => line["trigger"] === `${tooLate}_A`);
  assert.match(String(lines[0]?.["text"]), /trace was called after the handler had ended/);
});

const logs = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"] }, (m, { log, now }) => {
    log("by log");
    console.log("by console", { now: now() > 0 });
    m.trace("looked up");
    m.accept();
    m.fail("no such number");
  });`);
test("[A65] log and console.log write to the log under the trigger's name, trace and fail to the message", async () => {
  const ruling = await decided(logs);
  assert.equal(ruling.verdict === "accept" && ruling.failed, "no such number");
  const [ran] = ruling.ran;
  const actions = ran !== undefined && "actions" in ran ? ran.actions : [];
  assert.deepEqual(actions[0], { do: "trace", text: "looked up" });
  const lines = running.log.lines.filter((line) => line["trigger"] === `${logs}_A`);
  assert.deepEqual(
    lines.map((line) => line["text"]),
    ["by log", 'by console {"now":true}'],
  );
});

const wrongs: readonly [what: string, code: string, text: RegExp][] = [
  ["a charge that is no number", `m.accept({ charge: "1" as never })`, /a number from 0/],
  ["a negative charge", `m.accept({ charge: -1 })`, /a number from 0/],
  ["a charge below the unit", `m.accept({ charge: 0.00005 })`, /4 digits/],
  ["a charge above the most", `m.accept({ charge: 1_000_000.5 })`, /a number from 0/],
  ["a charge of no number times two", `m.accept({ charge: NaN * 2 })`, /a number from 0/],
  ["a charge without end", `m.accept({ charge: 1 / 0 })`, /a number from 0/],
  ["a charge of a row's null", `m.accept({ charge: null as never })`, /a number from 0/],
  ["a charge that is not a number at all", `m.accept({ charge: {} as never })`, /a number from 0/],
  ["an unknown code", `m.reject("no_such_code" as never)`, /code of docs\/errors.md/],
  ["a code of Object.prototype", `m.reject("toString" as never)`, /code of docs\/errors.md/],
  ["the code 0, which is no refusal", `m.reject(0)`, /code of docs\/errors.md/],
  ["an empty channel", `m.forward({ channel: "" })`, /channel that is a name/],
  ["an else of no list", `m.forward({ channel: "X", else: "Y" as never })`, /else that is a list/],
  ["an else without a channel", `m.forward({ else: ["Y"] })`, /else beside a channel only/],
  ["an empty address", `m.forward({ channel: "X", to: "" })`, /to that is an address/],
  ["a NUL in an address", `m.forward({ channel: "X", from: "a\\0" })`, /from that is an address/],
  [
    "a text that is no text",
    `m.forward({ channel: "X", text: 5 as never })`,
    /text that is a text/,
  ],
  ["a trace of an object", `m.trace({} as never)`, /trace takes a text/],
  ["more actions than allowed", `for (let n = 0; n < 11; n++) m.trace("x")`, /11 actions; 10 are/],
  ["more octets than allowed", `m.trace("x".repeat(2000))`, /resultOctetsMax/],
  ["what JSON cannot say", `m.accept({ charge: 1n as never })`, /BigInt/],
  [
    "what says something else each time",
    `m.accept({ charge: { toJSON() { throw new Error("hostile"); } } as never })`,
    /hostile/,
  ],
];
for (const [what, code, text] of wrongs) {
  const channel = triggers(
    `export const A = onMessage({ channels: ["CHANNEL"] }, (m) => { ${code}; });`,
  );
  test(`a fault: ${what}`, async () => {
    const ruling = await decided(channel);
    assert.match(faultText(ruling), text);
    assert.equal(ruling.verdict === "undecided" && ruling.fault, "trigger_failed");
  });
}

const codes = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"] }, (m) => m.reject(Number(m.text?.length) === 2 ? 0x400 : 8));`);
test("a vendor's own command_status can be given by number", async () => {
  const ruling = await decided(codes);
  assert.equal(ruling.verdict === "reject" && ruling.code, 0x400);
});

const texts = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"] }, (m) => {
    m.accept();
    m.forward({ channel: "X", text: "a\\0b\\ud800" });
    m.trace("y".repeat(1500));
  });`);
test("a text keeps only what can be stored, and a trace line has 1,000 characters", async () => {
  const ruling = await decided(texts);
  assert.equal(ruling.verdict, "accept");
  assert.equal(ruling.forwards[0]?.text, "a\uFFFDb\uFFFD");
  const [ran] = ruling.ran;
  const line = ran !== undefined && "actions" in ran ? ran.actions[2] : undefined;
  assert.equal(line?.do === "trace" && line.text.length, 1000);
});

const fields = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"] }, (m) => m.trace(JSON.stringify({ ...m })));
  export const B = onBind({ channels: ["CHANNEL"] }, (b) => b.trace(JSON.stringify({ ...b })));`);
test("a script sees the whole message", async () => {
  const ruling = await running.engine.decide(messageRequest({ channel: fields, text: undefined }));
  assert.deepEqual(traced(ruling), {
    id: "message-1",
    root: "message-1",
    channel: fields,
    account: "Test1",
    session: "SMPP_SERVER1#1",
    origin: "customer",
    from: "+31600000001",
    to: "+31600000002",
    parts: 1,
    serviceType: "",
    esmClass: 0,
    priority: 0,
    dataCoding: 0,
    reportAsked: true,
  });
});

test("[A32] a script sees the whole bind, but never the password", async () => {
  const shown = { channel: fields, password: "s3cret", tls: true, tlsSubject: "CN=Shop" };
  const ruling = await running.engine.decide(bindRequest(shown));
  const bind = traced(ruling);
  assert.equal(bind["tlsSubject"], "CN=Shop");
  assert.equal(bind["systemId"], "Test1");
  assert.equal(bind["remote"], "127.0.0.1:40000");
  assert.ok(!JSON.stringify(ruling).includes("s3cret"));
});

function traced(ruling: Ruling): Record<string, unknown> {
  const [ran] = ruling.ran;
  assert.ok(ran !== undefined && "actions" in ran);
  const [action] = ran.actions;
  assert.ok(action?.do === "trace");
  const fields: Record<string, unknown> = JSON.parse(action.text);
  return fields;
}
