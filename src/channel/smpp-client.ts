import type { Socket } from "node:net";
import { commandStatusOf } from "../model/error.ts";
import type { BindType, MessageAnswer, ReportAnswer } from "../model/event.ts";
import type { Message, Sms } from "../model/message.ts";
import { commandStatusName } from "../smpp/command-status.ts";
import {
  type CloseReason,
  type Session,
  type ShortMessageRequest,
  openSession,
} from "../smpp/session.ts";
import { askedOf } from "../smpp/submit-rules.ts";
import type { Channel, ChannelHost, OwnView, SendResult } from "./channel.ts";
import { type Connecting, connectTo } from "./connect.ts";
import { messageEvent, reportEvent } from "./incoming.ts";
import { type NoticedSession, tellChannel, tellSession } from "./notice.ts";
import { handOver } from "./outgoing.ts";
import { createReportReader } from "./report-reader.ts";
import { limitsOf } from "./settings.ts";
import type { SmppClientSettings } from "./smpp-client-settings.ts";
import { withPduLog } from "./pdu-log.ts";
import { sumTraffic } from "./traffic.ts";
import { clientTls } from "./tls.ts";
import { tlsWords } from "./tls-trouble.ts";
import { codingsOf } from "./text-settings.ts";
import { createWriting } from "./writing.ts";

/** Ends by our own word, after which nothing is wrong. */
const ordered: ReadonlySet<CloseReason> = new Set(["unbound", "draining", "kicked"]);

/** Ends of a session that was not bound, of which we know why. */
const ownEnds: ReadonlySet<CloseReason> = new Set(["bind_refused", "bind_unanswered"]);

const tlsPrefix = "tls:";

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
  const lineOf = new WeakMap<Session, Line>();
  const traffic = sumTraffic();
  const kickedOut = new WeakSet<Session>();
  const prefixed = settings.host.startsWith(tlsPrefix);
  const peer = prefixed ? settings.host.slice(tlsPrefix.length) : settings.host;
  const tls = await clientTls(prefixed && settings.tls === false ? true : settings.tls, host);
  const reportOf = createReportReader(settings.reports, host);
  const where = `${peer.includes(":") ? `[${peer}]` : peer}:${settings.port}${tls === undefined ? "" : " with TLS"}`;
  let sinceMs = clock.nowMs();
  let trouble = "not bound yet";
  let lastError: OwnView["lastError"];
  let closing = false;
  let drained = host.drained;

  const owner = withPduLog(host, {
    // A provider that binds to us on our own connection is answered by the session: wrong state.
    bind: (_request, session) => session.close("protocol_error"),
    shortMessage: onMessage,
    closed: onClosed,
    fault: (error, session) => log.error({ session: session.id, err: error }, "a fault of ours"),
  });
  for (const line of lines) open(line);

  return {
    name,
    type: settings.type,
    taken: "SENT",
    group: settings.group ?? name,
    joinWaitMs: settings.join ? settings.joinWaitMs : undefined,
    codings: codingsOf(settings),
    reportWaitMs: settings.reports.waitMs,
    idBase: settings.reports.idBase === "auto" ? undefined : settings.reports.idBase,
    room: () =>
      sends ? lines.reduce((sum, line) => sum + (line.bound ? line.session!.room() : 0), 0) : 0,
    // Reports go from provider to customer, never the other way.
    write: (message) =>
      message.report === undefined
        ? write(message)
        : { code: "bad_request", text: "a report is for a customer" },
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
                account: settings.systemId,
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
    ports: () => [],
  };

  function open(line: Line): void {
    clearTimeout(line.timer);
    line.timer = undefined;
    if (closing || drained || line.connecting !== undefined) return;
    const { port, connectTimeoutMs: timeoutMs } = settings;
    const connected = (socket: Socket): void => {
      line.connecting = undefined;
      const limits = limitsOf(settings, settings.connectTimeoutMs);
      const session = openSession(socket, { role: "esme", limits, clock, owner });
      line.session = session;
      lineOf.set(session, line);
      void bind(line, session);
    };
    line.connecting = connectTo({ host: peer, port, tls, timeoutMs }, connected, (why) => {
      line.connecting = undefined;
      retry(line, why);
    });
  }

  async function bind(line: Line, session: Session): Promise<void> {
    const bindType: BindType = settings.bindType;
    const { systemId, password, systemType, addressRange } = settings;
    const version = versions[settings.version];
    try {
      const answer = await session.bind({
        bindType,
        systemId,
        password,
        systemType,
        version,
        addressRange,
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
    if (closing || drained || line.timer !== undefined) return;
    const pauseMs = Math.min(settings.reconnectMs * 2 ** line.failures, settings.reconnectMostMs);
    line.failures = Math.min(line.failures + 1, 20);
    log.warn({ where, trouble, againInMs: pauseMs }, "not bound to the provider");
    line.timer = setTimeout(() => open(line), pauseMs * (1 + Math.random() / 10));
    line.timer.unref();
  }

  function noticed(line: Line, session: Session): NoticedSession {
    const { systemId: account, bindType } = settings;
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

  function send(_message: Message, sms: Sms, done: (result: SendResult) => void): void {
    let best: Session | undefined;
    for (const { session, bound } of lines)
      if (bound && session !== undefined && session.room() > (best?.room() ?? 0)) best = session;
    if (best === undefined) return done({ kind: "refused", status: 0x08, text: "not bound" });
    handOver(best, "submit_sm", askedOf(sms, best.version), (result) => {
      done(result);
      host.ready();
    });
  }

  function onMessage(request: ShortMessageRequest, session: Session): void {
    const isOpen = (): boolean => session.state !== "closed";
    const arrival = { host, settings, request, session, isOpen };
    const report = reportOf(request.sms);
    if (report !== undefined) {
      const event = reportEvent(arrival, report);
      answerWith(request, session, { report: event.id }, host.emit("report", event));
    } else {
      const event = messageEvent({ ...arrival, account: undefined });
      answerWith(request, session, { message: event.message.id }, host.emit("message", event));
    }
  }

  function answerWith(
    request: ShortMessageRequest,
    session: Session,
    facts: Readonly<Record<string, string>>,
    decision: Promise<MessageAnswer | ReportAnswer>,
  ): void {
    decision.then(
      (answer) =>
        session.answer(request, answer.kind === "refused" ? commandStatusOf(answer.code) : 0),
      (cause: unknown) => {
        // Nothing was applied, so the provider is to bring it again.
        log.error({ session: session.id, ...facts, err: cause }, "failed on our side");
        session.answer(request, commandStatusOf("try_later"));
      },
    );
  }

  async function close(drainMs: number): Promise<void> {
    closing = true;
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
