/**
 * Messages from people: whose they are by the table of numbers, how they are spread over a customer's
 * sessions, and what becomes of them while nobody is there to take them.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type {
  NumbersImportView,
  NumbersPageView,
  OwnerView,
} from "../../src/model/inbound-view.ts";
import type { Sms } from "../../src/model/message.ts";
import type { Esme } from "../../src/simulator/esme.ts";
import { askAdmin, type Refusal } from "../support/admin.ts";
import { customer } from "../support/customer.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

/** ms. Far more than anything takes here. */
const patienceMs = 20_000;

const phone = "+31612345678";

let gateway: TestGateway;
before(async () => {
  gateway = await startGateway();
});
after(() => gateway[Symbol.asyncDispose]());

const ask = <T>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown) =>
  askAdmin<T>(gateway.running.admin.socket, method, path, body);
const give = (pattern: string, account: string, keyword = "") =>
  ask<Refusal>("POST", "/v1/numbers", { pattern, account, keyword });
const bring = (to: string, text: string, from = phone) =>
  gateway.provider.inject({ from, to, text });
const textOf = ({ sms }: { readonly sms: Sms }) => sms.octets.toString("latin1");
const texts = async (esme: Esme, n: number) => (await esme.delivered(n)).map(textOf);

/** The lives of what came in for a number. */
const livesOf = async (to: string) =>
  (await gateway.running.admin.messages({ all: true, limit: 1_000 })).filter(
    (one) => one.to === to,
  );

test("[I25] [A62] a number, its range, its prefix or its first word leads to an account's sessions, and to no other", async () => {
  await using one = await customer(gateway);
  await using two = await customer(gateway, { systemId: "Test2" });
  // Only what the accounts have by themselves, as ever.
  assert.equal(await bring("+31699887766", "own"), 0);
  for (const [pattern, account, keyword] of [
    ["+3197*", "Test1", ""],
    ["+319700*", "Test2", ""],
    ["+31970050-+31970059", "Test1", ""],
    ["+31970055", "Test2", ""],
    ["+31970055", "Test1", "Prijs"],
  ] as const)
    assert.equal((await give(pattern, account, keyword)).status, 201, pattern);
  await bring("+31971", "prefix");
  await bring("+31970012", "longer prefix");
  await bring("+31970051", "range");
  await bring("+31970055", "exact");
  await bring("+31970055", "  príjs! please");
  assert.equal((await texts(one, 4)).slice(0, 3).join(), "own,prefix,range");
  assert.deepEqual(await texts(two, 2), ["longer prefix", "exact"]);
  const [life] = await livesOf("+31970012");
  const trace = await gateway.running.admin.lives(life?.root ?? "");
  assert.match(JSON.stringify(trace), /prefix \+319700\*/);
  const owner = await ask<OwnerView>("GET", "/v1/numbers/owner?number=%2B31970055&text=PRIJS");
  assert.deepEqual(owner.body, { account: "Test1", by: "exact +31970055 PRIJS" });
});

test("[A66] what is another's, overlaps it, or cannot be is refused with both named; a file goes in whole or not at all", async () => {
  const { body: before } = await ask<NumbersPageView>("GET", "/v1/numbers");
  for (const [pattern, account, keyword, why] of [
    ["+31970055", "Test1", "", /exact \+31970055 for Test1 is Test2's already/],
    ["+31970045-+31970051", "Test2", "", /overlaps range \+31970050-\+31970059, which is Test1's/],
    ["+31688776655", "Test1", "", /a number of the account Test2 itself/],
    ["+3198*", "Nobody", "", /no account Nobody/],
    ["+31970099-+31970000", "Test1", "", /ends before it begins/],
    ["' OR '1'='1", "Test1", "", /is no number/],
    ["+3198*", "Test1", "two words", /not one word/],
  ] as const) {
    const { status, body } = await give(pattern, account, keyword);
    assert.ok(status >= 400, pattern);
    assert.match(body.message, why);
  }
  const shop = { id: "Shop", password: "x", numbers: ["+31970055"] };
  const refusedShop = await ask<Refusal>("POST", "/v1/accounts", shop);
  assert.match(refusedShop.body.message, /is Test2's by/);
  const bad =
    "number,account,keyword\n+3198*,Test1\n+3199*,Nobody\n+31970055,Test1\n+3198*,Test2\nx y,Test1\n";
  const refused = await ask<Refusal>("POST", "/v1/numbers/import", { csv: bad });
  assert.equal(refused.status, 400);
  for (const line of [
    /line 3: there is no account Nobody/,
    /line 4: exact \+31970055/,
    /line 5: prefix \+3198\* for Test2 is Test1's already, line 2/,
    /line 6: "x y" is no number/,
  ])
    assert.match(refused.body.message, line);
  assert.deepEqual((await ask<NumbersPageView>("GET", "/v1/numbers")).body, before);

  const good = "number;account\n+3198*;Test2\n+3197*;Test1\n";
  const added = await ask<NumbersImportView>("POST", "/v1/numbers/import", { csv: good });
  assert.deepEqual(added.body, { added: 1, same: 1, removed: 0 });
  const whole = await ask<NumbersImportView>("POST", "/v1/numbers/import", {
    csv: good,
    replace: true,
  });
  assert.deepEqual(whole.body, { added: 2, same: 0, removed: 6 });
  await gateway.restart();
  const { body } = await ask<NumbersPageView>("GET", "/v1/numbers");
  assert.deepEqual(
    body.numbers.map(({ pattern, account, by }) => [pattern, account, by]),
    [
      ["+3197*", "Test1", "night"],
      ["+3198*", "Test2", "night"],
    ],
  );
  assert.equal((await ask("DELETE", "/v1/numbers?pattern=%2B3198*")).status, 204);
  assert.equal((await ask("DELETE", "/v1/numbers?pattern=%2B3198*")).status, 400);
  assert.equal(await bring("+31981", "nobody's"), 0);
  const [life] = await livesOf("+31981");
  assert.equal(life?.status, "FAILED");
});

test("[I24] [I23] while only a transmitter is bound they wait, and come in their order on bind", async () => {
  const sender = await customer(gateway, { bindType: "transmitter" });
  for (let n = 0; n < 30; n += 1) assert.equal(await bring("+31971", `w${n}`), 0);
  await gateway.running.settled();
  assert.equal(sender.deliveries.length, 0);
  await using receiver = await customer(gateway, { bindType: "receiver" });
  assert.deepEqual(
    await texts(receiver, 30),
    Array.from({ length: 30 }, (_, n) => `w${n}`),
  );
  assert.equal(sender.deliveries.length, 0);
  await sender.unbind();
});

test("[I23] several sessions share them by their room, a sender's stay in order, and one that ends loses nothing", async () => {
  const seen: { readonly at: number; readonly text: string }[] = [];
  const waiting: (() => void)[] = [];
  const many = await Promise.all(
    [0, 1, 2].map((at) =>
      customer(gateway, {
        bindType: at === 0 ? "receiver" : "transceiver",
        // The first one takes none: it is the one that ends.
        answer: () => (at === 0 ? "silent" : 0),
        watch: ({ sms }) => {
          if (at !== 0) seen.push({ at, text: textOf({ sms }) });
          for (const end of waiting.splice(0)) end();
        },
      }),
    ),
  );
  const [silent] = many;
  const sent = Array.from({ length: 120 }, (_, n) => ({
    from: `+3161000000${n % 8}`,
    text: `s${n}`,
  }));
  await Promise.all(sent.map(({ from, text }) => bring("+31971", text, from)));
  while ((silent?.deliveries.length ?? 0) === 0)
    await new Promise<void>((resolve) => waiting.push(resolve));
  silent?.drop();
  while (new Set(seen.map(({ text }) => text)).size < sent.length)
    await new Promise<void>((resolve) => waiting.push(resolve));
  assert.deepEqual(new Set(seen.map(({ at }) => at)), new Set([1, 2]));
  for (const esme of many.slice(1)) await esme.unbind();
});

test("what a customer refuses for now comes again, what he refuses for good is FAILED with his status", async () => {
  let refusals = 0;
  await using esme = await customer(gateway, {
    answer: (sms) => {
      const text = textOf({ sms });
      // ESME_RX_R_APPN rejects for good, ESME_RX_T_APPN for now (SMPP v3.4 §5.1.3).
      if (text === "never") return 0x66;
      return text === "later" && (refusals += 1) === 1 ? 0x64 : 0;
    },
  });
  await bring("+31972", "never");
  await bring("+31973", "later");
  const came = (to: string, wanted: string) =>
    until(async () => (await livesOf(to)).some(({ status }) => status === wanted), patienceMs);
  assert.ok(await came("+31973", "DELIVERED"));
  assert.ok(await came("+31972", "FAILED"));
  const [never] = (await livesOf("+31972")).filter(({ status }) => status === "FAILED");
  assert.match(never?.error ?? "", /RX_R_APPN/);
  assert.equal(esme.deliveries.filter((one) => textOf(one) === "later").length, 2);
});
