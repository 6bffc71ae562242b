/** A life out of its rows and the lines of its trace: which entries there are, and whose each line is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { entriesOf } from "../../src/admin/life.ts";
import type { Message, TraceLine } from "../../src/model/message.ts";
import type { Report } from "../../src/model/report.ts";
import type { EntryRow } from "../../src/store/lives.ts";
import { smsOf } from "../../src/simulator/written.ts";

const sms = smsOf({ from: "+1", to: "+2", text: "Hello", registeredDelivery: 1 });
const report: Report = {
  messageId: "root",
  status: "DELIVERED",
  state: "DELIVRD",
  error: "000",
  submittedMs: 1,
  doneMs: 2,
  text: "Hello",
  networkError: undefined,
};

function row(over: Partial<Message>, atMs: number, lifeLog: readonly TraceLine[] = []): EntryRow {
  const message: Message = {
    id: "root",
    root: "root",
    parent: undefined,
    kind: "sms",
    direction: "in",
    channel: "SMPP_SERVER1",
    account: "Test1",
    from: "+1",
    to: "+2",
    sms,
    report: undefined,
    sameAsParent: false,
    hops: 1,
    log: [],
    ...over,
  };
  const status = "DELIVERED";
  const rest = { error: undefined, pending: undefined, maybeTwice: false, attempts: [] };
  const superseded = false;
  return { message, status, superseded, ...rest, log: message.log, lifeLog, atMs };
}

const received: TraceLine = { at: 1, what: "received", facts: {} };
const trigger = (name: string, at: number): TraceLine => ({
  at,
  what: "trigger",
  facts: { trigger: name },
});
const reported = (id: string, at: number, more: TraceLine["facts"] = {}): TraceLine => ({
  at,
  what: "reported",
  facts: { channel: "SMPP1", report: id, state: "DELIVRD", error: "000", message: "out", ...more },
});
const forwarded = { id: "out", parent: "root", direction: "out", channel: "SMPP1" } as const;
const told = {
  id: "told",
  parent: "out",
  kind: "report",
  direction: "out",
  from: "+2",
  to: "+1",
  report,
} as const;

/** `kind direction id: what, what` of each entry, so that a whole life is one comparison. */
function summary(rows: readonly EntryRow[]): string[] {
  return entriesOf(rows).map(({ kind, direction, id, log }) => {
    const lines = log.map(({ what, facts }) => facts["trigger"] ?? what);
    return `${kind} ${direction} ${id}: ${lines.join(", ")}`;
  });
}

test("[A60] the four entries of a life, each with the lines of its own stage", () => {
  const lines = [
    reported("4711", 5),
    trigger("APPLYDLR", 5),
    trigger("FWDDLR", 5),
    { at: 9, what: "delivered", facts: { message: "told" } },
  ];
  const rows = [
    row({ log: [received, trigger("ACK", 1)] }, 1, lines),
    row(forwarded, 2, lines),
    row(told, 5, lines),
  ];
  assert.deepEqual(summary(rows), [
    "sms in root: received, ACK",
    "sms out out: ",
    "report in 4711: reported, APPLYDLR, FWDDLR",
    "report out told: delivered",
  ]);
  const [, , one] = entriesOf(rows);
  assert.deepEqual([one?.from, one?.to, one?.channel, one?.atMs], ["+2", "+1", "SMPP1", 5]);
  assert.deepEqual(one?.report, { messageId: "4711", state: "DELIVRD", error: "000" });
});

test("a message that ended on our side has the triggers of its end at the forwarded one", () => {
  const lines = [
    trigger("FWDDLR2", 5),
    { at: 9, what: "failed", facts: { message: "told", error: "ESME_RX_P_APPN" } },
  ];
  assert.deepEqual(summary([row({}, 1, lines), row(forwarded, 2, lines), row(told, 5, lines)]), [
    "sms in root: ",
    "sms out out: FWDDLR2",
    "report out told: failed",
  ]);
});

test("no report is no entry, and one that comes late is", () => {
  const lines = [
    reported("", 5, { none: true }),
    trigger("FWDDLR3", 5),
    reported("4711", 8),
    trigger("APPLYDLR", 8),
  ];
  assert.deepEqual(summary([row({}, 1, lines), row(forwarded, 2, lines)]), [
    "sms in root: ",
    "sms out out: reported, FWDDLR3",
    "report in 4711: reported, APPLYDLR",
  ]);
});

test("how a report out ended does not draw the lines after it to that", () => {
  const lines = [
    reported("4711", 5),
    { at: 6, what: "delivered", facts: { message: "told" } },
    trigger("LATER", 7),
  ];
  assert.deepEqual(summary([row({}, 1, lines), row(forwarded, 2, lines), row(told, 5, lines)]), [
    "sms in root: ",
    "sms out out: ",
    "report in 4711: reported, LATER",
    "report out told: delivered",
  ]);
});

test("a part of a life, as a page of a list holds it, keeps each line where it belongs or out", () => {
  const lines = [
    trigger("FWDDLR2", 4),
    reported("4711", 5),
    { at: 9, what: "delivered", facts: { message: "told" } },
  ];
  assert.deepEqual(summary([row(told, 5, lines)]), [
    "report in 4711: reported",
    "report out told: delivered",
  ]);
  const [one] = entriesOf([row(told, 5, lines)]);
  assert.deepEqual([one?.from, one?.to], ["+2", "+1"]);
});
