/** What a customer is told when a message has ended; the triggers' ruling is given by hand here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { standardOptions } from "../../src/model/account-options.ts";
import type { ReportAction, Ruling } from "../../src/model/decision.ts";
import type { StatusEvent } from "../../src/model/event.ts";
import type { Report } from "../../src/model/report.ts";
import { idTimeMs } from "../../src/model/id.ts";
import type { Status } from "../../src/model/status.ts";
import { createStatusDecider } from "../../src/gateway/status.ts";
import { sentOf } from "../support/sent.ts";

const doneMs = Date.UTC(2026, 10, 21, 12, 30);
const clock = { nowMs: () => doneMs, tickMs: () => performance.now() };

function deciderFor(ruling: Promise<Ruling>, options = standardOptions) {
  let made = 0;
  const engine = { decide: () => ruling };
  const make = () => ({ made: [], lines: [] });
  const newId = () => `id-${(made += 1)}`;
  return createStatusDecider({ engine, make, clock, newId, optionsOf: () => options });
}

function accepted(...reports: ReportAction[]): Promise<Ruling> {
  const nothing = { charge: 0, account: undefined, forwards: [], applied: false, sends: [] };
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
    ["FAILED", "ESME_RINVDSTADR", "REJECTD", "011"],
    ["FAILED", "ESME_RINVSRCTON", "REJECTD", "015"],
    ["FAILED", "ESME_RSUBMITFAIL", "REJECTD", "006"],
    ["FAILED", "message_too_long: 5000 octets, 4096 at most", "REJECTD", "010"],
    ["FAILED", "loop", "REJECTD", "027"],
    ["EXPIRED", "expired_here", "EXPIRED", "016"],
    ["EXPIRED", "ESME_RTHROTTLED", "EXPIRED", "016"],
    ["EXPIRED", "connection_lost", "EXPIRED", "016"],
    ["CANCELLED", "cancelled", "DELETED", "006"],
  ];
  for (const [status, error, state, err] of ends) {
    const report = (await told(eventOf(status, { error })))?.report;
    assert.deepEqual([report?.state, report?.error], [state, err], `${status} ${error}`);
  }
});

test("the provider's own words are passed on, and a script may choose others", async () => {
  const report: Report = {
    messageId: "4711",
    status: "NOTDELIVERED",
    state: "EXPIRED",
    error: "21b",
    submittedMs: undefined,
    doneMs: doneMs - 5,
    text: "",
    networkError: { type: 3, code: 27 },
  };
  const event = eventOf("NOTDELIVERED", { report });
  const same = (await told(event))?.report;
  assert.deepEqual(
    [same?.state, same?.error, same?.doneMs, same?.networkError],
    ["EXPIRED", "21b", doneMs - 5, { type: 3, code: 27 }],
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

test("[I31] it was done when the provider says, but not before it was submitted, nor in the future", async () => {
  const submittedMs = idTimeMs(eventOf("DELIVERED").sent.original.id);
  const known = { messageId: "1", status: "DELIVERED", state: "DELIVRD", error: "000" } as const;
  const rest = { submittedMs: undefined, text: "", networkError: undefined };
  for (const [said, expected] of [
    [submittedMs + 60_000, submittedMs + 60_000],
    [submittedMs - 3_600_000, submittedMs],
    [doneMs + 7_200_000, doneMs],
    [undefined, doneMs],
  ] as const) {
    const report: Report = { ...known, ...rest, doneMs: said };
    const out = (await told(eventOf("DELIVERED", { report })))?.report;
    assert.deepEqual([out?.submittedMs, out?.doneMs], [submittedMs, expected]);
  }
});

test("an account that wants none of NOREPORT is told nothing of it, and the rest as usual", async () => {
  const options = { ...standardOptions, receiptNoReport: "omit" } as const;
  for (const [status, count] of [
    ["NOREPORT", 0],
    ["NOTDELIVERED", 1],
  ] as const) {
    const { tell, lines } = await deciderFor(accepted({ do: "report" }), options).inline(
      eventOf(status),
    );
    assert.equal(tell.length, count);
    assert.equal(lines.length, 1 - count);
  }
});

test("a receipt waits as long as its account says", async () => {
  const options = { ...standardOptions, receiptKeepMs: 3_600_000 };
  const { tell } = await deciderFor(accepted({ do: "report" }), options).inline(
    eventOf("DELIVERED"),
  );
  assert.equal(tell[0]?.expiresMs, doneMs + 3_600_000);
});

test("what is on its way is told to who asked for it with 0x10 alone, whatever else he asked for", () => {
  const report: Report = {
    messageId: "1",
    status: "SENT",
    state: "BUFFRED",
    error: "000",
    submittedMs: undefined,
    doneMs: undefined,
    text: "",
    networkError: undefined,
  };
  for (const [bits, count] of [
    [0x00, 0],
    [0x01, 0],
    [0x10, 1],
    [0x11, 1],
    [0x12, 1],
    [0x1d, 1],
  ] as const) {
    const sent = sentOf("one", bits);
    const told = deciderFor(accepted()).notify(sent, report);
    assert.equal(told.length, count, String(bits));
    if (count === 1)
      assert.deepEqual(
        [told[0]?.message.report?.status, told[0]?.message.report?.state],
        ["SENT", "BUFFRED"],
      );
  }
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
