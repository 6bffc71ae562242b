// What a customer, a channel and a circle are held to, against the whole gateway over real sockets.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { type Esme, connectEsme } from "../../src/simulator/esme.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { type TestGateway, startGateway } from "../support/gateway.ts";

/** Everything is accepted for nothing, and goes where its first digits say. */
const triggers = {
  "open.ts": `import { onBind, onMessage, onReport } from "signalbox";
export const BIND = onBind({}, async (bind, { accounts }) => {
  const found = await accounts.verify(bind);
  if (found.ok) bind.accept({ account: found.account });
  else bind.reject(found.reason);
});
export const IN = onMessage({ channels: ["SMPP_SERVER1", "SLOW_SERVER"] }, (message) => {
  message.accept();
  const channels = { "+10": "SMPP1", "+11": "OTHER", "+12": "FULL", "+13": "SELF" } as const;
  const channel = channels[message.to.slice(0, 3) as keyof typeof channels];
  if (channel === undefined) return;
  message.forward({ channel });
});
export const MO = onMessage({ channels: ["SELF", "SMPP1"] }, (message) => {
  message.forward({ channel: "SMPP_SERVER1", account: "Loop" });
});
export const APPLY = onReport({ channels: ["SMPP1", "OTHER"] }, (report) => {
  report.apply();
});
`,
};

let gateway: TestGateway;
let other: Awaited<ReturnType<typeof startSmsc>>;

before(async () => {
  other = await startSmsc({ host: "127.0.0.1", port: 0 });
  const serverPort = await freePort();
  const client = { type: "smpp-client", host: "127.0.0.1", password: "Pwd1", reconnectMs: 20 };
  gateway = await startGateway({
    triggers,
    channels: {
      SMPP_SERVER1: { port: serverPort, onUnhandled: "reject", failedBindsMax: 0 },
      // Bound to our own listener; its account is made below, and it tries until then.
      SELF: { ...client, port: serverPort, systemId: "Loop" },
      SLOW_SERVER: {
        type: "smpp-server",
        address: ["127.0.0.1"],
        port: 0,
        rate: "3/minute, 100/day",
        failedBindsMax: 2,
      },
      OTHER: { ...client, port: other.port, systemId: "other" },
      // Nobody listens there, so what goes there stays.
      FULL: { ...client, port: 1, systemId: "nobody", queueMax: 2, reconnectMs: 60_000 },
      OFF: { ...client, port: other.port, systemId: "off", enabled: false },
    },
  });
  const { accounts } = gateway.running.store;
  for (const id of ["Rate", "Day", "Binds", "Net", "Loop"])
    await accounts.add({ id, password: "Pwd1", credits: 100, numbers: [] });
});

after(async () => {
  await gateway[Symbol.asyncDispose]();
  await other.close();
});

/** One that nobody has at this moment: a channel of ours has to know that of another one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const at = server.address();
  server.close();
  await once(server, "close");
  return at !== null && typeof at === "object" ? at.port : 0;
}

const port = (channel: string): number => gateway.running.channels.get(channel)?.ports()[0] ?? 0;

function bind(systemId: string, to = "SMPP_SERVER1", password = "Pwd1"): Promise<Esme> {
  return connectEsme({ host: "127.0.0.1", port: port(to), systemId, password });
}

/** The statuses of so many messages, which are sent together. */
async function send(esme: Esme, count: number, to = "+10555"): Promise<(number | undefined)[]> {
  const sent = Array.from({ length: count }, () => esme.submit({ from: "100", to, text: "Hi" }));
  return (await Promise.all(sent)).map(({ status }) => status);
}

const tally = (statuses: readonly (number | undefined)[], status: number): number =>
  statuses.filter((one) => one === status).length;

test("[I56] above an account's rate 0x58 comes before any trigger, and few rows tell of it", async () => {
  const { accounts, messages } = gateway.running.store;
  await accounts.setOptions("Rate", { rate: "5/minute burst 4" });
  await using one = await bind("Rate");
  await using two = await bind("Rate");
  // Both sessions count together.
  const statuses = [...(await send(one, 20)), ...(await send(two, 20))];
  assert.deepEqual([tally(statuses, 0), tally(statuses, 0x58)], [4, 36]);
  // Other accounts do not.
  await using test1 = await bind("Test1");
  assert.deepEqual(await send(test1, 10), Array(10).fill(0));

  // While it is bound, what it may changes at once.
  await accounts.setOptions("Rate", { rate: "30/minute, 8 parts/minute" });
  assert.equal(tally(await send(one, 20), 0), 8);
  await accounts.setOptions("Rate", { rate: "" });
  assert.equal(tally(await send(one, 20), 0), 20);

  await gateway.running.settled();
  const listed = await messages.list({ all: true, limit: 100, account: "Rate" });
  const told = listed.filter(({ error }) => error === "throttled");
  assert.ok(told.length >= 8 && told.length <= 10, `${told.length} rows`);
  const line = told[0]?.message.log.at(-1);
  assert.equal(line?.facts["error"], "throttled");
  assert.match(String(line.facts["reason"]), /^account Rate: (5\/minute|8 parts\/minute)$/);
});

test("[I56] a channel's rate holds for all its customers together", async () => {
  await using one = await bind("Test1", "SLOW_SERVER");
  await using two = await bind("Binds", "SLOW_SERVER");
  const statuses = [...(await send(one, 2)), ...(await send(two, 5))];
  assert.deepEqual(statuses, [0, 0, 0, 0x58, 0x58, 0x58, 0x58]);
});

test("[I45] above an account's sessions a bind hears 0x05, over all channels; an end makes room", async () => {
  const { accounts } = gateway.running.store;
  await accounts.setOptions("Binds", { bindsMax: "2" });
  const one = await bind("Binds");
  await using two = await bind("Binds", "SLOW_SERVER");
  assert.deepEqual([one.bindStatus, two.bindStatus], [0, 0]);
  const third = await bind("Binds");
  assert.equal(third.bindStatus, 0x05);
  await third.closed;
  // Two at a time, one of which may come in.
  await one.unbind();
  const both = await Promise.all([bind("Binds"), bind("Binds")]);
  assert.deepEqual(both.map(({ bindStatus }) => bindStatus).toSorted(), [0, 0x05]);
  for (const esme of both) esme.drop();
  // A wrong password takes no place.
  await accounts.setOptions("Binds", { bindsMax: "" });
  await using fourth = await bind("Binds");
  assert.equal(fourth.bindStatus, 0);
  const [binds] = await gateway.running.store.messages
    .list({ all: true, limit: 100, account: "Binds" })
    .then((entries) => entries.filter(({ error }) => error === "too_many_binds"));
  assert.equal(binds, undefined, "a refused bind has no account");
});

test("[I51] a bind from an address that the account does not allow hears 0x0D, its password unchecked", async () => {
  const { accounts } = gateway.running.store;
  await accounts.setOptions("Net", { allowFrom: "192.0.2.0/24, 2001:db8::/32" });
  const away = await bind("Net");
  assert.equal(away.bindStatus, 0x0d);
  await away.closed;
  const guess = await bind("Net", "SMPP_SERVER1", "wrong");
  assert.equal(guess.bindStatus, 0x0d);
  await guess.closed;
  await accounts.setOptions("Net", { allowFrom: "192.0.2.0/24, 127.0.0.0/8" });
  await using here = await bind("Net");
  assert.equal(here.bindStatus, 0);
});

test("an address that fails to bind again and again is hung up on before its password is checked", async () => {
  for (let n = 0; n < 2; n += 1) {
    const wrong = await bind("Test1", "SLOW_SERVER", "wrong");
    assert.equal(wrong.bindStatus, 0x0e);
    await wrong.closed;
  }
  await assert.rejects(bind("Test1", "SLOW_SERVER"));
  await using elsewhere = await bind("Test1");
  assert.equal(elsewhere.bindStatus, 0, "another channel counts for itself");
});

test("[I54] what waits for a channel has a limit; above it 0x14 comes and nothing is stored as waiting", async () => {
  await using esme = await bind("Net");
  const statuses = await send(esme, 2, "+12555");
  assert.deepEqual(statuses, [0, 0]);
  assert.deepEqual(await send(esme, 3, "+12555"), [0x14, 0x14, 0x14]);
  const waiting = await gateway.query("select id from pending where queue = 'FULL'");
  assert.equal(waiting.length, 2);
  // Other channels take as before.
  assert.deepEqual(await send(esme, 1), [0]);
});

test("[C04] [Y13] a message goes to the provider that it is routed to only, and one that is off binds nowhere", async () => {
  await using esme = await bind("Test1");
  const before = [gateway.provider.messages.length, other.messages.length];
  assert.deepEqual(await send(esme, 3, "+11555"), [0, 0, 0]);
  await other.received((before[1] ?? 0) + 3);
  assert.deepEqual(
    [gateway.provider.messages.length, other.messages.length - (before[1] ?? 0)],
    [before[0], 3],
  );
  assert.deepEqual(new Set(other.messages.map(({ systemId }) => systemId)), new Set(["other"]));
});

test("[A14] a message that comes back to our own listener for the third time is FAILED loop", async () => {
  const { messages } = gateway.running.store;
  const bound = () => gateway.running.channels.get("SELF")?.room(undefined) ?? 0;
  while (bound() === 0) await new Promise((turn) => setImmediate(turn));
  await using esme = await bind("Test1");
  const sent = await esme.submit({ from: "100", to: "+13555", text: "Round" });
  assert.equal(sent.status, 0);
  const chain = async () =>
    (await messages.list({ all: true, limit: 50, number: "+13555" })).map(
      ({ message, status, error }) => ({
        account: message.account,
        hops: message.hops,
        status,
        error,
      }),
    );
  let seen = await chain();
  while (!seen.some(({ hops }) => hops === 3)) seen = await chain();
  await gateway.running.settled();
  seen = await chain();
  assert.deepEqual(
    seen.map(({ account, hops, error }) => [account, hops, error ?? undefined]).toSorted(),
    [
      ["Loop", 2, "ESME_RSUBMITFAIL"],
      ["Loop", 3, "loop"],
      ["Test1", 1, undefined],
    ].toSorted(),
  );
});

test("[A14] what we deliver to ourselves ends in the same way", async () => {
  const { messages } = gateway.running.store;
  const status = await gateway.provider.inject({ from: "+13777", to: "200", text: "Round" });
  assert.equal(status, 0);
  const hops = async () =>
    (await messages.list({ all: true, limit: 50, number: "+13777" })).map(
      ({ message, error }) => [message.channel, message.hops, error] as const,
    );
  while (!(await hops()).some(([, hop]) => hop === 3));
  await gateway.running.settled();
  assert.deepEqual((await hops()).toReversed(), [
    ["SMPP1", 0, undefined],
    ["SELF", 1, undefined],
    ["SELF", 2, "ESME_RSUBMITFAIL"],
    ["SELF", 3, "loop"],
  ]);
});

test("[I56] what was sent in a day counts after a restart, toward accounts, channels and providers", async () => {
  const { accounts } = gateway.running.store;
  await accounts.setOptions("Day", { rate: "10 parts/day" });
  {
    await using esme = await bind("Day");
    // Three parts of unpacked 7-bit text, and one.
    const long = await esme.submit({ from: "100", to: "+14555", text: "a".repeat(320) });
    assert.equal(long.status, 0);
    assert.deepEqual(await send(esme, 1, "+14555"), [0]);
  }
  await gateway.running.settled();
  await gateway.restart();
  await using esme = await bind("Day");
  const statuses = await send(esme, 10, "+14555");
  assert.deepEqual([tally(statuses, 0), tally(statuses, 0x58)], [6, 4]);
  const { usage } = gateway.running.store;
  const came = await usage.cameToday({ accounts: ["Day"], channels: ["SLOW_SERVER"] });
  assert.deepEqual(
    came
      .map(({ account, channel, messages, parts }) => [account, channel, messages, parts])
      .toSorted(),
    [
      ["Day", "SMPP_SERVER1", 2, 4],
      ["Binds", "SLOW_SERVER", 1, 1],
      ["Test1", "SLOW_SERVER", 2, 2],
    ].toSorted(),
  );
  assert.equal(await usage.sentToday("OTHER"), 3);
});
