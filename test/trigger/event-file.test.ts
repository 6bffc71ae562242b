import assert from "node:assert/strict";
import { test } from "node:test";
import type { NamedTlv } from "../../src/model/tlv.ts";
import {
  eventFileText,
  madeUpEvent,
  type RecordedEvent,
  readEventFile,
} from "../../src/trigger/event-file.ts";
import { type EngineRequest, tupleText } from "../../src/trigger/request.ts";
import {
  bindRequest,
  channelRequest,
  deliveredReport,
  messageRequest,
  reportRequest,
  sentOf,
  sessionRequest,
  statusRequest,
} from "../support/run-trigger.ts";

const atMs = 1_700_000_006_000;

const reference: NamedTlv = [0x0204, "user_message_reference", "int16", "\u0001\u0002"];
const client = { reference: "order-17", tags: ["spring", "nl"] };
const requests: Readonly<Record<string, EngineRequest>> = {
  "a bind": bindRequest({ tlsSubject: "CN=shop.example" }),
  "a message": messageRequest({ text: "Hello", encoding: "gsm7" }),
  "a part of a text in octets": messageRequest({
    text: undefined,
    encoding: "binary",
    sms: { octets: Buffer.from([5, 0, 3, 7, 2, 1, 0xff]), esmClass: 0x40, dataCoding: 4 },
    part: { by: "udh8", reference: 7, number: 1, total: 2 },
  }),
  "a provider's message": messageRequest({ origin: "provider", channel: "SMPP1" }),
  "a report": reportRequest({ report: { ...deliveredReport, tlvs: [reference] } }),
  "a report of nobody's message": reportRequest({ sent: undefined }),
  "a status": statusRequest(),
  "a status that ended on our side": statusRequest({
    status: "EXPIRED",
    error: "expired_here",
    report: undefined,
  }),
  "a status of a message of our own": statusRequest({
    sent: { message: sentOf().message, original: sentOf().message },
  }),
  "a message that its sender has a name for": messageRequest({ client }),
  "a status of a message that its sender has a name for": statusRequest({
    sent: { ...sentOf(), original: { ...sentOf().original, client } },
  }),
  "a change of a channel": channelRequest(),
  "a session": sessionRequest(),
};

for (const [what, request] of Object.entries(requests))
  test(`what a script sees of ${what} is the same after a file`, () => {
    const text = eventFileText({ request, atMs, calls: [], outcome: undefined });
    const [again] = readEventFile(text, "x.json");
    assert.equal(tupleText(again?.request ?? request), tupleText(request));
    assert.equal(again?.atMs, atMs);
  });

test("the password of a bind is in no file", () => {
  const request = bindRequest({ password: "hunter2" });
  assert.doesNotMatch(eventFileText({ request, atMs, calls: [], outcome: undefined }), /hunter2/);
});

test("calls and the outcome are the same after a file", () => {
  const recorded: RecordedEvent = {
    request: messageRequest(),
    atMs,
    calls: [
      { trigger: "A", name: "kv.get", args: '["n"]', answer: "7", ok: true },
      { trigger: "A", name: "db.query", args: "[1]", answer: '"too slow"', ok: false },
      { trigger: "B", name: "http.fetch", args: "[]", answer: undefined, ok: true },
    ],
    outcome: { words: ["accepted"], triggers: [{ name: "A", version: 3 }], doubt: undefined },
  };
  const [again] = readEventFile(eventFileText(recorded), "x.json");
  assert.deepEqual(again?.calls, recorded.calls);
  assert.deepEqual(again?.outcome, recorded.outcome);
});

test("an event by hand needs its version and kind only", () => {
  const [made] = readEventFile('{"signalbox": 1, "kind": "message", "text": "Жук"}', "x.json");
  assert(made?.request.kind === "message");
  const { message, encoding, parts } = made.request.event;
  assert.equal(made.request.event.text, "Жук");
  assert.deepEqual([encoding, message.sms?.dataCoding, parts], ["ucs2", 8, 1]);
});

test("a file holds one event, a list, or one a line", () => {
  const one = '{"signalbox":1,"kind":"session"}';
  assert.equal(readEventFile(`[${one},${one}]`, "x").length, 2);
  assert.equal(readEventFile(`${one}\n${one}\n`, "x").length, 2);
});

const faults: readonly (readonly [what: string, text: string, words: string])[] = [
  ["an empty file", " ", "e.json is empty"],
  [
    "a cut file",
    '{"signalbox": 1, "ki',
    "e.json ends in the middle: it was cut, or is not written yet",
  ],
  [
    "a cut list",
    '[{"signalbox": 1',
    "e.json ends in the middle: it was cut, or is not written yet",
  ],
  [
    "a cut line",
    '{"signalbox":1,"kind":"bind"}\n{"signalbox":1,"k',
    "e.json, line 2 ends in the middle: it was cut, or is not written yet",
  ],
  ["a list of nothing", "[]", "e.json holds no event"],
  ["another thing", "7", "e.json is no object"],
  ["a file of something else", "{}", 'e.json is no event file: it begins with "signalbox": 1'],
  ["another version", '{"signalbox": 2}', "e.json is of version 2; this Signalbox reads 1"],
  [
    "no kind",
    '{"signalbox": 1}',
    "e.json has no kind; there are message, report, status, bind, channel, session, account, schedule",
  ],
  [
    "an unknown kind",
    '{"signalbox": 1, "kind": "mail"}',
    "e.json.kind is none of message, report, status, bind, channel, session, account, schedule",
  ],
  [
    "a field of another type",
    '[{"signalbox": 1, "kind": "bind"}, {"signalbox": 1, "kind": "message", "parts": "2"}]',
    "e.json[1].parts is no whole number from 1 to 9007199254740991",
  ],
  [
    "octets that are no hex",
    '{"signalbox": 1, "kind": "message", "octets": "0g"}',
    "e.json.octets is not written in hex",
  ],
];

for (const [what, text, words] of faults)
  test(`[A70] ${what}: ${words}`, () => {
    assert.throws(() => readEventFile(text, "e.json"), { code: "bad_request", message: words });
  });

test("an unknown field is named with those that there are", () => {
  assert.throws(
    () => madeUpEvent("channel", { nme: "SMPP1" }, atMs),
    /^GatewayError: channel\.nme is unknown; there are id, name, what, sinceMs, forMs, reason, first$/,
  );
});
