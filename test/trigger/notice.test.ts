/** Notices of channels and sessions in the real sandbox, and messages of our own. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Ruling, SendAction } from "../../src/model/decision.ts";
import type { EngineRequest } from "../../src/trigger/request.ts";
import {
  bindRequest,
  channelRequest,
  messageRequest,
  openScripts,
  reportRequest,
  type RunningScripts,
  script,
  sentOf,
  sessionRequest,
  statusRequest,
} from "../support/run-trigger.ts";

// Each test has a channel of its own in one engine, because a start of hosts costs 0.2 s.
let running: RunningScripts;
const cases: Record<string, string> = {};

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
    limits: { eventDeadlineMs: 1_000 },
    calls: { "accounts.byNumber": () => new Promise((end) => setTimeout(end, 1_500, null)) },
  });
});
after(() => running[Symbol.asyncDispose]());

function decide(request: EngineRequest): Promise<Ruling> {
  return running.engine.decide(request);
}

/** What the triggers of this event sent, which is all that it can do. */
async function sent(request: EngineRequest): Promise<SendAction[]> {
  const ruling = await decide(request);
  assert.equal(ruling.verdict, "accept", JSON.stringify(ruling));
  return ruling.sends.map(({ action }) => action);
}

const page = `messages.send({ channel: "X", from: "us", to: "+1", text: JSON.stringify({ ...e }) })`;

const whole = triggers(`
  export const C = onChannel({ channels: ["CHANNEL"] }, (e, { messages }) => ${page});
  export const S = onSession({ channels: ["CHANNEL"] }, (e, { messages }) => ${page});`);
test("a script sees the whole notice of a channel and of a session", async () => {
  const [one] = await sent(channelRequest({ channel: whole }));
  assert.deepEqual(JSON.parse(one?.text ?? ""), {
    id: "channel-1",
    name: whole,
    what: "down",
    sinceMs: 1_700_000_000_000,
    forMs: 1_000,
    reason: "session ended: peer_closed",
    first: false,
    decided: [],
  });
  const [other] = await sent(sessionRequest({ channel: whole }));
  assert.deepEqual(JSON.parse(other?.text ?? ""), {
    id: "session-1",
    channel: whole,
    session: "SMPP_SERVER1#1",
    what: "ended",
    reason: "peer_unbound",
    detail: "",
    account: "Test1",
    bindType: "transceiver",
    remote: "127.0.0.1:40000",
    tls: false,
    boundMs: 1_700_000_000_000,
    lastedMs: 10_000,
    received: 3,
    sent: 2,
    others: 0,
    decided: [],
  });
});

const chosen = triggers(`
  const named = (e, { messages }) => messages.send({ channel: "X", from: "us", to: "+1", text: e.what });
  export const ALL = onChannel({ channels: ["CHANNEL"] }, named);
  export const DOWN = onChannel({ channels: ["CHANNEL"], what: ["down"] }, named);
  export const LONG = onChannel({ channels: ["CHANNEL"], what: ["down", "up"], forMs: 60000 }, named);
  export const ENDED = onSession({ channels: ["CHANNEL"], what: ["ended"] }, named);
  export const OURS = onSession({ channels: ["CHANNEL"], accounts: ["Test1", "Test 2"] }, named);`);
test("the conditions what, forMs and accounts are decided outside", async () => {
  const names = async (request: EngineRequest): Promise<string[]> => {
    const { ran } = await decide(request);
    assert.equal(running.engine.wants(request), ran.length > 0);
    return ran.map((one) => one.trigger.split("_")[1] ?? "");
  };
  const channel = chosen;
  assert.deepEqual(await names(channelRequest({ channel })), ["ALL", "DOWN"]);
  assert.deepEqual(await names(channelRequest({ channel, what: "paused" })), ["ALL"]);
  assert.deepEqual(await names(channelRequest({ channel, forMs: 60_000 })), ["LONG"]);
  assert.deepEqual(await names(channelRequest({ channel, forMs: 5_000 })), []);
  assert.deepEqual(await names(sessionRequest({ channel })), ["ENDED", "OURS"]);
  assert.deepEqual(await names(sessionRequest({ channel, what: "bound" })), ["OURS"]);
  assert.deepEqual(await names(sessionRequest({ channel, account: "Test 2" })), ["ENDED", "OURS"]);
  assert.deepEqual(await names(sessionRequest({ channel, account: "Test3" })), ["ENDED"]);
  assert.deepEqual(await names(sessionRequest({ channel, what: "bound", account: "X" })), []);
  assert.deepEqual(running.engine.waitsFor(channel), new Set([1_000, 60_000]));
  assert.deepEqual(running.engine.waitsFor("nobody"), new Set());
});

const everywhere = triggers(`
  const send = (e, { messages }) => messages.send({ channel: "X", account: "A", from: "us", to: "+1", text: "\ud800", priority: 3 });
  export const M = onMessage({ channels: ["CHANNEL"] }, send);
  export const R = onReport({ channels: ["CHANNEL"] }, send);
  export const S = onStatus({ channels: ["CHANNEL"] }, send);
  export const C = onChannel({ channels: ["CHANNEL"] }, send);
  export const D = onSession({ channels: ["CHANNEL"] }, send);
  export const B = onBind({ channels: ["CHANNEL"] }, send as any);`);
test("every event but a bind can send, and the text is made storable", async () => {
  const channel = everywhere;
  const address = { account: "A", from: "us", to: "+1", text: "\ufffd", priority: 3 };
  const action = { do: "send", channel: "X", ...address };
  const requests: [trigger: string, request: EngineRequest][] = [
    ["M", messageRequest({ channel, origin: "provider" })],
    ["R", reportRequest({ channel })],
    ["S", statusRequest({ sent: sentOf({ channel }) })],
    ["C", channelRequest({ channel })],
    ["D", sessionRequest({ channel })],
  ];
  for (const [name, request] of requests) {
    const ruling = await decide(request);
    assert.equal(ruling.verdict, "accept", JSON.stringify(ruling));
    assert.deepEqual(ruling.sends, [{ trigger: `${channel}_${name}`, action }]);
  }
  const bind = await decide(bindRequest({ channel }));
  assert.equal(bind.verdict, "undecided");
  assert.match(bind.text, /action that a bind does not have/);
});

const seen = triggers(`
  export const A = onChannel({ channels: ["CHANNEL"], order: 1 }, (c, { messages }) =>
    messages.send({ channel: "X", from: "us", to: "+1", text: "one" }));
  export const B = onChannel({ channels: ["CHANNEL"], order: 2 }, (c, { messages }) =>
    messages.send({ channel: "X", from: "us", to: "+1", text: JSON.stringify(c.decided) }));`);
test("a later trigger sees what is sent already", async () => {
  const [first, second] = await sent(channelRequest({ channel: seen }));
  assert.deepEqual(JSON.parse(second?.text ?? ""), [{ trigger: `${seen}_A`, actions: [first] }]);
});

const refused = triggers(`
  export const A = onMessage({ channels: ["CHANNEL"], order: 1 }, (m, { messages }) => {
    m.accept();
    messages.send({ channel: "X", from: "us", to: "+1", text: "one" });
  });
  export const B = onMessage({ channels: ["CHANNEL"], order: 2 }, (m) => m.reject("throttled"));`);
test("a reject drops what was to be sent", async () => {
  const ruling = await decide(messageRequest({ channel: refused }));
  assert.equal(ruling.verdict, "reject");
  assert.equal("sends" in ruling, false);
});

const wrong: readonly [what: string, message: string, text: RegExp][] = [
  ["no channel", `{ from: "1", to: "2", text: "x" }`, /channel that is a name/],
  ["no sender", `{ channel: "X", to: "2", text: "x" }`, /from that is an address/],
  ["an empty recipient", `{ channel: "X", from: "1", to: "", text: "x" }`, /to that is an address/],
  ["no text", `{ channel: "X", from: "1", to: "2" }`, /text that is a text/],
  [
    "an account that is none",
    `{ channel: "X", account: 5, from: "1", to: "2", text: "x" }`,
    /account that is a name/,
  ],
  [
    "a priority of 4",
    `{ channel: "X", from: "1", to: "2", text: "x", priority: 4 }`,
    /whole number from 0 to 3/,
  ],
];
for (const [what, message, text] of wrong) {
  const channel = triggers(`
    export const A = onSession({ channels: ["CHANNEL"] }, (s, { messages }: any) => messages.send(${message}));`);
  test(`a fault: ${what}`, async () => {
    const ruling = await decide(sessionRequest({ channel }));
    assert.ok(ruling.verdict === "undecided" && ruling.fault === "trigger_failed");
    assert.match(ruling.text, text);
  });
}

const hostile: readonly [kind: "channel" | "session", act: string][] = [
  ["channel", `["a",null,null]`],
  ["channel", `["t","x"]`],
  ["channel", `["f","X",null,null,null,null]`],
  ["session", `["r",8,null]`],
  ["session", `["o",null,null]`],
];
for (const [kind, act] of hostile) {
  const register = { channel: "onChannel", session: "onSession" }[kind];
  const channel = triggers(`
    export const A = ${register}({ channels: ["CHANNEL"] }, () => {
      const stringify = JSON.stringify;
      JSON.stringify = () => { JSON.stringify = stringify; return '[${act}]'; };
    });`);
  test(`a ${kind} does not have the act ${act}, whoever asks for it`, async () => {
    const request = kind === "channel" ? channelRequest({ channel }) : sessionRequest({ channel });
    const ruling = await decide(request);
    assert.equal(ruling.verdict, "undecided");
    assert.match(ruling.text, new RegExp(`action that a ${kind} does not have`));
  });
}

const slow = triggers(`
  export const A = onSession({ channels: ["CHANNEL"] }, async (s, { accounts, messages }) => {
    await accounts.byNumber("+1");
    messages.send({ channel: "X", from: "us", to: "+1", text: "late" });
  });`);
test("nobody waits for a notice, so it may take longer than an event that a peer waits for", async () => {
  const [late] = await sent(sessionRequest({ channel: slow }));
  assert.equal(late?.text, "late");
});

const conditions: readonly [what: string, text: string, fault: RegExp][] = [
  [
    "a change that is none",
    `onChannel({ what: ["gone"] }, () => {})`,
    /what of A is not a list of up, down/,
  ],
  ["no change at all", `onChannel({ what: [] }, () => {})`, /what of A is not a list of up, down/],
  [
    "a time that is too short",
    `onChannel({ forMs: 99 }, () => {})`,
    /whole number from 100 to 86400000/,
  ],
  ["a time that is too long", `onChannel({ forMs: 86400001 }, () => {})`, /whole number from 100/],
  ["half a millisecond", `onChannel({ forMs: 100.5 }, () => {})`, /whole number from 100/],
  [
    "accounts of a channel",
    `onChannel({ accounts: ["X"] }, () => {})`,
    /accounts is unknown for a channel/,
  ],
  [
    "a status of a session",
    `onSession({ status: ["FAILED"] }, () => {})`,
    /status is unknown for a session/,
  ],
  ["a time of a session", `onSession({ forMs: 1000 }, () => {})`, /forMs is unknown for a session/],
  ["no accounts", `onSession({ accounts: [] }, () => {})`, /accounts of A is not a list/],
  ["a time of a message", `onMessage({ forMs: 1000 }, () => {})`, /forMs is unknown for a message/],
];
test("a condition that cannot be is told with its name, and the file is not taken", async () => {
  await using wrongOnes = await openScripts(
    Object.fromEntries(
      conditions.map(([, text], at) => [`w${at}.ts`, script(`export const A = (${text} as any);`)]),
    ),
  );
  const details = wrongOnes.engine
    .list()
    .toSorted((a, b) => Number(a.file.slice(1, -3)) - Number(b.file.slice(1, -3)));
  for (const [at, [what, , fault]] of conditions.entries()) {
    assert.equal(details[at]?.state, "broken", what);
    assert.match(details[at]?.detail ?? "", fault, what);
  }
});
