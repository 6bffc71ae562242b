import type { ChannelChange } from "./channel-change.ts";
import type { Address } from "./address.ts";
import type { ErrorCode } from "./error.ts";
import type { Message, Sent } from "./message.ts";
import type { PartOfText } from "./part-of-text.ts";
import type { Report } from "./report.ts";
import type { Status } from "./status.ts";
import type { NamedTlv } from "./tlv.ts";

/** What a peer may do once bound. */
export type BindType = "transmitter" | "receiver" | "transceiver";

/** A customer asks to bind. */
export interface BindEvent {
  readonly id: string;
  readonly channel: string;
  /** Our name for the connection; the trace and `session list` show it. */
  readonly session: string;
  readonly systemId: string;
  readonly systemType: string;
  /** In clear. Stays in the gateway: no script, row, log or trace ever gets it. */
  readonly password: string;
  readonly bindType: BindType;
  /** interface_version as sent: 0x33, 0x34, 0x50. */
  readonly version: number;
  readonly addressRange: string;
  /** `address:port` of the peer. */
  readonly remote: string;
  readonly tls: boolean;
  /** Of the certificate that the customer has shown, signed by whom we trust; none otherwise. */
  readonly tlsSubject?: string | undefined;
  /** False once the connection has ended: then nobody is let in. Always, when left out. */
  isOpen?(): boolean;
}

/** A new message came in on a channel. */
export interface MessageEvent {
  readonly message: Message;
  /** What the octets say; undefined when they are not text. Parts: how many short messages it is. */
  readonly text: string | undefined;
  readonly parts: number;
  /** The alphabet that its data_coding names on this channel, or `binary`; left out when unknown. */
  readonly encoding?: string;
  /** When its sender cut the text himself and this is one part of it. */
  readonly part?: PartOfText;
  /** Of a message to many, `message.destinations` in canonical form; left out for all others. */
  readonly destinations?: readonly string[];
  /** Its optional parameters with their names on this channel; left out when it has none. */
  readonly tlvs?: readonly NamedTlv[];
  /** The session that it came by; undefined on channels without one. */
  readonly session: string | undefined;
  /** When its validity ends, in milliseconds since 1970 UTC: as asked, else the channel's default. */
  readonly expiresMs: number;
  /** When it is to go out, in milliseconds since 1970 UTC; left out when at once. */
  readonly scheduledMs?: number;
  /** A customer waits for a decision; a provider's message counts as accepted if nobody answers. */
  readonly origin: "customer" | "provider";
  /** When it came in, on the clock's `tickMs`; now when left out. It may have waited for its turn. */
  readonly receivedMs?: number;
  /** False once nobody waits for the answer any more: then a decision is dropped whole. */
  isOpen(): boolean;
}

/** A provider told what became of a message. */
export interface ReportEvent {
  readonly id: string;
  readonly channel: string;
  readonly session: string | undefined;
  readonly atMs: number;
  readonly report: Report;
  /** Canonical: the phone that the message went to, and the sender that it had. */
  readonly from: string;
  readonly to: string;
  /** False once the session that brought it has gone: then a decision is dropped whole. */
  isOpen(): boolean;
}

/** A message that went out has reached a status that triggers may be told of. */
export interface StatusEvent {
  readonly id: string;
  readonly atMs: number;
  readonly sent: Sent;
  readonly status: Status;
  /** A code of the catalogue, or a peer's own words; undefined when all is well. */
  readonly error: string | undefined;
  /** The report that caused it; undefined when it ended on our side. */
  readonly report: Report | undefined;
}

/** A customer asks about a message that he has sent, or wants it back or another text in it. */
export interface OperationEvent {
  readonly id: string;
  readonly channel: string;
  readonly session: string;
  /** Whose messages it is about; those of others are as unknown as those that never were. */
  readonly account: string;
  /** As he was given it, in any of our forms; empty when he names the message by its numbers. */
  readonly messageId: string;
  /** The sender that he names; undefined when he names none. With a `messageId` both must fit. */
  readonly from: string | undefined;
  /** Of a cancel without a `messageId`; undefined for all else. */
  readonly to: string | undefined;
  /** Of a cancel without a `messageId`; undefined for all. */
  readonly serviceType: string | undefined;
  readonly what: "query" | "cancel" | "replace";
  /** Of a replace. */
  readonly replacement: Replacement | undefined;
  /** False once nobody waits for the answer any more. */
  isOpen(): boolean;
}

/** What a replace_sm says anew (SMPP v3.4 §4.10.1). Addresses and coding stay. */
export interface Replacement {
  readonly octets: Buffer;
  /** Empty: as it was. In milliseconds since 1970 UTC beside it, undefined for at once. */
  readonly scheduleTime: string;
  readonly scheduledMs: number | undefined;
  readonly validityPeriod: string;
  readonly expiresMs: number;
  readonly registeredDelivery: number;
}

export type OperationAnswer =
  | {
      readonly kind: "found";
      /** As far as it is known now. */
      readonly status: Status;
      /** The network's own word, such as `EXPIRED`, where it told one; left out for the usual. */
      readonly state?: string;
      /** When it ended, in milliseconds since 1970 UTC; undefined while it has not. */
      readonly endedMs: number | undefined;
      /** As `err:` of its receipt would be: three digits, or the network's own word. */
      readonly error: string;
    }
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly code: ErrorCode | number; readonly reason: string };

/**
 * A network tells that a phone can be reached again after a message could not be delivered (SMPP v3.4
 * §4.12).
 */
export interface AlertEvent {
  readonly channel: string;
  readonly session: string;
  /** The phone, as the network wrote it. */
  readonly phone: Address;
  /** Who sent the message; a number of one of our customers, or nobody's. */
  readonly sender: Address;
  /** ms_availability_status: 0 available, 1 denied, 2 unavailable; undefined when it is not told. */
  readonly availability: number | undefined;
}

/** Something happened to a channel; told each time, also when it only has another reason now. */
export interface ChannelEvent {
  readonly channel: string;
  readonly atMs: number;
  readonly what: ChannelChange;
  /** Why, in a few words; of what an operator asked for, who he is. May be empty. */
  readonly reason: string;
}

/** What triggers are told of a channel: a change that has lasted for a while. */
export interface ChannelNotice {
  readonly id: string;
  readonly channel: string;
  readonly what: ChannelChange;
  /** When it began, in milliseconds since 1970 UTC. */
  readonly sinceMs: number;
  /** How long it had lasted when it was told: what the triggers wait for. */
  readonly forMs: number;
  /** The last one that is known, which need not be the one that it began with. */
  readonly reason: string;
  /** Nothing was told of the channel before, because the gateway has just started. */
  readonly first: boolean;
}

/** A peer has bound, or a session that was bound has ended. */
export interface SessionEvent {
  readonly id: string;
  readonly channel: string;
  readonly session: string;
  readonly atMs: number;
  readonly what: "bound" | "ended";
  /** Why it ended: a word such as `peer_unbound`, `kicked`, `silent`; empty for one that has bound. */
  readonly reason: string;
  /** What the system said about the end, if it said anything. */
  readonly detail: string;
  /** The customer's; for a provider, the system_id that we bound with. */
  readonly account: string;
  readonly bindType: BindType;
  /** `address:port` of the peer. */
  readonly remote: string;
  readonly tls: boolean;
  /** Milliseconds since 1970 UTC. */
  readonly boundMs: number;
  /** Messages and reports that came in on it and went out on it. */
  readonly received: number;
  readonly sent: number;
  /** Sessions that the account has on this channel besides this one. */
  readonly others: number;
}

/** The schedule of a trigger is due. */
export interface ScheduleEvent {
  readonly id: string;
  /** Of the trigger. */
  readonly name: string;
  /** When it was due; of several that were missed the last. Milliseconds since 1970 UTC, as below. */
  readonly dueMs: number;
  /** When it was due the time before that it ran; undefined when it never did. */
  readonly previousMs: number | undefined;
  /** It is told more than a minute after it was due. */
  readonly late: boolean;
}

/** The balance of an account has fallen below its `lowBalance`; told once per crossing. */
export interface AccountEvent {
  readonly id: string;
  readonly account: string;
  readonly what: "low";
  /** What was left, and below what that is, in credits. */
  readonly credits: number;
  readonly lowAt: number;
  /** Milliseconds since 1970 UTC. */
  readonly atMs: number;
}

/** What triggers are told of that is about no message, and that nobody waits for. */
export type Notice =
  | { readonly kind: "schedule"; readonly event: ScheduleEvent }
  | { readonly kind: "channel"; readonly event: ChannelNotice }
  | { readonly kind: "account"; readonly event: AccountEvent }
  | { readonly kind: "session"; readonly event: SessionEvent };

/** What is told to the peer that caused a bind. */
export type BindAnswer =
  | { readonly kind: "accepted"; readonly account: string }
  | { readonly kind: "refused"; readonly code: ErrorCode | number; readonly reason: string }
  | { readonly kind: "unanswered" };

/** What is told to the peer that sent a message. */
export type MessageAnswer =
  | {
      readonly kind: "accepted";
      readonly id: string;
      /** Credits that are held for it; left out where nothing is. */
      readonly charged?: number;
      /** Of a message to many, those that it will not go to, and why; left out when there are none. */
      readonly unreached?: readonly { readonly to: Address; readonly code: ErrorCode }[];
    }
  | {
      readonly kind: "refused";
      readonly code: ErrorCode | number;
      readonly reason: string;
      /** The rates allow the same again after that; left out where no rate was in the way. */
      readonly waitMs?: number;
    }
  | { readonly kind: "unanswered" };

/** What is told to the provider that brought a report. */
export type ReportAnswer =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly code: ErrorCode | number; readonly reason: string };

/** Nobody waits for it; what the triggers make of it comes later. */
export interface NoticeAnswer {
  readonly kind: "noted";
}

/** Every event of a channel with what answers it; the bus is typed by this. */
export interface Events {
  readonly bind: { readonly event: BindEvent; readonly answer: BindAnswer };
  readonly message: { readonly event: MessageEvent; readonly answer: MessageAnswer };
  readonly report: { readonly event: ReportEvent; readonly answer: ReportAnswer };
  readonly operation: { readonly event: OperationEvent; readonly answer: OperationAnswer };
  readonly alert: { readonly event: AlertEvent; readonly answer: NoticeAnswer };
  readonly channel: { readonly event: ChannelEvent; readonly answer: NoticeAnswer };
  readonly session: { readonly event: SessionEvent; readonly answer: NoticeAnswer };
}

export type EventKind = keyof Events;
