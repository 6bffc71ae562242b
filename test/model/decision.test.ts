import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rule, type Action, type Ran } from "../../src/model/decision.ts";

const did = (trigger: string, ...actions: readonly Action[]): Ran => ({
  trigger,
  version: 1,
  us: 10,
  actions,
});
const failed = (trigger: string, skipped = false): Ran => ({
  trigger,
  version: 1,
  us: 10,
  fault: "trigger_failed",
  text: "bind.ts:3:5 x is not a function",
  skipped,
});
const accept = (more: { charge?: number; account?: string } = {}): Action => ({
  do: "accept",
  ...more,
});
const reject: Action = { do: "reject", code: "refused_by_rule", reason: "not on Sundays" };
const forward = (channel: string): Action => ({ do: "forward", channel });
const trace: Action = { do: "trace", text: "seen" };

/** The ruling without what ran, which is always given back whole. */
function ruled(ran: readonly Ran[], silence: "unanswered" | "accept" = "unanswered") {
  const { ran: given, ...rest } = rule(ran, silence);
  assert.equal(given, ran);
  return rest;
}
const accepted = (charge: number, account: string | undefined, ...channels: readonly string[]) => ({
  verdict: "accept",
  charge,
  account,
  forwards: channels.map(forward),
  applied: false,
  reports: [],
  sends: [],
  failed: undefined,
});
const contradiction = (trigger: string) => ({
  verdict: "undecided",
  fault: "answered_twice",
  text: `${trigger} gave an answer that contradicts one given before`,
});

test("rule a: the first accept answers and the charges of all triggers add up", () => {
  const ran = [
    did("ACK", accept({ charge: 2, account: "Test1" })),
    did("FEE", accept({ charge: 3 }), trace),
    did("FWD", forward("SMPP1")),
  ];
  assert.deepEqual(ruled(ran), accepted(5, "Test1", "SMPP1"));
});

test("rule a: an accept without a charge is free", () => {
  assert.deepEqual(ruled([did("ACK", accept())]), accepted(0, undefined));
});

test("rule a: what is forwarded keeps the order in which it was asked for", () => {
  const ran = [did("A", forward("ONE"), accept(), forward("TWO")), did("B", forward("THREE"))];
  assert.deepEqual(ruled(ran), accepted(0, undefined, "ONE", "TWO", "THREE"));
});

test("rule b: a reject ends the run and nothing that was gathered stays", () => {
  const refusal = { verdict: "reject", code: "refused_by_rule", reason: "not on Sundays" };
  assert.deepEqual(ruled([did("A", trace, reject, forward("SMPP1")), failed("B")]), refusal);
  assert.deepEqual(ruled([did("ACK", accept({ charge: 1 })), did("STOP", reject)]), refusal);
  assert.deepEqual(ruled([did("STOP", reject)], "accept"), refusal);
});

test("rule b: the first reject of a trigger counts, by code or by number, with or without words", () => {
  const ran = [did("A", { do: "reject", code: 0x455 }, reject)];
  assert.deepEqual(ruled(ran), { verdict: "reject", code: 0x455, reason: "" });
});

test("rule c: accept and reject by one trigger, in either order, is a fault", () => {
  assert.deepEqual(ruled([did("A", accept(), reject)]), contradiction("A"));
  assert.deepEqual(ruled([did("A", reject, accept())]), contradiction("A"));
});

test("rule c: two accepts that name different accounts are a fault of the later one", () => {
  const one = did("A", accept({ account: "Test1" }));
  assert.deepEqual(ruled([one, did("B", accept({ account: "Test2" }))]), contradiction("B"));
  assert.deepEqual(ruled([did("A", accept()), one]), contradiction("A"));
});

test("rule c: two accepts that agree, or the later of which names no account, are one answer", () => {
  const one = did("A", accept({ account: "Test1" }));
  assert.deepEqual(ruled([one, did("B", accept({ account: "Test1" }))]), accepted(0, "Test1"));
  assert.deepEqual(ruled([one, did("B", accept({ charge: 1 }))]), accepted(1, "Test1"));
});

test("rule d: where somebody waits, effects without an answer are dropped", () => {
  assert.deepEqual(ruled([did("FWD", forward("SMPP1"), trace)]), { verdict: "unanswered" });
  assert.deepEqual(ruled([]), { verdict: "unanswered" });
});

test("rule d: where nobody waits, silence is acceptance and effects stand", () => {
  assert.deepEqual(ruled([did("FWD", forward("C1"))], "accept"), accepted(0, undefined, "C1"));
  assert.deepEqual(ruled([], "accept"), accepted(0, undefined));
});

test("a fault leaves the event undecided, whatever other triggers said before or after", () => {
  const fault = {
    verdict: "undecided",
    fault: "trigger_failed",
    text: "bind.ts:3:5 x is not a function",
  };
  assert.deepEqual(ruled([did("ACK", accept()), failed("B")]), fault);
  assert.deepEqual(ruled([failed("A"), did("ACK", accept())]), fault);
  assert.deepEqual(ruled([failed("A"), did("STOP", reject)]), fault);
  assert.deepEqual(ruled([failed("A")], "accept"), fault);
});

test("a fault of a trigger that may be skipped lets the rest decide", () => {
  assert.deepEqual(ruled([failed("LOG", true), did("ACK", accept())]), accepted(0, undefined));
  assert.deepEqual(ruled([failed("LOG", true)]), { verdict: "unanswered" });
});

test("whatever triggers do: charges are their sum, and a refusal or a fault moves nothing", () => {
  const action = fc.oneof(
    fc.integer({ min: 0, max: 9 }).map((charge) => accept({ charge })),
    fc.constantFrom(forward("SMPP1"), forward("SMPP2"), trace, reject),
  );
  const one = fc.oneof(
    { weight: 6, arbitrary: fc.array(action, { maxLength: 3 }).map((list) => did("T", ...list)) },
    { weight: 1, arbitrary: fc.boolean().map((skipped) => failed("F", skipped)) },
  );
  fc.assert(
    fc.property(fc.array(one, { maxLength: 6 }), fc.boolean(), (ran, waits) => {
      const ruling = rule(ran, waits ? "unanswered" : "accept");
      const actions = ran.flatMap((it) => ("actions" in it ? it.actions : []));
      if (ruling.verdict === "accept") {
        const charges = actions.map((it) => (it.do === "accept" ? Number(it.charge ?? 0) : 0));
        assert.equal(
          ruling.charge,
          charges.reduce((sum, charge) => sum + charge, 0),
        );
        assert.deepEqual(
          ruling.forwards,
          actions.filter((it) => it.do === "forward"),
        );
        assert.ok(!actions.some((it) => it.do === "reject"));
        assert.ok(!waits || actions.some((it) => it.do === "accept"));
      } else {
        assert.ok(!("forwards" in ruling) && !("charge" in ruling));
      }
    }),
  );
});

test("a report is applied when any trigger says so, and a status gathers what the customer is told", () => {
  const ran = [
    did("LOG", trace),
    did("APPLYDLR", { do: "apply" }),
    did("FWDDLR", { do: "report" }, { do: "report", state: "UNDELIV" }),
  ];
  assert.deepEqual(ruled(ran, "accept"), {
    ...accepted(0, undefined),
    applied: true,
    reports: [{ do: "report" }, { do: "report", state: "UNDELIV" }],
  });
  assert.deepEqual(ruled([], "accept"), accepted(0, undefined));
});

test("the first reason for which a message is to fail stays", () => {
  const fail = (reason: string): Action => ({ do: "fail", reason });
  const ran = [did("RECVFWD", fail("nobody has that number")), did("LATE", fail("other"))];
  assert.deepEqual(ruled(ran, "accept"), {
    ...accepted(0, undefined),
    failed: "nobody has that number",
  });
});
