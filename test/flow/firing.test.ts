/** When triggers fire, seen from outside: at a message, at its end, and by the clock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decode } from "../../src/sms/data-coding.ts";
import { customer } from "../support/customer.ts";
import { startGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

/** ms. Far more than anything takes here; a test that waits for it has failed. */
const patienceMs = 30_000;

const duty = "+31600000009";
const phone = "+31612345678";

const fires = `import { onBind, onMessage, onReport, onSchedule, onStatus } from "signalbox";
  export const BIND = onBind({ accounts: ["Test1"] }, (bind) => bind.accept());
  export const NEW = onMessage({ to: "+316*", text: { matches: /^hello/i } }, (message) => {
    message.accept();
    message.forward({ channel: "SMPP1", report: true });
  });
  export const APPLY = onReport({ accounts: ["Test1"] }, (report) => report.apply());
  export const STATUS = onStatus({ accounts: ["Test1"], status: ["DELIVERED"] }, (message) => {
    message.trace("it has arrived");
  });
  export const MORNING = onSchedule({ cron: "0 9 * * *", zone: "Europe/Amsterdam" }, (schedule, tools) => {
    const { name, previousMs, late } = schedule;
    const text = [name, schedule.dueMs % 60_000, previousMs, late].join(" ");
    tools.messages.send({ channel: "SMPP1", from: "Signalbox", to: "${duty}", text });
  });`;

test("triggers fire by themselves", async (t) => {
  await using gateway = await startGateway({ triggers: { "fires.ts": fires } });
  await gateway.provider.until("bound", 1);

  await t.test(
    "[A11] [A72] a trigger on a new message and one on its status fire once each",
    async () => {
      await using test1 = await customer(gateway);
      await test1.submit({ from: "+31600000001", to: phone, text: "Hello" });
      await gateway.provider.until("reported", 1);
      const runsOf = () =>
        Object.fromEntries(gateway.running.admin.triggers().map(({ name, runs }) => [name, runs]));
      assert.ok(await until(async () => runsOf()["STATUS"] === 1, patienceMs));
      await gateway.running.settled();
      assert.deepEqual(runsOf(), { BIND: 1, NEW: 1, APPLY: 1, STATUS: 1, MORNING: 0 });
      const [life] = await gateway.running.admin.lives(phone);
      assert.equal(life?.status, "DELIVERED");
    },
  );

  await t.test(
    "what a schedule missed is sent once, by the gateway that runs again, and its life tells why",
    async () => {
      const kept = () => gateway.query("select due from trigger_schedule");
      assert.ok(await until(async () => (await kept()).length === 1, patienceMs));
      const listed = gateway.running.admin.triggers().find(({ name }) => name === "MORNING");
      assert.equal(listed?.event, "schedule");
      assert.ok((listed.nextMs ?? 0) > Date.now());

      // As if it had been down for three days.
      await gateway.query("update trigger_schedule set since = now() - interval '3 days'");
      await gateway.restart();
      const [, sent] = await gateway.provider.received(2);
      assert.ok(sent !== undefined);
      const text = decode(sent.sms.octets, sent.sms.dataCoding, false) ?? "";
      assert.match(text, /^MORNING 0 {2}(true|false)$/);
      const isDone = async () => (await gateway.query("select from pending")).length === 0;
      assert.ok(await until(isDone, patienceMs));
      assert.equal((await gateway.provider.received(2)).length, 2);

      await gateway.running.settled();
      const [life] = await gateway.running.admin.lives(duty);
      const [line] = life?.entries[0]?.log ?? [];
      const { trigger, because } = line?.facts ?? {};
      assert.deepEqual([line?.what, trigger, because], ["made", "MORNING", "schedule MORNING"]);
    },
  );
});
