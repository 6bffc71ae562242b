import type { Socket } from "node:net";
import type { BindType } from "../model/event.ts";
import type { Message, Sms } from "../model/message.ts";
import { commandStatusName } from "../smpp/command-status.ts";
import { type CloseReason, type Session, openSession } from "../smpp/session.ts";
import { asData } from "./as-data.ts";
import { createAlerts } from "./alerts.ts";
import type { Channel, ChannelHost, OwnView, SendResult } from "./channel.ts";
import { type Connecting, connectTo } from "./connect.ts";
import { credentialWarnings, credentialsOf } from "./credentials.ts";
import { createSendingPace } from "./sending-pace.ts";
import { createFromProvider } from "./from-provider.ts";
import { type NoticedSession, tellChannel, tellSession } from "./notice.ts";
import { createToProvider } from "./onward.ts";
import { listenForOutbind } from "./outbind.ts";
import { handOver } from "./outgoing.ts";
import { placeOf, placeText } from "./provider-place.ts";
import { recipientOf } from "./recipient.ts";
import { createSenderOf } from "./sender.ts";
import { limitsOf } from "./settings.ts";
import { bareAddress, isUnresolved } from "./located.ts";
import { checkSourceAddress } from "./source-address.ts";
import type { SmppClientSettings } from "./smpp-client-settings.ts";
import { withPduLog } from "./pdu-log.ts";
import { sumTraffic } from "./traffic.ts";
import { clientTls } from "./client-tls.ts";
import { tlsWords } from "./tls-trouble.ts";
import { codingsOf } from "./text-settings.ts";
import { tlvsOf } from "./tlv-settings.ts";
import { createWriting } from "./writing.ts";

/** Ends by our own word, after which nothing is wrong. */
const ordered: ReadonlySet<CloseReason> = new Set(["unbound", "draining", "kicked"]);

/** Ends of a session that was not bound, of which we know why. */
const ownEnds: ReadonlySet<CloseReason> = new Set(["bind_refused", "bind_unanswered"]);

const versions = { "3.3": 0x33, "3.4": 0x34, "5.0": 0x50 } as const;

/** One of the sessions that we keep up. */
interface Line {
  session: Session | undefined;
  bound: boolean;
  /** Milliseconds since 1970 UTC of the last time that it was bound. */
  boundMs: number;
  failures: number;
  connecting: Connecting | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Keeps sessions to a provider up, sends within their windows, and takes what it delivers. */
export async function openSmppClient(
  settings: SmppClientSettings,
  host: ChannelHost,
): Promise<Channel> {
  const { name, clock, log } = host;
  const sends = settings.bindType !== "receiver";
  const lines: Line[] = Array.from({ length: settings.binds }, () => ({
    session: undefined,
    bound: false,
    boundMs: 0,
    failures: 0,
    connecting: undefined,
    timer: undefined,
  }));
  const write = createWriting(settings);
  const toProvider = createToProvider(settings, clock);
  const senderOf = createSenderOf(settings);
  /** The one that was handed something last. */
  let lastLine = 0;
  const lineOf = new WeakMap<Session, Line>();
  const pace = await createSendingPace(settings.rate, host);
  const traffic = sumTraffic();
  const kickedOut = new WeakSet<Session>();
  const place = placeOf(settings);
  const { sourceAddress: localAddress, recordAddress } = settings;
  if (localAddress !== undefined) await checkSourceAddress(name, localAddress);
  // Last of what may fail: it looks at its files until it is closed.
  const tls = await clientTls(place.tls && settings.tls === false ? true : settings.tls, host);
  const credentials = credentialsOf(settings);
  const where = `${placeText(place)}${tls === undefined ? "" : tls.insecure ? " with TLS, unchecked" : " with TLS"}`;
  let sinceMs = clock.nowMs();
  let trouble = "not bound yet";
  let lastError: OwnView["lastError"];
  let closing = false;
  let drained = host.drained;

  const owner = withPduLog(host, {
    // A provider that binds to us on our own connection is answered by the session: wrong state.
    bind: (_request, session) => session.close("protocol_error"),
    shortMessage: createFromProvider(settings, host, recipientOf(settings.recipient)),
    other(request, session) {
      if (calls?.take(request, session) !== true) alerts(request, session);
    },
    heardAgain: () => host.ready(),
    closed: onClosed,
    fault: (error, session) => log.error({ session: session.id, err: error }, "a fault of ours"),
  });
  const alerts = createAlerts(host);
  const calls =
    settings.outbind && (await listenForOutbind(settings.outbind, host, { open: session, adopt }));
  if (calls !== undefined) trouble = `waits for outbind on ${calls.where}`;
  for (const line of lines) open(line);

  return {
    name,
    type: settings.type,
    taken: "SENT",
    group: settings.group ?? name,
    joinWaitMs: settings.join ? settings.joinWaitMs : undefined,
    relayWithinMs: settings.relayWithinMs || undefined,
    codings: codingsOf(settings),
    tlvs: tlvsOf(settings),
    reportWaitMs: settings.reports.waitMs,
    idBase: settings.reports.idBase === "auto" ? undefined : settings.reports.idBase,
    queueMax: settings.queueMax,
    isPaced: () => pace !== undefined && windowRoom() > 0 && pace.within(1) === 0,
    room() {
      const room = windowRoom();
      return pace === undefined || room === 0 ? room : pace.within(room);
    },
    // Reports go from provider to customer, never the other way.
    write(message) {
      if (message.report !== undefined)
        return { code: "bad_request", text: "a report is for a customer" };
      const sent = senderOf === undefined ? message : senderOf(message);
      return "code" in sent ? sent : write(sent);
    },
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
      trouble = "not bound yet";
      // One that is still ending is made anew when it has ended.
      for (const line of lines) {
        line.failures = 0;
        if (line.session === undefined) open(line);
      }
    },
    kick(id) {
      const kicked = lines.find(({ session }) => session?.id === id)?.session;
      if (kicked !== undefined) {
        kickedOut.add(kicked);
        void kicked.unbind();
      }
      return kicked !== undefined;
    },
    view: () => {
      const up = lines.filter((line) => line.bound).length;
      return {
        name,
        type: settings.type,
        description: settings.description,
        state: drained ? "off" : up > 0 ? "up" : "down",
        detail:
          up > 0
            ? `${up} of ${lines.length} bound to ${where}`
            : `not bound to ${where}: ${drained ? "drained by an operator" : trouble}`,
        sinceMs,
        sessions: up,
        lastError,
        certificates: tls?.certificates(),
        warnings: [...(tls?.warnings() ?? []), ...credentialWarnings(settings)],
      };
    },
    sessions: () =>
      lines.flatMap(({ session, bound }) =>
        session === undefined || !bound
          ? []
          : [
              {
                id: session.id,
                channel: name,
                account: credentials.systemId,
                bindType: settings.bindType,
                version: settings.version,
                remote: session.remote,
                tls: session.tls,
                sinceMs,
                received: session.counters.received,
                sent: session.counters.sent,
              },
            ],
      ),
    traffic: () =>
      traffic.read(
        lines.flatMap(({ session }) => session ?? []),
        settings.windowRequests,
      ),
    ports: () => calls?.ports() ?? [],
  };

  function windowRoom(): number {
    return sends
      ? lines.reduce((sum, line) => sum + (line.bound ? line.session!.room() : 0), 0)
      : 0;
  }

  function open(line: Line): void {
    clearTimeout(line.timer);
    line.timer = undefined;
    if (closing || drained || line.connecting !== undefined || calls !== undefined) return;
    const { connectTimeoutMs: timeoutMs } = settings;
    const connected = (socket: Socket): void => {
      line.connecting = undefined;
      const made = session(socket);
      host.ownLines?.called(made, socket);
      use(line, made);
    };
    const to = { host: place.host, port: place.port, localAddress, tls, timeoutMs };
    line.connecting = connectTo(to, connected, (why) => {
      line.connecting = undefined;
      if (isUnresolved(why) && recordAddress !== undefined) host.located?.(recordAddress);
      retry(line, why);
    });
  }

  function session(socket: Socket): Session {
    const limits = limitsOf(settings, settings.connectTimeoutMs);
    return openSession(socket, { role: "esme", limits, clock, owner });
  }

  function use(line: Line, made: Session): void {
    line.session = made;
    lineOf.set(made, line);
    void bind(line, made);
  }

  /** A connection that the provider has opened. */
  function adopt(made: Session): boolean {
    const free = lines.find((line) => line.session === undefined);
    if (free === undefined || closing || drained) return false;
    use(free, made);
    return true;
  }

  async function bind(line: Line, session: Session): Promise<void> {
    const bindType: BindType = settings.bindType;
    const version = versions[settings.version];
    try {
      const answer = await session.bind({
        bindType,
        ...credentials,
        version,
        addressRange: settings.addressRange,
        addressTon: 0,
        addressNpi: 0,
      });
      if (answer.status !== 0) {
        failed(`bind refused with ${commandStatusName(answer.status)}`);
        session.close("bind_refused");
        return;
      }
    } catch (cause) {
      // The session tells `closed` when it ends, and that tries again; if it has ended, it did so.
      if (line.session !== session) return;
      failed(cause instanceof Error ? cause.message : String(cause));
      session.close("bind_unanswered");
      return;
    }
    // The answer and the end may lie in the same octets.
    if (line.session !== session) return;
    line.bound = true;
    line.failures = 0;
    line.boundMs = clock.nowMs();
    sinceMs = line.boundMs;
    host.located?.(bareAddress(session.remote));
    tellSession(host, noticed(line, session));
    tellChannel(host, "up", `bound to ${where}`);
    log.info({ session: session.id, remote: session.remote }, "bound to the provider");
    host.ready();
  }

  function onClosed(session: Session, how: CloseReason, detail: string): void {
    const reason = kickedOut.has(session) ? "kicked" : how;
    const line = lineOf.get(session);
    if (line === undefined || line.session !== session) return;
    traffic.ended(session);
    host.ownLines?.ended(session);
    if (line.bound) {
      sinceMs = clock.nowMs();
      tellSession(host, noticed(line, session), { reason, detail });
    }
    // Of an end by our own word the reason is told already.
    if (line.bound || !ownEnds.has(reason)) {
      const words = detail === "" ? "" : ` (${tlsWords(detail)})`;
      const text = `${line.bound ? "session ended" : "ended before it was bound"}: ${reason}${words}`;
      // What we ended ourselves, by a drain or a kick, is no error.
      if (ordered.has(reason)) trouble = text;
      else failed(text);
    }
    line.session = undefined;
    line.bound = false;
    retry(line, undefined);
  }

  /** Doubles the pause, with up to a tenth more by chance so that many binds do not come as one. */
  function retry(line: Line, why: string | undefined): void {
    if (why !== undefined) failed(why);
    tellDown();
    if (closing || drained || line.timer !== undefined || calls !== undefined) return;
    const pauseMs = Math.min(settings.reconnectMs * 2 ** line.failures, settings.reconnectMostMs);
    line.failures = Math.min(line.failures + 1, 20);
    log.warn({ where, trouble, againInMs: pauseMs }, "not bound to the provider");
    line.timer = setTimeout(() => open(line), pauseMs * (1 + Math.random() / 10));
    line.timer.unref();
  }

  function noticed(line: Line, session: Session): NoticedSession {
    const { systemId: account } = credentials;
    const { bindType } = settings;
    const { received, sent } = session.counters;
    const others = lines.filter((one) => one !== line && one.bound).length;
    return { session, account, bindType, boundMs: line.boundMs, received, sent, others };
  }

  /** None of the sessions is left; called each time that making one has failed again. */
  function tellDown(): void {
    if (!lines.some(({ bound }) => bound)) tellChannel(host, "down", trouble);
  }

  function failed(why: string): void {
    trouble = why;
    lastError = { atMs: clock.nowMs(), text: why };
  }

  function send(message: Message, sms: Sms, done: (result: SendResult) => void): void {
    let best: Session | undefined;
    // The one with most room; of several the next in turn, so that all are used when little is sent.
    for (let at = 1; at <= lines.length; at += 1) {
      const line = lines[(lastLine + at) % lines.length];
      if (line?.bound !== true || line.session === undefined) continue;
      if (line.session.room() > (best?.room() ?? 0)) best = line.session;
    }
    if (best === undefined) return done({ kind: "refused", status: 0x08, text: "not bound" });
    const request = toProvider(message, sms, best.version);
    const { command, sms: written } =
      settings.submitAs === "submit_sm"
        ? { command: settings.submitAs, sms: request }
        : asData(request, { version: best.version, nowMs: clock.nowMs() });
    const sequence = handOver(best, command, written, (result) => {
      done(result);
      host.ready();
    });
    host.ownLines?.sent(best, sequence, message.hops);
    if (sequence !== undefined) pace?.sent();
    if (lines.length > 1) lastLine = lines.findIndex(({ session }) => session === best);
  }

  async function close(drainMs: number): Promise<void> {
    closing = true;
    calls?.close();
    pace?.close();
    tls?.close();
    await end(drainMs);
  }

  async function end(drainMs: number): Promise<void> {
    const sessions = lines.flatMap(({ session }) => session ?? []);
    const ends = lines.map(async (line) => {
      clearTimeout(line.timer);
      line.timer = undefined;
      line.connecting?.abandon();
      line.connecting = undefined;
      if (line.bound) await line.session?.unbind();
      else line.session?.close("draining");
    });
    await Promise.race([
      Promise.allSettled(ends),
      new Promise<void>((end) => setTimeout(end, drainMs).unref()),
    ]);
    for (const session of sessions) session.close("draining");
  }
}
