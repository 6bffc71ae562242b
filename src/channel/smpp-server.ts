import type { Socket } from "node:net";
import { z } from "../config/schema.ts";
import { GatewayError, commandStatusOf } from "../model/error.ts";
import type { BindAnswer, MessageAnswer } from "../model/event.ts";
import type { Message } from "../model/message.ts";
import type { SessionView } from "../model/view.ts";
import {
  type BindRequest,
  type Session,
  type SessionOwner,
  type ShortMessageRequest,
  openSession,
} from "../smpp/session.ts";
import type { Channel, ChannelHost, SendResult } from "./channel.ts";
import { commonSettings, limitsOf, sessionSettings } from "./settings.ts";
import { handOver, sendable } from "./outgoing.ts";
import { messageEvent } from "./incoming.ts";
import { type Listener, listen } from "./listener.ts";
import { type ServerTls, serverTls, serverTlsSettings } from "./tls.ts";

export const smppServerSettings = z
  .strictObject({
    type: z.literal("smpp-server").describe("Customers bind here with SMPP."),
    ...commonSettings,
    address: z
      .array(z.string().min(1))
      .min(1)
      .default(["127.0.0.1", "::1"])
      .describe("Local addresses to listen on; `0.0.0.0` and `::` mean all."),
    port: z.int().min(0).max(65_535).default(2775).describe("TCP port; 0 takes a free one."),
    tls: serverTlsSettings.optional(),
    systemId: z
      .string()
      .max(15)
      .default("signalbox")
      .describe("system_id that a customer gets in the bind response."),
    sessionsMax: z
      .int()
      .min(1)
      .default(1_000)
      .describe("Connections at a time; more are closed at once."),
    bindTimeoutMs: z
      .int()
      .min(100)
      .default(5_000)
      .meta({ unit: "ms" })
      .describe("A connection that is not bound by then is closed; an unanswered bind is refused."),
    answerTimeoutMs: z
      .int()
      .min(100)
      .default(3_000)
      .meta({ unit: "ms" })
      .describe("How long a message may wait for its answer."),
    onUnhandledBind: z
      .enum(["reject", "silent"])
      .default("reject")
      .describe(
        "No trigger answered a bind: refuse with 0x0D after bindTimeoutMs, or close silently.",
      ),
    onUnhandled: z
      .enum(["reject", "close"])
      .default("reject")
      .describe(
        "No trigger answered a message: refuse with 0x08 at once, or close after answerTimeoutMs.",
      ),
    ...sessionSettings,
  })
  .meta({ title: "smpp-server" });

export type SmppServerSettings = z.infer<typeof smppServerSettings>;

/** What we know of a session beyond the protocol. */
interface Customer {
  readonly session: Session;
  readonly sinceMs: number;
  account: string | undefined;
  bindType: SessionView["bindType"];
  received: number;
  sent: number;
}

/** Listens for customers. Every bind and every message is an event; this file decides nothing. */
export async function openSmppServer(
  settings: SmppServerSettings,
  host: ChannelHost,
): Promise<Channel> {
  const { name, clock, log } = host;
  const customers = new Map<Session, Customer>();
  const openedMs = clock.nowMs();
  let closing = false;
  /** Messages whose answer is being decided or committed. */
  let deciding = 0;
  let decided: (() => void) | undefined;

  const owner: SessionOwner = {
    bind: onBind,
    shortMessage: onMessage,
    closed: onClosed,
    fault: (error, session) => log.error({ session: session.id, err: error }, "a fault of ours"),
  };
  const tls = settings.tls && (await serverTls(settings.tls, settings.address, host));
  const plainListeners: Listener[] = [];
  const tlsListeners: Listener[] = [];
  const listeners = (): Listener[] => [...plainListeners, ...tlsListeners];
  try {
    await listenOn(settings.port, plainListeners);
    if (tls !== undefined) await listenOn(tls.port, tlsListeners, tls);
    if (plainListeners.length === 0)
      throw new GatewayError("port_taken", `channel ${name}: none of its addresses can be used`);
  } catch (cause) {
    for (const listener of listeners()) listener.close();
    throw cause;
  }

  return {
    name,
    type: settings.type,
    taken: "DELIVERED",
    group: name,
    reportWaitMs: undefined,
    room(account) {
      let room = 0;
      for (const customer of customers.values())
        if (receives(customer, account)) room += customer.session.room();
      return room;
    },
    send,
    close,
    view: () => ({
      name,
      type: settings.type,
      description: settings.description,
      state: closing ? "down" : "up",
      detail: listensOn(),
      sinceMs: openedMs,
      sessions: bound().length,
      inFlight: 0,
    }),
    sessions: () => bound().map(viewOf),
    ports: () => listeners().map(({ port }) => port),
  };

  async function listenOn(port: number, opened: Listener[], secure?: ServerTls): Promise<void> {
    const { bindTimeoutMs: handshakeTimeoutMs, sessionsMax: connectionsMax } = settings;
    for (const address of settings.address) {
      const options = { channel: name, address, port, log };
      const limited = secure && { tls: { ...secure, handshakeTimeoutMs, connectionsMax } };
      const listener = await listen({ ...options, ...limited }, onConnection);
      if (listener !== undefined) opened.push(listener);
    }
  }

  function listensOn(): string {
    const on = (some: readonly Listener[]): string => some.map(({ where }) => where).join(", ");
    const plain = `listens on ${on(plainListeners)}`;
    if (tls === undefined) return plain;
    const expired = tls.identity.validUntilMs <= clock.nowMs();
    return `${plain}, with TLS on ${on(tlsListeners)}${expired ? "; its certificate has expired" : ""}`;
  }

  function onConnection(socket: Socket): void {
    if (closing || customers.size >= settings.sessionsMax) {
      log.warn(
        { remote: socket.remoteAddress, sessionsMax: settings.sessionsMax },
        "connection refused",
      );
      socket.destroy();
      return;
    }
    const session = openSession(socket, {
      role: "smsc",
      limits: limitsOf(settings, settings.bindTimeoutMs),
      clock,
      owner,
    });
    const sinceMs = clock.nowMs();
    const bindType = "transceiver";
    customers.set(session, {
      session,
      sinceMs,
      account: undefined,
      bindType,
      received: 0,
      sent: 0,
    });
  }

  function onBind(request: BindRequest, session: Session): void {
    const customer = customers.get(session);
    if (customer === undefined || closing) return session.close("draining");
    const event = {
      id: host.newId(),
      channel: name,
      session: session.id,
      systemId: request.systemId,
      systemType: request.systemType,
      password: request.password,
      bindType: request.bindType,
      version: request.version,
      addressRange: request.addressRange,
      remote: session.remote,
      tls: session.tls,
    };
    const startMs = clock.tickMs();
    host.emit("bind", event).then(
      (answer) => answerBind(request, customer, answer, startMs),
      (cause: unknown) => {
        log.error({ session: session.id, err: cause }, "bind failed on our side");
        session.answerBind(request, commandStatusOf("internal"), settings.systemId);
        session.close("bind_refused");
      },
    );
  }

  function answerBind(
    request: BindRequest,
    customer: Customer,
    answer: BindAnswer,
    startMs: number,
  ): void {
    const { session } = customer;
    switch (answer.kind) {
      case "accepted":
        customer.account = answer.account;
        customer.bindType = request.bindType;
        session.answerBind(request, 0, settings.systemId);
        log.info({ session: session.id, account: answer.account, remote: session.remote }, "bound");
        host.ready();
        break;
      case "refused":
        session.answerBind(request, commandStatusOf(answer.code), settings.systemId);
        log.info(
          { session: session.id, remote: session.remote, code: answer.code },
          "bind refused",
        );
        session.close("bind_refused");
        break;
      case "unanswered": {
        const waitMs = settings.bindTimeoutMs - (clock.tickMs() - startMs);
        later(waitMs, () => {
          if (settings.onUnhandledBind === "reject")
            session.answerBind(request, commandStatusOf("bind_refused"), settings.systemId);
          session.close("bind_unanswered");
        });
        break;
      }
    }
  }

  function onMessage(request: ShortMessageRequest, session: Session): void {
    const customer = customers.get(session);
    if (customer === undefined) return;
    customer.received += 1;
    if (request.sms.to.digits === "") {
      session.answer(request, commandStatusOf("bad_destination"));
      return;
    }
    if (closing) {
      session.answer(request, commandStatusOf("overloaded"));
      return;
    }
    const startMs = clock.tickMs();
    const isOpen = (): boolean =>
      session.state !== "closed" && clock.tickMs() - startMs < settings.answerTimeoutMs;
    const { account } = customer;
    const event = messageEvent({ host, settings, request, session, account, isOpen });
    deciding += 1;
    host.emit("message", event).then(
      (answer) => {
        answerMessage(request, customer, answer, startMs);
        settled();
      },
      (cause: unknown) => {
        log.error({ session: session.id, message: event.message.id, err: cause }, "message failed");
        session.answer(request, commandStatusOf("internal"));
        settled();
      },
    );
  }

  function settled(): void {
    deciding -= 1;
    if (deciding === 0) decided?.();
  }

  function answerMessage(
    request: ShortMessageRequest,
    { session }: Customer,
    answer: MessageAnswer,
    startMs: number,
  ): void {
    switch (answer.kind) {
      case "accepted":
        session.answer(request, 0, answer.id);
        break;
      case "refused":
        session.answer(request, commandStatusOf(answer.code));
        break;
      case "unanswered":
        if (settings.onUnhandled === "reject")
          session.answer(request, commandStatusOf("unanswered"));
        else
          later(settings.answerTimeoutMs - (clock.tickMs() - startMs), () => {
            log.warn({ session: session.id }, "closed: a message was not answered by any trigger");
            session.close("message_unanswered");
          });
        break;
    }
  }

  function onClosed(session: Session, reason: string, detail: string): void {
    const customer = customers.get(session);
    customers.delete(session);
    if (customer?.account !== undefined)
      log.info({ session: session.id, account: customer.account, reason, detail }, "session ended");
  }

  /** Of the account's sessions that may receive, the one with most room. */
  function send(message: Message, done: (result: SendResult) => void): void {
    let best: Customer | undefined;
    for (const customer of customers.values())
      if (receives(customer, message.account) && customer.session.room() > 0)
        if (best === undefined || customer.session.room() > best.session.room()) best = customer;
    const sms = sendable(message);
    if (best === undefined) return done({ kind: "refused", status: 0x08, text: "nobody bound" });
    if ("code" in sms) return done({ kind: "impossible", ...sms });
    const customer = best;
    handOver(customer.session, "deliver_sm", sms, (result) => {
      if (result.kind === "taken") customer.sent += 1;
      done(result);
      host.ready();
    });
  }

  async function close(drainMs: number): Promise<void> {
    closing = true;
    for (const listener of listeners()) listener.close();
    const limit = new Promise<void>((end) => later(drainMs, end));
    if (deciding > 0) await Promise.race([new Promise<void>((end) => (decided = end)), limit]);
    const ends = [...customers.values()].map(async ({ session }) => {
      if (session.state.startsWith("bound")) await session.unbind();
      else session.close("draining");
    });
    await Promise.race([Promise.allSettled(ends), limit]);
    for (const session of customers.keys()) session.close("draining");
  }

  function bound(): Customer[] {
    return [...customers.values()].filter((customer) => customer.session.state.startsWith("bound"));
  }

  function viewOf(customer: Customer): SessionView {
    const { session } = customer;
    const version = session.version >= 0x50 ? "5.0" : session.version >= 0x34 ? "3.4" : "3.3";
    return {
      id: session.id,
      channel: name,
      account: customer.account ?? "",
      bindType: customer.bindType,
      version,
      remote: session.remote,
      tls: session.tls,
      sinceMs: customer.sinceMs,
      received: customer.received,
      sent: customer.sent,
    };
  }
}

function receives(customer: Customer, account: string | undefined): boolean {
  const { state } = customer.session;
  return customer.account === account && (state === "bound_rx" || state === "bound_trx");
}

/** A timer that does not keep the process alive. */
function later(waitMs: number, act: () => void): void {
  setTimeout(act, Math.max(0, waitMs)).unref();
}
