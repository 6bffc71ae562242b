/**
 * What happens when a provider does not take a message: three of them fail in turn, and what was done
 * stands in the trace. One gateway, whose policies are short.
 */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { createNumberTables } from "../../src/gateway/number-tables.ts";
import { systemClock } from "../../src/model/clock.ts";
import type { RecordView } from "../../src/model/record.ts";
import type { ChannelView, LifeView, MessageView, StatusView } from "../../src/model/view.ts";
import type { StopView } from "../../src/model/stop-view.ts";
import { type Esme, connectEsme } from "../../src/simulator/esme.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import type { Outcome, OutcomeOf } from "../../src/simulator/rules.ts";
import { askAdmin } from "../support/admin.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { until } from "../support/gateway-process.ts";
import { recorderLog } from "../support/log.ts";

const from = "+31201234567";
const patienceMs = 15_000;

const TRIGGERS = {
  "all.ts": `import { onBind, onMessage, onReport, onStatus } from "signalbox";
    export const BIND = onBind({}, (bind) => bind.accept({ account: bind.systemId }));
    export const TAKE = onMessage({ channels: ["SMPP_SERVER1"] }, (message) => {
      message.accept({ charge: message.text?.startsWith("priced") ? "route" : 0 });
      if (message.text === "named") message.forward({ channel: "SMPP1", else: ["SMPP2"] });
      else message.forward();
    });
    export const MATCH = onReport({}, (report) => report.apply());
    export const TELL = onStatus({}, (message) => message.root?.report());`,
};

/** What a provider answers to the messages for a number, by its last two digits; the last one stays. */
const answers: Record<string, Record<string, readonly Outcome["answer"][]>> = {
  SMPP1: {
    "01": [0x58],
    "02": ["silent", 0],
    "03": ["silent"],
    "04": [0x58, 0],
    "05": [0x58],
    "06": [0x58],
    "07": [0x08],
    "08": [0x45],
    "09": [0x58, 0x58, 0x58, 0x58, 0],
    "12": [0x58, 0],
    "13": [0x58],
  },
  SMPP2: { "01": [0x45], "04": [0x0b], "05": [0x0b] },
  SMPP3: { "07": [0x08], "11": [0x08] },
};

function outcomeOn(channel: string): OutcomeOf {
  const asked = new Map<string, number>();
  return ({ to }) => {
    const key = to.digits.slice(-2);
    const list = answers[channel]?.[key] ?? [];
    const count = asked.get(key) ?? 0;
    asked.set(key, count + 1);
    const answer = list[Math.min(count, list.length - 1)] ?? 0;
    return { answer, report: answer === 0 ? "DELIVRD" : "none" };
  };
}

const all = new AsyncDisposableStack();
let gateway: TestGateway;
let esme: Esme;

before(async () => {
  const log = recorderLog();
  const open = async (channel: string) =>
    all.use(
      await startSmsc({ host: "127.0.0.1", port: 0, rules: { outcome: outcomeOn(channel) }, log }),
    );
  const [one, two, three] = [await open("SMPP1"), await open("SMPP2"), await open("SMPP3")];
  const to = ({ port }: { readonly port: number }, systemId: string, failures = {}) => ({
    type: "smpp-client",
    host: "127.0.0.1",
    port,
    password: "x",
    reconnectMs: 50,
    // A report comes on any session of that name.
    systemId,
    group: systemId,
    failures,
    responseTimeoutMs: 300,
    windowRequests: 5,
  });
  const breaker = { failures: 3, of: 3, withinMs: 60_000, openMs: 2_500 };
  const doubled = [{ on: ["timeout"], nextRoute: 0 }];
  const quick = { on: ["temporary", "timeout"], againMs: 10, againMostMs: 10 };
  gateway = all.use(
    await startGateway({
      triggers: TRIGGERS,
      channels: {
        SMPP1: to(one, "first", { rules: [{ ...quick, on: [0x58], nextRoute: 1 }] }),
        SMPP2: to(two, "second"),
        SMPP3: to(three, "third"),
        DOUBTFUL: to(one, "first", { rules: doubled }),
        BACKED: to(one, "first", { backup: { to: "second" } }),
        TRUSTING: to(one, "first", {
          backup: { to: "smppclient/second", trusted: true, address: "192.0.2.1:2775" },
        }),
        HOME: to(one, "first", { backup: { to: "smppserver/Test2" } }),
        BROKEN: to(one, "first", { breaker }),
        AWAY: to({ port: 1 }, "away", { awayMs: 200 }),
        LONELY: to(one, "first", { backup: { to: "away2", address: "192.0.2.9:2775" } }),
        AWAY2: to({ port: 1 }, "away2"),
      },
      settings: {
        failures: { rules: [quick], retries: { smppserver: 10, smppclient: 8 } },
        routes: {
          rules: [
            { match: { to: "01$" }, target: ["SMPP1", "SMPP2", "SMPP3"] },
            { match: { to: "02$" }, target: ["SMPP1", "SMPP2"] },
            { match: { to: "03$" }, target: ["DOUBTFUL", "SMPP2"] },
            { match: { to: "04$" }, target: "BACKED" },
            { match: { to: "05$" }, target: "TRUSTING" },
            { match: { to: "06$" }, target: "HOME" },
            { match: { to: "07$" }, target: "SMPP3" },
            { match: { to: "09$" }, target: ["BROKEN", "SMPP3"] },
            { match: { to: "12$" }, target: "LONELY" },
            { match: { to: "13$" }, target: "table:prices" },
            { match: { to: "11$" }, target: ["AWAY", "SMPP2"] },
            { match: { to: "10$" }, target: "smppserver/Test2" },
          ],
          default: "SMPP1",
        },
      },
    }),
  );
  esme = all.use(await connectEsme({ ...here(), systemId: "Test1", password: "Pwd1" }));
});

const here = () => ({ host: "127.0.0.1", port: gateway.port });

after(() => all.disposeAsync());

async function lifeOf(id: string): Promise<LifeView> {
  const { socket } = gateway.running.admin;
  const { body } = await askAdmin<LifeView[]>(socket, "GET", `/v1/lives/${id}`);
  const [life] = body;
  assert.ok(life !== undefined, JSON.stringify(body));
  return life;
}

/** What went out, once the life has come to this. */
async function ended(id: string, status: string): Promise<MessageView> {
  const is = async (): Promise<boolean> => (await lifeOf(id)).status === status;
  assert.ok(await until(is, patienceMs), JSON.stringify(await lifeOf(id), null, 1));
  const { entries } = await lifeOf(id);
  const out = entries.find(({ kind, direction }) => kind === "sms" && direction === "out");
  assert.ok(out !== undefined);
  return out;
}

async function submit(to: string, text = "Hi"): Promise<string> {
  const answer = await esme.submit({ from, to, text, registeredDelivery: 1 });
  assert.equal(answer.status, 0);
  return answer.messageId;
}

const textsOf = ({ log }: MessageView): unknown[] =>
  log.flatMap(({ what, facts: { text } }) =>
    what === "rerouted" || what === "backup" ? [text] : [],
  );

const triesOf = ({ attempts }: MessageView): string[] =>
  attempts.map(({ channel, status }) => `${channel} ${status}`);

async function receipts(digits: string): Promise<number> {
  const told = (): number =>
    esme.deliveries.filter(({ receipt, sms }) => receipt && sms.from.digits === digits).length;
  assert.ok(await until(async () => told() > 0, patienceMs));
  return told();
}

test("[B13] [B15] three providers fail in turn: one life, each step in its trace, one report", async () => {
  const id = await submit("+31612345601");
  const out = await ended(id, "DELIVERED");
  assert.deepEqual(textsOf(out), [
    "took SMPP2 because SMPP1 answered 0x58 twice",
    "took SMPP3 because SMPP2 answered 0x45 once",
  ]);
  assert.deepEqual(triesOf(out), [
    "SMPP1 QUEUED",
    "SMPP1 QUEUED",
    "SMPP2 QUEUED",
    "SMPP3 DELIVERED",
  ]);
  assert.equal(await receipts("31612345601"), 1);
  const { socket } = gateway.running.admin;
  const { body } = await askAdmin<RecordView[]>(socket, "GET", `/v1/records/${id}`);
  assert.deepEqual(
    body.map((row) => [row.channel_out, row.peer_error, row.routes]),
    [
      ["SMPP1", "ESME_RTHROTTLED", "rules[0]"],
      ["SMPP1", "ESME_RTHROTTLED", "rules[0]"],
      ["SMPP2", "ESME_RSUBMITFAIL", "rules[0]"],
      ["SMPP3", null, "rules[0]"],
    ],
    "each try has a record with the channel that it went over",
  );
});

test("[B13] a message that a peer may have stays with him, unless the policy says otherwise; then it is marked", async () => {
  const [stays, goes] = await Promise.all([submit("+31612345602"), submit("+31612345603")]);
  const stayed = await ended(stays, "DELIVERED");
  assert.deepEqual(textsOf(stayed), []);
  assert.deepEqual(triesOf(stayed), ["SMPP1 QUEUED", "SMPP1 DELIVERED"]);
  const went = await ended(goes, "DELIVERED");
  assert.deepEqual(textsOf(went), ["took SMPP2 because DOUBTFUL did not answer once"]);
  const marks = [stayed, went].map(({ maybeTwice }) => maybeTwice);
  assert.deepEqual(marks, [true, true]);
});

test("[Y20] [Y21] [Y22] a backup gets a message once; what it refuses for good is final only when it is trusted", async () => {
  const [untrusted, trusted] = await Promise.all([submit("+31612345604"), submit("+31612345605")]);
  const went = await ended(untrusted, "DELIVERED");
  assert.deepEqual(textsOf(went), [
    "took SMPP2 because BACKED answered 0x58 once",
    "took BACKED because SMPP2 answered 0x0B once",
  ]);
  assert.deepEqual(triesOf(went), ["BACKED QUEUED", "SMPP2 QUEUED", "BACKED DELIVERED"]);
  const failed = await ended(trusted, "FAILED");
  assert.deepEqual(textsOf(failed), ["took SMPP2 because TRUSTING answered 0x58 once"]);
  assert.deepEqual(triesOf(failed), ["TRUSTING QUEUED", "SMPP2 FAILED"]);
  assert.equal(await receipts("31612345605"), 1);
});

test("[Y23] where a backup is not there, the trace has the address that was configured for it", async () => {
  const out = await ended(await submit("+31612345612"), "DELIVERED");
  const line = out.log.find(({ what }) => what === "backup");
  assert.deepEqual(line?.facts, {
    message: out.id,
    text: "the backup away2 is not there",
    address: "192.0.2.9:2775",
  });
});

test("[Y21] [Y25] a customer's sessions are a backup, too; the retries of each kind of channel are counted exactly", async () => {
  let refused = 0;
  await using customer = await connectEsme({
    ...here(),
    systemId: "Test2",
    password: "Pwd2",
    answer: ({ to }) => {
      if (!to.digits.endsWith("10")) return 0;
      refused += 1;
      return 0x14;
    },
  });
  const home = await submit("+31612345606");
  const out = await ended(home, "DELIVERED");
  assert.deepEqual(textsOf(out), ["took SMPP_SERVER1/Test2 because HOME answered 0x58 once"]);
  assert.equal((await customer.delivered(1))[0]?.sms.octets.toString(), "Hi");
  const given = await ended(await submit("+31612345610"), "FAILED");
  assert.equal(refused, 11);
  assert.equal(given.attempts.length, 11);
  const gone = await ended(await submit("+31612345607"), "FAILED");
  assert.equal(gone.attempts.length, 9);
});

test("[B13] a breaker opens, is seen, what waits goes on by its next way, and one message closes it again", async () => {
  const channels = () => gateway.running.admin.socket;
  const stopOf = async (): Promise<StopView | undefined> => {
    const { body } = await askAdmin<ChannelView[]>(channels(), "GET", "/v1/channels");
    return body.find(({ name }) => name === "BROKEN")?.stopped;
  };
  const send = async () => ended(await submit("+31612345609"), "DELIVERED");
  const opened = () =>
    gateway.log.lines.filter(({ text }) => String(text).startsWith("breaker open:")).length;
  assert.deepEqual(textsOf(await send()), ["took SMPP3 because BROKEN failed too often"]);
  const open = await stopOf();
  assert.deepEqual([open?.what, open?.queue], ["open", "BROKEN"]);
  assert.match(open?.why ?? "", /3 of 3 failed, last ESME_RTHROTTLED/);
  const { body } = await askAdmin<StatusView>(channels(), "GET", "/v1/status");
  assert.ok(body.troubles.some((text) => text.startsWith("The breaker of BROKEN is open")));
  // While it is open the routing table passes it over.
  const passed = await send();
  assert.deepEqual(triesOf(passed), ["SMPP3 DELIVERED"]);
  assert.ok(await until(async () => (await stopOf())?.what === "halfOpen", patienceMs));
  // The probe is refused and goes on, so it opens again; the one after it is taken, and closes it.
  await send();
  assert.equal(opened(), 2);
  assert.ok(await until(async () => (await stopOf())?.what === "halfOpen", patienceMs));
  const taken = await send();
  assert.deepEqual(triesOf(taken), ["BROKEN DELIVERED"]);
  assert.equal(await stopOf(), undefined);
});

test("[B13] [B15] the other ways of a message that waits survive a crash; so do those that a trigger has named", async () => {
  const { query } = gateway;
  // Nobody is bound on AWAY; SMPP2 is held, so both wait.
  const { socket } = gateway.running.admin;
  await askAdmin(socket, "POST", "/v1/channels/SMPP2/pause");
  await askAdmin(socket, "POST", "/v1/channels/SMPP1/pause");
  const id = await submit("+31612345611");
  const named = await submit("+31612345608", "named");
  const ways = async () =>
    (await query("select queue, payload from pending where kind = 'send' order by id")).map(
      ({ queue, payload }) => `${String(queue)} ${String(payload)}`,
    );
  assert.deepEqual(await ways(), [
    'AWAY {"left":[{"queue":"SMPP2"}],"since":0,"failures":{}}',
    'SMPP1 {"left":[{"queue":"SMPP2"}],"since":0,"failures":{}}',
  ]);
  await importPrices();
  await gateway.restart();
  const restarted = gateway.running.admin.socket;
  for (const name of ["SMPP1", "SMPP2"])
    await askAdmin(restarted, "POST", `/v1/channels/${name}/resume`);
  const out = await ended(id, "DELIVERED");
  assert.deepEqual(textsOf(out), ["took SMPP2 because nobody was bound on AWAY for 0.2 s"]);
  const other = await ended(named, "DELIVERED");
  assert.deepEqual(textsOf(other), ["took SMPP2 because SMPP1 answered 0x45 once"]);
});

/** In the database: they are in force from the next start on. */
async function importPrices(): Promise<void> {
  const tables = createNumberTables({
    store: gateway.running.store,
    clock: systemClock,
    log: gateway.log,
    targetFault: () => undefined,
    usedBy: () => [],
  });
  await tables.load();
  const csv = "prefix,provider,price\n+31,SMPP1,0.02\n+31,SMPP3,0.05\n";
  const file = { chunks: Readable.from([Buffer.from(csv)]), octets: csv.length };
  const wanted = { name: "prices", options: {}, by: "ann", isTry: false };
  for await (const _ of tables.import(file, wanted));
}

test("[A02] a message is charged by the way that it takes first; the next one changes nothing for its sender", async () => {
  await using again = await connectEsme({ ...here(), systemId: "Test1", password: "Pwd1" });
  const text = "x".repeat(200);
  const answer = await again.submit({ from, to: "+31612345613", text: `priced${text}` });
  assert.equal(answer.status, 0);
  const is = async () => (await lifeOf(answer.messageId)).status === "SENT";
  assert.ok(await until(is, patienceMs), JSON.stringify(await lifeOf(answer.messageId)));
  const life = await lifeOf(answer.messageId);
  const line = life.entries.flatMap(({ log }) => log).find(({ what }) => what === "rerouted");
  assert.equal(line?.facts["price"], "0.05");
  const [state] = await gateway.query("select charge, kept from state where id = $1", [life.root]);
  assert.deepEqual(state, { charge: "0.0400", kept: "0.0400" });
});
