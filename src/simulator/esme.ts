import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { systemClock } from "../model/clock.ts";
import { GatewayError } from "../model/error.ts";
import type { BindType } from "../model/event.ts";
import type { Sms } from "../model/message.ts";
import type { Report } from "../model/report.ts";
import { sessionLimits } from "../smpp/limits.ts";
import { isReceipt, reportFrom } from "../smpp/receipt.ts";
import {
  type Answer,
  type BindResult,
  type CloseReason,
  openSession,
  type Session,
  type SessionOwner,
  type ShortMessageRequest,
} from "../smpp/session.ts";
import { createTally } from "./tally.ts";
import { smsOf, type Written } from "./written.ts";

export interface EsmeOptions {
  readonly host: string;
  readonly port: number;
  readonly systemId: string;
  readonly password: string;
  /** transceiver */
  readonly bindType?: BindType;
  /** interface_version; 0x34. */
  readonly version?: number;
  readonly systemType?: string;
  readonly tls?: ConnectionOptions;
  /** Requests without an answer; 10. A submit beyond it waits for room. */
  readonly windowRequests?: number;
  /** How long an answer is waited for; as in `smpp/limits.ts`. */
  readonly responseTimeoutMs?: number;
  /** What a message or receipt is answered with; 0. `silent` lets it without an answer. */
  readonly answer?: (sms: Sms) => number | "silent";
  /** How many of what came in are remembered. */
  readonly deliveriesMax?: number;
  /** Told of each message or receipt as it comes. */
  readonly watch?: (delivered: Delivered) => void;
}

/** What became of one submit_sm. */
export interface Submitted {
  /** command_status; undefined when no answer came, for the reason in `why`. */
  readonly status: number | undefined;
  readonly why: "response_timeout" | "connection_lost" | undefined;
  /** Empty when it was refused. */
  readonly messageId: string;
  /** Milliseconds from the write to the answer. */
  readonly ms: number;
}

/** A message or receipt that came in. */
export interface Delivered {
  readonly command: ShortMessageRequest["command"];
  readonly sms: Sms;
  /** What it tells, if it is a receipt. */
  readonly receipt: Report | undefined;
  readonly atMs: number;
}

/** A customer to try and test with: one session. */
export interface Esme extends AsyncDisposable {
  /** command_status of the bind; 0 when it is bound. */
  readonly bindStatus: number;
  /** system_id of the other side, from the bind response. */
  readonly peerSystemId: string;
  /** sc_interface_version, if it was told. */
  readonly peerVersion: number | undefined;
  readonly session: Session;
  /**
   * Sends one message, when there is room in the window. Rejects with `overloaded` when too many wait
   * for that already, with `wrong_bind_state` when it may not submit, and when it cannot be written.
   */
  submit(message: Written | Sms): Promise<Submitted>;
  /** The last that came in, oldest first. */
  readonly deliveries: readonly Delivered[];
  /** Waits for so many since the bind and gives those that are remembered; rejects on close. */
  delivered(n: number): Promise<readonly Delivered[]>;
  /** Resolves when the session has ended, whoever ended it. */
  readonly closed: Promise<CloseReason>;
  /** Ends the session in good order. */
  unbind(): Promise<void>;
  /** Cuts the connection without a word. */
  drop(): void;
}

/** Messages that came in; older ones are forgotten. */
export const deliveriesMax = 10_000;

/** Submits that wait for room in the window. */
export const submitsWaitingMax = 100_000;

/** Until the connection stands, TLS included. */
export const connectTimeoutMs = 5_000;

/**
 * Connects and binds. Resolves also when the bind was refused, with its status; rejects with
 * `connection_lost` when nobody is there or the connection ends before an answer.
 */
export async function connectEsme(options: EsmeOptions): Promise<Esme> {
  const socket = await connected(options);
  const deliveries: Delivered[] = [];
  const remembered = options.deliveriesMax ?? deliveriesMax;
  const tally = createTally({ delivered: 0 });
  const waiting = new Set<() => void>();
  let end: (reason: CloseReason) => void = () => {};
  const closed = new Promise<CloseReason>((resolve) => (end = resolve));

  const owner: SessionOwner = {
    // A server does not bind to its customer; the session answers that by itself.
    bind: (request, session) => session.answerBind(request, 0x04, ""),
    shortMessage(request, session) {
      const { command, sms } = request;
      const status = options.answer?.(sms) ?? 0;
      if (status !== "silent") session.answer(request, status);
      const delivered = {
        command,
        sms,
        receipt: isReceipt(sms) ? reportFrom(sms) : undefined,
        atMs: systemClock.nowMs(),
      };
      deliveries.push(delivered);
      if (deliveries.length > remembered) deliveries.shift();
      options.watch?.(delivered);
      tally.add("delivered");
    },
    closed(_session, reason) {
      tally.close(`the session ended: ${reason}`);
      end(reason);
      pump();
    },
  };
  const limits = {
    ...sessionLimits,
    windowRequestsMax: options.windowRequests ?? sessionLimits.windowRequestsMax,
    responseTimeoutMs: options.responseTimeoutMs ?? sessionLimits.responseTimeoutMs,
  };
  const session = openSession(socket, { role: "esme", limits, clock: systemClock, owner });
  const bound = await bind(session, options);

  function submit(message: Written | Sms): Promise<Submitted> {
    const sms = "octets" in message ? message : smsOf(message);
    if (waiting.size >= submitsWaitingMax)
      return Promise.reject(new GatewayError("overloaded", "too many submits wait for room"));
    if (session.state === "open")
      return Promise.reject(new GatewayError("wrong_bind_state", "the bind was refused"));
    return new Promise((resolve, reject) => {
      waiting.add(() => {
        if (isOver(session)) return resolve(unanswered("connection_lost", 0));
        const startMs = systemClock.tickMs();
        try {
          session.send("submit_sm", sms, (answer) => {
            resolve(submittedOf(answer, systemClock.tickMs() - startMs));
            pump();
          });
        } catch (cause) {
          // A message that cannot be written, or a receiver that submits.
          reject(cause);
        }
      });
      pump();
    });
  }

  function pump(): void {
    for (const send of waiting) {
      if (!isOver(session) && session.room() <= 0) return;
      waiting.delete(send);
      send();
    }
  }

  const unbind = async (): Promise<void> => {
    // Who is not bound has nothing to unbind.
    if (session.state === "open") session.close("unbound");
    else if (!isOver(session)) await session.unbind();
    await closed;
  };
  return {
    bindStatus: bound.status,
    peerSystemId: bound.systemId,
    peerVersion: bound.version,
    session,
    submit,
    deliveries,
    async delivered(n) {
      await tally.until("delivered", n);
      return deliveries;
    },
    closed,
    unbind,
    drop: () => void socket.destroy(),
    [Symbol.asyncDispose]: unbind,
  };
}

async function bind(session: Session, options: EsmeOptions): Promise<BindResult> {
  try {
    return await session.bind({
      bindType: options.bindType ?? "transceiver",
      systemId: options.systemId,
      password: options.password,
      systemType: options.systemType ?? "",
      version: options.version ?? 0x34,
      addressRange: "",
      addressTon: 0,
      addressNpi: 0,
    });
  } catch (cause) {
    session.close("protocol_error");
    throw cause;
  }
}

function isOver({ state }: Session): boolean {
  return state === "closed" || state === "unbound";
}

function submittedOf(answer: Answer, ms: number): Submitted {
  if (answer.kind === "unanswered") return unanswered(answer.why, ms);
  return { status: answer.status, why: undefined, messageId: answer.messageId, ms };
}

function unanswered(why: NonNullable<Submitted["why"]>, ms: number): Submitted {
  return { status: undefined, why, messageId: "", ms };
}

const WHY: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS there",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it does not speak TLS there",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate has signed itself, so nobody vouches for it",
};

function connected({ host, port, tls }: EsmeOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      tls === undefined
        ? connect({ host, port, noDelay: true })
        : connectTls({ ...(isIP(host) === 0 && { servername: host }), ...tls, host, port });
    const failed = (cause: NodeJS.ErrnoException): void => {
      socket.destroy();
      const why = WHY[cause.code ?? ""] ?? cause.message;
      reject(new GatewayError("connection_lost", `${host}:${port}: ${why}`, { cause }));
    };
    socket.setTimeout(connectTimeoutMs, () => failed(new Error("no connection in time")));
    socket.once("error", failed);
    socket.once(tls === undefined ? "connect" : "secureConnect", () => {
      socket.setTimeout(0);
      socket.removeListener("error", failed);
      resolve(socket);
    });
  });
}
