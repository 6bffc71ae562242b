import type { Socket } from "node:net";
import { type KeptOptions, messageIdFor, standardOptions } from "../model/account-options.ts";
import { type ErrorCode, GatewayError, commandStatusOf } from "../model/error.ts";
import type { BindAnswer, MessageAnswer } from "../model/event.ts";
import type { Message, Sms } from "../model/message.ts";
import {
  type BindRequest,
  type Session,
  type ShortMessageRequest,
  openSession,
} from "../smpp/session.ts";
import type { Channel, ChannelHost, OwnView, SendResult } from "./channel.ts";
import { type Customer, receives, sessionView } from "./customer.ts";
import { limitsOf } from "./settings.ts";
import type { SmppServerSettings } from "./smpp-server-settings.ts";
import { handOver } from "./outgoing.ts";
import { messageEvent } from "./incoming.ts";
import { type Listener, listen } from "./listener.ts";
import { type NoticedSession, tellChannel, tellSession } from "./notice.ts";
import { withPduLog } from "./pdu-log.ts";
import { receiptFor } from "./receipt-out.ts";
import { sumTraffic } from "./traffic.ts";
import { type ServerTls, serverTls } from "./tls.ts";
import { codingsOf } from "./text-settings.ts";
import { createWriting } from "./writing.ts";

/** Ends of a session after which nobody has to look. */
const orderlyEnds: ReadonlySet<string> = new Set([
  "peer_closed",
  "peer_unbound",
  "unbound",
  "kicked",
  "inactive",
  "draining",
]);

/** Listens for customers. Every bind and every message is an event; this file decides nothing. */
export async function openSmppServer(
  settings: SmppServerSettings,
  host: ChannelHost,
): Promise<Channel> {
  const { name, clock, log } = host;
  const customers = new Map<Session, Customer>();
  const traffic = sumTraffic();
  const kickedOut = new WeakSet<Session>();
  let sinceMs = clock.nowMs();
  let lastError: OwnView["lastError"];
  let closing = false;
  let drained = host.drained;
  /** Messages whose answer is being decided or committed. */
  let deciding = 0;
  let onDecided: (() => void)[] = [];

  const owner = withPduLog(host, {
    bind: onBind,
    shortMessage: onMessage,
    closed: onClosed,
    fault: (error, session) => log.error({ session: session.id, err: error }, "a fault of ours"),
  });
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
  if (!drained) tellChannel(host, "up", listensOn());

  return {
    name,
    type: settings.type,
    taken: "DELIVERED",
    group: name,
    joinWaitMs: settings.join ? settings.joinWaitMs : undefined,
    codings: codingsOf(settings),
    reportWaitMs: undefined,
    room(account) {
      let room = 0;
      for (const customer of customers.values())
        if (receives(customer, account)) room += customer.session.room();
      return room;
    },
    write: createWriting(settings),
    send,
    close,
    async drain(drainMs) {
      drained = true;
      sinceMs = clock.nowMs();
      await end(drainMs);
    },
    resume() {
      if (!drained) return;
      drained = false;
      sinceMs = clock.nowMs();
      tellChannel(host, "up", listensOn());
    },
    kick(id) {
      const kicked = [...customers.keys()].find((session) => session.id === id);
      if (kicked !== undefined) {
        kickedOut.add(kicked);
        void kicked.unbind();
      }
      return kicked !== undefined;
    },
    view: () => ({
      name,
      type: settings.type,
      description: settings.description,
      state: closing ? "down" : drained ? "off" : "up",
      detail: drained ? `drained by an operator: binds are refused; ${listensOn()}` : listensOn(),
      sinceMs,
      sessions: bound().length,
      lastError,
    }),
    sessions: () => bound().map((customer) => sessionView(customer, name)),
    traffic: () => traffic.read(customers.keys(), settings.windowRequests),
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
      const { sessionsMax } = settings;
      log.warn({ remote: socket.remoteAddress, sessionsMax }, "connection refused");
      if (!closing) failed(`connection refused: sessionsMax (${sessionsMax}) is reached`);
      socket.destroy();
      return;
    }
    const session = openSession(socket, {
      role: "smsc",
      limits: limitsOf(settings, settings.bindTimeoutMs),
      clock,
      owner,
    });
    customers.set(session, {
      session,
      sinceMs: clock.nowMs(),
      account: undefined,
      boundMs: undefined,
      bindType: "transceiver",
      received: 0,
      sent: 0,
    });
  }

  function onBind(request: BindRequest, session: Session): void {
    const customer = customers.get(session);
    if (customer === undefined || closing) return session.close("draining");
    if (drained) return refuseBind(request, session, "channel_drained");
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
        // It may have been drained while the triggers decided.
        if (drained) return refuseBind(request, session, "channel_drained");
        customer.account = answer.account;
        customer.bindType = request.bindType;
        session.answerBind(request, 0, settings.systemId);
        // The customer may have gone while the triggers decided.
        if (!session.state.startsWith("bound")) return;
        customer.boundMs = clock.nowMs();
        tellSession(host, noticed(customer, answer.account, customer.boundMs));
        log.info({ session: session.id, account: answer.account, remote: session.remote }, "bound");
        host.ready();
        break;
      case "refused":
        refuseBind(request, session, answer.code);
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

  function refuseBind(request: BindRequest, session: Session, code: ErrorCode | number): void {
    session.answerBind(request, commandStatusOf(code), settings.systemId);
    log.info({ session: session.id, remote: session.remote, code }, "bind refused");
    failed(`bind of ${request.systemId} from ${session.remote} refused: ${code}`);
    session.close("bind_refused");
  }

  function onMessage(request: ShortMessageRequest, session: Session): void {
    const customer = customers.get(session);
    if (customer === undefined) return;
    customer.received += 1;
    if (request.sms.to.digits === "") {
      session.answer(request, commandStatusOf("bad_destination"));
      return;
    }
    if (closing || drained) {
      session.answer(request, commandStatusOf(closing ? "overloaded" : "channel_drained"));
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
    if (deciding > 0) return;
    for (const decided of onDecided) decided();
    onDecided = [];
  }

  function answerMessage(
    request: ShortMessageRequest,
    { session, account }: Customer,
    answer: MessageAnswer,
    startMs: number,
  ): void {
    switch (answer.kind) {
      case "accepted":
        session.answer(request, 0, messageIdFor(answer.id, optionsOf(account)));
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

  function onClosed(session: Session, how: string, detail: string): void {
    const reason = kickedOut.has(session) ? "kicked" : how;
    const customer = customers.get(session);
    customers.delete(session);
    traffic.ended(session);
    if (customer?.account !== undefined)
      log.info({ session: session.id, account: customer.account, reason, detail }, "session ended");
    if (customer?.account !== undefined && customer.boundMs !== undefined)
      tellSession(host, noticed(customer, customer.account, customer.boundMs), { reason, detail });
    if (customer?.account !== undefined && !orderlyEnds.has(reason))
      failed(`session of ${customer.account} from ${session.remote} ended: ${reason}`);
  }

  function noticed(customer: Customer, account: string, boundMs: number): NoticedSession {
    const { session, bindType } = customer;
    const { received, sent } = session.counters;
    const others = bound().filter((one) => one !== customer && one.account === account).length;
    return { session, account, bindType, boundMs, received, sent, others };
  }

  function failed(text: string): void {
    lastError = { atMs: clock.nowMs(), text };
  }

  /** Of the account's sessions that may receive, the one with most room. */
  function send(message: Message, sms: Sms, done: (result: SendResult) => void): void {
    let best: Customer | undefined;
    for (const customer of customers.values())
      if (receives(customer, message.account) && customer.session.room() > 0)
        if (best === undefined || customer.session.room() > best.session.room()) best = customer;
    if (best === undefined) return done({ kind: "refused", status: 0x08, text: "nobody bound" });
    const customer = best;
    const { session } = customer;
    const finish = (result: SendResult): void => {
      if (result.kind === "taken") customer.sent += 1;
      done(result);
      host.ready();
    };
    const { report, account } = message;
    if (report === undefined) return handOver(session, "deliver_sm", sms, finish);
    const receipt = receiptFor(report, sms, { version: session.version, ...optionsOf(account) });
    handOver(session, receipt.command, receipt.sms, finish);
  }

  function optionsOf(account: string | undefined): KeptOptions {
    return account === undefined ? standardOptions : (host.optionsOf?.(account) ?? standardOptions);
  }

  async function close(drainMs: number): Promise<void> {
    closing = true;
    for (const listener of listeners()) listener.close();
    await end(drainMs);
  }

  async function end(drainMs: number): Promise<void> {
    const sessions = [...customers.keys()];
    const limit = new Promise<void>((over) => later(drainMs, over));
    if (deciding > 0)
      await Promise.race([new Promise<void>((decided) => onDecided.push(decided)), limit]);
    const ends = sessions.map(async (session) => {
      if (session.state.startsWith("bound")) await session.unbind();
      else session.close("draining");
    });
    await Promise.race([Promise.allSettled(ends), limit]);
    for (const session of sessions) session.close("draining");
  }

  function bound(): Customer[] {
    return [...customers.values()].filter((customer) => customer.session.state.startsWith("bound"));
  }
}

/** A timer that does not keep the process alive. */
function later(waitMs: number, act: () => void): void {
  setTimeout(act, Math.max(0, waitMs)).unref();
}
