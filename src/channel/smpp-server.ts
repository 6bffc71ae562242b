import type { Socket } from "node:net";
import { type KeptOptions, standardOptions } from "../model/account-options.ts";
import type { Message, Sms } from "../model/message.ts";
import { type Session, openSession } from "../smpp/session.ts";
import { announceAlert } from "./alerts.ts";
import { createBinding } from "./binding.ts";
import type { Channel, ChannelHost, OwnView, SendResult } from "./channel.ts";
import { type Customer, sessionView } from "./customer.ts";
import { type Desk, later } from "./desk.ts";
import { limitsOf } from "./settings.ts";
import type { SmppServerSettings } from "./smpp-server-settings.ts";
import { toCustomer } from "./onward.ts";
import { createFailedBinds } from "./failed-binds.ts";
import { handOver } from "./outgoing.ts";
import { openListening } from "./listening.ts";
import { type NoticedSession, tellChannel, tellSession } from "./notice.ts";
import { withPduLog } from "./pdu-log.ts";
import { receiptFor } from "./receipt-out.ts";
import { createReceivers } from "./receivers.ts";
import { createOperationDesk } from "./operation-desk.ts";
import { createSpread } from "./spread.ts";
import { createSubmissions } from "./submissions.ts";
import { sumTraffic } from "./traffic.ts";
import { subjectOf } from "./tls.ts";
import { isTlsHello } from "./tls-trouble.ts";
import { codingsOf } from "./text-settings.ts";
import { tlvsOf } from "./tlv-settings.ts";
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
  const receivers = createReceivers();
  const spread = createSpread<Session>();
  const traffic = sumTraffic();
  const kickedOut = new WeakSet<Session>();
  let sinceMs = clock.nowMs();
  let lastError: OwnView["lastError"];
  let closing = false;
  let drained = host.drained;
  const desk: Desk = {
    host,
    settings,
    customerOf: (session) => customers.get(session),
    optionsOf,
    bindFailed,
    isClosing: () => closing,
    isDrained: () => drained,
    failed,
  };
  const failedBinds = createFailedBinds(settings.failedBindsMax, clock);
  const binding = createBinding(desk, (customer) => {
    const { session, account, boundMs } = customer;
    if (account === undefined || boundMs === undefined) return;
    receivers.bound(customer);
    tellSession(host, noticed(customer, account, boundMs));
    host.ownLines?.bound(session);
    log.info({ session: session.id, account, remote: session.remote }, "bound");
    host.ready();
  });
  const submissions = createSubmissions(desk);
  const operations = createOperationDesk(desk);

  const owner = withPduLog(host, {
    bind: (request, session) => binding.ask(request, session),
    shortMessage: (request, session) => submissions.take(request, session),
    other: (request, session) => operations.take(request, session),
    heardAgain: () => host.ready(),
    closed: onClosed,
    fault: (error, session) => log.error({ session: session.id, err: error }, "a fault of ours"),
  });
  const listening = await openListening(settings, host, onConnection);
  if (!drained) tellChannel(host, "up", listening.words());

  return {
    name,
    type: settings.type,
    taken: "DELIVERED",
    group: name,
    joinWaitMs: settings.join ? settings.joinWaitMs : undefined,
    relayWithinMs: settings.relayWithinMs || undefined,
    transactionWaitMs: settings.transactionWaitMs,
    codings: codingsOf(settings),
    tlvs: tlvsOf(settings),
    reportWaitMs: undefined,
    rate: settings.rate,
    queueMax: settings.queueMax,
    acceptsAny: (what) => (what === "bind" ? settings.acceptAnyBind : settings.acceptAnyMessage),
    room: receivers.room,
    write: createWriting(settings),
    send,
    alert: (account, event) =>
      announceAlert(
        receivers.of(account).filter(({ state }) => state.startsWith("bound")),
        event,
      ),
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
      tellChannel(host, "up", listening.words());
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
      detail: `${drained ? "drained by an operator: binds are refused; " : ""}${listening.words()}`,
      sinceMs,
      sessions: bound().length,
      lastError,
      certificates: listening.certificates(),
      warnings: listening.warnings(),
    }),
    sessions: () => bound().map((customer) => sessionView(customer, name)),
    traffic: () => traffic.read(customers.keys(), settings.windowRequests),
    ports: () => listening.ports(),
  };

  function onConnection(socket: Socket): void {
    if (closing || customers.size >= settings.sessionsMax) {
      const { sessionsMax } = settings;
      log.warn({ remote: socket.remoteAddress, sessionsMax }, "connection refused");
      if (!closing) failed(`connection refused: sessionsMax (${sessionsMax}) is reached`);
      socket.destroy();
      return;
    }
    if (failedBinds.waits(socket.remoteAddress ?? "")) {
      socket.destroy();
      return;
    }
    const session = openSession(socket, {
      role: "smsc",
      limits: limitsOf(settings, settings.bindTimeoutMs),
      clock,
      owner,
      intake: host.intake,
    });
    customers.set(session, {
      session,
      sinceMs: clock.nowMs(),
      tlsSubject: subjectOf(socket),
      account: undefined,
      boundMs: undefined,
      bindType: "transceiver",
      received: 0,
      sent: 0,
    });
  }

  function onClosed(session: Session, how: string, detail: string): void {
    const reason = kickedOut.has(session) ? "kicked" : how;
    const customer = customers.get(session);
    customers.delete(session);
    if (customer !== undefined) receivers.closed(customer);
    traffic.ended(session);
    host.ownLines?.ended(session);
    host.gone?.(session.id);
    if (how === "bad_length" && isTlsHello(detail))
      log.warn({ remote: session.remote }, "a peer spoke TLS to a port without it");
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

  function bindFailed({ remote }: Session): void {
    const address = remote.slice(0, remote.lastIndexOf(":")).replaceAll(/^\[|\]$/g, "");
    if (!failedBinds.failed(address)) return;
    const { failedBindsMax } = settings;
    log.warn(
      { address, failedBindsMax },
      "too many failed binds: its connections are closed for now",
    );
  }

  function failed(text: string): void {
    lastError = { atMs: clock.nowMs(), text };
  }

  function send(message: Message, sms: Sms, done: (result: SendResult) => void): void {
    const session = spread.pick(receivers.of(message.account), message.from);
    const customer = session && customers.get(session);
    if (session === undefined || customer === undefined)
      return done({ kind: "refused", status: 0x08, text: "nobody bound" });
    const finish = (result: SendResult): void => {
      spread.done(session, message.from);
      if (result.kind === "taken") customer.sent += 1;
      done(result);
      host.ready();
    };
    const { report, account, hops } = message;
    if (report === undefined) {
      const sequence = handOver(session, "deliver_sm", toCustomer(sms, settings), finish);
      host.ownLines?.sent(session, sequence, hops);
      return;
    }
    const receipt = receiptFor(report, sms, { version: session.version, ...optionsOf(account) });
    handOver(session, receipt.command, toCustomer(receipt.sms, settings), finish);
  }

  function optionsOf(account: string | undefined): KeptOptions {
    return account === undefined ? standardOptions : (host.optionsOf?.(account) ?? standardOptions);
  }

  async function close(drainMs: number): Promise<void> {
    closing = true;
    listening.close();
    await end(drainMs);
  }

  async function end(drainMs: number): Promise<void> {
    const sessions = [...customers.keys()];
    const limit = new Promise<void>((over) => later(drainMs, over));
    await Promise.race([submissions.settled(), limit]);
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
