/**
 * The how-to from an empty database and an empty trigger folder to a whole SMS centre, in its order:
 * each trigger file is saved when its chapter comes, and what works only with it is tried before and
 * after. Both ends are our simulator's; sockets, database and sandbox are real.
 */
import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import pg from "pg";
import { connectEsme, type Esme } from "../../src/simulator/esme.ts";
import { byLastDigit } from "../../src/simulator/rules.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";

const shipped = join(import.meta.dirname, "../../triggers");

/** The customer's own numbers, as the example's accounts have them. */
const ownNumber = { Test1: "+31699887766", Test2: "+31688776655" } as const;
const passwords = { Test1: "Pwd1", Test2: "Pwd2" } as const;

/** ms. Far more than anything takes here; a test that waits for it has failed. */
const patienceMs = 20_000;

/** ms. How long a bind or a message waits for a trigger that is not there yet. */
const unansweredMs = 1_000;

test("[A71] the how-to, from an empty database to the whole centre", async (t) => {
  await using gateway = await startGateway({
    triggers: {},
    provider: { outcome: byLastDigit },
    settings: { eventDeadlineMs: unansweredMs - 100 },
    channels: {
      SMPP_SERVER1: { bindTimeoutMs: unansweredMs, answerTimeoutMs: unansweredMs },
      SMPP1: { reports: { waitMs: 2_000 } },
    },
  });
  const { admin } = gateway.running;
  const bind = (systemId: keyof typeof passwords, password: string = passwords[systemId]) =>
    connectEsme({ host: "127.0.0.1", port: gateway.port, systemId, password, windowRequests: 50 });
  const submit = (esme: Esme, to: string, text: string, registeredDelivery = 1) =>
    esme.submit({ from: ownNumber.Test1, to, text, registeredDelivery });
  const lifeOf = async (key: string) => (await admin.lives(key))[0];
  const credits = async () => (await gateway.running.store.accounts.get("Test1"))?.credits;

  await t.test(
    "[A26] no trigger answers a bind: refused, closed, and kept for the operator",
    async () => {
      const nobody = await bind("Test1");
      assert.equal(nobody.bindStatus, 0x0d);
      await nobody.closed;
      const [row] = await admin.messages({ all: true, limit: 1 });
      assert.deepEqual([row?.kind, row?.status, row?.error], ["bind", "FAILED", "unanswered"]);
    },
  );

  await t.test("[A34] [A38] [A39] BIND lets in who has the right password", async () => {
    await save(gateway, "bind.ts", "BIND");
    for (const [systemId, password, status] of [
      ["Test1", "Pwd2", 0x0e],
      ["Nobody", "Pwd1", 0x0f],
      ["Test1", "Pwd1", 0],
      ["Test2", "Pwd2", 0],
    ] as const) {
      const who = { host: "127.0.0.1", port: gateway.port, systemId, password };
      const esme = await connectEsme(who);
      assert.equal(esme.bindStatus, status, `${systemId} with ${password}`);
      if (status === 0) await esme.unbind();
      else await esme.closed;
    }
    const [row] = await admin.messages({ all: true, limit: 1 });
    const facts = row?.log.map((line) => line.facts) ?? [];
    assert.ok(facts.some(({ trigger, result }) => trigger === "BIND" && result === "accepted"));
    assert.ok(facts.some(({ result }) => result === "Bind accepted"));
  });

  await t.test(
    "[A42] no trigger answers a message: the session ends, the message is kept",
    async () => {
      const esme = await bind("Test1");
      const { why } = await submit(esme, "+31612345670", "Anybody?");
      assert.equal(why, "connection_lost");
      const [row] = await admin.messages({ all: false, limit: 1 });
      assert.deepEqual([row?.text, row?.error], ["Anybody?", "unanswered"]);
      assert.equal(await credits(), 100);
    },
  );

  await t.test(
    "[A43] [A46] ACK takes one credit and the message, which goes nowhere yet",
    async () => {
      await save(gateway, "acknowledge.ts", "ACK");
      await using esme = await bind("Test1");
      const { status, messageId } = await submit(esme, "+31612345670", "Taken");
      assert.equal(status, 0);
      assert.equal(await credits(), 99);
      assert.equal((await lifeOf(messageId))?.status, "RECEIVED");
      assert.equal(gateway.provider.counts.received, 0);
    },
  );

  await t.test(
    "[A50] [A51] [A53] FWD passes it on, as it is; no report was asked for, none comes",
    async () => {
      await save(gateway, "forward.ts", "FWD");
      await using esme = await bind("Test1");
      const { messageId } = await submit(esme, "+31612345670", "Passed on €", 0);
      const [taken] = await gateway.provider.received(1);
      assert.equal(taken?.sms.to.digits, "31612345670");
      assert.deepEqual(
        [...(taken?.sms.octets ?? [])],
        [...Buffer.from("Passed on \u001be", "latin1")],
      );
      assert.equal(taken?.sms.registeredDelivery, 0);
      await gateway.running.settled();
      assert.equal((await lifeOf(messageId))?.status, "SENT");
      assert.equal(esme.deliveries.length, 0);
    },
  );

  await t.test(
    "[A55] [A56] APPLYDLR gives the message its status; the customer is not told yet",
    async () => {
      await save(gateway, "apply-report.ts", "APPLYDLR");
      await using esme = await bind("Test1");
      const delivered = await submit(esme, "+31612345670", "To be delivered");
      const refused = await submit(esme, "+31612345675", "Not to be delivered");
      await gateway.provider.until("reported", 2);
      assert.equal((await lifeOf(delivered.messageId))?.status, "DELIVERED");
      assert.equal((await lifeOf(refused.messageId))?.status, "NOTDELIVERED");
      await gateway.running.settled();
      assert.equal(esme.deliveries.length, 0);
    },
  );

  await t.test(
    "[A58] [X09] FWDDLR, FWDDLR2 and FWDDLR3 tell him each of the outcomes",
    async () => {
      await save(gateway, "forward-report.ts", "FWDDLR");
      await save(gateway, "forward-report-failed.ts", "FWDDLR2");
      await save(gateway, "forward-no-report.ts", "FWDDLR3");
      await using esme = await bind("Test1");
      const told: [to: string, says: string, status: string][] = [
        ["+31612345670", "DELIVRD 000", "DELIVERED"],
        ["+31612345675", "UNDELIV 006", "NOTDELIVERED"],
        ["+31612345676", "EXPIRED 006", "NOTDELIVERED"],
        ["+31612345677", "UNKNOWN 099", "NOREPORT"],
        // The provider itself refuses it with 0x0B.
        ["+31612345679", "REJECTD", "FAILED"],
      ];
      const expected = new Map<string, string>();
      for (const [to, says, status] of told) {
        const { messageId } = await submit(esme, to, `Tell me of ${to}`);
        expected.set(messageId, `${says} ${status}`);
      }
      const receipts = await esme.delivered(told.length);
      for (const { receipt } of receipts) {
        const id = receipt?.messageId ?? "";
        const life = await lifeOf(id);
        const is = `${receipt?.state} ${receipt?.error} ${life?.status}`;
        const wanted = expected.get(id) ?? "";
        assert.ok(
          expected.delete(id),
          `a receipt for ${id}, which is none of ours, or a second one`,
        );
        // What the provider refused has a code of our catalogue, whichever it is.
        const pattern = new RegExp(`^${wanted.replace("REJECTD ", "REJECTD \\d{3} ")}$`);
        assert.match(is, pattern);
      }
      assert.equal(expected.size, 0);
    },
  );

  await t.test(
    "[A60] [A55] [A09] [A68] a life is four entries, the newest on top, each with its steps",
    async () => {
      await using esme = await bind("Test1");
      const { messageId } = await submit(esme, "+31612345671", "Hello");
      await esme.delivered(1);
      await gateway.running.settled();
      const newest = await admin.messages({ all: false, limit: 4 });
      assert.deepEqual(
        newest.map((one) => [one.kind, one.direction, one.channel, one.status]),
        [
          ["report", "out", "SMPP_SERVER1", "DELIVERED"],
          ["report", "in", "SMPP1", "RECEIVED"],
          ["sms", "out", "SMPP1", "DELIVERED"],
          ["sms", "in", "SMPP_SERVER1", "DELIVERED"],
        ],
      );
      const life = await lifeOf(messageId);
      const entries = life?.entries.toReversed() ?? [];
      assert.deepEqual(
        entries.map((one) => [one.id, one.from, one.to]),
        newest.map((one) => [one.id, one.from, one.to]),
      );
      const [out, report, forwarded, original] = entries;
      assert.ok(out && report && forwarded && original);
      const providerId = forwarded.attempts[0]?.providerId ?? "";
      assert.equal(report.id, providerId);
      assert.deepEqual(report.report, { messageId: providerId, state: "DELIVRD", error: "000" });
      assert.deepEqual(out.report, { messageId, state: "DELIVRD", error: "000" });
      assert.deepEqual([report.from, report.to], ["+31612345671", ownNumber.Test1]);
      assert.deepEqual([out.from, out.to, out.account], ["+31612345671", ownNumber.Test1, "Test1"]);
      const triggersOf = (entry: typeof out) =>
        entry.log.flatMap(({ what, facts }) => (what === "trigger" ? [facts["trigger"]] : []));
      assert.deepEqual(triggersOf(original), ["ACK", "FWD"]);
      assert.deepEqual(triggersOf(report), ["APPLYDLR", "FWDDLR"]);
      assert.deepEqual(
        out.log.map(({ what }) => what),
        ["delivered"],
      );
      for (const { what, facts } of entries.flatMap(({ log }) => log))
        if (what === "trigger") {
          assert.equal(facts["version"], 1);
          assert.equal(typeof facts["us"], "number");
        }
      // Whatever a person knows of it leads to the same life.
      for (const key of [messageId, providerId, forwarded.id, out.id])
        assert.equal((await lifeOf(key))?.root, messageId, `found by ${key}`);
    },
  );

  await t.test(
    "[A61] [A62] [A63] [A64] RECVFWD brings a reply to the customer whose number it is",
    async () => {
      await save(gateway, "receive-forward.ts", "RECVFWD");
      await using first = await bind("Test1");
      await using second = await bind("Test2");
      for (const [systemId, esme] of [
        ["Test1", first],
        ["Test2", second],
      ] as const) {
        const text = `Reply to ${systemId}`;
        const reply = { from: "+31612345678", to: ownNumber[systemId], text };
        assert.equal(await gateway.provider.inject(reply), 0);
        const [delivered] = await esme.delivered(1);
        assert.equal(delivered?.sms.octets.toString(), text);
        assert.equal(delivered.receipt, undefined);
        assert.equal(delivered.sms.from.digits, "31612345678");
        await gateway.running.settled();
        const life = await lifeOf(ownNumber[systemId]);
        assert.equal(life?.status, "DELIVERED");
        const [received, handed] = life.entries;
        assert.deepEqual([received?.channel, received?.direction], ["SMPP1", "in"]);
        assert.deepEqual([handed?.channel, handed?.account], ["SMPP_SERVER1", systemId]);
      }
      assert.equal(first.deliveries.length, 1, "each only his own");
    },
  );

  await t.test(
    "[A66] a number that nobody owns is kept as FAILED, and the provider is not asked again",
    async () => {
      await using _customer = await bind("Test1");
      const reply = { from: "+31612345678", to: "+31600000000", text: "Who is there?" };
      assert.equal(await gateway.provider.inject(reply), 0);
      const life = await lifeOf("+31600000000");
      assert.equal(life?.status, "FAILED");
      assert.equal(life.error, "Could not find a matching address range");
      assert.match(
        JSON.stringify(life.entries),
        /RECVFWD.*Could not find a matching address range/,
      );
    },
  );

  await t.test(
    "[A43] [A45] when the credits are used up the next message hears 0x45 and goes nowhere",
    async () => {
      await using esme = await bind("Test1");
      const left = (await credits()) ?? 0;
      const before = gateway.provider.counts.received;
      const answers = await Promise.all(
        Array.from({ length: left + 1 }, (_, n) => submit(esme, "+31612345670", `text ${n}`, 0)),
      );
      assert.deepEqual(
        answers.map(({ status }) => status).filter((status) => status !== 0),
        [0x45],
      );
      await gateway.running.settled();
      assert.equal(await credits(), 0);
      assert.equal(gateway.provider.counts.received, before + left);
    },
  );

  await t.test(
    "[A08] no password in clear is in the database, the log or what an operator sees",
    async () => {
      const told = [
        await everythingIn(gateway.databaseUrl),
        JSON.stringify(gateway.log.lines),
        JSON.stringify(await admin.messages({ all: true, limit: 1_000 })),
        JSON.stringify(await admin.accounts()),
      ].join("\n");
      assert.ok(told.includes("To be delivered"), "it is the right database");
      for (const password of Object.values(passwords)) assert.ok(!told.includes(password));
    },
  );
});

/** Saves one of the shipped triggers into the running gateway's folder and waits until it is live. */
async function save(gateway: TestGateway, file: string, trigger: string): Promise<void> {
  await copyFile(join(shipped, file), join(gateway.triggers, file));
  const isLive = async () =>
    gateway.running.admin
      .triggers()
      .some(({ name, state }) => name === trigger && state === "active");
  assert.ok(await until(isLive, patienceMs), `${trigger} is not live`);
}

/** All rows of all tables, as text. */
async function everythingIn(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = 'public'",
    );
    const texts: string[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ text: string }>(
        `select t::text as text from "${name}" t`,
      );
      texts.push(...rows.map(({ text }) => text));
    }
    return texts.join("\n");
  } finally {
    await client.end();
  }
}
