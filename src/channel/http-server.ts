import type { Socket } from "node:net";
import { createApiServer } from "../http/api-server.ts";
import type { Message, Sms } from "../model/message.ts";
import type { Traffic } from "../model/meter.ts";
import type { Channel, ChannelHost, SendResult } from "./channel.ts";
import { later } from "./desk.ts";
import type { HttpServerSettings } from "./http-server-settings.ts";
import { createCallers, createWork } from "./http-server/api.ts";
import { createLogin } from "./http-server/login.ts";
import { sendRoutes } from "./http-server/send.ts";
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
  const server = createApiServer({ ...settings, newId: host.newId, log });
  const callers = createCallers(createLogin(host, settings));
  const closed = () => (closing ? "overloaded" : drained ? "channel_drained" : undefined);
  const parts = { host, settings, callers, closed, work };
  for (const add of [sendRoutes]) add(server.routes, parts);
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
    room: () => 0,
    write: ({ sms }) =>
      sms === undefined
        ? { code: "bad_request", text: "the message has no content" }
        : { requests: [sms], reference: 0 },
    send,
    async close(drainMs) {
      closing = true;
      listening.close();
      await end(drainMs);
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
      sinceMs = clock.nowMs();
      tellChannel(host, "up", listening.words());
    },
    kick: () => false,
    view: () => ({
      name,
      type: settings.type,
      description: settings.description,
      state: closing ? "down" : drained ? "off" : "up",
      detail: `${drained ? "drained by an operator: messages are refused; " : ""}${listening.words()}`,
      sinceMs,
      sessions: server.connections,
      lastError: undefined,
      certificates: listening.certificates(),
      warnings: listening.warnings(),
    }),
    sessions: () => [],
    traffic: (): Traffic => ({
      windowRequests: 0,
      windowFree: 0,
      refused: 0,
      timedOut: 0,
      late: 0,
      stray: 0,
      writes: 0,
    }),
    ports: () => listening.ports(),
  };

  function onConnection(socket: Socket): void {
    if (closing || server.connections >= connectionsMax) {
      log.warn({ remote: socket.remoteAddress, connectionsMax }, "connection refused");
      socket.destroy();
      return;
    }
    server.take(socket);
  }

  function send(_message: Message, _sms: Sms, done: (result: SendResult) => void): void {
    done({ kind: "refused", status: 0x08, text: "nobody fetches" });
  }

  async function end(drainMs: number): Promise<void> {
    await Promise.race([work.settled(), new Promise<void>((over) => later(drainMs, over))]);
    server.drain();
  }
}
