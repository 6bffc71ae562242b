/**
 * Goal: those who connect and say nothing, or bind and never read, cost their own connection and
 * nothing else. Method: many of them at once, and another customer who must not notice.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { test } from "node:test";
import type { SessionView } from "../../src/model/view.ts";
import { type Esme, connectEsme } from "../../src/simulator/esme.ts";
import { type GatewayProcess, until } from "../support/gateway-process.ts";
import { startLoad } from "../support/load.ts";
import { startSilentProxy } from "../support/silent-proxy.ts";
import { residentMib, startCountingProvider, startSite } from "../support/site.ts";
import { growthMibMax, isLong, patienceMs } from "./limits.ts";

const halfOpen = 500;

/** ms. Short, so that a test need not wait a minute and a half for what is the same afterwards. */
const soon = { enquireLinkMs: 500, responseTimeoutMs: 2_000 };

/** ms. Of 500 sessions that are served beside all else, on a machine that may be crowded. */
const later = { enquireLinkMs: 2_000, responseTimeoutMs: 6_000 };

/** Messages whose reports are for somebody who does not read. */
const unread = isLong ? 20_000 : 1_000;

test("500 connections that never bind are closed after bindTimeoutMs, and nobody else notices", async (context) => {
  await using counting = await startCountingProvider();
  await using site = await startSite({
    providerPort: counting.provider.port,
    settings: { eventDeadlineMs: 1_000 },
    server: { bindTimeoutMs: 3_000 },
  });
  await site.gateway.untilUp();
  await using other = startLoad({ port: site.port, rate: 50, patienceMs });
  await other.more(10);
  const before = residentMib(site.gateway.pid);
  const sockets = await Promise.all(Array.from({ length: halfOpen }, () => opened(site.port)));
  const ended = sockets.map(async (socket) => {
    socket.resume();
    await once(socket, "close");
  });
  await other.more(10);
  await Promise.all(ended);
  await other.more(10);
  await other.quiet();
  assert.equal(other.refused.size, 0);
  const grown = residentMib(site.gateway.pid) - before;
  context.diagnostic(`memory ${before} MiB + ${grown} MiB`);
  assert.ok(grown < growthMibMax, `${grown} MiB more`);
});

test("500 sessions that fall silent after their bind are found out and closed, and nobody else notices", async (context) => {
  await using counting = await startCountingProvider();
  await using site = await startSite({ providerPort: counting.provider.port, server: later });
  await site.gateway.untilUp();
  await using network = await startSilentProxy(() => site.port);
  await using other = startLoad({ port: site.port, systemId: "Test2", rate: 50, patienceMs });
  await other.more(10);
  const before = residentMib(site.gateway.pid);
  const bound: Esme[] = [];
  while (bound.length < halfOpen)
    bound.push(...(await Promise.all(Array.from({ length: 50 }, () => bind(network.port)))));
  const all = await sessionsOf(site.gateway, "Test1");
  assert.equal(all, halfOpen);
  network.silence();
  const areGone = async (): Promise<boolean> => (await sessionsOf(site.gateway, "Test1")) === 0;
  assert.ok(await until(areGone, patienceMs), "the silent ones are found out");
  await other.more(10);
  await other.quiet();
  assert.equal(other.refused.size, 0);
  assert.equal(await sessionsOf(site.gateway, "Test2"), 1, "who answers stays");
  const grown = residentMib(site.gateway.pid) - before;
  context.diagnostic(`memory ${before} MiB + ${grown} MiB`);
  assert.ok(grown < growthMibMax, `${grown} MiB more`);
  for (const esme of bound) esme.drop();
});

test("a customer who binds and never reads: his reports wait in the table, others get theirs, he gets all in the end", async (context) => {
  await using counting = await startCountingProvider();
  await using site = await startSite({
    providerPort: counting.provider.port,
    server: { ...soon, windowRequests: 100 },
  });
  const { gateway, port } = site;
  await gateway.untilUp();
  await using network = await startSilentProxy(() => port);
  await using sender = await connectEsme({
    host: "127.0.0.1",
    port,
    systemId: "Test1",
    password: "Pwd1",
    bindType: "transmitter",
    windowRequests: 50,
  });
  await using other = startLoad({ port, systemId: "Test2", rate: 50, patienceMs });

  // He binds again whenever he is closed, and reads nothing again.
  let reading = false;
  const deaf: Esme[] = [];
  const deafness = (async () => {
    while (!reading) {
      network.heal();
      const esme = await bind(network.port, "receiver").catch(() => undefined);
      if (esme === undefined) continue;
      deaf.push(esme);
      network.silence();
      const isGone = async (): Promise<boolean> =>
        reading || (await sessionsOf(gateway, "Test1", "receiver")) === 0;
      await until(isGone, patienceMs);
    }
  })();
  const ids = await submit(0, unread / 2);
  // In the first half what is allowed to be full fills up.
  const before = residentMib(gateway.pid);
  ids.push(...(await submit(unread / 2, unread)));
  await counting.provider.until("reported", unread);
  await until(async () => deaf.length > 1, patienceMs);
  await other.more(10);
  await other.quiet();
  const isTold = async (): Promise<boolean> =>
    [...other.accepted.values()].every((id) => other.reported.has(id));
  assert.ok(await until(isTold, patienceMs), "the other customer has all his reports");
  const grown = residentMib(gateway.pid) - before;
  context.diagnostic(`memory ${before} MiB + ${grown} MiB; bound ${deaf.length} times in vain`);
  assert.ok(grown < growthMibMax, `${grown} MiB more`);

  reading = true;
  await deafness;
  for (const esme of deaf) esme.drop();
  network.heal();
  const told = new Set<string>();
  await using reader = await connectEsme({
    host: "127.0.0.1",
    port,
    systemId: "Test1",
    password: "Pwd1",
    bindType: "receiver",
    watch: ({ receipt }) => told.add(receipt?.messageId ?? ""),
  });
  assert.equal(reader.bindStatus, 0);
  assert.ok(await until(async () => ids.every((id) => told.has(id)), patienceMs), "all is told");

  function submit(from: number, to: number): Promise<string[]> {
    const answers = Array.from({ length: to - from }, async (_, at) => {
      const text = `unread ${from + at}`;
      const message = { from: "+31201234567", to: "+31612345678", text, registeredDelivery: 1 };
      const { status, messageId } = await sender.submit(message);
      assert.equal(status, 0);
      return messageId;
    });
    return Promise.all(answers);
  }
});

async function opened(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => undefined); // It is closed on us; `close` follows.
  await once(socket, "connect");
  return socket;
}

function bind(port: number, bindType: "receiver" | "transceiver" = "transceiver"): Promise<Esme> {
  return connectEsme({ host: "127.0.0.1", port, systemId: "Test1", password: "Pwd1", bindType });
}

async function sessionsOf(
  gateway: GatewayProcess,
  account: string,
  bindType?: string,
): Promise<number> {
  const sessions = (await gateway.api("GET", "/v1/sessions")) as SessionView[];
  return sessions.filter(
    (one) => one.account === account && (bindType === undefined || one.bindType === bindType),
  ).length;
}
