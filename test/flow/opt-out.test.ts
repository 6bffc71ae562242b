/**
 * STOP, START and HELP: heard on whatever channel they come, enforced on whatever way a message goes, and
 * kept over a restart.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { OptOutsPageView } from "../../src/model/inbound-view.ts";
import { askAdmin, type Refusal } from "../support/admin.ts";
import { askingCustomer, toNumbers } from "../support/asking.ts";
import { customer } from "../support/customer.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

const own = "+31699887766";
/** ms. Far more than anything takes here. */
const patienceMs = 20_000;
const optedOut = 0x45;

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway({
    triggers: {
      "all.ts": `
        import { onBind, onMessage } from "signalbox";
        export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));
        export const OUT = onMessage({ channels: ["SMPP_SERVER1"] }, async (m, { optOuts }) => {
          m.accept({ charge: 1 });
          const [act, number, account] = (m.text ?? "").split(" ");
          const done = act === "has" || act === "add" || act === "remove"
            ? String(await optOuts[act](number, { account })) : "";
          m.trace("was " + done);
          m.forward({ channel: "SMPP1", to: act === "divert" ? number : undefined });
        });
        export const IN = onMessage({ channels: ["SMPP1"] }, async (m, { accounts, messages }) => {
          if (m.text === "reply") messages.send({ channel: "SMPP1", from: m.to, to: m.from, text: "our own" });
          const owner = await accounts.byNumber(m.to);
          if (owner !== undefined) m.forward({ channel: "SMPP_SERVER1", account: owner.id });
        });`,
    },
    settings: {
      optOut: {
        languages: {
          en: {
            stop: ["STOP", "stop all"],
            stopAnswer: "You hear no more.",
            startAnswer: "Welcome back.",
            helpAnswer: "Shop, 0800",
          },
          nl: { stop: ["STOPPEN"], start: ["AAN"], help: [], stopAnswer: "Gestopt." },
        },
      },
    },
  });
});
after(() => gateway[Symbol.asyncDispose]());

const ask = <T>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown) =>
  askAdmin<T>(gateway.running.admin.socket, method, path, body);
const listsOf = async (number: string) =>
  (
    await ask<OptOutsPageView>("GET", `/v1/opt-outs?number=${encodeURIComponent(number)}`)
  ).body.optOuts.map(({ account, by }) => [account, by]);
const say = (from: string, text: string, to = own) => gateway.provider.inject({ from, to, text });
const latest = () => gateway.running.admin.messages({ all: true, limit: 1_000 });
/** Texts that went out to this number. */
const sentTo = (number: string) =>
  gateway.provider.messages
    .filter(({ sms }) => `+${sms.to.digits}` === number)
    .map(({ sms }) => sms.octets.toString("latin1"));

test("who writes STOP is answered, gets nothing more of that account on any way, and START ends it", async () => {
  const phone = "+31610000001";
  await using one = await customer(gateway);
  await using two = await customer(gateway, { systemId: "Test2" });
  const status = async (esme: typeof one, text: string, to = phone) =>
    (await esme.submit({ from: own, to, text, registeredDelivery: 1 })).status;
  assert.equal(await status(one, "hello"), 0);
  await gateway.provider.received(1);

  assert.equal(await say(phone, " Stop! "), 0);
  assert.equal(await say(phone, "stop"), 0);
  assert.equal(await say(phone, "please do not stop"), 0);
  assert.deepEqual(await listsOf(phone), [["Test1", "message"]]);
  // The customer hears of it like of any message.
  await one.delivered(3);
  await gateway.running.settled();
  assert.deepEqual(sentTo(phone), ["hello", "You hear no more."]);

  const { credits: before = 0 } = (await gateway.running.store.accounts.get("Test1")) ?? {};
  assert.equal(await status(one, "more"), optedOut);
  assert.equal(await status(two, "of another"), 0);
  const after1 = await gateway.running.store.accounts.get("Test1");
  assert.equal(after1?.credits, before, "nobody is charged for what is refused");
  const refused = (await latest()).find(({ text }) => text === "more");
  assert.equal(refused?.error, "opted_out");

  // By a trigger that names another receiver: accepted, then FAILED.
  assert.equal(await status(one, `divert ${phone}`, "+31610000009"), 0);
  assert.ok(
    await until(
      async () => (await latest()).some(({ error, to }) => error === "opted_out" && to === phone),
      patienceMs,
    ),
  );
  await gateway.restart();
  await using again = await customer(gateway);
  assert.equal(await status(again, "after a restart"), optedOut);

  assert.equal(await say(phone, "aan"), 0);
  assert.deepEqual(await listsOf(phone), []);
  assert.equal(await status(again, "welcome"), 0);
  await gateway.running.settled();
  assert.ok(sentTo(phone).includes("welcome"));
  assert.ok(!sentTo(phone).includes(`divert ${phone}`));
});

test("a STOP to a shared number names one of those who share it, or is for all of them; to a number of nobody it is for everybody", async () => {
  for (const [keyword, account] of [
    ["WIN", "Test1"],
    ["QUIZ", "Test2"],
  ])
    await ask("POST", "/v1/numbers", { pattern: "4711", keyword, account });
  await say("+31610000002", "stop win", "4711");
  assert.deepEqual(await listsOf("+31610000002"), [["Test1", "message"]]);
  await say("+31610000003", "stop all", "4711");
  assert.deepEqual(await listsOf("31610000003"), [
    ["Test1", "message"],
    ["Test2", "message"],
  ]);
  await say("+31610000004", "STOPPEN", "4712");
  assert.deepEqual(await listsOf("+31610000004"), [["", "message"]]);
  // What a trigger makes by itself is of no account, so that list is what holds it back.
  await say("+31610000004", "reply", "4712");
  await say("+31610000005", "reply", "4712");
  await say("+31610000005", "help", "4712");
  await gateway.running.settled();
  await gateway.provider.received(1);
  assert.ok(await until(async () => sentTo("+31610000005").length === 2, patienceMs));
  assert.deepEqual(sentTo("+31610000005").toSorted(), ["Shop, 0800", "our own"]);
  assert.deepEqual(sentTo("+31610000004"), ["Gestopt."]);
});

test("triggers and operators put numbers on the lists and take them off; a file goes in whole or not at all", async () => {
  await using esme = await customer(gateway);
  const number = "+31610000006";
  const was = async (text: string) => {
    await esme.submit({ from: own, to: "+31610000010", text });
    const [row] = (await latest()).filter((one) => one.text === text && one.direction === "in");
    return JSON.stringify(row?.log).match(/was (\w+)/)?.[1];
  };
  assert.equal(await was(`has ${number} Test1`), "false");
  assert.equal(await was(`add ${number} Test1`), "true");
  assert.deepEqual(await listsOf(number), [["Test1", "trigger OUT"]]);
  assert.equal(await was(`has ${number}`), "false");
  assert.equal((await ask("POST", "/v1/opt-outs", { number })).status, 200);
  assert.equal((await esme.submit({ from: own, to: number, text: "x" })).status, optedOut);
  assert.equal(await was(`remove ${number} Test1`), "true");
  assert.deepEqual(await listsOf(number), [["", "night"]]);
  assert.deepEqual((await ask("DELETE", `/v1/opt-outs?number=%2B31610000006`)).body, {
    changed: true,
  });
  assert.equal((await esme.submit({ from: own, to: number, text: "x" })).status, 0);

  assert.equal((await ask("POST", "/v1/opt-outs", { number: "ACME" })).status, 400);
  const unknown = await ask<Refusal>("POST", "/v1/opt-outs", { number, account: "Nobody" });
  assert.equal(unknown.body.code, "unknown_account");
  const bad = "number,account\n+31610000007,Test1\nACME,\n+31610000008,Nobody\n";
  const refused = await ask<Refusal>("POST", "/v1/opt-outs/import", { csv: bad });
  assert.match(
    refused.body.message,
    /line 3: "ACME" is no number; line 4: there is no account Nobody/,
  );
  assert.deepEqual(await listsOf("+31610000007"), []);
  const good = "number,account\n+31610000007,Test1\n31610000007,Test1\n+31610000008,\n";
  assert.deepEqual((await ask("POST", "/v1/opt-outs/import", { csv: good })).body, {
    added: 2,
    same: 1,
  });
  assert.equal((await esme.submit({ from: own, to: "+31610000007", text: "x" })).status, optedOut);
});

test("of a message to many those who said STOP are told to its sender, the others get it; an answer that waited goes out after a restart", async () => {
  const stopped = "+31610000011";
  await ask("POST", "/v1/channels/SMPP1/pause");
  await say(stopped, "stop");
  await gateway.restart();
  assert.deepEqual(sentTo(stopped), []);
  await ask("POST", "/v1/channels/SMPP1/resume");
  assert.ok(await until(async () => sentTo(stopped).length === 1, patienceMs));
  assert.deepEqual(sentTo(stopped), ["You hear no more."]);

  await using many = await askingCustomer(gateway.port);
  const answer = await many.ask("submit_multi", toNumbers(["31610000011", "31610000012"], "many"));
  assert.equal(answer.status, 0);
  assert.deepEqual(answer.fields["unsuccess_sme"], [
    { ton: 1, npi: 1, digits: "31610000011", status: optedOut },
  ]);
  assert.ok(await until(async () => sentTo("+31610000012").length === 1, patienceMs));
  const none = await many.ask("submit_multi", toNumbers(["31610000011"], "none"));
  assert.equal(none.status, optedOut);
  assert.deepEqual(sentTo(stopped), ["You hear no more."]);
});
