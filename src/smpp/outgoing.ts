import { GatewayError } from "../model/error.ts";
import type { Sms } from "../model/message.ts";
import { type BindFields, type BindResult, decodeBindAnswer, encodeBind } from "./bind.ts";
import {
  COMMAND,
  type Command,
  GENERIC_NACK,
  type OtherCommand,
  type ShortMessageCommand,
  nackStatus,
  responseTo,
} from "./command.ts";
import type { Answer, Session, Unanswered } from "./contract.ts";
import type { Link } from "./link.ts";
import { type Header, headerOf } from "./pdu.ts";
import { type Fields, type RareBody, decodeRare, encodeRare } from "./rare.ts";
import { decodeShortMessageAnswer, encodeShortMessage } from "./short-message.ts";
import { BIND_COMMAND, BOUND_STATE, isBound, isLegal } from "./states.ts";
import { knownVersion, version34 } from "./version.ts";
import { createWindow } from "./window.ts";

/** What a request waits with: it gets the answer's PDU, or why there is none. */
type Settle = (outcome: Buffer | Unanswered) => void;

/** Our own requests, each settled exactly once. */
export interface Outgoing extends Pick<Session, "bind" | "room" | "send" | "ask" | "announce"> {
  /** Messages without an answer. */
  readonly size: number;
  onResponse(header: Header, pdu: Buffer): void;
  /** Any request that does not count for the window. Throws what `encode` throws. */
  request(command: Command, encode: (sequence: number) => Buffer, settle: Settle): void;
  /** Settles those whose time is over; true when one of them was a message. */
  expire(nowMs: number): boolean;
  /** True once after a peer that was silent has been heard again, so that a message may be tried. */
  isHeardAgain(): boolean;
  /** Settles all: the connection is gone. */
  drop(): void;
}

export function createOutgoing(link: Link): Outgoing {
  const { role, limits, clock, counters, timers } = link;
  const window = createWindow<Settle>({
    lateAnswersMax: limits.lateAnswersMax,
    anyResponse: GENERIC_NACK,
  });
  /**
   * When a message was last left without an answer, until one is answered; then `awaitsWord` until
   * the owner was told that the peer was heard again. Whole windows sent to a peer that takes them
   * silently would all be sent twice.
   */
  let silentMs: number | undefined;
  let awaitsWord = false;

  return {
    get size() {
      return window.size;
    },
    onResponse,
    request: (command, encode, settle) => void add(command, { encode, settle, counted: false }),
    expire,
    isHeardAgain() {
      if (!awaitsWord || silentMs === undefined || timers.readMs <= silentMs || window.size > 0)
        return false;
      awaitsWord = false;
      return true;
    },
    drop,
    bind,
    room,
    send,
    ask,
    announce,
  };

  function onResponse({ id, sequence }: Header, pdu: Buffer): void {
    const found = window.settle(sequence, id);
    if (found === "late" || found === "stray") {
      counters[found] += 1;
      return;
    }
    if (found.counted) {
      timers.messageMs = timers.readMs;
      silentMs = undefined;
    }
    tell(found.request, pdu);
    link.settled();
  }

  function expire(nowMs: number): boolean {
    const expired = window.expire(nowMs - limits.responseTimeoutMs);
    const fellSilent = expired.some(({ counted }) => counted);
    for (const { request, counted } of expired) {
      if (counted) {
        silentMs = nowMs;
        awaitsWord = true;
      }
      counters.timedOut += 1;
      tell(request, "response_timeout");
    }
    if (expired.length > 0) link.settled();
    return fellSilent;
  }

  function drop(): void {
    for (const { request } of window.drain()) tell(request, "connection_lost");
  }

  function room(): number {
    if (!isBound(link.state) || link.ending) return 0;
    const free = limits.windowRequestsMax - window.size;
    if (free <= 0) return 0;
    // Answers to the peer must still find room, so our own requests stop at half.
    if (link.waitingOctets() > limits.writeBufferOctetsMax / 2) return 0;
    if (silentMs === undefined) return free;
    // To one that was silent and is heard again one message at a time, until it answers it.
    return timers.readMs > silentMs && window.size === 0 ? Math.min(1, free) : 0;
  }

  function send(command: ShortMessageCommand, sms: Sms, done: (answer: Answer) => void): number {
    checkLegal(command);
    if (room() === 0) throw new GatewayError("overloaded");
    const { pduOctetsMax } = limits;
    const { version } = link;
    const tlvs = version >= version34;
    const sent = add(command, {
      encode: (sequence) =>
        encodeShortMessage(command, sms, { sequence, tlvs, version, pduOctetsMax }),
      settle: (outcome) => done(answerFrom(outcome)),
      counted: true,
    });
    counters.sent += 1;
    timers.messageMs = clock.tickMs();
    return sent;
  }

  async function bind(fields: BindFields): Promise<BindResult> {
    const command = BIND_COMMAND[fields.bindType];
    checkLegal(command);
    return new Promise((resolve, reject) => {
      const settle: Settle = (outcome) => {
        if (typeof outcome === "string") return reject(new GatewayError(outcome));
        const result = decodeBindAnswer(fields.bindType, outcome);
        if (result.status === 0) {
          link.state = BOUND_STATE[fields.bindType];
          // A peer that tells no version is mostly one of v3.4 that leaves the TLV out.
          link.version = knownVersion(Math.min(fields.version, result.version ?? fields.version));
        } else timers.unboundMs = clock.tickMs();
        resolve(result);
      };
      add(command, { encode: (sequence) => encodeBind(fields, sequence), settle, counted: false });
      timers.unboundMs = undefined;
    });
  }

  async function ask(
    command: OtherCommand,
    fields: Fields,
  ): Promise<RareBody & { readonly status: number }> {
    checkLegal(command);
    return new Promise((resolve, reject) => {
      const settle: Settle = (outcome) => {
        if (typeof outcome === "string") return reject(new GatewayError(outcome));
        const { id, status } = headerOf(outcome);
        if (id === GENERIC_NACK)
          return resolve({ status: nackStatus(status), fields: {}, tlvs: [] });
        try {
          resolve({ status, ...decodeRare(`${command}_resp`, outcome) });
        } catch (cause) {
          reject(new GatewayError("unknown", "the peer's answer cannot be read", { cause }));
        }
      };
      const encode = (sequence: number): Buffer => encodeRare(command, { sequence, fields });
      add(command, { encode, settle, counted: false });
    });
  }

  function announce(
    command: "alert_notification" | "outbind",
    { fields, tlvs }: Pick<RareBody, "fields" | "tlvs">,
  ): void {
    checkLegal(command);
    // Nobody answers, so the number is only to be another one than those that are under way.
    const sequence = window.add(responseTo(COMMAND[command]), () => {}, {
      nowMs: clock.tickMs(),
      counted: false,
    });
    window.drop(sequence);
    link.write(encodeRare(command, { sequence, fields, tlvs }));
  }

  function checkLegal(command: Command): void {
    if (link.state === "closed") throw new GatewayError("connection_lost");
    if (link.ending || !isLegal(command, role, link.state))
      throw new GatewayError("wrong_bind_state");
  }

  /** Registers a request and writes it; one that cannot be written was never there. */
  function add(
    command: Command,
    {
      encode,
      settle,
      counted,
    }: { encode: (sequence: number) => Buffer; settle: Settle; counted: boolean },
  ): number {
    const responseId = responseTo(COMMAND[command]);
    const sequence = window.add(responseId, settle, { nowMs: clock.tickMs(), counted });
    let pdu: Buffer;
    try {
      pdu = encode(sequence);
    } catch (error) {
      window.drop(sequence);
      throw error;
    }
    link.write(pdu);
    return sequence;
  }

  function tell(settle: Settle, outcome: Buffer | Unanswered): void {
    try {
      settle(outcome);
    } catch (error) {
      link.fault(error);
    }
  }
}

function answerFrom(outcome: Buffer | Unanswered): Answer {
  if (typeof outcome === "string") return { kind: "unanswered", why: outcome };
  const { id, status } = headerOf(outcome);
  if (id === GENERIC_NACK)
    return { kind: "answered", status: nackStatus(status), messageId: "", tlvs: [] };
  return { kind: "answered", status, ...decodeShortMessageAnswer(outcome) };
}
