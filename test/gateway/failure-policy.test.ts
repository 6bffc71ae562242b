/** The failure policy: the wishes of its first users by number, and all else against a small model. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { failurePolicies, sharedFailureSettings } from "../../src/channel/failure-settings.ts";
import type { SendResult } from "../../src/channel/channel.ts";
import { type Outcome, type Stand, outcomeOf } from "../../src/gateway/outcome.ts";
import {
  type FailurePolicy,
  type FailureRule,
  type Ways,
  standardPolicy,
} from "../../src/model/failure-policy.ts";

type Written = Parameters<typeof sharedFailureSettings.parse>[0];

/** The policy of a client channel whose file says so for all. */
function policyFrom(written: Written): FailurePolicy {
  const failures = sharedFailureSettings.parse(written);
  const channel = { type: "smpp-client" as const, failures: { rules: [] } };
  const policy = failurePolicies({ failures, channels: { A: channel } }).get("A");
  assert.ok(policy !== undefined);
  return policy;
}

const refused = (status: number): SendResult => ({ kind: "refused", status, text: `${status}` });

/** The same message once more, as the outcome before has left it. */
function again(
  policy: FailurePolicy,
  results: readonly SendResult[],
  changes: Partial<Stand> = {},
) {
  const outcomes: Outcome[] = [];
  let ways: Ways | undefined = changes.ways;
  let maybeTwice = false;
  for (const [tries, result] of results.entries()) {
    const stand = { queue: "A", tries, expiresMs: 1e12, nowMs: 0, ...changes, ways, maybeTwice };
    const outcome = outcomeOf(result, { ...stand, policy, taken: "SENT" });
    outcomes.push(outcome);
    if (outcome.do !== "again") break;
    ({ ways = ways } = outcome);
    maybeTwice ||= outcome.uncertain;
  }
  return outcomes;
}

test("[B13] 0x58 pauses the channel for 60 s and the message goes to the head; 0x14 is tried 3 to 5 times at the tail", () => {
  const policy = policyFrom({
    rules: [
      { on: [0x58], pauseMs: 60_000, againMs: 60_000, place: "head" },
      { on: [0x14], retries: 5, place: "tail", againMs: 5_000 },
    ],
  });
  const [paused] = again(policy, [refused(0x58)]);
  assert.ok(paused?.do === "again");
  assert.deepEqual([paused.pauseMs, paused.waitMs, paused.tail], [60_000, 60_000, undefined]);
  const full = again(
    policy,
    Array.from({ length: 9 }, () => refused(0x14)),
  );
  assert.deepEqual(
    full.map((one) => (one.do === "again" ? [one.tail, one.waitMs] : one.do)),
    [...[5, 10, 20, 40, 60].map((seconds) => [true, seconds * 1_000]), "finish"],
  );
  // Each reason is counted for itself.
  const mixed = again(policy, [0x14, 0x58, 0x14, 0x58, 0x14, 0x14, 0x14, 0x14].map(refused));
  assert.equal(mixed.length, 8);
  const last = mixed.at(-1);
  assert.ok(last?.do === "finish" && last.status === "FAILED");
});

test("[Y25] a limit on all retries counts whatever the reasons are", () => {
  const policy = policyFrom({ retries: { smppclient: 8 } });
  const results = Array.from({ length: 20 }, (_, n) => refused(n % 2 === 0 ? 0x58 : 0x14));
  const outcomes = again(policy, results);
  assert.equal(outcomes.length, 9);
  const last = outcomes.at(-1);
  assert.ok(last?.do === "finish" && last.status === "FAILED");
});

const ruleOf: fc.Arbitrary<FailureRule> = fc.record({
  on: fc.uniqueArray(
    fc.constantFrom<FailureRule["on"][number][]>(
      0x58,
      0x14,
      0x0b,
      "temporary",
      "permanent",
      "timeout",
      "unwritable",
      "any",
    ),
    { minLength: 1, maxLength: 3 },
  ),
  retries: fc.option(fc.nat(4), { nil: undefined }),
  nextRoute: fc.option(fc.nat(4), { nil: undefined }),
  againMs: fc.constantFrom(1, 1_000),
  againMostMs: fc.constantFrom(1, 60_000),
  place: fc.constantFrom("head" as const, "tail" as const),
  pauseMs: fc.constantFrom(0, 10),
});

const results: readonly SendResult[] = [
  refused(0x58),
  refused(0x14),
  refused(0x0b),
  { kind: "uncertain", why: "response_timeout" },
  { kind: "impossible", code: "message_too_long", text: "long" },
];

/** What a rule is for, said anew. */
function names({ on }: FailureRule, result: SendResult): boolean {
  if (on.includes("any")) return true;
  if (result.kind === "uncertain") return on.includes("timeout");
  if (result.kind === "impossible") return on.includes("unwritable");
  if (result.kind !== "refused") return false;
  const { status } = result;
  return on.includes(status) || on.includes(status === 0x0b ? "permanent" : "temporary");
}

test("[B13] whatever the rules and the answers are, the policy does what a small model of it does", () => {
  fc.assert(
    fc.property(
      fc.array(ruleOf, { maxLength: 4 }),
      fc.option(fc.nat(5), { nil: undefined }),
      fc.array(fc.constantFrom(...results), { minLength: 1, maxLength: 12 }),
      fc.constantFrom("up" as const, "down" as const, "gone" as const),
      (own, retries, answers, state) => {
        const policy = { ...standardPolicy, retries, rules: [...own, ...standardPolicy.rules] };
        const ways = { left: [{ queue: "B" }], since: 0, failures: {} };
        const outcomes = again(policy, answers, { ways, stateOf: () => state });
        const ruleOfOne = (one: SendResult) => policy.rules.find((rule) => names(rule, one));
        const mayDouble = ruleOfOne(results[3] ?? refused(1))?.nextRoute !== undefined;
        let uncertain: boolean = false;
        for (const [at, outcome] of outcomes.entries()) {
          const result = answers[at];
          assert.ok(result !== undefined);
          const rule = ruleOfOne(result);
          assert.ok(rule !== undefined);
          const same = answers.slice(0, at + 1).filter((one) => ruleOfOne(one) === rule).length;
          uncertain ||= result.kind === "uncertain";
          const isUsedUp =
            (rule.retries !== undefined && same > rule.retries) ||
            (retries !== undefined && at + 1 > retries);
          const mayLeave: boolean = rule.nextRoute !== undefined && (!uncertain || mayDouble);
          const leaves: boolean =
            mayLeave &&
            ((state === "up" && (isUsedUp || same > (rule.nextRoute ?? 0))) ||
              (state === "down" && isUsedUp));
          assert.equal(outcome.do, leaves ? "onward" : isUsedUp ? "finish" : "again");
          assert.equal(outcome.pauseMs ?? 0, rule.pauseMs);
          if (outcome.do !== "again") assert.equal(at, outcomes.length - 1);
          else assert.equal(outcome.tail === true, rule.place === "tail");
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
