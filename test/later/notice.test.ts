/**
 * What happens to channels and sessions, seen from outside: a provider hangs up, a customer is lost or
 * thrown out, an operator holds a channel; and the message by which a trigger tells a person of it,
 * which goes out through another provider.
 */
import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decode } from "../../src/sms/data-coding.ts";
import { type Smsc, type SmscRules, startSmsc } from "../../src/simulator/smsc.ts";
import { customer } from "../support/customer.ts";
import { startGateway, type GatewayOptions, type TestGateway } from "../support/gateway.ts";
import { startGatewayProcess, until } from "../support/gateway-process.ts";

/** ms. Far more than anything takes here; a test that waits for it has failed. */
const patienceMs = 30_000;

const operator = "+31600000009";

interface Watched extends AsyncDisposable {
  readonly gateway: TestGateway;
  /** The provider behind PAGER. */
  readonly pager: Smsc;
  /** The texts of the first `n` messages that reached the operator. */
  paged(n: number): Promise<string[]>;
}

/** The gateway with a second provider, and with these triggers beside those that let messages through. */
async function watched(
  watch: string,
  { channels = {}, triggers = {}, ...more }: GatewayOptions & { rules?: SmscRules } = {},
): Promise<Watched> {
  await using opened = new AsyncDisposableStack();
  const pager = opened.use(
    await startSmsc({ host: "127.0.0.1", port: 0, rules: more.rules ?? {} }),
  );
  const gateway = opened.use(
    await startGateway({
      ...more,
      triggers: {
        "bind.ts": bind,
        "message.ts": message,
        "report.ts": report,
        "watch.ts": fileOf(watch),
        ...triggers,
      },
      channels: {
        ...channels,
        PAGER: {
          type: "smpp-client",
          host: "127.0.0.1",
          port: pager.port,
          systemId: "signalbox",
          password: "simulator",
        },
      },
    }),
  );
  await gateway.provider.until("bound", 1);
  await pager.until("bound", 1);
  const all = opened.move();
  return {
    gateway,
    pager,
    paged: async (n) =>
      (await pager.received(n)).map(({ sms }) => decode(sms.octets, sms.dataCoding, false) ?? ""),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const imports = `import { onBind, onChannel, onMessage, onReport, onSession, onStatus } from "signalbox";`;
const fileOf = (text: string): string => `${imports}
const page = (messages, text) => messages.send({ channel: "PAGER", from: "Signalbox", to: "${operator}", text });
${text}`;
const bind = fileOf(`
  export const BIND = onBind({ channels: ["SMPP_SERVER1"] }, async (bind, { accounts }) => {
    const found = await accounts.verify(bind);
    if (found.ok) bind.accept({ account: found.account });
    else bind.reject(found.reason);
  });`);
const report = fileOf(`export const APPLY = onReport({}, (report) => report.apply());`);
const message = fileOf(`
  export const FWD = onMessage({ channels: ["SMPP_SERVER1"] }, (message) => {
    message.accept();
    message.forward({ channel: "SMPP1" });
  });`);

test("an operator is told when a provider has gone and when he is back", async () => {
  await using watch = await watched(
    `export const PAGE = onChannel({ channels: ["SMPP1"], forMs: 200 }, (channel, { messages }) =>
       page(messages, channel.name + (channel.first ? " is " : " went ") + channel.what + ": " + channel.reason));`,
    { channels: { SMPP1: { reconnectMs: 1_500 } } },
  );
  const { gateway } = watch;
  await watch.paged(1);
  gateway.provider.drop();
  const [first = "", down = "", up = ""] = await watch.paged(3);
  assert.match(first, /^SMPP1 is up: bound to 127\.0\.0\.1:\d+$/);
  assert.match(down, /^SMPP1 went down: session ended: peer_closed/);
  assert.match(up, /^SMPP1 went up: bound to/);

  // It has a life of its own, which tells what it was made for, and ends like any other.
  await watch.pager.until("reported", 3);
  await gateway.running.settled();
  const lives = await gateway.running.admin.lives(operator);
  assert.deepEqual(
    lives.map(({ status }) => status),
    ["DELIVERED", "DELIVERED", "DELIVERED"],
  );
  const [made, sent] = lives[1]?.entries ?? [];
  assert.deepEqual(
    [made?.channel, made?.direction, made?.account, made?.text, made?.reportAsked],
    ["SMPP1", "in", undefined, down, true],
  );
  assert.deepEqual([sent?.channel, sent?.direction, sent?.to], ["PAGER", "out", operator]);
  const [line] = made?.log ?? [];
  assert.equal(line?.what, "made");
  assert.deepEqual([line?.facts["trigger"], line?.facts["because"]], ["PAGE", "channel down"]);
});

test("a provider that flaps is told of once, when he stays away", async () => {
  await using watch = await watched(
    `export const PAGE = onChannel({ channels: ["SMPP1"], what: ["down"] }, (channel, { messages }) =>
       page(messages, channel.what));`,
  );
  const { provider } = watch.gateway;
  for (let n = 2; n < 6; n += 1) {
    provider.drop();
    await provider.until("bound", n);
  }
  await provider.close();
  assert.deepEqual(await watch.paged(1), ["down"]);
  await watch.gateway.running.settled();
  const rows = await watch.gateway.query("select from message where to_address = $1", [operator]);
  assert.equal(rows.length, 2);
});

test("a provider who is not there at the start is told of, with the reason", async () => {
  await using watch = await watched(
    `export const PAGE = onChannel({ channels: ["GONE"], forMs: 100 }, (channel, { messages }) =>
       page(messages, [channel.name, channel.what, channel.first, channel.reason].join(" ")));`,
    {
      channels: {
        GONE: { type: "smpp-client", host: "127.0.0.1", port: 1, systemId: "x", password: "y" },
      },
    },
  );
  assert.deepEqual(await watch.paged(1), ["GONE down true ECONNREFUSED"]);
});

test("how a customer's session ended is told: unbound, lost, thrown out", async () => {
  await using watch = await watched(
    `export const PAGE = onSession({ channels: ["SMPP_SERVER1"], accounts: ["Test1"] }, (s, { messages }) =>
       page(messages, [s.what, s.reason, s.account, s.bindType, s.received, s.others].join(" ")));`,
  );
  const { gateway } = watch;
  const first = await customer(gateway);
  await watch.paged(1);
  const second = await customer(gateway, { bindType: "transmitter" });
  await watch.paged(2);
  await first.submit({ from: "+31699887766", to: "+31612345670", text: "Hello" });
  await first.unbind();
  await watch.paged(3);
  // Whose sessions are not asked for is not told.
  await using other = await customer(gateway, { systemId: "Test2", password: "Pwd2" });
  await other.unbind();
  second.drop();
  await watch.paged(4);
  await using third = await customer(gateway);
  await watch.paged(5);
  const [session] = gateway.running.channels.get("SMPP_SERVER1")?.sessions() ?? [];
  await admin(gateway, "DELETE", `/v1/sessions/${encodeURIComponent(session?.id ?? "")}`);
  await third.closed;
  assert.deepEqual(await watch.paged(6), [
    "bound  Test1 transceiver 0 0",
    "bound  Test1 transmitter 0 1",
    "ended peer_unbound Test1 transceiver 1 1",
    "ended peer_closed Test1 transmitter 0 0",
    "bound  Test1 transceiver 0 0",
    "ended kicked Test1 transceiver 0 0",
  ]);
});

test("what an operator does to a channel is told; of one that he has drained no down is told", async () => {
  await using watch = await watched(
    `export const PAGE = onChannel({ channels: ["SMPP1"], forMs: 100 }, (channel, { messages }) =>
       page(messages, channel.what));`,
  );
  const { gateway, paged } = watch;
  await paged(1);
  await admin(gateway, "POST", "/v1/channels/SMPP1/pause");
  await paged(2);
  await admin(gateway, "POST", "/v1/channels/SMPP1/resume");
  await paged(3);
  await admin(gateway, "POST", "/v1/channels/SMPP1/drain");
  await paged(4);
  assert.equal(gateway.provider.sessions(), 0);
  await admin(gateway, "POST", "/v1/channels/SMPP1/resume");
  assert.deepEqual(await paged(5), ["up", "paused", "resumed", "drained", "resumed"]);
  await gateway.provider.until("bound", 2);
  gateway.provider.drop();
  await gateway.provider.close();
  assert.equal((await paged(6))[5], "down");
});

test("a notice that a trigger cannot decide is kept, and decided once when its file is mended", async () => {
  await using watch = await watched(
    `export const PAGE = onSession({ what: ["ended"], channels: ["SMPP_SERVER1"] }, () => { throw new Error("not yet"); });`,
  );
  const { gateway } = watch;
  await (await customer(gateway)).unbind();
  const waiting = () =>
    gateway.query<{ id: string }>("select id from pending where kind = 'event' and tries > 0");
  assert.ok(await until(async () => (await waiting()).length === 1, patienceMs));
  const [row] = await waiting();
  const told = gateway.log.lines.find(
    ({ text }) => text === "notice not decided; it is tried again",
  );
  assert.match(String(told?.["why"]), /watch\.ts:\d+:\d+ Error: not yet/);
  assert.equal(told?.["event"], row?.id);
  await writeFile(
    join(gateway.triggers, "watch.ts"),
    fileOf(
      `export const PAGE = onSession({ what: ["ended"] }, (session, { messages }) => page(messages, session.id));`,
    ),
  );
  assert.deepEqual(await watch.paged(1), [row?.id]);
  assert.ok(await until(async () => (await waiting()).length === 0, patienceMs));
  await watch.pager.until("reported", 1);
  assert.equal(watch.pager.counts.received, 1);
});

test("a notice that nobody could decide for a day is a dead letter, and can be tried again from there", async () => {
  await using watch = await watched(
    `export const PAGE = onChannel({ channels: ["SMPP1"], forMs: 100 }, () => { throw new Error("not yet"); });`,
  );
  const { gateway } = watch;
  const aged = () =>
    gateway.query("update pending set tries = 1439, due = now() where kind = 'event' returning id");
  assert.ok(await until(async () => (await aged()).length === 1, patienceMs));
  const letters = () => gateway.running.store.queue.deadLetters(10);
  assert.ok(await until(async () => (await letters()).length === 1, patienceMs));
  const [letter] = await letters();
  assert.deepEqual([letter?.kind, letter?.root], ["event", undefined]);
  assert.match(letter?.reason ?? "", /^trigger_failed: watch\.ts:\d+:\d+ Error: not yet/);
  const changed = gateway.running.engine.changed();
  await writeFile(
    join(gateway.triggers, "watch.ts"),
    fileOf(
      `export const PAGE = onChannel({ channels: ["SMPP1"], forMs: 100 }, (c, { messages }) => page(messages, c.id));`,
    ),
  );
  await changed;
  await admin(gateway, "POST", `/v1/dead-letters/${letter?.id}/retry`);
  assert.deepEqual(await watch.paged(1), [letter?.id]);
});

test("a message for a channel that is not there leaves the notice undecided, and says so", async () => {
  await using watch = await watched(
    `export const PAGE = onSession({ what: ["bound"], channels: ["SMPP_SERVER1"] }, (session, { messages }) => {
       page(messages, "one");
       messages.send({ channel: "NOWHERE", from: "us", to: "${operator}", text: "two" });
     });`,
  );
  const { gateway } = watch;
  await using _esme = await customer(gateway);
  const told = () =>
    gateway.log.lines.find(({ text }) => text === "notice not decided; it is tried again");
  assert.ok(await until(async () => told() !== undefined, patienceMs));
  assert.equal(told()?.["why"], "trigger_failed: PAGE sends to channel NOWHERE: unknown_channel");
  assert.equal(watch.pager.counts.received, 0);
  const rows = await gateway.query("select from message where to_address = $1", [operator]);
  assert.equal(rows.length, 0);
});

test("[A67] a customer's message that cannot be paid sends nothing either; one that can is one commit", async () => {
  await using watch = await watched("", {
    triggers: {
      "message.ts": fileOf(`
        export const FWD = onMessage({ channels: ["SMPP_SERVER1"] }, (message, { messages }) => {
          message.accept({ charge: Number(message.text) });
          message.forward({ channel: "SMPP1" });
          page(messages, message.text);
        });`),
      "watch.ts": fileOf(`export const NONE = onStatus({ channels: ["NONE"] }, () => {});`),
    },
  });
  const { gateway } = watch;
  await using esme = await customer(gateway);
  const submit = (text: string) =>
    esme.submit({ from: "+31699887766", to: "+31612345670", text, registeredDelivery: 1 });
  assert.equal((await submit("1000")).status, 0x45);
  const { messageId } = await submit("2");
  assert.deepEqual(await watch.paged(1), ["2"]);
  const [life] = await gateway.running.admin.lives(messageId);
  const story = life?.entries[0]?.log ?? [];
  assert.ok(story.some(({ facts }) => String(facts["result"]).includes("sent a message to PAGER")));
  const [own] = await gateway.running.admin.lives(operator);
  const made = story.find(({ what }) => what === "made");
  assert.equal(made?.facts["message"], own?.root);
  const [born] = own?.entries[0]?.log ?? [];
  assert.deepEqual([born?.what, born?.facts["event"]], ["made", messageId]);
  assert.equal(watch.pager.counts.received, 1);
});

test("a customer may try again when a trigger sends to a channel that is not there", async () => {
  await using watch = await watched(
    `export const PAGE = onMessage({ channels: ["SMPP_SERVER1"] }, (message, { messages }) =>
       messages.send({ channel: "NOWHERE", from: "us", to: "${operator}", text: "two" }));`,
  );
  await using esme = await customer(watch.gateway);
  const { status } = await esme.submit({ from: "+31699887766", to: "+31612345670", text: "x" });
  assert.equal(status, 0x08);
  const [row] = await watch.gateway.running.admin.messages({ all: false, limit: 10 });
  const last = row?.log.at(-1)?.facts;
  assert.deepEqual(
    [row?.status, row?.error, last?.["reason"]],
    ["FAILED", "trigger_failed", "PAGE sends to channel NOWHERE: unknown_channel"],
  );
});

test("a trigger that sends for each status does not do so for ever", async () => {
  await using watch = await watched(
    `export const LOOP = onStatus({}, (message, { messages }) => page(messages, "ended as " + message.status));`,
  );
  const { gateway } = watch;
  await using esme = await customer(gateway);
  await esme.submit({ from: "+31699887766", to: "+31612345670", text: "x", registeredDelivery: 1 });
  await watch.pager.until("reported", 2);
  await gateway.running.settled();
  const dropped = async () => {
    const lives = await gateway.running.admin.lives(operator);
    const lines = lives.flatMap(({ entries }) => entries.flatMap(({ log }) => log));
    return lines.some(({ what, facts }) => what === "made" && facts["dropped"] === "loop");
  };
  assert.ok(await until(dropped, patienceMs));
  assert.equal(watch.pager.counts.received, 2);
});

test("a message of our own can be for a customer, and waits until he is there", async () => {
  await using watch = await watched(
    `export const TELL = onSession({ channels: ["SMPP_SERVER1"], accounts: ["Test2"], what: ["ended"] }, (s, { messages }) =>
       messages.send({ channel: "SMPP_SERVER1", account: "Test2", from: "Signalbox", to: "${operator}", text: "you were " + s.reason }));`,
  );
  const { gateway } = watch;
  const test2 = { systemId: "Test2", password: "Pwd2" };
  (await customer(gateway, test2)).drop();
  await using esme = await customer(gateway, test2);
  const [told] = await esme.delivered(1);
  assert.equal(decode(told?.sms.octets ?? Buffer.of(), 0, false), "you were peer_closed");
});

test("a stop tells nobody that sessions and channels have gone", async () => {
  await using watch = await watched(
    `export const S = onSession({ what: ["ended"] }, (s, { messages }) => page(messages, s.reason));
     export const C = onChannel({ what: ["down"], forMs: 100 }, (c, { messages }) => page(messages, c.what));`,
  );
  const { gateway } = watch;
  await using _esme = await customer(gateway);
  await gateway.running.stop();
  const rows = await gateway.query(
    "select from message where kind = 'sms' union all select from pending",
  );
  assert.equal(rows.length, 0);
});

test("a notice that was kept outlives kill -9, and is decided once by the next start", async () => {
  await using pager = await startSmsc({ host: "127.0.0.1", port: 0 });
  await using folder = await mkdtempDisposable(join(tmpdir(), "signalbox-notice-"));
  const save = (text: string) => writeFile(join(folder.path, "watch.ts"), fileOf(text));
  const client = { type: "smpp-client", host: "127.0.0.1", systemId: "signalbox", password: "x" };
  await save(
    `export const PAGE = onChannel({ channels: ["GONE"] }, () => { throw new Error("not yet"); });`,
  );
  await using gateway = await startGatewayProcess({
    triggers: folder.path,
    channels: { PAGER: { ...client, port: pager.port }, GONE: { ...client, port: 1 } },
  });
  const kept = () => /"event":"([\w-]+)".*notice not decided/.exec(gateway.output())?.[1];
  assert.ok(await until(async () => kept() !== undefined, patienceMs));
  const id = kept() ?? "";
  await gateway.kill();
  await save(
    `export const PAGE = onChannel({ channels: ["GONE"] }, (channel, { messages }) => page(messages, channel.id));`,
  );
  await gateway.restart();
  // The start tells of the channel anew, under another id.
  await pager.received(2);
  await pager.until("reported", 2);
  const texts = pager.messages.map(({ sms }) => decode(sms.octets, sms.dataCoding, false));
  assert.equal(texts.filter((text) => text === id).length, 1);
  assert.equal(new Set(texts).size, 2);
});

/** Asks the admin API as the CLI does; rejects when the answer is no success. */
function admin(gateway: TestGateway, method: string, path: string): Promise<void> {
  const { socket } = gateway.running.admin;
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: socket, method, path }, (answer) => {
      answer.resume();
      answer.on("end", () => {
        if ((answer.statusCode ?? 500) < 300) resolve();
        else reject(new Error(`${method} ${path}: ${answer.statusCode}`));
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}
