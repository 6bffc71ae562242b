/**
 * Parts of a text come in on a channel that joins them: over a real socket, through a real database,
 * to a simulated provider.
 */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import type { Sms } from "../../src/model/message.ts";
import { type Esme, connectEsme } from "../../src/simulator/esme.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { textParts } from "../../src/sms/parts.ts";
import { type TestGateway, startGateway } from "../support/gateway.ts";

const to = "+31612345678";
const from = "+31201234567";
const JOINING = { SMPP_SERVER1: { join: true, onUnhandled: "reject" } };
const longText = "0123456789 ".repeat(40);

const customer = (port: number, systemId = "Test1") =>
  connectEsme({
    host: "127.0.0.1",
    port,
    systemId,
    password: systemId === "Test1" ? "Pwd1" : "Pwd2",
    windowRequests: 50,
  });

interface Cut {
  readonly split?: "udh8" | "udh16" | "sar";
  readonly reference?: number;
  readonly prefer?: ["ucs2"];
}

/** The text as a customer cuts it himself. */
function cut(text: string, { split = "udh8", reference = 7, prefer }: Cut = {}): Sms[] {
  const written = textParts(text, {
    split,
    reference,
    ...(prefer === undefined ? {} : { prefer }),
  });
  if ("fault" in written) throw new Error(written.fault);
  const { parts, dataCoding } = written;
  const base = { ...smsOf({ from, to, text: "" }), dataCoding, registeredDelivery: 1 };
  return parts.map(({ octets, hasUdh, tlvs }) => {
    return { ...base, octets, tlvs: [...tlvs], esmClass: hasUdh ? 0x40 : 0 };
  });
}

async function submitted(esme: Esme, parts: readonly Sms[]): Promise<string[]> {
  const ids: string[] = [];
  for (const part of parts) {
    const { status, messageId } = await esme.submit(part);
    assert.equal(status, 0);
    ids.push(messageId);
  }
  return ids;
}

/** The text of so many messages that the provider got after the first `before`, whose parts it joins. */
async function textAtProvider(gateway: TestGateway, messages: number, before = 0): Promise<string> {
  const taken = await gateway.provider.received(before + messages);
  return taken
    .slice(before)
    .map(({ sms: { octets, esmClass, dataCoding } }) => {
      const body = octets.subarray((esmClass & 0x40) === 0 ? 0 : 1 + (octets[0] ?? 0));
      return dataCoding === 8
        ? Buffer.from(body).swap16().toString("utf16le")
        : body.toString("latin1");
    })
    .join("");
}

const creditsOf = async (gateway: TestGateway) =>
  (await gateway.running.store.accounts.get("Test1"))?.credits;

/** Waits for what no part of the gateway tells by itself. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const stateOf = async (gateway: TestGateway, id: string) => {
  const entry = await gateway.running.store.messages.show(id);
  return entry === undefined ? undefined : `${entry.status} ${entry.error ?? ""}`.trim();
};

/** For the tests that need nothing of their own; each of them waits for its receipts and has its references. */
let shared: TestGateway;
before(async () => {
  shared = await startGateway({ channels: JOINING });
});
after(() => shared[Symbol.asyncDispose]());

/** What the shared gateway has now: messages at its provider, and credits of Test1. */
const now = async () => ({
  sent: shared.provider.counts.received,
  credits: (await creditsOf(shared)) ?? assert.fail("there is no Test1"),
});

for (const split of ["udh8", "udh16", "sar"] as const)
  test(`parts that are joined by ${split} are one message for the triggers, in any order, and each gets its receipt`, async () => {
    const gateway = shared;
    const { sent, credits } = await now();
    await using esme = await customer(gateway.port);
    const parts = cut(longText, { split });
    const ids = await submitted(esme, [parts[2]!, parts[0]!, parts[1]!]);
    assert.equal(await textAtProvider(gateway, 3, sent), longText);
    assert.equal(await creditsOf(gateway), credits - 3, "one credit for each part");
    const receipts = await esme.delivered(3);
    assert.deepEqual(receipts.map(({ receipt }) => receipt?.messageId).sort(), ids.toSorted());
    assert.deepEqual(
      receipts.map(({ receipt }) => receipt?.state),
      ["DELIVRD", "DELIVRD", "DELIVRD"],
    );
    for (const id of ids) assert.equal(await stateOf(gateway, id), "DELIVERED");
    const rows = await gateway.running.store.messages.list({ all: false, limit: 50 });
    const joined = rows.find(
      ({ message }) => message.joined !== undefined && message.parent === undefined,
    );
    assert.deepEqual(
      joined?.message.joined?.map(({ id }) => id),
      [ids[1], ids[2], ids[0]],
      "its parts, in the order of the text",
    );
    const waiting = await gateway.query("select kind from pending where kind = 'part'");
    assert.deepEqual(waiting, []);
  });

test("a character that was cut in two is whole again, and what the provider gets is cut anew", async () => {
  const gateway = shared;
  const { sent } = await now();
  await using esme = await customer(gateway.port);
  const text = `${"я".repeat(66)}🌍${"ю".repeat(20)}`;
  const all = Buffer.from(text, "utf16le").swap16();
  const base = { ...smsOf({ from, to, text: "" }), dataCoding: 8, esmClass: 0x40 };
  const parts = [all.subarray(0, 134), all.subarray(134)].map((octets, at) => {
    return { ...base, octets: Buffer.concat([Buffer.of(5, 0, 3, 9, 2, at + 1), octets]) };
  });
  await submitted(esme, parts);
  assert.equal(await textAtProvider(gateway, 2, sent), text);
  for (const { sms } of gateway.provider.messages.slice(sent))
    assert.ok(!/[\ud800-\udbff]$/.test(Buffer.from(sms.octets).swap16().toString("utf16le")));
});

test("[I17] where parts are not joined, each is a message and goes on with its own octets", async () => {
  await using gateway = await startGateway();
  await using esme = await customer(gateway.port);
  const parts = cut(longText);
  await submitted(esme, parts);
  const taken = await gateway.provider.received(3);
  assert.deepEqual(
    taken.map(({ sms }) => sms.octets.toString("hex")),
    parts.map(({ octets }) => octets.toString("hex")),
  );
});

test("texts of several accounts and references at once are not mixed up", async () => {
  const gateway = shared;
  const { sent } = await now();
  await using one = await customer(gateway.port);
  await using other = await customer(gateway.port, "Test2");
  const texts = ["a", "b", "c", "d"].map((letter) => letter.repeat(200));
  const [a, b, c, d] = texts.map((text, at) => cut(text, { reference: at % 2 }));
  for (const at of [0, 1]) {
    await submitted(one, [a![at]!, b![at]!]);
    await submitted(other, [d![at]!, c![at]!]);
  }
  const taken = (await gateway.provider.received(sent + 8)).slice(sent);
  const bodies = new Map<string, string>();
  for (const { sms } of taken) {
    const key = sms.octets.subarray(6).toString("latin1")[0]!;
    bodies.set(key, (bodies.get(key) ?? "") + sms.octets.subarray(6).toString("latin1"));
  }
  assert.deepEqual([...bodies.values()].sort(), texts);
  await Promise.all([one.delivered(4), other.delivered(4)]);
});

test("a part that comes twice gets the id that it got first, and is neither charged nor sent twice", async () => {
  const gateway = shared;
  const { sent, credits } = await now();
  await using esme = await customer(gateway.port);
  const [first, second] = cut("x".repeat(200), { reference: 11 });
  const ids = await submitted(esme, [first!, first!, second!, first!, second!]);
  assert.equal(ids[0], ids[1]);
  assert.equal(ids[0], ids[3]);
  assert.equal(ids[2], ids[4]);
  await esme.delivered(2);
  assert.equal(await creditsOf(gateway), credits - 2);
  assert.equal(gateway.provider.counts.received, sent + 2);
});

test("a text that begins like the one before, under the same reference, is another text", async () => {
  const gateway = shared;
  const { sent, credits } = await now();
  await using esme = await customer(gateway.port);
  const texts = ["one", "two"].map((end) => "x".repeat(153) + end.repeat(10));
  const ids: string[] = [];
  for (const text of texts) ids.push(...(await submitted(esme, cut(text, { reference: 12 }))));
  assert.equal(await textAtProvider(gateway, 4, sent), texts.join(""));
  assert.equal(ids[0], ids[2], "it was taken for a repetition when it came");
  const receipts = await esme.delivered(4);
  assert.deepEqual(receipts.map(({ receipt }) => receipt?.messageId).sort(), ids.toSorted());
  assert.equal(await creditsOf(gateway), credits - 4);
});

test("what waits goes on waiting over a restart", async () => {
  const gateway = shared;
  const { sent } = await now();
  const parts = cut(longText, { reference: 14 });
  const before = await customer(gateway.port);
  const ids = await submitted(before, parts.slice(0, 2));
  assert.equal(await stateOf(gateway, ids[0]!), "RECEIVING");
  await gateway.restart();
  await using esme = await customer(gateway.port);
  ids.push(...(await submitted(esme, parts.slice(2))));
  assert.equal(await textAtProvider(gateway, 3, sent), longText);
  const receipts = await esme.delivered(3);
  assert.deepEqual(receipts.map(({ receipt }) => receipt?.messageId).sort(), ids.toSorted());
  await before.session.unbind().catch(() => undefined);
});

test("a customer's text that is not whole in time is FAILED parts_missing, not charged, and he is told", async () => {
  await using gateway = await startGateway({
    channels: { SMPP_SERVER1: { ...JOINING.SMPP_SERVER1, joinWaitMs: 1_000 } },
  });
  await using esme = await customer(gateway.port);
  const parts = cut(longText);
  const ids = await submitted(esme, [parts[0]!, parts[2]!]);
  const receipts = await esme.delivered(2);
  assert.deepEqual(
    receipts.map(({ receipt }) => [receipt?.messageId, receipt?.state, receipt?.error]),
    ids.map((id) => [id, "REJECTD", "016"]),
  );
  for (const id of ids) assert.equal(await stateOf(gateway, id), "FAILED parts_missing");
  assert.equal(await creditsOf(gateway), 100);
  assert.equal(gateway.provider.messages.length, 0);
});

test("when the triggers refuse the text, its last part is refused on the wire and the others are FAILED and told", async () => {
  await using gateway = await startGateway({
    channels: JOINING,
    triggers: {
      "bind.ts": `import { onBind } from "signalbox";
        export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));`,
      "filter.ts": `import { onMessage } from "signalbox";
        export const FILTER = onMessage({}, (m) => {
          if (m.text?.includes("9 0123456789 0") === true) m.reject("refused_by_rule");
          else m.accept();
        });`,
    },
  });
  await using esme = await customer(gateway.port);
  const parts = cut(longText);
  const ids = await submitted(esme, parts.slice(0, 2));
  assert.equal((await esme.submit(parts[2]!)).status, 0x45);
  const receipts = await esme.delivered(2);
  assert.deepEqual(receipts.map(({ receipt }) => receipt?.messageId).sort(), ids.toSorted());
  for (const id of ids) assert.equal(await stateOf(gateway, id), "FAILED refused_by_rule");
});

test("an account that cannot pay for all parts hears no_credit with the last one, and is charged nothing", async () => {
  const gateway = shared;
  await gateway.query("update account set credits = 2 where id = 'Test1'");
  await using esme = await customer(gateway.port);
  const parts = cut(longText, { reference: 13 });
  await submitted(esme, parts.slice(0, 2));
  assert.equal((await esme.submit(parts[2]!)).status, 0x45);
  assert.equal(await creditsOf(gateway), 2);
  await esme.delivered(2);
});

test("while no trigger can decide, the last part is refused and the others wait for it to come again", async () => {
  const broken = `import { onMessage } from "signalbox";
    export const FREE = onMessage({}, () => { throw new Error("not yet"); });`;
  await using gateway = await startGateway({
    channels: JOINING,
    triggers: {
      "bind.ts": `import { onBind } from "signalbox";
        export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));`,
      "free.ts": broken,
    },
  });
  await using esme = await customer(gateway.port);
  const parts = cut(longText);
  await submitted(esme, parts.slice(0, 2));
  assert.equal((await esme.submit(parts[2]!)).status, 0x08);
  await writeFile(
    `${gateway.triggers}/free.ts`,
    broken.replace(
      `() => { throw new Error("not yet"); }`,
      `(m) => { m.accept(); m.forward({ channel: "SMPP1" }); }`,
    ),
  );
  await until(async () => {
    const { status } = await esme.submit(parts[2]!);
    return status === 0 ? status : undefined;
  });
  assert.equal(await textAtProvider(gateway, 3), longText);
});

test("a provider's parts are joined for the customer; what is not whole in time is passed on as it came, marked", async () => {
  await using gateway = await startGateway({
    channels: { SMPP1: { join: true, joinWaitMs: 1_000 } },
    triggers: {
      "bind.ts": `import { onBind } from "signalbox";
        export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));`,
      "in.ts": `import { onMessage } from "signalbox";
        export const IN = onMessage({ channels: ["SMPP1"] }, (m) => {
          m.trace(m.parts + " " + (m.part === undefined ? "whole" : m.part.number + "/" + m.part.total));
          m.forward({ channel: "SMPP_SERVER1", account: "Test1" });
        });`,
    },
  });
  await using esme = await customer(gateway.port);
  const parts = cut(longText, { reference: 1 }).map((sms) => ({ ...sms, registeredDelivery: 0 }));
  for (const part of parts) assert.equal(await gateway.provider.inject(part), 0);
  const whole = await esme.delivered(3);
  assert.equal(
    whole.map(({ sms }) => sms.octets.subarray(6).toString("latin1")).join(""),
    longText,
  );
  const others = cut(longText, { reference: 2 }).map((sms) => ({ ...sms, registeredDelivery: 0 }));
  assert.equal(await gateway.provider.inject(others[1]!), 0);
  const alone = (await esme.delivered(4))[3];
  assert.equal(alone?.sms.octets.toString("hex"), others[1]!.octets.toString("hex"));
  const rows = await gateway.running.store.messages.list({
    all: false,
    limit: 20,
    channel: "SMPP1",
  });
  const marked = rows.find(({ log }) => log.some(({ facts }) => facts["incomplete"] !== undefined));
  assert.ok(marked?.log.some(({ facts }) => facts["text"] === "1 2/3"));
});
