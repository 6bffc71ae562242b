/** Messages are submitted over a real socket: who answers, what is charged, what becomes a row. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connectEsme } from "../../src/simulator/esme.ts";
import { startCutProxy } from "../store/cut-proxy.ts";
import { freshDatabase } from "../support/database.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const to = "+31612345678";
const from = "+31201234567";
const customer = (port: number, systemId = "Test1") =>
  connectEsme({
    host: "127.0.0.1",
    port,
    systemId,
    password: systemId === "Test1" ? "Pwd1" : "Pwd2",
    windowRequests: 50,
  });

/** One gateway with a listener for each set of triggers; CLOSE and REJECT have none. */
let shared: TestGateway;

const listener = { type: "smpp-server", address: ["127.0.0.1"], port: 0 };

before(async () => {
  shared = await startGateway({
    triggers: {
      "bind.ts": `import { onBind } from "signalbox";
        export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));`,
      "throws-a.ts": `import { onMessage } from "signalbox";
        export const A = onMessage({ channels: ["THROWS"], order: 1 }, (m) => { m.accept({ charge: 5 }); m.forward({ channel: "SMPP1" }); });`,
      "throws-b.ts": `import { onMessage } from "signalbox";
        export const B = onMessage({ channels: ["THROWS"], order: 2 }, (m) => { if (m.text === "bad") throw new Error("no"); });`,
      "rule.ts": `import { onMessage } from "signalbox";
        export const FIRST = onMessage({ channels: ["RULE"], order: 1 }, (m) => { m.accept({ charge: 1 }); m.forward({ channel: "SMPP1" }); });
        export const RULE = onMessage({ channels: ["RULE"], order: 2 }, (m) => {
          if (m.text === "name") m.reject("bad_destination", "not there");
          if (m.text === "number") m.reject(0x412);
        });`,
      "astray.ts": `import { onMessage } from "signalbox";
        export const ASTRAY = onMessage({ channels: ["ASTRAY"] }, (m) => { m.accept({ charge: 1 }); m.forward({ channel: "NOWHERE" }); });`,
      "take.ts": `import { onMessage } from "signalbox";
        export const TAKE = onMessage({ channels: ["TAKE"] }, (m) => m.accept());`,
      "slow.ts": `import { onMessage } from "signalbox";
        export const SLOW = onMessage({ channels: ["SLOW"] }, async (m, { accounts }) => {
          await accounts.byNumber(m.to);
          m.accept({ charge: 1 }); m.forward({ channel: "SMPP1" });
        });`,
    },
    settings: { eventDeadlineMs: 1_000 },
    channels: {
      CLOSE: { ...listener, onUnhandled: "close", answerTimeoutMs: 1_100 },
      REJECT: listener,
      THROWS: listener,
      RULE: listener,
      ASTRAY: listener,
      TAKE: listener,
      SLOW: listener,
    },
  });
});
after(() => shared[Symbol.asyncDispose]());

const customerOn = (channel: string, systemId = "Test1") =>
  customer(shared.running.channels.get(channel)?.ports()[0] ?? assert.fail(channel), systemId);

const creditsOf = async (id = "Test1") =>
  (await shared.running.store.accounts.get(id))?.credits ?? assert.fail(id);

test("[A43] [A45] with 100 credits and ten sessions at once, 100 of 101 messages are taken and credits are never negative", async () => {
  await using gateway = await startGateway();
  const sessions = await Promise.all(Array.from({ length: 10 }, () => customer(gateway.port)));
  const answers = await Promise.all(
    Array.from({ length: 101 }, (_, n) =>
      sessions[n % 10]!.submit({ from, to, text: `text ${n}` }),
    ),
  );
  const statuses = answers.map((answer) => answer.status);
  assert.equal(statuses.filter((status) => status === 0).length, 100);
  assert.equal(statuses.filter((status) => status === 0x45).length, 1);
  assert.equal((await gateway.running.store.accounts.get("Test1"))?.credits, 0);
  assert.equal((await gateway.provider.received(100)).length, 100);
  const ids = new Set(answers.flatMap((answer) => (answer.status === 0 ? [answer.messageId] : [])));
  assert.equal(ids.size, 100, "[I12] every id is unique");
  const refused = await gateway.running.store.messages.list({
    all: false,
    limit: 500,
    status: "FAILED",
  });
  assert.deepEqual(
    refused.map((row) => row.error),
    ["no_credit"],
  );
  for (const session of sessions) await session.unbind();
});

test("[A42] [X01] onUnhandled close: a message that no trigger answers ends the session after answerTimeoutMs", async () => {
  await using esme = await customerOn("CLOSE");
  const answer = await esme.submit({ from, to, text: "anybody there?" });
  assert.equal(answer.why, "connection_lost");
  const [row] = await shared.running.store.messages.list({ all: false, limit: 1 });
  assert.equal(row?.error, "unanswered");
});

test("[A42] [X01] onUnhandled reject: it hears 0x08 at once and the session stays", async () => {
  await using esme = await customerOn("REJECT");
  assert.equal((await esme.submit({ from, to, text: "one" })).status, 0x08);
  assert.equal((await esme.submit({ from, to, text: "two" })).status, 0x08);
});

test("[I48] a trigger that throws leaves the event undecided: 0x08, nothing charged, the session stays", async () => {
  await using esme = await customerOn("THROWS");
  const credits = await creditsOf();
  const sent = shared.provider.counts.received;
  assert.equal((await esme.submit({ from, to, text: "bad" })).status, 0x08);
  assert.equal(await creditsOf(), credits);
  assert.equal((await esme.submit({ from, to, text: "good" })).status, 0);
  assert.equal(await creditsOf(), credits - 5);
  const out = await shared.provider.received(sent + 1);
  assert.equal(out.length, sent + 1, "only the good one went out");
  const [failed] = await shared.running.store.messages.list({
    all: false,
    limit: 5,
    status: "FAILED",
  });
  assert.equal(failed?.error, "trigger_failed");
  const fault = failed.message.log.find((line) => line.facts["trigger"] === "B");
  assert.match(
    String(fault?.facts["text"]),
    /throws-b\.ts:2/,
    "the author's file and line are named",
  );
});

test("[I48] while the database is away a message hears 0x08 and costs nothing; the session stays, and it goes on", async () => {
  await using database = await freshDatabase();
  await using line = await startCutProxy(database.url);
  await using gateway = await startGateway({ settings: { database: { url: line.url } } });
  await using esme = await customer(gateway.port);
  line.refusing = true;
  line.cut();
  assert.equal((await esme.submit({ from, to, text: "away" })).status, 0x08);
  assert.equal(esme.session.state, "bound_trx");
  line.refusing = false;
  let status: number | undefined;
  while (status !== 0) ({ status } = await esme.submit({ from, to, text: "back" }));
  const [taken] = await gateway.provider.received(1);
  assert.equal(taken?.sms.octets.toString(), "back");
  assert.equal((await gateway.running.store.accounts.get("Test1"))?.credits, 99);
});

test("[X02] a reject wins over an earlier accept, and answers by name or by number", async () => {
  await using esme = await customerOn("RULE");
  const credits = await creditsOf();
  const sent = shared.provider.counts.received;
  assert.equal((await esme.submit({ from, to, text: "name" })).status, 0x0b);
  assert.equal((await esme.submit({ from, to, text: "number" })).status, 0x412);
  assert.equal((await esme.submit({ from, to, text: "fine" })).status, 0);
  assert.equal(await creditsOf(), credits - 1);
  assert.equal((await shared.provider.received(sent + 1)).length, sent + 1);
});

test("a forward to a channel that does not exist refuses the message and charges nothing", async () => {
  await using esme = await customerOn("ASTRAY");
  const credits = await creditsOf();
  assert.equal((await esme.submit({ from, to, text: "x" })).status, 0x0b);
  assert.equal(await creditsOf(), credits);
});

test("a message that is accepted and forwarded nowhere is kept and marked unrouted", async () => {
  await using esme = await customerOn("TAKE");
  const { messageId, status } = await esme.submit({ from, to, text: "x" });
  assert.equal(status, 0);
  const [life] = await shared.running.admin.lives(messageId);
  assert.equal(life?.status, "RECEIVED");
  assert.ok(JSON.stringify(life.entries).includes("unrouted"));
});

test("a decision that comes after the session has gone is dropped whole", async () => {
  const { accounts } = shared.running.store;
  const esme = await customerOn("SLOW");
  const credits = await creditsOf();
  const sent = shared.provider.counts.received;
  // The look-up is held until the customer has gone; only its time is made up, the rest is real.
  const held = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const byNumber = accounts.byNumber;
  accounts.byNumber = async (number) => {
    asked.resolve();
    await held.promise;
    return byNumber(number);
  };
  const answer = esme.submit({ from, to, text: "x" });
  await asked.promise;
  esme.drop();
  await answer;
  const gone = async (): Promise<void> => {
    while (shared.running.admin.sessions().some((session) => session.channel === "SLOW"))
      await new Promise((resolve) => setImmediate(resolve));
  };
  await gone();
  held.resolve();
  await using other = await customerOn("SLOW", "Test2");
  assert.equal((await other.submit({ from, to, text: "mine" })).status, 0);
  assert.equal(await creditsOf(), credits, "nothing of it was applied");
  assert.equal((await shared.provider.received(sent + 1)).at(-1)?.systemId, "signalbox");
  assert.equal(shared.provider.counts.received, sent + 1);
});
