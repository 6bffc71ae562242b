/**
 * Credit over a whole gateway: ten sessions of one account, messages that go, that the provider refuses,
 * that expire and that the customer takes back; at the end every unit is where it belongs.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectEsme, type Esme } from "../../src/simulator/esme.ts";
import type { CheckedLedger } from "../../src/store/ledger-check.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

const from = "+31201234567";
const patienceMs = 20_000;

const TRIGGERS = {
  "all.ts": `import { onAccount, onBind, onMessage } from "signalbox";
    export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));
    export const TAKE = onMessage({ channels: ["SMPP_SERVER1"] }, (message) => {
      message.accept({ charge: 0.25 * message.parts });
      message.forward({ channel: "SMPP1" });
    });
    export const LOW = onAccount({ what: ["low"] }, (account, { messages }) => {
      const text = account.account + " " + account.credits + " of " + account.lowAt;
      messages.send({ channel: "SMPP1", from: "Signalbox", to: "+31600000009", text });
    });`,
};

async function sessions(gateway: TestGateway, count: number): Promise<Esme[]> {
  const one = { host: "127.0.0.1", port: gateway.port, systemId: "Test1", password: "Pwd1" };
  return Promise.all(Array.from({ length: count }, () => connectEsme(one)));
}

async function checked({ running }: TestGateway): Promise<CheckedLedger> {
  const steps = running.store.ledger.check("Test1");
  for (let step = await steps.next(); ; step = await steps.next())
    if (step.done === true) return step.value;
}

test("[B16] accepted - refunded = committed, to the unit, with ten sessions of one account", async () => {
  await using gateway = await startGateway({
    triggers: TRIGGERS,
    provider: {
      outcome: (sms) => ({ answer: sms.to.digits.endsWith("1") ? 0x0b : 0, report: "none" }),
    },
  });
  const { accounts } = gateway.running.store;
  await accounts.setOptions("Test1", { lowBalance: "90" });
  const esmes = await sessions(gateway, 10);
  const all = esmes.flatMap((esme, n) =>
    Array.from({ length: 20 }, async (_, m) => {
      const to = `+3161234567${m % 4 === 0 ? 1 : 2}`;
      const text = m % 5 === 0 ? "x".repeat(200) : `${n} ${m}`;
      return { to, parts: m % 5 === 0 ? 2 : 1, ...(await esme.submit({ from, to, text })) };
    }),
  );
  const answers = await Promise.all(all);
  assert.ok(answers.every(({ status }) => status === 0));
  const dueOf = (went: boolean): number =>
    answers.reduce((sum, { to, parts }) => sum + (to.endsWith("2") === went ? parts * 0.25 : 0), 0);
  const isSettled = async (): Promise<boolean> => Number((await checked(gateway)).held) === 0;
  assert.ok(await until(isSettled, patienceMs));
  const sums = await checked(gateway);
  assert.deepEqual(sums.faults, []);
  assert.equal(Number(sums.committed), dueOf(true));
  assert.equal(Number(sums.balance), 100 - dueOf(true));
  const entries = await gateway.running.store.ledger.entries("Test1", 10_000);
  const sumOf = (kind: string): number =>
    entries.reduce((sum, one) => sum + (one.kind === kind ? one.credits : 0), 0);
  assert.equal(sumOf("hold") - sumOf("refund"), sumOf("commit"));
  assert.equal(sumOf("refund"), dueOf(false));

  const told = (): string[] =>
    gateway.provider.messages
      .filter(({ sms }) => sms.to.digits === "31600000009")
      .map(({ sms }) => sms.octets.toString());
  assert.ok(await until(async () => told().length > 0, patienceMs));
  assert.match(told()[0] ?? "", /^Test1 \d+(\.\d+)? of 90$/);

  await accounts.setOptions("Test1", { refunds: "never" });
  const [esme] = esmes;
  await esme?.submit({ from, to: "+31612345671", text: "refused" });
  const after = await checked(gateway);
  assert.equal(Number(after.balance), Number(sums.balance) - 0.25, "it is paid at once");
  assert.equal(Number(after.held), 0);
  for (const one of esmes) await one.unbind();
});
