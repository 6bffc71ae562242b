/** Reports and statuses in the real sandbox: what a script sees of them, and what it may ask for. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Ruling } from "../../src/model/decision.ts";
import type { EngineRequest } from "../../src/trigger/request.ts";
import {
  deliveredReport,
  messageRequest,
  openScripts,
  reportRequest,
  type RunningScripts,
  script,
  sentOf,
  statusRequest,
} from "../support/run-trigger.ts";

// Each test has a channel of its own in one engine, because a start of hosts costs 0.2 s.
let running: RunningScripts;
const cases: Record<string, string> = {};
const never = Promise.withResolvers<null>();

/** Declares the triggers of a test; CHANNEL in the text stands for the test's own channel. */
function triggers(text: string): string {
  const channel = `C${Object.keys(cases).length}`;
  const own = text
    .replaceAll("CHANNEL", channel)
    .replaceAll("export const ", `export const ${channel}_`);
  cases[`${channel}.ts`] = script(own);
  return channel;
}

before(async () => {
  running = await openScripts(cases, {
    limits: { eventDeadlineMs: 1000, statusDeadlineMs: 1500 },
    calls: { "accounts.byNumber": () => never.promise },
  });
});
after(() => running[Symbol.asyncDispose]());

function decide(request: EngineRequest): Promise<Ruling> {
  return running.engine.decide(request);
}

function reportOn(channel: string): EngineRequest {
  return reportRequest({ channel });
}

function statusOn(channel: string, more: Parameters<typeof statusRequest>[0] = {}): EngineRequest {
  return statusRequest({ sent: sentOf({ channel }), ...more });
}

/** What a script traced, as JSON. */
function traced(ruling: Ruling): unknown {
  const [ran] = ruling.ran;
  assert.ok(ran !== undefined && "actions" in ran, JSON.stringify(ruling));
  const [action] = ran.actions;
  assert.ok(action?.do === "trace");
  return JSON.parse(action.text);
}

function faultText(ruling: Ruling): string {
  assert.equal(ruling.verdict, "undecided", JSON.stringify(ruling));
  assert.equal(ruling.fault, "trigger_failed");
  return ruling.text;
}

const whole = triggers(`
  export const R = onReport({ channels: ["CHANNEL"] }, (r) => r.trace(JSON.stringify({ ...r })));
  export const S = onStatus({ channels: ["CHANNEL"] }, (m) => m.trace(JSON.stringify({ ...m })));`);

test("a script sees the whole report, with the message that it is about", async () => {
  const seen = {
    id: "report-1",
    channel: whole,
    session: "SMPP1#1",
    messageId: "0A1B",
    status: "DELIVERED",
    state: "DELIVRD",
    error: "000",
    from: "+31600000002",
    to: "+31600000001",
    text: "Hello",
    submittedMs: 1_700_000_000_000,
    doneMs: 1_700_000_005_000,
  };
  const message = {
    id: "message-2",
    root: "message-1",
    channel: "SMPP1",
    account: "Test1",
    from: "+31600000001",
    to: "+31600000002",
  };
  assert.deepEqual(traced(await decide(reportOn(whole))), { ...seen, message });
  const early = reportRequest({ channel: whole, sent: undefined });
  assert.deepEqual(traced(await decide(early)), seen);
});

test("a script sees the message that has ended, its report and its original", async () => {
  assert.deepEqual(traced(await decide(statusOn(whole))), {
    id: "message-2",
    channel: whole,
    account: "Test1",
    from: "+31600000001",
    to: "+31600000002",
    status: "DELIVERED",
    report: { state: "DELIVRD", error: "000", doneMs: 1_700_000_005_000 },
    root: {
      id: "message-1",
      channel: "SMPP_SERVER1",
      account: "Test1",
      from: "+31600000001",
      to: "+31600000002",
      reportAsked: true,
    },
  });
});

test("a message that is itself the original has no root, and one that ended here no report", async () => {
  const { original } = sentOf();
  const sent = { original, message: { ...original, channel: whole } };
  const ended = { sent, status: "EXPIRED", error: "expired_here", report: undefined } as const;
  const seen = traced(await decide(statusRequest(ended)));
  assert.deepEqual(seen, {
    id: "message-1",
    channel: whole,
    account: "Test1",
    from: "+31600000001",
    to: "+31600000002",
    status: "EXPIRED",
    error: "expired_here",
  });
});

test("a report or status that no trigger matches is accepted and changes nothing", async () => {
  for (const request of [reportOn("nobody"), statusOn("nobody")]) {
    const ruling = await decide(request);
    assert.equal(ruling.verdict, "accept");
    assert.equal(ruling.applied, false);
    assert.deepEqual([ruling.reports, ruling.ran], [[], []]);
  }
});

const some = triggers(`
  export const BAD = onStatus({ channels: ["CHANNEL"], status: ["NOTDELIVERED", "FAILED"] }, (m) => m.root?.report());
  export const ALL = onStatus({ channels: ["CHANNEL"] }, (m) => m.trace(m.status));`);
test("the condition status is decided outside; left out it stands for all final ones", async () => {
  const names = async (status: "DELIVERED" | "FAILED" | "NOREPORT" | "SENT") =>
    (await decide(statusOn(some, { status }))).ran.map((one) => one.trigger.split("_")[1]);
  assert.deepEqual(await names("DELIVERED"), ["ALL"]);
  assert.deepEqual(await names("FAILED"), ["ALL", "BAD"]);
  assert.deepEqual(await names("NOREPORT"), ["ALL"]);
  assert.deepEqual(await names("SENT"), []);
});

const told = triggers(`
  export const A = onStatus({ channels: ["CHANNEL"], order: 1 }, (m) => m.root?.report({ state: "REJECTD", error: "0Fa" }));
  export const B = onStatus({ channels: ["CHANNEL"], order: 2 }, (m) => m.trace(JSON.stringify(m.decided)));`);
test("a status can be told with another state and error, and later triggers see it", async () => {
  const ruling = await decide(statusOn(told));
  assert.equal(ruling.verdict, "accept");
  const report = { do: "report", state: "REJECTD", error: "0Fa" };
  assert.deepEqual(ruling.reports, [report]);
  const [, second] = ruling.ran;
  assert.ok(second !== undefined && "actions" in second && second.actions[0]?.do === "trace");
  const seen: unknown = JSON.parse(second.actions[0].text);
  assert.deepEqual(seen, [{ trigger: `${told}_A`, actions: [report] }]);
});

const refused = triggers(`
  export const A = onReport({ channels: ["CHANNEL"], order: 1 }, (r) => r.apply());
  export const B = onReport({ channels: ["CHANNEL"], order: 2 }, (r) => r.reject("try_later", JSON.stringify(r.decided)));
  export const C = onReport({ channels: ["CHANNEL"], order: 3 }, () => { throw new Error("never asked"); });`);
test("a report that one trigger applies and a later one rejects is refused", async () => {
  const ruling = await decide(reportOn(refused));
  assert.equal(ruling.verdict, "reject");
  assert.equal(ruling.code, "try_later");
  assert.deepEqual(JSON.parse(ruling.reason), [
    { trigger: `${refused}_A`, actions: [{ do: "apply" }] },
  ]);
});

const failing = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m) => m.fail("first"));
  export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => m.fail("second"));`);
test("the first fail of a message gives the reason", async () => {
  const ruling = await decide(messageRequest({ channel: failing, origin: "provider" }));
  assert.equal(ruling.verdict === "accept" && ruling.failed, "first");
});

const thrown = triggers(`
  export const R = onReport({ channels: ["CHANNEL"] }, (r) => { r.apply(); throw new Error("no"); });
  export const S = onStatus({ channels: ["CHANNEL"] }, (m) => { m.root?.report(); throw new Error("no"); });`);
test("a throw leaves a report and a status undecided: nothing is applied", async () => {
  assert.match(faultText(await decide(reportOn(thrown))), /Error: no/);
  assert.match(faultText(await decide(statusOn(thrown))), /Error: no/);
});

const hostile: readonly [what: string, on: "report" | "status", code: string, text: RegExp][] = [
  ["accept of a report", "report", `e.accept()`, /accept is not a function/],
  ["report of a report", "report", `e.report()`, /report is not a function/],
  ["a reject of a status", "status", `e.reject(8)`, /reject is not a function/],
  ["an empty state", "status", `e.root.report({ state: "" })`, /state of 1-7 upper case/],
  ["a long state", "status", `e.root.report({ state: "DELIVERED" })`, /state of 1-7 upper case/],
  ["a state with a blank", "status", `e.root.report({ state: "A B" })`, /state of 1-7 upper case/],
  ["a state with a line", "status", `e.root.report({ state: "A\\n" })`, /state of 1-7 upper case/],
  ["a state that is none", "status", `e.root.report({ state: 5 })`, /state of 1-7 upper case/],
  ["a long error", "status", `e.root.report({ error: "0000" })`, /error of 1-3 digits or letters/],
  ["an error as number", "status", `e.root.report({ error: 5 })`, /error of 1-3 digits or letters/],
  ["a code that is none", "report", `e.reject("nope")`, /code of docs\/errors.md/],
];
for (const [what, on, code, text] of hostile) {
  const register = on === "report" ? "onReport" : "onStatus";
  const channel = triggers(
    `export const A = ${register}({ channels: ["CHANNEL"] }, (given) => { const e: any = given; ${code}; });`,
  );
  test(`a fault: ${what}`, async () => {
    const request = on === "report" ? reportOn(channel) : statusOn(channel);
    assert.match(faultText(await decide(request)), text);
  });
}

// A script that tampers with its runtime can send any act; each kind of event has only its own.
const acts: readonly [kind: "message" | "report" | "status", act: string][] = [
  ["message", `["p"]`],
  ["message", `["o",null,null]`],
  ["report", `["a",null,null]`],
  ["report", `["f","X",null,null,null,null]`],
  ["report", `["x","why"]`],
  ["status", `["p"]`],
  ["status", `["r",8,null]`],
  ["status", `["__proto__"]`],
];
for (const [kind, act] of acts) {
  const register = { message: "onMessage", report: "onReport", status: "onStatus" }[kind];
  const channel = triggers(`
    export const A = ${register}({ channels: ["CHANNEL"] }, (e) => {
      const stringify = JSON.stringify;
      JSON.stringify = () => { JSON.stringify = stringify; return '[${act}]'; };
    });`);
  test(`a ${kind} does not have the act ${act}, whoever asks for it`, async () => {
    const request = {
      message: messageRequest({ channel, origin: "provider" }),
      report: reportOn(channel),
      status: statusOn(channel),
    }[kind];
    assert.match(
      faultText(await decide(request)),
      new RegExp(`action that a ${kind} does not have`),
    );
  });
}

const slow = triggers(`
  export const M = onMessage({ channels: ["CHANNEL"] }, async (m, { accounts }) => { await accounts.byNumber(m.to); });
  export const R = onReport({ channels: ["CHANNEL"] }, async (r, { accounts }) => { await accounts.byNumber(r.to); });
  export const S = onStatus({ channels: ["CHANNEL"] }, async (m, { accounts }) => { await accounts.byNumber(m.to); });`);
test("a status has a deadline of its own; whoever came first is not over first", async () => {
  const over: string[] = [];
  const ended = async (name: string, request: EngineRequest) => {
    const ruling = await decide(request);
    assert.equal(ruling.verdict === "undecided" && ruling.fault, "decision_timeout");
    assert.match(JSON.stringify(ruling), /waiting for accounts.byNumber/);
    over.push(`${name} ${/longer than \d+ ms/.exec(JSON.stringify(ruling))?.[0]}`);
  };
  await Promise.all([
    ended("status", statusOn(slow)),
    ended("message", messageRequest({ channel: slow })),
    ended("report", reportOn(slow)),
  ]);
  assert.deepEqual(over, [
    "message longer than 1000 ms",
    "report longer than 1000 ms",
    "status longer than 1500 ms",
  ]);
});

test("the text of a report that cannot be stored or is hostile comes through as it is", async () => {
  const report = { ...deliveredReport, text: `"\n\0\u2028]`, state: "__proto__", error: "\\" };
  const seen = traced(await decide(reportRequest({ channel: whole, report })));
  assert.ok(typeof seen === "object" && seen !== null && "text" in seen && "state" in seen);
  assert.deepEqual([seen.text, seen.state], [report.text, report.state]);
});
