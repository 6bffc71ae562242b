/** Conditions and schedules as an author writes them, out of the real sandbox. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineRequest } from "../../src/trigger/request.ts";
import {
  messageRequest,
  openScripts,
  reportRequest,
  script,
  statusRequest,
} from "../support/run-trigger.ts";

const schedule: EngineRequest = {
  kind: "schedule",
  event: { id: "schedule-1", name: "NINE", dueMs: 3_600_000, previousMs: undefined, late: true },
};

const all = script(`
  export const ALL = onMessage({ order: 50 }, (m) => m.accept());
  export const STOP = onMessage({ order: 10, text: { keyword: ["stop", "arrêt"] } }, (m) => m.trace("stop"));
  export const CODE = onMessage({ text: { matches: [/\\bcode \\d{4}\\b/i, /^otp/u] } }, (m) => m.trace("code"));
  export const DUTCH = onMessage({ to: ["+31*"], from: "+31600000000-+31699999999" }, (m) => m.trace("nl"));
  export const MINE = onReport({ accounts: ["Test1"], from: "+316*" }, (r) => r.apply());
  export const OURS = onStatus({ accounts: ["Test1"], to: "+316*" }, (m) => m.trace(m.status));
  export const NINE = onSchedule({ cron: "0 9 * * *" }, (s, { log, messages }) => {
    messages.send({ channel: "SMPP1", from: "us", to: "+1", text: [s.name, s.dueMs, s.previousMs, s.late].join(" ") });
  });
  export const TEN = onSchedule({ cron: "0 10 * * *", zone: "Europe/Amsterdam" }, () => {});
`);

test("only triggers whose conditions an event meets are run, by their order", async (t) => {
  await using running = await openScripts({ "all.ts": all });
  const { engine } = running;
  const ran = async (request: EngineRequest): Promise<string> =>
    (await engine.decide(request)).ran.map(({ trigger }) => trigger).join(" ");
  const to = "+3212";
  await t.test("by what a message says", async () => {
    assert.equal(await ran(messageRequest({ to, text: "Hello" })), "ALL");
    assert.equal(await ran(messageRequest({ to, text: "ARRET" })), "STOP ALL");
    assert.equal(await ran(messageRequest({ to, text: "stop code 1234" })), "STOP ALL CODE");
    assert.equal(await ran(messageRequest({ to, text: "otp" })), "ALL CODE");
  });
  await t.test("by its numbers, both of them", async () => {
    assert.equal(await ran(messageRequest({ text: "Hello" })), "ALL DUTCH");
    assert.equal(await ran(messageRequest({ from: "+3161", text: "Hello" })), "ALL");
  });
  await t.test("by the account and the numbers of a report and a status", async () => {
    assert.equal(await ran(reportRequest()), "MINE");
    assert.equal(await ran(reportRequest({ from: "+32" })), "");
    assert.equal(await ran(statusRequest()), "OURS");
  });
  await t.test("what nobody would be asked about is known beforehand", () => {
    assert.ok(engine.wants(reportRequest()));
    assert.ok(!engine.wants(reportRequest({ sent: undefined })));
  });
  await t.test("a schedule is of its own trigger alone", async () => {
    const ruling = await engine.decide(schedule);
    assert.deepEqual(
      ruling.ran.map(({ trigger }) => trigger),
      ["NINE"],
    );
    assert.ok(ruling.verdict === "accept");
    assert.equal(ruling.sends[0]?.action.text, "NINE 3600000  true");
    assert.deepEqual(
      engine.schedules().map(({ name, times }) => `${name} ${times.cron} ${times.zone}`),
      ["NINE 0 9 * * * UTC", "TEN 0 10 * * * Europe/Amsterdam"],
    );
    assert.equal(engine.schedules(), engine.schedules());
  });
});

test("a condition that is wrong keeps the file out, and the list says where", async () => {
  await using running = await openScripts({ "all.ts": all });
  await running.save({
    "look.ts": script(
      `export const LOOK = onMessage({ text: { matches: /(?<=a)b/ } }, (m) => m.accept());`,
    ),
  });
  const look = running.engine.list().find(({ file }) => file === "look.ts");
  assert.equal(
    look?.detail,
    "look.ts text.matches of LOOK is /(?<=a)b/: (?<= is a look-behind, which no pattern here can do; nothing of it runs",
  );
  await running.save({
    "look.ts": script(`export const LATE = onSchedule({ cron: "0 25 * * *" }, () => {});`),
  });
  const late = running.engine.list().find(({ file }) => file === "look.ts");
  assert.match(late?.detail ?? "", /^look\.ts schedule of LATE: cron is "0 25 \* \* \*"/);
});
