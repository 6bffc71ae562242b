/**
 * A text that is too long for one short message, over the whole gateway: its parts as the provider
 * gets them, what is sent again and what is not, and the one outcome that its sender hears of.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Sms } from "../../src/model/message.ts";
import type { LifeView, MessageView } from "../../src/model/view.ts";
import { connectEsme, type Esme } from "../../src/simulator/esme.ts";
import type { Outcome } from "../../src/simulator/rules.ts";
import { type SmscRules, type Taken, startSmsc } from "../../src/simulator/smsc.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { decode } from "../../src/sms/data-coding.ts";
import { askAdmin } from "../support/admin.ts";
import { customer } from "../support/customer.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";
import { startSite } from "../support/site.ts";

const to = "+31612345670";
const from = "+31699887766";
/** ms. Far more than anything takes here; a test that waits for it has failed. */
const patienceMs = 30_000;

/** 3 parts in GSM 7-bit; what the phone shows is this again. */
const long = "0123456789".repeat(40);

const submit = (esme: Esme, registeredDelivery = 1) =>
  esme.submit({ from, to, text: "make it long", registeredDelivery });

/** The shipped triggers, of which the one that forwards writes a long text of its own. */
function triggers(text = long): Record<string, string> {
  const folder = join(import.meta.dirname, "../../triggers");
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts"));
  const shipped = files.map((file) => [file, readFileSync(join(folder, file), "utf8")]);
  return {
    ...Object.fromEntries(shipped),
    "forward.ts": `import { onMessage } from "signalbox";
      export const LONG = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, (m) => {
        m.forward({ channel: "SMPP1", text: ${JSON.stringify(text)} });
      });`,
  };
}

/** Takes messages in turn as these say, then all; reports nothing by itself. */
function inTurn(...answers: (number | "silent")[]): SmscRules {
  let turn = 0;
  const outcome = (): Outcome => ({ answer: answers[turn++] ?? 0, report: "none" });
  return { outcome, firstId: 101 };
}

/** What the header of a part says: reference, parts, which. */
function joining({ sms }: Taken): number[] {
  return [...sms.octets.subarray(3, 6)];
}

const numbersOf = (taken: readonly Taken[]) => taken.map((one) => joining(one)[2]);

/** What a phone shows once it has these parts. */
function shown(taken: readonly Taken[]): string {
  const sorted = taken.toSorted((a, b) => (joining(a)[2] ?? 0) - (joining(b)[2] ?? 0));
  return sorted.map(({ sms }) => decode(sms.octets, sms.dataCoding, true)).join("");
}

function receipt(id: string, stat = "DELIVRD"): Sms {
  const err = stat === "DELIVRD" ? "000" : "001";
  const text = `id:${id} sub:001 dlvrd:001 submit date:2611210400 done date:2611210401 stat:${stat} err:${err} text:`;
  return { ...smsOf({ from: to, to: from, text }), esmClass: 0x04 };
}

async function life(gateway: TestGateway, id: string): Promise<LifeView> {
  const { socket } = gateway.running.admin;
  const { body } = await askAdmin<LifeView[]>(socket, "GET", `/v1/lives/${id}`);
  const [found] = body;
  assert.ok(found !== undefined);
  return found;
}

async function forwarded(gateway: TestGateway, id: string): Promise<MessageView> {
  const { entries } = await life(gateway, id);
  const found = entries.find((one) => one.kind === "sms" && one.direction === "out");
  assert.ok(found !== undefined);
  return found;
}

async function untilStatus(gateway: TestGateway, id: string, status: string): Promise<LifeView> {
  let found: LifeView | undefined;
  await until(async () => {
    found = await life(gateway, id);
    return found.status === status;
  }, patienceMs);
  assert.ok(found !== undefined);
  return found;
}

test("[W12] [A07] a long text goes in three parts, is one message, and its sender hears of it once", async () => {
  await using gateway = await startGateway({ triggers: triggers(), provider: inTurn() });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const parts = await gateway.provider.received(3);
  assert.equal(shown(parts), long);
  const references = new Set(parts.map((one) => joining(one)[0]));
  assert.equal(references.size, 1);
  await untilStatus(gateway, messageId, "SENT");
  // In any order, and one of them twice before the last.
  const ids = parts.map((one) => one.messageId);
  for (const id of [ids[2], ids[0], ids[0], ids[1]])
    assert.equal(await gateway.provider.inject(receipt(id ?? "")), 0);
  const [told, ...others] = await esme.delivered(1);
  assert.equal(told?.receipt?.messageId, messageId);
  assert.equal(told.receipt.state, "DELIVRD");
  for (const id of ids) assert.equal(await gateway.provider.inject(receipt(id)), 0);
  const { status, entries } = await untilStatus(gateway, messageId, "DELIVERED");
  assert.equal(status, "DELIVERED");
  assert.deepEqual(others, []);
  assert.equal(entries.filter((one) => one.kind === "report" && one.direction === "out").length, 1);
  const { attempts } = await forwarded(gateway, messageId);
  assert.deepEqual(
    attempts.map(({ part, parts: of, status: became, tries }) => [part, of, became, tries]),
    [1, 2, 3].map((part) => [part, 3, "DELIVERED", 1]),
  );
});

test("part 2 is refused for now: what was not taken is sent again, with the same reference", async () => {
  await using gateway = await startGateway({
    triggers: triggers(),
    provider: inTurn(0, 0x58),
    channels: { SMPP1: { windowRequests: 1 } },
  });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme, 0);
  const tries = await gateway.provider.received(4);
  const [first, refused, ...again] = tries;
  assert.deepEqual(numbersOf(tries), [1, 2, 2, 3]);
  assert.equal(new Set(tries.map((one) => joining(one)[0])).size, 1);
  assert.ok(first !== undefined && refused?.answer === 0x58);
  assert.equal(shown([first, ...again]), long);
  await untilStatus(gateway, messageId, "SENT");
  const { attempts } = await forwarded(gateway, messageId);
  assert.deepEqual(
    attempts.map(({ part, status, tries: at }) => [part, status, at]),
    [
      [1, "SENT", 1],
      [2, "QUEUED", 1],
      [2, "SENT", 2],
      [3, "SENT", 2],
    ],
  );
});

test("part 2 is not answered: it alone is sent again, with the same reference, and the message is marked", async () => {
  await using gateway = await startGateway({
    triggers: triggers(),
    provider: inTurn(0, "silent"),
    // Who left an answer out is given more when he is heard again: here the answer of an enquire_link.
    channels: { SMPP1: { responseTimeoutMs: 300, enquireLinkMs: 500 } },
  });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme, 0);
  const tries = await gateway.provider.received(4);
  assert.deepEqual(numbersOf(tries), [1, 2, 3, 2]);
  assert.equal(new Set(tries.map((one) => joining(one)[0])).size, 1);
  await untilStatus(gateway, messageId, "SENT");
  const { attempts, maybeTwice } = await forwarded(gateway, messageId);
  assert.ok(maybeTwice);
  assert.deepEqual(
    attempts.map(({ part, status, error }) => [part, status, error]),
    [
      [1, "SENT", undefined],
      [3, "SENT", undefined],
      [2, "QUEUED", "response_timeout"],
      [2, "SENT", undefined],
    ],
  );
});

test("a stop between the parts waits for no more than is in flight; the next start goes on", async () => {
  await using gateway = await startGateway({
    triggers: triggers(),
    provider: { ...inTurn(), answerDelayMs: 300 },
    channels: { SMPP1: { windowRequests: 1 } },
  });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme, 0);
  await gateway.provider.received(1);
  await gateway.restart();
  const parts = await gateway.provider.received(3);
  assert.deepEqual(numbersOf(parts), [1, 2, 3]);
  assert.equal(shown(parts), long);
  await untilStatus(gateway, messageId, "SENT");
  assert.equal((await forwarded(gateway, messageId)).maybeTwice, false);
});

test("part 2 is refused for good: part 3 stays here, and the sender hears 101 once", async () => {
  await using gateway = await startGateway({
    triggers: triggers(),
    provider: inTurn(0, 0x0b),
    channels: { SMPP1: { windowRequests: 1 } },
  });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const [told] = await esme.delivered(1);
  assert.equal(told?.receipt?.messageId, messageId);
  assert.equal(told.receipt.error, "101");
  const { error } = await untilStatus(gateway, messageId, "FAILED");
  assert.equal(error, "partial");
  const parts = gateway.provider.messages;
  assert.deepEqual(numbersOf(parts), [1, 2]);
  // What is told of the part that went out changes nothing any more.
  assert.equal(await gateway.provider.inject(receipt(parts[0]?.messageId ?? "")), 0);
  const { status, entries } = await life(gateway, messageId);
  assert.equal(status, "FAILED");
  assert.equal(entries.filter((one) => one.kind === "report" && one.direction === "out").length, 1);
});

test("no part is taken: the sender hears 102, and how each ended stands in its attempts", async () => {
  await using gateway = await startGateway({
    triggers: triggers(),
    provider: inTurn(0x0b, 0x0b, 0x0b),
  });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const [told] = await esme.delivered(1);
  assert.equal(told?.receipt?.error, "102");
  const { error } = await untilStatus(gateway, messageId, "FAILED");
  assert.equal(error, "multipart_failed");
  const { attempts } = await forwarded(gateway, messageId);
  assert.ok(attempts.every((one) => one.status === "FAILED" && one.error === "ESME_RINVDSTADR"));
});

for (const [what, states, wanted] of [
  ["one part fails", ["DELIVRD", "UNDELIV", "DELIVRD"], ["NOTDELIVERED", "partial", "101"]],
  [
    "all parts fail",
    ["UNDELIV", "EXPIRED", "REJECTD"],
    ["NOTDELIVERED", "multipart_failed", "102"],
  ],
] as const)
  test(`[D10] reports: when ${what} the one outcome is ${wanted[1]}, and the receipt says ${wanted[2]}`, async () => {
    await using gateway = await startGateway({ triggers: triggers(), provider: inTurn() });
    await using esme = await customer(gateway);
    const { messageId } = await submit(esme);
    const parts = await gateway.provider.received(3);
    for (const [at, state] of states.entries())
      await gateway.provider.inject(receipt(parts[at]?.messageId ?? "", state));
    const [told] = await esme.delivered(1);
    assert.equal(told?.receipt?.error, wanted[2]);
    const { error } = await untilStatus(gateway, messageId, wanted[0]);
    assert.equal(error, wanted[1]);
    const { attempts } = await forwarded(gateway, messageId);
    assert.deepEqual(
      attempts.map(({ status }) => status),
      states.map((state) => (state === "DELIVRD" ? "DELIVERED" : "NOTDELIVERED")),
    );
  });

test("[D10] a part that is never reported makes the message NOREPORT; its late report mends that", async () => {
  await using gateway = await startGateway({
    triggers: triggers(),
    provider: inTurn(),
    channels: { SMPP1: { reports: { waitMs: 300 } } },
  });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const [one, two, three] = await gateway.provider.received(3);
  await gateway.provider.inject(receipt(one?.messageId ?? ""));
  await gateway.provider.inject(receipt(three?.messageId ?? ""));
  const { error } = await untilStatus(gateway, messageId, "NOREPORT");
  assert.equal(error, "no_report");
  await gateway.provider.inject(receipt(two?.messageId ?? ""));
  await untilStatus(gateway, messageId, "DELIVERED");
  const { attempts } = await forwarded(gateway, messageId);
  assert.deepEqual(
    attempts.map(({ status }) => status),
    ["DELIVERED", "DELIVERED", "DELIVERED"],
  );
});

test("[D10] reports that come before and after a restart make one outcome", async () => {
  await using gateway = await startGateway({ triggers: triggers(), provider: inTurn() });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const [one, two, three] = await gateway.provider.received(3);
  await gateway.provider.inject(receipt(two?.messageId ?? ""));
  await gateway.restart();
  await using again = await customer(gateway);
  await Promise.all(
    [one, three, two].map((part) => gateway.provider.inject(receipt(part?.messageId ?? ""))),
  );
  await again.delivered(1);
  const { entries } = await untilStatus(gateway, messageId, "DELIVERED");
  assert.equal(
    entries.filter((entry) => entry.kind === "report" && entry.direction === "out").length,
    1,
  );
});

test("more parts than maxParts fail as message_too_long, and nothing is sent", async () => {
  await using gateway = await startGateway({
    triggers: triggers(),
    channels: { SMPP1: { maxParts: 2 } },
  });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const { error } = await untilStatus(gateway, messageId, "FAILED");
  assert.equal(error, "message_too_long: 3 parts, 2 at most");
  assert.deepEqual(gateway.provider.messages, []);
});

test("[W07] a trigger names the data_coding: of its text, of octets, of a message of its own", async () => {
  await using gateway = await startGateway({
    triggers: {
      ...triggers(),
      "forward.ts": `import { onMessage } from "signalbox";
        const WAYS = {
          text: { text: "ê", dataCoding: 3 },
          octets: { dataCoding: 0xf5 },
          cannot: { text: "Ж", dataCoding: 3 },
          above: { dataCoding: 256 },
        };
        export const NAMES = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, (m, { messages }) => {
          const way = WAYS[m.text];
          if (way !== undefined) m.forward({ channel: "SMPP1", ...way });
          else messages.send({ channel: "SMPP1", from: "us", to: m.to, text: "ñ", dataCoding: 3 });
        });`,
    },
  });
  await using esme = await customer(gateway);
  const { socket } = gateway.running.admin;
  const seen = () =>
    gateway.provider.messages.map(({ sms }) => [sms.dataCoding, sms.octets.toString("latin1")]);
  // What waits in the database keeps what was named.
  await askAdmin(socket, "POST", "/v1/channels/SMPP1/pause");
  await esme.submit({ from, to, text: "text" });
  await esme.unbind();
  await gateway.restart();
  await askAdmin(gateway.running.admin.socket, "POST", "/v1/channels/SMPP1/resume");
  await gateway.provider.received(1);
  await using again = await customer(gateway);
  await again.submit({ from, to, text: "octets" });
  await gateway.provider.received(2);
  await again.submit({ from, to, text: "our own" });
  await gateway.provider.received(3);
  assert.deepEqual(seen(), [
    [3, "ê"],
    [0xf5, "octets"],
    [3, "ñ"],
  ]);
  const { messageId } = await again.submit({ from, to, text: "cannot" });
  const { error } = await untilStatus(gateway, messageId, "FAILED");
  assert.equal(error, "bad_data_coding: data_coding 3 (latin1) cannot hold the text");
  assert.equal((await again.submit({ from, to, text: "above" })).status, 0x08);
  assert.equal(seen().length, 3);
});

test("kill -9 between the parts: only what the provider may not have is sent again, marked", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "signalbox-text-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(triggers())) await writeFile(join(folder, name), text);
  const rules = inTurn(0, "silent");
  const provider = stack.use(await startSmsc({ host: "127.0.0.1", port: 0, rules }));
  const site = stack.use(
    await startSite({
      providerPort: provider.port,
      client: { windowRequests: 1 },
      settings: { triggers: folder },
    }),
  );
  const { gateway, port } = site;
  await gateway.untilUp();
  await using esme = await connectEsme({
    host: "127.0.0.1",
    port,
    systemId: "Test1",
    password: "Pwd1",
  });
  const { messageId } = await submit(esme, 0);
  await provider.received(2);
  const message = async (): Promise<MessageView> => {
    const lives = (await gateway.api("GET", `/v1/lives/${messageId}`)) as LifeView[];
    const found = lives[0]?.entries.find((one) => one.direction === "out");
    assert.ok(found !== undefined);
    return found;
  };
  await until(async () => (await message()).attempts.length === 1, patienceMs);
  await gateway.kill();
  await gateway.restart();
  await gateway.untilUp();
  const tries = await provider.received(4);
  assert.deepEqual(numbersOf(tries), [1, 2, 2, 3]);
  assert.equal(new Set(tries.map((one) => joining(one)[0])).size, 1);
  await until(async () => (await message()).status === "SENT", patienceMs);
  const { attempts, maybeTwice } = await message();
  assert.ok(maybeTwice);
  assert.deepEqual(
    attempts.map(({ part, status }) => [part, status]),
    [
      [1, "SENT"],
      [2, "SENT"],
      [3, "SENT"],
    ],
  );
});

test("a long text to a customer comes as parts that he can join, and is delivered when he has all", async () => {
  await using gateway = await startGateway({
    triggers: {
      ...triggers(),
      "forward.ts": `import { onMessage } from "signalbox";
        export const BACK = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, (m) => {
          m.forward({ channel: "SMPP_SERVER1", account: "Test1", text: ${JSON.stringify(`${long}Ж`)} });
        });`,
    },
    channels: { SMPP_SERVER1: { split: "sar", windowRequests: 2 } },
  });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme, 0);
  const parts = await esme.delivered(6);
  assert.deepEqual(
    parts.map(({ sms }) => sms.tlvs.find(({ tag }) => tag === 0x020f)?.octets[0]),
    [1, 2, 3, 4, 5, 6],
  );
  const text = parts.map(({ sms }) => decode(sms.octets, sms.dataCoding, false)).join("");
  assert.equal(text, `${long}Ж`);
  await untilStatus(gateway, messageId, "DELIVERED");
});
