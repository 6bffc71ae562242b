/**
 * A provider that misbehaves by a profile, in front of the whole gateway: whatever it does, each
 * customer hears one outcome for each message, in our codes.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Delivered } from "../../src/simulator/esme.ts";
import { type Profile, profileSchema, shippedProfile } from "../../src/simulator/profile.ts";
import { profileRules } from "../../src/simulator/profile-rules.ts";
import { receiptForms } from "../../src/simulator/receipt-forms.ts";
import { TAG, tlvOf } from "../../src/smpp/tlv.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { customer } from "../support/customer.ts";
import { startGateway } from "../support/gateway.ts";

const from = "+31699887766";

/** Submits as many, each asking for a report; gives the outcome that each id was told. */
async function outcomes(
  profile: Profile,
  { count = 60, reports = {} }: { count?: number; reports?: Record<string, unknown> } = {},
) {
  await using gateway = await startGateway({
    provider: { ...profileRules(profile), retryDelayMs: 5 },
    channels: { SMPP1: { reports } },
  });
  await using esme = await customer(gateway);
  const answers = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      esme.submit({ from, to: `+316${10_000_000 + n}`, text: `m${n}`, registeredDelivery: 1 }),
    ),
  );
  const asked = answers.map(({ messageId }) => messageId);
  await gateway.provider.until("reported", expected(profile, count).reports);
  await esme.delivered(count);
  await gateway.running.settled();
  const told = new Map<string, Delivered[]>(asked.map((id) => [id, []]));
  for (const one of esme.deliveries) told.get(one.receipt?.messageId ?? "")?.push(one);
  assert.equal(esme.deliveries.length, count, "one receipt for each message");
  assert.deepEqual(new Set([...told.values()].map(({ length }) => length)), new Set([1]));
  return [...told.values()].flat().map(({ receipt }) => receipt?.state ?? "");
}

const soon = { reportDelayMs: { from: 0, to: 100 }, duplicateDelayMs: { from: 0, to: 150 } };

/** What the profile draws for as many messages: how each ends, and how many reports that takes. */
function expected(profile: Profile, count: number) {
  const { outcome } = profileRules(profile);
  const asking = smsOf({ from, to: from, text: "", registeredDelivery: 1 });
  const all = Array.from({ length: count }, () => outcome?.(asking).reports ?? []);
  const final = all.flatMap((told) => told.find(({ state }) => state !== "ENROUTE")?.state ?? []);
  return { states: counted(final), reports: all.flat().length };
}

function counted(states: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

for (const [name, changes] of [
  ["late-hex-duplicates", { ...soon, lost: 0, outcomes: { UNDELIV: 20, EXPIRED: 10 } }],
  ["decimal-then-hex", soon],
  ["padded", soon],
  ["impatient", { answerDelayMs: { from: 0, to: 20 } }],
  ["chatty", soon],
] as const)
  test(`[D11] a provider as ${name}: each customer hears one outcome, the right one`, async () => {
    const profile = shippedProfile(name, changes);
    const states = await outcomes(profile);
    assert.deepEqual(counted(states), expected(profile, states.length).states);
  });

test("[D16] receipts without their flag are reports where the channel says so", async () => {
  const profile = shippedProfile("flagless", soon);
  const states = await outcomes(profile, { count: 20, reports: { flagless: true } });
  assert.deepEqual(counted(states), new Map([["DELIVRD", 20]]));
});

test("receipts in each form are applied", async () => {
  const profile = shippedProfile("every-form", { ...soon, outcomes: { UNDELIV: 40 } });
  const states = await outcomes(profile, { count: 4 * receiptForms.length });
  const right = expected(profile, states.length).states;
  // A misspelt word means the same, and goes on as the provider wrote it where the form can hold it.
  const failed = states.filter((state) => state !== "DELIVRD" && state !== "DELIVERED").length;
  assert.equal(failed, right.get("UNDELIV"));
});

test("[Y32] the provider's code becomes ours for the customer, and stays in the trace", async () => {
  const profile = profileSchema.parse({
    outcomes: { UNDELIV: 100 },
    errors: ["027"],
    reportDelayMs: 0,
    forms: ["nineDigits"],
  });
  await using gateway = await startGateway({
    provider: profileRules(profile),
    channels: { SMPP1: { reports: { codes: "map-decimal" } } },
  });
  await using esme = await customer(gateway);
  const { messageId } = await esme.submit({
    from,
    to: "+31612345678",
    text: "x",
    registeredDelivery: 1,
  });
  const [told] = await esme.delivered(1);
  assert.match(told?.sms.octets.toString("latin1") ?? "", / stat:UNDELIV err:024 /);
  const network = tlvOf(told?.sms.tlvs ?? [], TAG.network_error_code)?.toString("hex");
  assert.equal(network, "030062");
  await gateway.running.settled();
  const [life] = await gateway.running.admin.lives(messageId);
  const facts = life?.entries
    .flatMap(({ log }) => log)
    .find(({ what }) => what === "reported")?.facts;
  assert.deepEqual(
    [facts?.["error"], facts?.["code"], facts?.["raw"]],
    ["024", "absent_subscriber", "027"],
  );
  assert.match(String(facts?.["unread"]), /^submit date:\d{9}, done date:\d{9}$/);
});
