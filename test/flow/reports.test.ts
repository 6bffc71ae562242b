/**
 * Reports on their way home when things do not go as they should: early, twice, late, out of order,
 * for nobody, nonsense; and customers who are away, cannot receive, or refuse.
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { BindType } from "../../src/model/event.ts";
import type { Sms } from "../../src/model/message.ts";
import type { Esme } from "../../src/simulator/esme.ts";
import { type SmscRules, startSmsc } from "../../src/simulator/smsc.ts";
import { smsOf } from "../../src/simulator/written.ts";
import { customer } from "../support/customer.ts";
import { startGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

const to = "+31612345670";
const from = "+31699887766";
/** ms. Far more than anything takes here; a test that waits for it has failed. */
const patienceMs = 20_000;

const submit = (esme: Esme, text = "Hello", registeredDelivery = 1) =>
  esme.submit({ from, to, text, registeredDelivery });

/** Every message is taken and nothing is reported by itself: the test does that. */
const silent: SmscRules = { outcome: () => ({ answer: 0, report: "none" }) };

/** A receipt as a provider writes it; `text` overrides all that is usual. */
function receipt(text: string, more: Partial<Sms> = {}): Sms {
  return { ...smsOf({ from: to, to: from, text }), esmClass: 0x04, ...more };
}

const delivrd = (id: string) =>
  receipt(
    `id:${id} sub:001 dlvrd:001 submit date:2611210400 done date:2611210401 stat:DELIVRD err:000 text:Hello`,
  );

/** The shipped triggers, with some of them changed. */
function triggersWith(changed: Readonly<Record<string, string>>): Record<string, string> {
  const folder = join(import.meta.dirname, "../../triggers");
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts"));
  const shipped = files.map((file) => [file, readFileSync(join(folder, file), "utf8")]);
  return { ...Object.fromEntries(shipped), ...changed };
}

test("[D09] a report that stands right behind the response in one chunk is applied, once", async () => {
  await using gateway = await startGateway({ provider: { reportDelayMs: 0 } });
  await using esme = await customer(gateway, { windowRequests: 50 });
  const answers = await Promise.all(Array.from({ length: 90 }, (_, n) => submit(esme, `m${n}`)));
  const receipts = await esme.delivered(90);
  const ids = receipts.map((one) => one.receipt?.messageId ?? "");
  assert.deepEqual(ids.toSorted(), answers.map(({ messageId }) => messageId).toSorted());
  await gateway.provider.until("reported", 90);
  await gateway.running.settled();
  const rows = await gateway.running.admin.messages({ all: false, limit: 1_000 });
  assert.deepEqual(new Set(rows.map(({ status }) => status)), new Set(["DELIVERED", "RECEIVED"]));
  assert.equal(rows.length, 4 * 90);
});

test("[W03] [D11] the same report three times, and an intermediate one: the customer hears one outcome", async () => {
  await using gateway = await startGateway({ provider: silent });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const [taken] = await gateway.provider.received(1);
  const id = taken?.messageId ?? "";
  const enroute = receipt(`id:${id} sub:001 dlvrd:000 stat:ENROUTE err:000`, { esmClass: 0x20 });
  for (const one of [enroute, delivrd(id), delivrd(id), enroute, delivrd(id)])
    assert.equal(await gateway.provider.inject(one), 0);
  const undeliv = receipt(`id:${id} sub:001 dlvrd:000 stat:UNDELIV err:006`);
  assert.equal(await gateway.provider.inject(undeliv), 0);
  await gateway.running.settled();
  assert.equal(esme.deliveries.length, 1);
  const [life] = await gateway.running.admin.lives(messageId);
  assert.equal(life?.status, "DELIVERED", "never a step back");
  const told = life.entries.filter(
    ({ kind, direction }) => kind === "report" && direction === "in",
  );
  assert.deepEqual(
    told.map(({ report }) => report?.state),
    ["ENROUTE", "DELIVRD", "DELIVRD", "ENROUTE", "DELIVRD", "UNDELIV"],
  );
});

test("[D11] a report whose session ends while it is decided is brought again, and that one is applied", async () => {
  const slow = `import { onReport } from "signalbox";
    export const SLOW = onReport({ order: 1 }, async (_report, { accounts }) => {
      await accounts.byNumber("+31600000000");
    });`;
  const provider = { ...silent, retryDelayMs: 0 };
  await using gateway = await startGateway({ provider, triggers: triggersWith({ "s.ts": slow }) });
  const { accounts } = gateway.running.store;
  // The first decision is held until its session has gone.
  const held = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const { byNumber } = accounts;
  accounts.byNumber = async (number) => {
    asked.resolve();
    await held.promise;
    return byNumber(number);
  };
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const [taken] = await gateway.provider.received(1);
  const told = gateway.provider.inject(delivrd(taken?.messageId ?? ""));
  await asked.promise;
  gateway.provider.drop();
  await gateway.provider.until("bound", 2);
  // What comes behind it on the new session, for nobody, is answered: so it is there as well.
  assert.equal(await gateway.provider.inject(delivrd("4711")), 0);
  held.resolve();
  assert.equal(await told, 0);
  await esme.delivered(1);
  await gateway.running.settled();
  const [life] = await gateway.running.admin.lives(messageId);
  assert.equal(life?.status, "DELIVERED");
  assert.equal(esme.deliveries.length, 1);
});

test("[A53] only who asked is told: all, failures alone, or nobody", async () => {
  await using gateway = await startGateway({
    provider: {
      outcome: ({ octets }) => ({
        answer: 0,
        report: octets.toString().startsWith("good") ? "DELIVRD" : "UNDELIV",
      }),
    },
  });
  await using esme = await customer(gateway);
  const asked: string[] = [];
  for (const text of ["good", "bad"])
    for (const registeredDelivery of [0, 1, 2]) {
      const { messageId } = await submit(esme, text, registeredDelivery);
      if (registeredDelivery === 1 || (registeredDelivery === 2 && text === "bad"))
        asked.push(messageId);
    }
  const receipts = await esme.delivered(asked.length);
  await gateway.running.settled();
  assert.deepEqual(
    receipts.map((one) => one.receipt?.messageId ?? "").toSorted(),
    asked.toSorted(),
  );
  assert.equal(esme.deliveries.length, asked.length);
});

test("[I26] [X04] [I24] reports wait while nobody is bound to receive, come in order on bind, never to a transmitter or to another account", async () => {
  await using gateway = await startGateway();
  const sender = await customer(gateway, { bindType: "transmitter" });
  await using other = await customer(gateway, { systemId: "Test2" });
  const ids: string[] = [];
  for (let n = 0; n < 20; n += 1) ids.push((await submit(sender, `m${n}`)).messageId);
  await gateway.provider.until("reported", 20);
  const queued = () =>
    gateway.running.admin.channels().find(({ name }) => name === "SMPP_SERVER1")?.queued;
  assert.equal(queued(), 20);
  const [waiting] =
    (await gateway.running.admin.lives(ids[0] ?? ""))[0]?.entries.toReversed() ?? [];
  assert.equal(waiting?.status, "QUEUED");
  assert.equal(waiting.pending?.queue, "SMPP_SERVER1/Test1");
  await using receiver = await customer(gateway, { bindType: "receiver" });
  const receipts = await receiver.delivered(20);
  assert.deepEqual(
    receipts.map((one) => one.receipt?.messageId),
    ids,
  );
  await gateway.running.settled();
  assert.equal(sender.deliveries.length, 0);
  assert.equal(other.deliveries.length, 0);
  assert.equal(queued(), 0);
  await sender.unbind();
});

test("many more receipts than memory holds wait in the table, and all come once, in order", async () => {
  await using gateway = await startGateway({
    triggers: triggersWith({
      "acknowledge.ts": `import { onMessage } from "signalbox";
        export const FREE = onMessage({ channels: ["SMPP_SERVER1"], order: 10 }, (m) => m.accept());`,
    }),
  });
  const count = 6_000;
  const sender = await customer(gateway, { bindType: "transmitter", windowRequests: 100 });
  const answers = await Promise.all(
    Array.from({ length: count }, (_, n) => submit(sender, `m${n}`)),
  );
  await gateway.provider.until("reported", count);
  await sender.unbind();
  await using receiver = await customer(gateway, { bindType: "receiver" });
  const receipts = await receiver.delivered(count);
  await gateway.running.settled();
  const ids = receipts.map((one) => one.receipt?.messageId ?? "");
  assert.equal(receiver.deliveries.length, count);
  assert.deepEqual(ids.toSorted(), answers.map(({ messageId }) => messageId).toSorted());
  const channel = gateway.running.admin.channels().find(({ name }) => name === "SMPP_SERVER1");
  assert.deepEqual([channel?.queued, channel?.inFlight], [0, 0]);
});

test("[I14] a receipt that the customer refuses for now is brought again, one that he refuses for good is not", async () => {
  await using gateway = await startGateway();
  let times = 0;
  // 0x64 ESME_RX_T_APPN: for now. 0x65 ESME_RX_P_APPN: for good.
  const answer = ({ octets }: Sms) => {
    times += 1;
    if (octets.toString().endsWith("never")) return 0x65;
    return times === 1 ? 0x64 : 0;
  };
  await using esme = await customer(gateway, { answer });
  const later = await submit(esme, "later");
  await esme.delivered(2);
  const never = await submit(esme, "never");
  await esme.delivered(3);
  await gateway.running.settled();
  const lastOf = async (id: string) => (await gateway.running.admin.lives(id))[0]?.entries.at(-1);
  assert.equal((await lastOf(later.messageId))?.status, "DELIVERED");
  const refused = await lastOf(never.messageId);
  assert.deepEqual([refused?.kind, refused?.status], ["report", "FAILED"]);
  assert.match(refused?.log.at(-1)?.facts["error"]?.toString() ?? "", /RX_P_APPN/);
  assert.equal(esme.deliveries.length, 3);
});

test("[A59] a report that comes after the wait corrects NOREPORT, and the customer hears both", async () => {
  await using gateway = await startGateway({
    provider: silent,
    channels: { SMPP1: { reports: { waitMs: 100 } } },
  });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const [taken] = await gateway.provider.received(1);
  await esme.delivered(1);
  const status = async () => (await gateway.running.admin.lives(messageId))[0]?.status;
  assert.equal(await status(), "NOREPORT");
  assert.equal(await gateway.provider.inject(delivrd(taken?.messageId ?? "")), 0);
  const receipts = await esme.delivered(2);
  assert.deepEqual(
    receipts.map(({ receipt: told }) => [told?.state, told?.error]),
    [
      ["UNKNOWN", "099"],
      ["DELIVRD", "000"],
    ],
  );
  await gateway.running.settled();
  assert.equal(await status(), "DELIVERED");
});

test("a report for nobody is answered 0x00, tried again, and ends among the dead letters", async () => {
  await using gateway = await startGateway({ provider: silent });
  await using esme = await customer(gateway);
  await submit(esme);
  await gateway.provider.received(1);
  assert.equal(await gateway.provider.inject(delivrd("404404404")), 0);
  const dead = () => gateway.running.admin.deadLetters();
  // It is tried for over a minute; that time is made up, by making each try due at once.
  const isDead = async () => {
    await gateway.query("update pending set due = now() where kind = 'match'");
    return (await dead()).length > 0;
  };
  assert.ok(await until(isDead, patienceMs), "the report is no dead letter");
  const [letter] = await dead();
  assert.equal(letter?.kind, "report");
  assert.match(letter.payload, /404404404/);
  const left = await gateway.query<{ rows: number }>("select count(*)::int as rows from pending");
  assert.deepEqual(left, [{ rows: 0 }]);
});

test("[D09] a report that comes long before its message is known finds it when it is tried again", async () => {
  await using gateway = await startGateway({ provider: { ...silent, firstId: 7_000 } });
  await using esme = await customer(gateway);
  assert.equal(await gateway.provider.inject(delivrd("7000")), 0);
  const { messageId } = await submit(esme);
  const [told] = await esme.delivered(1);
  assert.equal(told?.receipt?.messageId, messageId);
  await gateway.running.settled();
  assert.deepEqual(await gateway.running.admin.deadLetters(), []);
});

test("receipts of nonsense are answered and hurt nobody, and a sound one after them is told", async () => {
  await using gateway = await startGateway({ provider: silent });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const [taken] = await gateway.provider.received(1);
  const id = taken?.messageId ?? "";
  const nonsense: Sms[] = [
    receipt(""),
    receipt("stat:DELIVRD"),
    receipt("id: stat: err: text:"),
    receipt(`id:${"9".repeat(300)} stat:DELIVRD err:000`),
    receipt("id:\u0000\u0001' or '1'='1 stat:DELIVRD err:000"),
    receipt("x".repeat(254), { dataCoding: 8 }),
    receipt("", { octets: Buffer.from([0xff, 0x00, 0xfe, 0x80]), dataCoding: 0xf5 }),
    receipt("", { tlvs: [{ tag: 0x001e, octets: Buffer.alloc(0) }] }),
    receipt("", { tlvs: [{ tag: 0x0427, octets: Buffer.from([0xee, 0xee]) }] }),
  ];
  for (const one of nonsense) assert.equal(await gateway.provider.inject(one), 0);
  assert.equal(await gateway.provider.inject(delivrd(id)), 0);
  const [told] = await esme.delivered(1);
  assert.equal(told?.receipt?.messageId, messageId);
  await gateway.running.settled();
  assert.equal(esme.deliveries.length, 1);
});

test("[D01] [D04] [D07] the report's id may have lost its zeros, its case, or its base", async () => {
  for (const [answered, reported] of [
    ["0004062581", "4062581"],
    ["1d6a811", "1D6A811"],
    ["812FC7470000001B", "9308878062554710043"],
  ] as const) {
    let id = "";
    await using gateway = await startGateway({ provider: silent });
    await using esme = await customer(gateway);
    await submit(esme);
    await gateway.provider.received(1);
    await gateway.running.settled();
    // The simulator numbers its messages, so the id is changed where the gateway keeps it.
    id = answered;
    await gateway.query("update attempt set provider_id = $1", [id]);
    assert.equal(await gateway.provider.inject(delivrd(reported)), 0);
    assert.equal((await esme.delivered(1)).length, 1, `${reported} is ${answered}`);
  }
});

test("[A57] [D13] a report that comes on another channel is matched within the provider group, and only there", async () => {
  for (const group of ["ACME", "OTHER"]) {
    await using provider = await startSmsc({ host: "127.0.0.1", port: 0, rules: silent });
    const { port } = provider;
    const bind = { type: "smpp-client", host: "127.0.0.1", port, password: "simulator" };
    await using gateway = await startGateway({
      triggers: triggersWith({
        "apply-report.ts": `import { onReport } from "signalbox";
          export const APPLYDLR = onReport({ channels: ["SMPP1", "SMPP2"] }, (report) => report.apply());`,
      }),
      channels: {
        SMPP1: { port, group: "ACME" },
        SMPP2: { ...bind, systemId: "second", bindType: "receiver", group },
      },
    });
    await using esme = await customer(gateway);
    const { messageId } = await submit(esme);
    const [taken] = await provider.received(1);
    await provider.until("bound", 2);
    assert.equal(await provider.inject(delivrd(taken?.messageId ?? ""), "second"), 0);
    await gateway.running.settled();
    const [life] = await gateway.running.admin.lives(messageId);
    assert.equal(life?.status, group === "ACME" ? "DELIVERED" : "SENT");
    if (group === "ACME") assert.equal(life.entries[2]?.channel, "SMPP2");
  }
});

test("a trigger that fails with a report leaves it to the provider, who brings it again", async () => {
  await using gateway = await startGateway({
    provider: { retryDelayMs: 20 },
    triggers: triggersWith({
      "apply-report.ts": `import { onReport } from "signalbox";
        let times = 0;
        export const APPLYDLR = onReport({ channels: ["SMPP1"] }, (report) => {
          times += 1;
          if (times < 3) throw new Error("not yet");
          report.apply();
        });`,
    }),
  });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  const [told] = await esme.delivered(1);
  assert.equal(told?.receipt?.messageId, messageId);
  assert.equal(gateway.provider.counts.reported, 1);
  const refused = gateway.log.lines.filter(({ text }) => text === "report not taken");
  assert.equal(refused.length, 2);
});

test("a trigger that fails with a status delays the receipt, not the report; it is asked again", async () => {
  await using gateway = await startGateway({
    triggers: triggersWith({
      "forward-report.ts": `import { onStatus } from "signalbox";
        let times = 0;
        export const FWDDLR = onStatus({ channels: ["SMPP1"], status: ["DELIVERED"] }, (message) => {
          times += 1;
          if (times < 3) throw new Error("not yet");
          message.root?.report();
        });`,
    }),
  });
  await using esme = await customer(gateway);
  const { messageId } = await submit(esme);
  await gateway.provider.until("reported", 1);
  assert.equal((await gateway.running.admin.lives(messageId))[0]?.status, "DELIVERED");
  assert.equal(esme.deliveries.length, 0);
  await esme.delivered(1);
  await gateway.running.settled();
  const [life] = await gateway.running.admin.lives(messageId);
  const lines = life?.entries.find(({ id, kind }) => kind === "report" && id !== life.root)?.log;
  const faults = lines?.filter(({ facts }) => facts["fault"] !== undefined);
  assert.ok((faults?.length ?? 0) >= 1, "the trace tells of the fault");
  assert.equal(esme.deliveries.length, 1);
});

test("[A54] a customer who submits a receipt is refused with 0x43", async () => {
  await using gateway = await startGateway();
  await using esme = await customer(gateway);
  const { status } = await esme.submit(delivrd("1"));
  assert.equal(status, 0x43);
  assert.equal(gateway.provider.counts.received, 0);
});

for (const bindType of ["receiver", "transceiver"] as const satisfies BindType[])
  test(`[W11] [I23] a reply for a customer who is away waits and comes when he binds as ${bindType}`, async () => {
    await using gateway = await startGateway();
    await using transmitter = await customer(gateway, { bindType: "transmitter" });
    for (const text of ["one", "two", "three"])
      assert.equal(await gateway.provider.inject({ from: to, to: from, text }), 0);
    await using esme = await customer(gateway, { bindType });
    const replies = await esme.delivered(3);
    assert.deepEqual(
      replies.map(({ sms }) => sms.octets.toString()),
      ["one", "two", "three"],
    );
    assert.equal(transmitter.deliveries.length, 0);
  });

test("a reply without a destination is kept as FAILED and answered 0x00", async () => {
  await using gateway = await startGateway();
  const nowhere = { ...smsOf({ from: to, to: from, text: "lost" }) };
  const reply = { ...nowhere, to: { ton: 0, npi: 0, digits: "" } };
  assert.equal(await gateway.provider.inject(reply), 0);
  const [row] = await gateway.running.admin.messages({ all: false, limit: 1 });
  assert.deepEqual([row?.text, row?.status], ["lost", "FAILED"]);
});
