import type { Clock } from "../model/clock.ts";
import type { Intake } from "../model/intake.ts";
import type { Sms, Tlv } from "../model/message.ts";
import type { BindFields, BindRequest, BindResult } from "./bind.ts";
import type { MessageCommand, OtherCommand, ShortMessageCommand } from "./command.ts";
import type { SessionLimits } from "./limits.ts";
import type { Destination, Fields, RareBody, Unreached } from "./rare.ts";
import type { Role, SessionState } from "./states.ts";
import type { Overdue } from "./timers.ts";

/** What a session is to those who use it; `session.ts` makes one. */

/** A message that came in and waits for `session.answer`. */
export interface ShortMessageRequest {
  readonly command: MessageCommand;
  readonly sequence: number;
  /** Of a submit_multi `to` is the first number, or empty. */
  readonly sms: Sms;
  /** When it came, on the clock's `tickMs`: it may have waited for its turn. */
  readonly receivedMs: number;
  /** The session's own note: it has no answer yet. */
  isOwed: boolean;
  /** Of a submit_multi, as they stood; left out for all others. */
  readonly destinations?: readonly Destination[];
}

/** Another request that came in: query_sm, cancel_sm, replace_sm, outbind, ... */
export interface OtherRequest extends RareBody {
  readonly command: OtherCommand;
  readonly sequence: number;
  /** The session's own note: it has no answer yet. */
  isOwed: boolean;
}

/** What became of a request of ours. */
export type Answer =
  | {
      readonly kind: "answered";
      /** command_status; a generic_nack counts as an answer and is never 0. */
      readonly status: number;
      readonly messageId: string;
      readonly tlvs: readonly Tlv[];
    }
  | { readonly kind: "unanswered"; readonly why: Unanswered };

export type Unanswered = "response_timeout" | "connection_lost";

/** Why a session ended: by itself, or by the word of its owner. */
export type CloseReason =
  | Overdue
  | "peer_closed"
  | "peer_unbound"
  | "unbound"
  | "unbind_unanswered"
  | "connection_error"
  /** A command_length that cannot be: nothing behind it could be read. */
  | "bad_length"
  /** More than writeBufferOctetsMax of answers wait for it to read. */
  | "peer_not_reading"
  // The owner's own words.
  | "bind_refused"
  | "bind_unanswered"
  | "message_unanswered"
  | "protocol_error"
  | "kicked"
  | "draining";

/**
 * Who a session works for. Called from the session's own turn, one call at a time; a throw is told
 * to `fault` and answered for (0x08 to a customer, 0x64 to a provider), the session goes on.
 */
export interface SessionOwner {
  /** Role smsc: a peer asks to bind. Answer once with `session.answerBind`, now or later. */
  bind(request: BindRequest, session: Session): void;
  /** A message that is legal in this state and sound. Answer once with `session.answer`. */
  shortMessage(request: ShortMessageRequest, session: Session): void;
  /** The rest; answer once with `session.answerOther`. Without this they are refused with 0x03. */
  other?(request: OtherRequest, session: Session): void;
  /**
   * A peer that has left a message without an answer was heard again: there is room for one message,
   * and for the others when it answers that.
   */
  heardAgain?(session: Session): void;
  /** Once, as the last call; all requests of ours were settled before. `detail` may be empty. */
  closed(session: Session, reason: CloseReason, detail: string): void;
  /** A throw of the owner or of a `done`: a fault of ours. Without this it becomes a warning. */
  fault?(error: unknown, session: Session): void;
  /**
   * Every PDU as it comes and goes, for tracing, with the password of a bind starred out. Looked up
   * for each one, so it may be there for a while only.
   */
  readonly dump?: ((direction: "in" | "out", pdu: Buffer, session: Session) => void) | undefined;
}

export interface SessionOptions {
  /** Which side we are: `smsc` is bound to, `esme` binds. */
  readonly role: Role;
  readonly limits: SessionLimits;
  readonly clock: Clock;
  readonly owner: SessionOwner;
  /** Role smsc: messages are taken up in turn with those of other sessions; at once when left out. */
  readonly intake?: Intake | undefined;
}

export interface SessionCounters {
  /** Messages that came in a state that allows them, refused ones included, and those that went out. */
  received: number;
  sent: number;
  /** Requests that the session refused by itself: broken, illegal in this state, too many. */
  refused: number;
  /** Requests of ours that timed out, and answers that came after that. */
  timedOut: number;
  late: number;
  /** Answers that nobody waited for, or that name another command than the request. */
  stray: number;
  /** Calls to the socket; what one turn of the event loop brought goes in one. */
  writes: number;
}

/** One SMPP connection (v3.4, and v3.3 and v5.0 peers), on either side. */
export interface Session {
  /** Ours, for traces and `session list`; not told to the peer. */
  readonly id: string;
  /** `address:port` of the peer. */
  readonly remote: string;
  readonly tls: boolean;
  readonly state: SessionState;
  /** interface_version that both keep to; 0x34 until bound. Below it no TLV is sent. */
  readonly version: number;
  readonly counters: Readonly<SessionCounters>;
  /** 0 binds. A refusal is told and the state stays `open`: the owner decides whether to close. */
  answerBind(request: BindRequest, status: number, systemId: string): void;
  /** Never throws. Does nothing for a request that was answered or after the end. */
  answer(
    request: ShortMessageRequest,
    status: number,
    messageId?: string,
    /** Of a submit_multi that is taken: those that it will not go to. */
    unreached?: readonly Unreached[],
  ): void;
  /** The same for the rest; `fields` by the specification's names. */
  answerOther(request: OtherRequest, status: number, fields?: Fields): void;
  /**
   * Role esme, once per connection; again after a refusal. Rejects with `response_timeout`,
   * `connection_lost`, `wrong_bind_state`, or for a field that the wire cannot carry.
   */
  bind(fields: BindFields): Promise<BindResult>;
  /**
   * How many messages may be sent right now; 0 while not bound, at the end, when the peer does not read,
   * or when it has left a message without an answer and was not heard since.
   */
  room(): number;
  /**
   * Sends a message and gives its sequence number. `done` is called exactly once, and synchronously while the answer is read,
   * since a receipt may lie right behind it in the same octets. Throws, and then never calls it:
   * `overloaded` without room, `wrong_bind_state`, `connection_lost`, and for a message that cannot
   * be written what `encodeShortMessage` says.
   */
  send(command: ShortMessageCommand, sms: Sms, done: (answer: Answer) => void): number;
  /** Another request (query_sm, ...). Rejects as `bind` does. */
  ask(command: OtherCommand, fields: Fields): Promise<RareBody & { readonly status: number }>;
  /** Tells what has no answer; throws `wrong_bind_state` or `connection_lost`. */
  announce(
    command: "alert_notification" | "outbind",
    body: Pick<RareBody, "fields" | "tlvs">,
  ): void;
  /** Waits for the answers to what was sent, unbinds, closes; each step for `unbindMs` at most. */
  unbind(): Promise<void>;
  /** Ends at once; what was answered before is still written. Requests of ours are settled. */
  close(reason: CloseReason): void;
}
