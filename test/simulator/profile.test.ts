// Profiles: how the simulated provider misbehaves, drawn from a seed.
import assert from "node:assert/strict";
import { writeFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { connectEsme, type EsmeOptions } from "../../src/simulator/esme.ts";
import { idForms, idIn } from "../../src/simulator/ids.ts";
import { profileRules } from "../../src/simulator/profile-rules.ts";
import {
  type Profile,
  profileSchema,
  readProfile,
  shippedProfile,
  shippedProfiles,
} from "../../src/simulator/profile.ts";
import { receiptForms } from "../../src/simulator/receipt-forms.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { smsOf } from "../../src/simulator/written.ts";

const host = "127.0.0.1";
const asking = { from: "+15550100001", to: "+15551234560", text: "Hello", registeredDelivery: 1 };

function profile(changes: Record<string, unknown> = {}): Profile {
  return profileSchema.parse({ reportDelayMs: 0, duplicateDelayMs: 0, ...changes });
}

function provider(one: Profile) {
  return startSmsc({ host, port: 0, rules: { retryDelayMs: 1, ...profileRules(one) } });
}

function customer(port: number, options: Partial<EsmeOptions> = {}) {
  return connectEsme({ host, port, systemId: "Test1", password: "Pwd1", ...options });
}

test("each shipped profile can be read and says what it is", () => {
  assert.ok(shippedProfiles().includes("late-hex-duplicates"));
  for (const name of shippedProfiles())
    assert.ok(shippedProfile(name).description.length > 10, name);
  assert.deepEqual(shippedProfile("every-form").forms, [...receiptForms]);
});

test("a profile of one's own is a file, its faults are told with their place", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "signalbox-profile-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "own.yaml");
  await writeFile(file, "lost: 5\nids: { answer: hex }\n");
  const read = readProfile(file);
  assert.deepEqual("profile" in read && [read.profile.lost, read.profile.ids.answer], [5, "hex"]);
  await writeFile(file, "lost: 101\nids: { answer: octal }\n");
  const broken = readProfile(file);
  assert.deepEqual(
    "faults" in broken && broken.faults.map(({ line, column, path }) => [line, column, path]),
    [
      [1, 7, "lost"],
      [2, 16, "ids.answer"],
    ],
  );
  const none = readProfile("none");
  assert.match("faults" in none ? (none.faults[0]?.text ?? "") : "", /shipped are chatty/);
});

test("the same seed gives the same run, another one another", () => {
  const run = (seed: number) => {
    const { outcome, answerDelayMs } = profileRules(shippedProfile("late-hex-duplicates"), seed);
    return Array.from({ length: 200 }, () => [
      outcome?.(smsOf(asking)),
      typeof answerDelayMs === "function" ? answerDelayMs() : answerDelayMs,
    ]);
  };
  assert.deepEqual(run(7), run(7));
  assert.notDeepEqual(run(7), run(8));
});

test("the shares of a profile are about what happens", () => {
  const shares = {
    outcomes: { UNDELIV: 10, none: 5, refused: 5 },
    errors: ["001", "027"],
    duplicate: 30,
    lost: 10,
    early: 20,
    intermediate: 40,
    outOfOrder: 50,
    otherBind: 25,
    flagless: 15,
  };
  const { outcome } = profileRules(profile(shares));
  const all = Array.from({ length: 10_000 }, () => outcome?.(smsOf(asking)));
  const about = (percent: number, count: number, of: number) =>
    assert.ok(Math.abs(count / of - percent / 100) < 0.03, `${count} of ${of}, ${percent} %`);
  const told = all.flatMap((one) => (one?.reports?.length ? [one] : []));
  about(80.75, told.length, all.length);
  const finals = told.flatMap(
    ({ reports = [] }) => reports.find(({ state }) => state !== "ENROUTE") ?? [],
  );
  about(11.1, finals.filter(({ state }) => state === "UNDELIV").length, told.length);
  assert.ok(finals.every(({ state, error }) => (error !== undefined) === (state === "UNDELIV")));
  about(20, finals.filter(({ after }) => after === "early").length, told.length);
  about(25, finals.filter(({ otherBind }) => otherBind).length, told.length);
  about(15, finals.filter(({ flag }) => flag === "none").length, told.length);
  const enroute = told.filter(({ reports = [] }) =>
    reports.some(({ state }) => state === "ENROUTE"),
  );
  about(40, enroute.length, told.length);
  const last = enroute.filter(({ reports = [] }) => reports[0]?.state !== "ENROUTE");
  about(50, last.length, enroute.length);
});

test("delays are even between two, or rarely long about a mean", () => {
  const drawn = (reportDelayMs: unknown) => {
    const { outcome } = profileRules(profile({ reportDelayMs }));
    return Array.from({ length: 2_000 }, () =>
      Number(outcome?.(smsOf(asking)).reports?.[0]?.after),
    );
  };
  const even = drawn({ from: 100, to: 200 });
  assert.ok(Math.min(...even) >= 100 && Math.max(...even) <= 200);
  const far = drawn({ mean: 1_000, most: 5_000 });
  const mean = far.reduce((sum, one) => sum + one, 0) / far.length;
  assert.ok(Math.max(...far) === 5_000 && mean > 900 && mean < 1_100, String(mean));
  assert.deepEqual(new Set(drawn(7)), new Set([7]));
});

test("each form of ids, in the answer and in the report", async () => {
  const written = { decimal: "255", hex: "ff", hexUpper: "FF", padded: "00000000000000000255" };
  for (const [form, text] of Object.entries(written))
    assert.equal(idIn(idForms.find((one) => one === form) ?? "uuid", 255), text);
  assert.equal(idIn("underscore", 14_839_433_040_000), "1_14839433040000");
  for (const answer of idForms)
    for (const report of idForms) {
      const ids = { answer, report, first: 0x812fc };
      await using smsc = await provider(profile({ ids }));
      await using esme = await customer(smsc.port);
      const { messageId } = await esme.submit(asking);
      const [told] = await esme.delivered(1);
      assert.deepEqual(
        [messageId, told?.receipt?.messageId],
        [idIn(answer, 0x812fc), idIn(report, 0x812fc)],
      );
    }
});

test("early reports come before the answer, all others after it", async () => {
  await using smsc = await provider(profile({ early: 100, answerDelayMs: 5 }));
  const order: string[] = [];
  await using esme = await customer(smsc.port, { watch: () => order.push("report") });
  await esme.submit(asking).then(() => order.push("answer"));
  assert.deepEqual(order, ["report", "answer"]);
});

test("a report comes over another session of the same customer, or over another customer's", async () => {
  await using smsc = await provider(profile({ otherBind: 100 }));
  await using first = await customer(smsc.port);
  // Nobody else is there yet.
  await first.submit(asking);
  await first.delivered(1);
  {
    await using second = await customer(smsc.port);
    await first.submit(asking);
    await second.delivered(1);
  }
  await smsc.until("closed", 1);
  await using other = await customer(smsc.port, { systemId: "Test2" });
  await first.submit(asking);
  await other.delivered(1);
  assert.equal(first.deliveries.length, 1);
});

test("some come twice, some never, some without a flag, and ENROUTE before or after", async () => {
  await using smsc = await provider(
    profile({ duplicate: 100, intermediate: 100, outOfOrder: 100, flagless: 100 }),
  );
  await using esme = await customer(smsc.port);
  await esme.submit(asking);
  const all = await esme.delivered(3);
  assert.deepEqual(
    all.map(({ sms }) => [sms.esmClass, /stat:(\w+)/.exec(sms.octets.toString("latin1"))?.[1]]),
    [
      [0, "DELIVRD"],
      [0, "DELIVRD"],
      [4, "ENROUTE"],
    ],
  );
  await using quiet = await provider(profile({ lost: 100 }));
  await using waiting = await customer(quiet.port);
  assert.equal((await waiting.submit(asking)).status, 0);
  assert.equal(waiting.deliveries.length, 0);
});

test("a notification is told to who asks for those", async () => {
  await using smsc = await provider(
    profile({ intermediate: 100, intermediateFlag: "intermediate" }),
  );
  await using esme = await customer(smsc.port);
  await esme.submit(asking);
  await esme.submit({ ...asking, registeredDelivery: 0x11 });
  const all = await esme.delivered(3);
  assert.deepEqual(
    all.map(({ sms, receipt }) => [sms.esmClass, receipt?.state, receipt?.status]),
    [
      [0x04, "DELIVRD", "DELIVERED"],
      [0x20, "ENROUTE", "SENT"],
      [0x04, "DELIVRD", "DELIVERED"],
    ],
  );
});

test("ids come again when the counter wraps", async () => {
  await using smsc = await provider(profile({ ids: { first: 998, reusedAfter: 3 } }));
  await using esme = await customer(smsc.port);
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.push((await esme.submit(asking)).messageId);
  assert.deepEqual(ids, ["998", "999", "1000", "998", "999"]);
});

test("a receipt in each form reaches the customer and is understood", async () => {
  const states = [
    "DELIVRD",
    "UNDELIV",
    "EXPIRED",
    "REJECTD",
    "DELETED",
    "UNKNOWN",
    "ENROUTE",
  ] as const;
  const planned = receiptForms.flatMap((form) =>
    states.map((state) => ({ form, state, after: 0 })),
  );
  let next = 0;
  await using smsc = await startSmsc({
    host,
    port: 0,
    rules: {
      firstId: 1,
      outcome: () => ({ answer: 0, report: "DELIVRD", reports: planned.slice(next, ++next) }),
    },
  });
  await using esme = await customer(smsc.port);
  for (const _one of planned) await esme.submit(asking);
  const all = await esme.delivered(planned.length);
  const meant = {
    DELIVRD: "DELIVERED",
    UNKNOWN: "NOREPORT",
    ENROUTE: "SENT",
    UNDELIV: "NOTDELIVERED",
    EXPIRED: "NOTDELIVERED",
    REJECTD: "NOTDELIVERED",
    DELETED: "NOTDELIVERED",
  } as const;
  for (const [at, { form, state }] of planned.entries()) {
    const receipt = all[at]?.receipt;
    assert.deepEqual(
      [form, receipt?.messageId, receipt?.status],
      [form, String(at + 1), meant[state]],
    );
  }
});
