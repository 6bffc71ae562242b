/** What a customer is told when a message has ended; the triggers' ruling is given by hand here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReportAction, Ruling } from "../../src/model/decision.ts";
import type { StatusEvent } from "../../src/model/event.ts";
import type { Report } from "../../src/model/report.ts";
import type { Status } from "../../src/model/status.ts";
import { createStatusDecider } from "../../src/gateway/status.ts";
import { sentOf } from "../support/sent.ts";

const doneMs = Date.UTC(2026, 10, 21, 12, 30);
const clock = { nowMs: () => doneMs, tickMs: () => 0 };

function deciderFor(ruling: Promise<Ruling>) {
  let made = 0;
  const engine = { decide: () => ruling };
  return createStatusDecider({ engine, clock, newId: () => `id-${(made += 1)}` });
}

function accepted(...reports: ReportAction[]): Promise<Ruling> {
  const nothing = { charge: 0, account: undefined, forwards: [], applied: false };
  return Promise.resolve({ verdict: "accept", ...nothing, reports, failed: undefined, ran: [] });
}

function eventOf(status: Status, more: Partial<StatusEvent> = {}): StatusEvent {
  const nothing = { error: undefined, report: undefined };
  return { id: "event", atMs: doneMs, sent: sentOf("one"), status, ...nothing, ...more };
}

const told = async (event: StatusEvent, action: ReportAction = { do: "report" }) =>
  (await deciderFor(accepted(action)).inline(event)).tell[0]?.message;

test("[X09] each end has its state and its err when no report said more", async () => {
  const ends: readonly (readonly [Status, string | undefined, string, string])[] = [
    ["DELIVERED", undefined, "DELIVRD", "000"],
    ["NOTDELIVERED", undefined, "UNDELIV", "006"],
    ["NOREPORT", "no_report", "UNKNOWN", "099"],
    ["FAILED", "ESME_RINVDSTADR", "REJECTD", "006"],
    ["EXPIRED", "expired_here", "EXPIRED", "016"],
    ["CANCELLED", undefined, "DELETED", "006"],
  ];
  for (const [status, error, state, err] of ends) {
    const report = (await told(eventOf(status, { error })))?.report;
    assert.deepEqual([report?.state, report?.error], [state, err], status);
  }
});

test("the provider's own words are passed on, and a script may choose others", async () => {
  const report: Report = {
    messageId: "4711",
    status: "NOTDELIVERED",
    state: "EXPIRED",
    error: "21b",
    submittedMs: undefined,
    doneMs: 5,
    text: "",
    networkError: { type: 3, code: 27 },
  };
  const event = eventOf("NOTDELIVERED", { report });
  const same = (await told(event))?.report;
  assert.deepEqual(
    [same?.state, same?.error, same?.doneMs, same?.networkError],
    ["EXPIRED", "21b", 5, { type: 3, code: 27 }],
  );
  const other = await told(event, { do: "report", state: "UNDELIV", error: "001" });
  assert.deepEqual([other?.report?.state, other?.report?.error], ["UNDELIV", "001"]);
});

test("[I28] [I34] it names the original's id, goes back the way it came and repeats 20 characters", async () => {
  const event = eventOf("DELIVERED");
  const { original, message } = event.sent;
  const out = await told(event);
  assert.equal(out?.report?.messageId, original.id);
  assert.deepEqual(
    [out.channel, out.account, out.from, out.to, out.parent, out.root],
    ["SMPP_SERVER1", "Test1", original.to, original.from, message.id, message.root],
  );
  assert.deepEqual(out.sms?.from, original.sms?.to);
  assert.equal(out.report.text, "text of one");
});

test("[A53] who did not ask for this outcome is told nothing, and the trace says so", async () => {
  const asked: readonly (readonly [bits: number, status: Status, told: boolean])[] = [
    [0, "DELIVERED", false],
    [1, "DELIVERED", true],
    [1, "NOTDELIVERED", true],
    [2, "DELIVERED", false],
    [2, "NOTDELIVERED", true],
    [3, "DELIVERED", true],
    [3, "NOTDELIVERED", false],
  ];
  for (const [bits, status, expected] of asked) {
    const event = eventOf(status, { sent: sentOf("one", bits) });
    const { tell, lines } = await deciderFor(accepted({ do: "report" })).inline(event);
    assert.equal(tell.length === 1, expected, `${bits} ${status}`);
    assert.equal(
      lines.some((line) => line.facts["dropped"] !== undefined),
      !expected,
    );
  }
});

test("a status that no trigger can decide is written down for later, with all that is needed", async () => {
  const undecided: Ruling = { verdict: "undecided", fault: "trigger_failed", text: "oh", ran: [] };
  const never = new Promise<Ruling>(() => undefined);
  for (const ruling of [Promise.resolve(undecided), never]) {
    const event = eventOf("FAILED", { error: "loop" });
    const { tell, later } = await deciderFor(ruling).inline(event);
    assert.deepEqual(tell, []);
    assert.equal(later?.kind, "event");
    assert.deepEqual(JSON.parse(later.payload), {
      message: event.sent.message.id,
      status: "FAILED",
      error: "loop",
    });
  }
});
