/**
 * What is forgotten, and what is not shown: erasing a number in every state that a life can be in,
 * answers without text, and a disk without room; over SMPP and the admin socket of the whole gateway.
 */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import type { Esme } from "../../src/simulator/esme.ts";
import { settingsSchema } from "../../src/settings.ts";
import type { SmscRules } from "../../src/simulator/smsc.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { customer } from "../support/customer.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

const person = "+31612345670";
const other = "+31612340000";
const shop = "+31699887766";
/** A text that would be found in any dump of the tables. */
const secret = "the code is 0815";
/** ms. Far more than anything takes here; a test that waits for it has failed. */
const patienceMs = 30_000;

const silent: SmscRules = { outcome: () => ({ answer: 0, report: "none" }) };

const submit = (esme: Esme, to = person, text = secret) =>
  esme.submit({ from: shop, to, text, registeredDelivery: 1 });

const tables = ["message", "state", "attempt", "trace", "pending", "dead_letter"];

/** Tables of which a row still holds this text, also inside of octets. */
async function where(gateway: TestGateway, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const table of tables) {
    const rows = await gateway.query<{ n: number }>(
      `select count(*)::integer as n from ${table} r
       where strpos(r::text, $1) > 0 or strpos(r::text, encode(convert_to($1, 'UTF8'), 'hex')) > 0`,
      [text],
    );
    if ((rows[0]?.n ?? 0) > 0) found.push(table);
  }
  return found;
}

const digits = person.slice(1);

interface Answer {
  readonly status: number;
  readonly lines: Record<string, unknown>[];
}

function erase(gateway: TestGateway, number: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { socket } = gateway.running.admin;
    const headers = { "content-type": "application/json", "signalbox-operator": "anna" };
    const asked = request(
      { socketPath: socket, method: "POST", path: "/v1/erasures", headers },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (more: string) => (text += more));
        answer.once("end", () => {
          const lines = text.trim().split("\n");
          resolve({ status: answer.statusCode ?? 0, lines: lines.map((line) => JSON.parse(line)) });
        });
        answer.once("error", reject);
      },
    );
    asked.once("error", reject);
    asked.end(JSON.stringify({ number }));
  });
}

test("a number is erased from lives that are over; ids, times, statuses and credits stay", async () => {
  await using gateway = await startGateway();
  await using esme = await customer(gateway);
  const mine = await submit(esme);
  const others = await submit(esme, other);
  await esme.delivered(2);
  await gateway.running.settled();
  const { admin } = gateway.running;
  const before = await admin.lives(mine.messageId);
  const accounts = await admin.accounts();
  assert.deepEqual(await where(gateway, digits), ["message"]);

  const { status, lines } = await erase(gateway, person);
  assert.equal(status, 200);
  assert.deepEqual(lines[0], { done: 1, total: 1 });
  const { erased } = lines.at(-1) as { erased: Record<string, number> };
  assert.deepEqual([erased["messages"], erased["reports"]], [2, 1]);
  assert.deepEqual(await where(gateway, digits), []);

  const [life] = await admin.lives(mine.messageId);
  assert.equal(life?.status, "DELIVERED");
  assert.deepEqual(
    life.entries.map(({ id, atMs, status: state }) => [id, atMs, state]),
    before[0]?.entries.map(({ id, atMs, status: state }) => [id, atMs, state]),
  );
  assert.deepEqual(
    life.entries.map(({ from, to, text }) => [from, to, text]),
    [
      [shop, "erased", ""],
      [shop, "erased", ""],
      ["erased", shop, undefined],
      ["erased", shop, undefined],
    ],
  );
  assert.deepEqual(await admin.accounts(), accounts);
  const [untouched] = await admin.lives(others.messageId);
  assert.equal(untouched?.entries[0]?.text, secret);
  assert.deepEqual(await admin.lives(person), []);

  // Once more is nothing more; and who did it stands in the log, the number does not.
  const again = await erase(gateway, digits);
  assert.deepEqual(again.lines.at(-1), { erased: { messages: 0, traces: 0, reports: 0 } });
  const told = gateway.log.lines.filter(({ text }) => text === "a number was erased");
  assert.deepEqual([told.length, told[0]?.["by"]], [2, "anna"]);
  assert.equal(JSON.stringify(gateway.log.lines).includes(digits), false);
});

test("what still waits is cancelled, its sender is told, and nothing of it goes out", async () => {
  await using gateway = await startGateway({
    provider: { outcome: () => ({ answer: 0x58, report: "none" }) },
  });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const { admin } = gateway.running;
  const waits = async () => (await admin.lives(messageId))[0]?.entries[1]?.pending?.tries === 1;
  assert.equal(await until(waits, patienceMs), true);
  const { lines } = await erase(gateway, digits);
  assert.deepEqual(await where(gateway, digits), []);
  assert.deepEqual(await where(gateway, secret), []);
  assert.ok("erased" in (lines.at(-1) ?? {}), JSON.stringify(lines));
  const [told] = await esme.delivered(1);
  assert.deepEqual([told?.receipt?.messageId, told?.receipt?.state], [messageId, "DELETED"]);
  const [life] = await admin.lives(messageId);
  assert.deepEqual([life?.status, life?.error], ["CANCELLED", "cancelled"]);
  assert.equal(admin.channels().find(({ name }) => name === "SMPP1")?.queued, 0);
});

test("a report that is awaited comes home after the erasure, without the number", async () => {
  await using gateway = await startGateway({ provider: silent });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const [taken] = await gateway.provider.received(1);
  await gateway.running.settled();
  await erase(gateway, person);
  const report = smsOf({
    from: person,
    to: shop,
    text: `id:${taken?.messageId} sub:001 dlvrd:001 stat:DELIVRD err:000 text:${secret}`,
  });
  assert.equal(await gateway.provider.inject({ ...report, esmClass: 0x04 }), 0);
  const [told] = await esme.delivered(1);
  assert.deepEqual([told?.receipt?.messageId, told?.receipt?.state], [messageId, "DELIVRD"]);
  assert.equal(told?.sms.from.digits, "erased");
  await gateway.running.settled();
  const [life] = await gateway.running.admin.lives(messageId);
  assert.equal(life?.status, "DELIVERED");
  assert.deepEqual([await where(gateway, digits), await where(gateway, secret)], [[], []]);
});

test("a message that is with the provider is waited for, then erased", async () => {
  await using gateway = await startGateway({ provider: { ...silent, answerDelayMs: 700 } });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  await gateway.provider.received(1);
  const { lines } = await erase(gateway, person);
  assert.ok("erased" in (lines.at(-1) ?? {}), JSON.stringify(lines));
  assert.deepEqual([await where(gateway, digits), await where(gateway, secret)], [[], []]);
  const [life] = await gateway.running.admin.lives(messageId);
  assert.equal(life?.status, "SENT");
});

test("a receipt that waits for its customer still tells him, without the number", async () => {
  await using gateway = await startGateway();
  const sender = await customer(gateway, { bindType: "transmitter" });
  const { messageId } = await submit(sender);
  await gateway.provider.until("reported", 1);
  await sender.unbind();
  await erase(gateway, person);
  assert.deepEqual(await where(gateway, digits), []);
  await using receiver = await customer(gateway, { bindType: "receiver" });
  const [told] = await receiver.delivered(1);
  assert.deepEqual([told?.receipt?.messageId, told?.sms.from.digits], [messageId, "erased"]);
  assert.equal(told?.receipt?.text, "");
});

test("a report that belongs to no message is emptied where it waits and where it is given up", async () => {
  await using gateway = await startGateway();
  const report = smsOf({
    from: person,
    to: shop,
    text: `id:4711 sub:001 dlvrd:001 stat:DELIVRD err:000 text:${secret}`,
  });
  assert.equal(await gateway.provider.inject({ ...report, esmClass: 0x04 }), 0);
  assert.deepEqual(await where(gateway, digits), ["pending"]);
  const { lines } = await erase(gateway, person);
  assert.deepEqual(lines.at(-1), { erased: { messages: 0, traces: 0, reports: 1 } });
  assert.deepEqual([await where(gateway, digits), await where(gateway, secret)], [[], []]);
});

test("a number that a trigger wrote into a message is erased, and what triggers told of it", async () => {
  const triggers = {
    "bind.ts": `import { onBind } from "signalbox";
      export const BIND = onBind({}, async (bind, { accounts }) => {
        const found = await accounts.verify(bind);
        if (found.ok) bind.accept({ account: found.account }); else bind.reject(found.reason);
      });`,
    "forward.ts": `import { onMessage } from "signalbox";
      export const FWD = onMessage({ channels: ["SMPP_SERVER1"] }, (message) => {
        message.accept();
        message.trace("for ${person}: " + message.text);
        message.forward({ channel: "SMPP1", to: "${person}" });
      });`,
  };
  await using gateway = await startGateway({ triggers, provider: silent });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme, "1234");
  await gateway.provider.received(1);
  await gateway.running.settled();
  assert.deepEqual(await where(gateway, digits), ["message"]);
  await erase(gateway, person);
  assert.deepEqual([await where(gateway, digits), await where(gateway, secret)], [[], []]);
  const [life] = await gateway.running.admin.lives(messageId);
  assert.deepEqual(
    life?.entries.map(({ to }) => to),
    ["1234", "erased"],
  );
});

test("what is no number is refused, and nothing is erased", async () => {
  await using gateway = await startGateway();
  for (const number of ["", "Shop", "+31 6", "%", "12", 7]) {
    const { status, lines } = await erase(gateway, number);
    assert.deepEqual([status, lines[0]?.["code"]], [400, "bad_request"], String(number));
  }
});

test("with privacy.showText false no answer shows the text of a message, only its length", async () => {
  await using gateway = await startGateway({ settings: { privacy: { showText: false } } });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  await esme.delivered(1);
  const report = smsOf({
    from: person,
    to: shop,
    text: `id:4711 stat:DELIVRD err:000 text:${secret}`,
  });
  assert.equal(await gateway.provider.inject({ ...report, esmClass: 0x04 }), 0);
  await gateway.query("update pending set due = now(), tries = 3 where kind = 'match'");
  const { admin } = gateway.running;
  const buried = async () => (await admin.deadLetters()).length === 1;
  assert.equal(await until(buried, patienceMs), true);
  const hidden = `(hidden, ${secret.length} characters)`;
  assert.equal((await admin.messages({ all: true, limit: 9 })).at(-2)?.text, hidden);
  const paths = [
    "/v1/messages?all=true",
    `/v1/messages/${messageId}`,
    `/v1/lives/${messageId}`,
    `/v1/lives/${digits}`,
    "/v1/dead-letters",
    "/v1/reports/unmatched",
    "/v1/status",
  ];
  for (const path of paths) {
    const body = await get(gateway, path);
    assert.equal(body.includes(secret.slice(0, 8)), false, path);
    assert.ok(body.length > 2, path);
  }
  assert.ok((await get(gateway, `/v1/lives/${messageId}`)).includes(hidden));
});

test("while the disk is low binds stay, customers hear 0x14 and providers 0x64", async () => {
  await using gateway = await startGateway({
    // The embedded server, on a disk that can never have so much room.
    settings: { database: { url: "" }, retention: { minFreeMib: 2 ** 31 } },
    provider: { ...silent, retryDelayMs: 1 },
  });
  await using esme = await customer(gateway);
  assert.equal(esme.bindStatus, 0);
  assert.deepEqual((await submit(esme)).status, 0x14);
  assert.equal((await gateway.running.admin.accounts())[0]?.credits, 100);
  const report = smsOf({ from: person, to: shop, text: "id:4711 stat:DELIVRD err:000" });
  for (const sms of [{ ...report, esmClass: 0x04 }, report]) {
    const answer = await gateway.provider.inject(sms).catch((cause: unknown) => String(cause));
    assert.match(String(answer), /0x64|RX_T_APPN|100/);
  }
  assert.deepEqual(await gateway.running.admin.messages({ all: false, limit: 9 }), []);
  const told = gateway.log.lines.filter(({ text }) => String(text).includes("disk"));
  assert.equal(told.length, 1);
});

test("what is kept for too short a time is refused with its path and the number that would do", () => {
  const dayMs = 86_400_000;
  const provider = { type: "smpp-client", host: "h", port: 1, systemId: "s", password: "p" };
  const channels = {
    SMPP_SERVER1: { type: "smpp-server", validityMs: 5 * dayMs, scheduleAheadMs: dayMs },
    SMPP1: { ...provider, reports: { waitMs: 2 * dayMs } },
    SMPP2: { ...provider, reports: { waitMs: 3 * dayMs }, validityMs: dayMs },
  };
  const faults = (retention: object) => {
    const found = settingsSchema.safeParse({ channels, retention });
    return found.error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`) ?? [];
  };
  assert.deepEqual(faults({}), []);
  assert.deepEqual(faults({ keepMessageDays: 10, keepTraceDays: 10 }), []);
  const short = faults({ keepMessageDays: 9, keepTraceDays: 1 });
  assert.equal(short.length, 1);
  assert.match(short[0] ?? "", /^retention\.keepMessageDays .*at least 10,/);
  const crossed = faults({ keepMessageDays: 20, keepTraceDays: 21 });
  assert.equal(crossed.length, 1);
  assert.match(crossed[0] ?? "", /^retention\.keepTraceDays .*keepMessageDays \(20\)/);
});

function get(gateway: TestGateway, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: gateway.running.admin.socket, path }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (more: string) => (text += more));
      answer.once("end", () => resolve(text));
    });
    asked.once("error", reject);
    asked.end();
  });
}
