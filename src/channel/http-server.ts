import type { Socket } from "node:net";
import { createApiServer } from "../http/api-server.ts";
import type { Traffic } from "../model/meter.ts";
import type { Channel, ChannelHost } from "./channel.ts";
import { later } from "./desk.ts";
import type { HttpServerSettings } from "./http-server-settings.ts";
import { createCallers, createWork } from "./http-server/api.ts";
import { createEventStreams } from "./http-server/events.ts";
import { createInbox } from "./http-server/inbox.ts";
import { createLogin } from "./http-server/login.ts";
import { createTally } from "./http-server/tally.ts";
import { addRoutes } from "./http-server/openapi-page.ts";
import { openListening } from "./listening.ts";
import { tellChannel } from "./notice.ts";

/** Customers send and read here with HTTP and JSON. Every message is an event; this file decides nothing. */
export async function openHttpServer(
  settings: HttpServerSettings,
  host: ChannelHost,
): Promise<Channel> {
  const { name, clock, log } = host;
  let sinceMs = clock.nowMs();
  let closing = false;
  let drained = host.drained;
  const work = createWork(settings.messagesInFlight);
  const tally = createTally(clock);
  const { newId } = host;
  const server = createApiServer({ ...settings, newId, log, answered: tally.answered });
  const callers = createCallers(createLogin(host, settings));
  callers.join(server.routes);
  const closed = () => (closing ? "overloaded" : drained ? "channel_drained" : undefined);
  const parts = { host, settings, callers, closed, work };
  const inbox = createInbox(host, settings);
  const streams = createEventStreams(parts);
  addRoutes(server, parts, { inbox, streams });
  await server.ready();
  const { connectionsMax, requestTimeoutMs } = settings;
  const ports = { ...settings, listeners: undefined };
  const listening = await openListening(
    { ...ports, bindTimeoutMs: requestTimeoutMs, sessionsMax: connectionsMax },
    host,
    onConnection,
  );
  if (!drained) tellChannel(host, "up", listening.words());

  return {
    name,
    type: settings.type,
    taken: "DELIVERED",
    group: name,
    reportWaitMs: undefined,
    relayWithinMs: settings.relayWithinMs || undefined,
    transactionWaitMs: settings.transactionWaitMs,
    rate: settings.rate,
    queueMax: settings.queueMax,
    takesReports: settings.reports === "pull",
    room: (account) => inbox.room(account),
    write: ({ sms }) =>
      sms === undefined
        ? { code: "bad_request", text: "the message has no content" }
        : { requests: [sms], reference: 0 },
    send: (message, sms, done) => inbox.put(message, sms, done),
    told: (account, id) => inbox.told(account, id),
    stopping: () => inbox.close(),
    async close(drainMs) {
      closing = true;
      listening.close();
      await end(drainMs);
      server.drain();
      await server.close();
    },
    async drain(drainMs) {
      drained = true;
      sinceMs = clock.nowMs();
      await end(drainMs);
    },
    resume() {
      if (!drained) return;
      drained = false;
      inbox.open();
      sinceMs = clock.nowMs();
      tellChannel(host, "up", listening.words());
    },
    kick: () => false,
    view: () => ({
      name,
      type: settings.type,
      description: settings.description,
      state: closing ? "down" : drained ? "off" : "up",
      detail: `${drained ? "drained by an operator: messages are refused; " : ""}${listening.words()}; ${tally.words()}`,
      sinceMs,
      sessions: server.connections,
      lastError: tally.lastError,
      certificates: listening.certificates(),
      warnings: listening.warnings(),
    }),
    sessions: () => [],
    traffic: (): Traffic => ({ ...tally.counts(), ...inbox.window(), late: 0, stray: 0 }),
    ports: () => listening.ports(),
  };

  function onConnection(socket: Socket): void {
    if (closing || server.connections >= connectionsMax) {
      log.warn({ remote: socket.remoteAddress, connectionsMax }, "connection refused");
      if (!closing)
        tally.failed(`connection refused: connectionsMax (${connectionsMax}) is reached`);
      socket.destroy();
      return;
    }
    server.take(socket);
  }

  async function end(drainMs: number): Promise<void> {
    await Promise.race([work.settled(), new Promise<void>((over) => later(drainMs, over))]);
    inbox.close();
    streams.end();
  }
}
