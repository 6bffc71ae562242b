import type { Socket } from "node:net";
import { z } from "../config/schema.ts";
import { commandStatusOf } from "../model/error.ts";
import type { BindType, MessageAnswer, ReportAnswer } from "../model/event.ts";
import type { Message } from "../model/message.ts";
import { commandStatusName } from "../smpp/command-status.ts";
import { isReceipt } from "../smpp/receipt.ts";
import {
  type CloseReason,
  type Session,
  type SessionOwner,
  type ShortMessageRequest,
  openSession,
} from "../smpp/session.ts";
import type { Channel, ChannelHost, SendResult } from "./channel.ts";
import { type Connecting, connectTo } from "./connect.ts";
import { messageEvent, reportEvent } from "./incoming.ts";
import { handOver, sendable } from "./outgoing.ts";
import { commonSettings, limitsOf, sessionSettings } from "./settings.ts";
import { clientTls, clientTlsSettings } from "./tls.ts";
import { tlsWords } from "./tls-trouble.ts";

const hourMs = 3_600_000;

/** A report looks for its message among those of the last four days, so none may be awaited longer. */
const reportWaitMostMs = 95 * hourMs;

export const smppClientSettings = z
  .strictObject({
    type: z.literal("smpp-client").describe("We bind to a provider with SMPP."),
    ...commonSettings,
    host: z
      .string()
      .min(1)
      .describe("The provider's name or address; `tls:` before it is short for `tls: true`."),
    port: z.int().min(1).max(65_535).default(2775).describe("The provider's TCP port."),
    tls: clientTlsSettings,
    systemId: z.string().min(1).max(16).describe("system_id to bind with."),
    password: z.string().max(64).meta({ secret: true }).describe("Password to bind with."),
    systemType: z
      .string()
      .max(12)
      .default("")
      .describe("system_type, if the provider asks for one."),
    bindType: z
      .enum(["transceiver", "transmitter", "receiver"])
      .default("transceiver")
      .describe("What the sessions may do: both, only send, only receive."),
    version: z
      .enum(["3.3", "3.4", "5.0"])
      .default("3.4")
      .describe("interface_version that we bind with."),
    addressRange: z.string().max(40).default("").describe("address_range for the bind."),
    binds: z
      .int()
      .min(1)
      .max(50)
      .default(1)
      .describe("Sessions at a time; never more than this, also while they are made anew."),
    connectTimeoutMs: z
      .int()
      .min(100)
      .default(10_000)
      .meta({ unit: "ms" })
      .describe("How long connecting and binding may take together."),
    reconnectMs: z
      .int()
      .min(10)
      .default(1_000)
      .meta({ unit: "ms" })
      .describe("Pause before a lost session is made anew; doubles up to reconnectMostMs."),
    reconnectMostMs: z
      .int()
      .min(10)
      .default(30_000)
      .meta({ unit: "ms" })
      .describe("The longest pause between two tries to bind."),
    group: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe(
        "Channels that lead to the same provider share a group and may get each other's reports; its own name by default.",
      ),
    reportWaitMs: z
      .int()
      .min(100)
      .max(reportWaitMostMs)
      .default(72 * hourMs)
      .meta({ unit: "ms" })
      .describe("How long a report is waited for; then the message is NOREPORT."),
    ...sessionSettings,
  })
  .meta({ title: "smpp-client" });

export type SmppClientSettings = z.infer<typeof smppClientSettings>;

/** Ends of a session that was not bound, of which we know why. */
const ownEnds: ReadonlySet<CloseReason> = new Set(["bind_refused", "bind_unanswered"]);

const tlsPrefix = "tls:";

const versions = { "3.3": 0x33, "3.4": 0x34, "5.0": 0x50 } as const;

/** One of the sessions that we keep up. */
interface Line {
  session: Session | undefined;
  bound: boolean;
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
    failures: 0,
    connecting: undefined,
    timer: undefined,
  }));
  const lineOf = new WeakMap<Session, Line>();
  const prefixed = settings.host.startsWith(tlsPrefix);
  const peer = prefixed ? settings.host.slice(tlsPrefix.length) : settings.host;
  const tls = await clientTls(prefixed && settings.tls === false ? true : settings.tls, host);
  const where = `${peer.includes(":") ? `[${peer}]` : peer}:${settings.port}${tls === undefined ? "" : " with TLS"}`;
  let sinceMs = clock.nowMs();
  let trouble = "not bound yet";
  let outstanding = 0;
  let closing = false;

  const owner: SessionOwner = {
    // A provider that binds to us on our own connection is answered by the session: wrong state.
    bind: (_request, session) => session.close("protocol_error"),
    shortMessage: onMessage,
    closed: onClosed,
    fault: (error, session) => log.error({ session: session.id, err: error }, "a fault of ours"),
  };
  for (const line of lines) open(line);

  return {
    name,
    type: settings.type,
    taken: "SENT",
    group: settings.group ?? name,
    reportWaitMs: settings.reportWaitMs,
    room: () =>
      sends ? lines.reduce((sum, line) => sum + (line.bound ? line.session!.room() : 0), 0) : 0,
    send,
    close,
    view: () => {
      const up = lines.filter((line) => line.bound).length;
      return {
        name,
        type: settings.type,
        description: settings.description,
        state: up > 0 ? "up" : "down",
        detail:
          up > 0
            ? `${up} of ${lines.length} bound to ${where}`
            : `not bound to ${where}: ${trouble}`,
        sinceMs,
        sessions: up,
        inFlight: outstanding,
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
    ports: () => [],
  };

  function open(line: Line): void {
    line.timer = undefined;
    if (closing) return;
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
        trouble = `bind refused with ${commandStatusName(answer.status)}`;
        session.close("bind_refused");
        return;
      }
    } catch (cause) {
      // The session tells `closed` when it ends, and that tries again; if it has ended, it did so.
      if (line.session !== session) return;
      trouble = cause instanceof Error ? cause.message : String(cause);
      session.close("bind_unanswered");
      return;
    }
    // The answer and the end may lie in the same octets.
    if (line.session !== session) return;
    line.bound = true;
    line.failures = 0;
    sinceMs = clock.nowMs();
    log.info({ session: session.id, remote: session.remote }, "bound to the provider");
    host.ready();
  }

  function onClosed(session: Session, reason: CloseReason, detail: string): void {
    const line = lineOf.get(session);
    if (line === undefined || line.session !== session) return;
    if (line.bound) sinceMs = clock.nowMs();
    // Of an end by our own word the reason is told already.
    if (line.bound || !ownEnds.has(reason)) {
      const words = detail === "" ? "" : ` (${tlsWords(detail)})`;
      trouble = `${line.bound ? "session ended" : "ended before it was bound"}: ${reason}${words}`;
    }
    line.session = undefined;
    line.bound = false;
    retry(line, undefined);
  }

  /** Doubles the pause, with up to a tenth more by chance so that many binds do not come as one. */
  function retry(line: Line, why: string | undefined): void {
    if (why !== undefined) trouble = why;
    if (closing || line.timer !== undefined) return;
    const pauseMs = Math.min(settings.reconnectMs * 2 ** line.failures, settings.reconnectMostMs);
    line.failures = Math.min(line.failures + 1, 20);
    log.warn({ where, trouble, againInMs: pauseMs }, "not bound to the provider");
    line.timer = setTimeout(() => open(line), pauseMs * (1 + Math.random() / 10));
    line.timer.unref();
  }

  function send(message: Message, done: (result: SendResult) => void): void {
    // Reports go from provider to customer, never the other way.
    if (message.report !== undefined)
      return done({ kind: "impossible", code: "bad_request", text: "a report is for a customer" });
    const sms = sendable(message);
    if ("code" in sms) return done({ kind: "impossible", ...sms });
    let best: Session | undefined;
    for (const { session, bound } of lines)
      if (bound && session !== undefined && session.room() > (best?.room() ?? 0)) best = session;
    if (best === undefined) return done({ kind: "refused", status: 0x08, text: "not bound" });
    outstanding += 1;
    handOver(best, "submit_sm", sms, (result) => {
      outstanding -= 1;
      done(result);
      host.ready();
    });
  }

  function onMessage(request: ShortMessageRequest, session: Session): void {
    const isOpen = (): boolean => session.state !== "closed";
    const arrival = { host, settings, request, session, isOpen };
    if (isReceipt(request.sms)) {
      const event = reportEvent(arrival);
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
    const ends = lines.map(async (line) => {
      clearTimeout(line.timer);
      line.connecting?.abandon();
      if (line.bound) await line.session?.unbind();
      else line.session?.close("draining");
    });
    await Promise.race([
      Promise.allSettled(ends),
      new Promise<void>((end) => setTimeout(end, drainMs).unref()),
    ]);
    for (const line of lines) line.session?.close("draining");
  }
}
