// Many sessions, many channels, many binds: how they share what is sent, and what a lost one costs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import type { SendResult } from "../../src/channel/channel.ts";
import { systemClock } from "../../src/model/clock.ts";
import { type Esme, connectEsme } from "../../src/simulator/esme.ts";
import { startSmsc } from "../../src/simulator/smsc.ts";
import { sessionLimits } from "../../src/smpp/limits.ts";
import { type Session, type ShortMessageRequest, openSession } from "../../src/smpp/session.ts";
import { openTestChannel } from "./host.ts";
import { handOver, outgoing } from "./messages.ts";

const host = "127.0.0.1";

/** A provider whose sessions and unanswered messages a test sees. */
async function provider(t: TestContext) {
  const sessions = new Set<Session>();
  const open: { readonly request: ShortMessageRequest; readonly session: Session }[] = [];
  const seen = { most: 0, binds: 0 };
  const waiting: (() => void)[] = [];
  const changed = (): void => {
    for (const one of waiting.splice(0)) one();
  };
  const server = createServer((socket) => {
    openSession(socket, {
      role: "smsc",
      limits: sessionLimits,
      clock: systemClock,
      owner: {
        bind(request, session) {
          sessions.add(session);
          seen.binds += 1;
          seen.most = Math.max(seen.most, sessions.size);
          session.answerBind(request, 0, "provider");
          changed();
        },
        shortMessage(request, session) {
          open.push({ request, session });
          changed();
        },
        closed(session) {
          sessions.delete(session);
          changed();
        },
      },
    });
  });
  server.listen(0, host);
  await once(server, "listening");
  t.after(() => {
    for (const session of sessions) session.close("draining");
    server.close();
  });
  const at = server.address();
  return {
    port: at !== null && typeof at === "object" ? at.port : 0,
    sessions,
    open,
    seen,
    answer(index: number): void {
      const [one] = open.splice(index, 1);
      one?.session.answer(one.request, 0, `id-${index}`);
    },
    async until(holds: () => boolean): Promise<void> {
      while (!holds()) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}

const settings = { type: "smpp-client", host, systemId: "us", password: "x", reconnectMs: 20 };

test("[A05] 500 customers are bound at once", async () => {
  await using ours = await openTestChannel({
    type: "smpp-server",
    address: [host],
    port: 0,
    bindTimeoutMs: 60_000,
  });
  const [port = 0] = ours.channel.ports();
  const bound: Esme[] = [];
  for (let round = 0; round < 5; round += 1)
    bound.push(
      ...(await Promise.all(
        Array.from({ length: 100 }, (_, n) =>
          connectEsme({ host, port, systemId: `C${round}-${n}`, password: "x" }),
        ),
      )),
    );
  assert.ok(bound.every(({ bindStatus }) => bindStatus === 0));
  assert.equal(ours.channel.sessions().length, 500);
  assert.equal((await bound[499]?.submit({ from: "1", to: "2", text: "Hi" }))?.status, 0);
  for (const esme of bound) esme.drop();
});

test("[A06] twenty client channels are bound, each as itself", async (t) => {
  const { port, sessions, seen, until } = await provider(t);
  await using opened = new AsyncDisposableStack();
  for (let n = 0; n < 20; n += 1)
    opened.use(await openTestChannel({ ...settings, port, systemId: `us${n}` }, { name: `P${n}` }));
  await until(() => sessions.size === 20);
  assert.equal(seen.binds, 20);
});

test("[C03] three providers see one bind each, with its own credentials", async () => {
  await using opened = new AsyncDisposableStack();
  const told: string[] = [];
  for (const password of ["one", "two", "three"]) {
    const smsc = opened.use(
      await startSmsc({
        host,
        port: 0,
        rules: { password },
        watch: (event) => {
          if (event.what === "bound" || event.what === "refused")
            told.push(`${password}: ${event.what} ${event.systemId}`);
        },
      }),
    );
    const client = { ...settings, port: smsc.port, systemId: `us-${password}`, password };
    await opened.use(await openTestChannel(client)).room();
  }
  assert.deepEqual(told, ["one: bound us-one", "two: bound us-two", "three: bound us-three"]);
});

test("what is sent is spread over the binds, each within its own window, and answers come in any order", async (t) => {
  const peer = await provider(t);
  await using ours = await openTestChannel({
    ...settings,
    port: peer.port,
    binds: 3,
    windowRequests: 4,
  });
  await peer.until(() => peer.sessions.size === 3);
  while (ours.channel.room(undefined) < 12) await new Promise((turn) => setImmediate(turn));
  const perSession = (): number[] =>
    [...peer.sessions].map((one) => peer.open.filter(({ session }) => session === one).length);
  // One after another: each of them gets its turn.
  const turns: number[] = [];
  for (let n = 0; n < 3; n += 1) {
    const taken = new Promise<SendResult>((done) => handOver(ours.channel, outgoing(), done));
    await peer.until(() => peer.open.length === 1);
    perSession().forEach((count, at) => (turns[at] = (turns[at] ?? 0) + count));
    peer.answer(0);
    assert.equal((await taken).kind, "taken");
  }
  assert.deepEqual(turns, [1, 1, 1]);
  // As much as fits: never more than its window on any.
  const results: SendResult[] = [];
  let sent = 0;
  while (ours.channel.room(undefined) > 0) {
    sent += 1;
    handOver(ours.channel, outgoing(), (result) => void results.push(result));
  }
  assert.equal(sent, 12);
  await peer.until(() => peer.open.length === 12);
  assert.deepEqual(perSession(), [4, 4, 4]);
  while (peer.open.length > 0) peer.answer(peer.open.length - 1);
  await ours.room();
  while (results.length < 12) await new Promise((turn) => setImmediate(turn));
  assert.ok(results.every(({ kind }) => kind === "taken"));
});

test("[W16] a bind that dies costs what was in flight on it; the others go on, and never are there more", async (t) => {
  const peer = await provider(t);
  await using ours = await openTestChannel({
    ...settings,
    port: peer.port,
    binds: 2,
    windowRequests: 2,
  });
  while (ours.channel.room(undefined) < 4) await new Promise((turn) => setImmediate(turn));
  const results: SendResult["kind"][] = [];
  const send = (): void =>
    handOver(ours.channel, outgoing(), ({ kind }) => void results.push(kind));
  for (let n = 0; n < 4; n += 1) send();
  await peer.until(() => peer.open.length === 4);
  const [first] = peer.open;
  for (let n = 3; n >= 0; n -= 1)
    if (peer.open[n]?.session === first?.session) peer.open.splice(n, 1);
  first?.session.close("kicked");
  while (results.length < 2) await new Promise((turn) => setImmediate(turn));
  assert.deepEqual(results, ["uncertain", "uncertain"]);
  // What had not been sent goes out at once, on the one that is left.
  peer.answer(0);
  await ours.room();
  send();
  await peer.until(() => peer.open.length === 2);
  while (peer.open.length > 0) peer.answer(0);
  await peer.until(() => peer.seen.binds === 3 && peer.sessions.size === 2);
  while (ours.channel.room(undefined) < 4) await new Promise((turn) => setImmediate(turn));
  assert.deepEqual(results.slice(2), ["taken", "taken", "taken"]);
  assert.equal(peer.seen.most, 2);
});

test("a provider that takes messages silently gets one window of them, and one more when it is heard", async (t) => {
  const peer = await provider(t);
  await using ours = await openTestChannel({
    ...settings,
    port: peer.port,
    windowRequests: 5,
    responseTimeoutMs: 150,
    enquireLinkMs: 100,
  });
  await ours.room();
  const lost: Promise<SendResult>[] = [];
  while (ours.channel.room(undefined) > 0)
    lost.push(new Promise((done) => handOver(ours.channel, outgoing(), done)));
  for (const result of await Promise.all(lost))
    assert.deepEqual(result, { kind: "uncertain", why: "response_timeout" });
  assert.equal(ours.channel.room(undefined), 0);
  // It answers enquire_link, so it is tried again, with one.
  await ours.room();
  assert.equal(ours.channel.room(undefined), 1);
  const probe = new Promise<SendResult>((done) => handOver(ours.channel, outgoing(), done));
  await peer.until(() => peer.open.length === 6);
  assert.equal(ours.channel.room(undefined), 0);
  peer.answer(5);
  assert.equal((await probe).kind, "taken");
  assert.equal(ours.channel.room(undefined), 5);
});

test("we never send faster than a provider's rate, and go on by time alone", async () => {
  await using smsc = await startSmsc({ host, port: 0 });
  const rate = { perSecond: 200, burst: 4 };
  await using ours = await openTestChannel({
    ...settings,
    port: smsc.port,
    windowRequests: 100,
    rate: `${rate.perSecond}/second burst ${rate.burst}`,
  });
  const sentMs: number[] = [];
  const results: SendResult["kind"][] = [];
  while (sentMs.length < 60) {
    await ours.room();
    while (ours.channel.room(undefined) > 0 && sentMs.length < 60) {
      sentMs.push(performance.now());
      handOver(ours.channel, outgoing(), ({ kind }) => void results.push(kind));
    }
  }
  for (let from = 0; from < sentMs.length; from += 1)
    for (let to = from; to < sentMs.length; to += 1) {
      const ms = (sentMs[to] ?? 0) - (sentMs[from] ?? 0);
      // The time here is taken a moment before the bucket's own.
      const most = rate.burst + (ms * rate.perSecond) / 1_000 + 0.5;
      assert.ok(to - from + 1 <= most, `${to - from + 1} in ${ms} ms`);
    }
  while (results.length < 60) await new Promise((turn) => setImmediate(turn));
  assert.ok(results.every((kind) => kind === "taken"));
});
