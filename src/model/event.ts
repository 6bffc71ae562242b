import type { Message } from "./message.ts";
import type { ErrorCode } from "./error.ts";

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
}

/** A new message came in on a channel. */
export interface MessageEvent {
  readonly message: Message;
  /** What the octets say; undefined when they are not text. Parts: how many short messages it is. */
  readonly text: string | undefined;
  readonly parts: number;
  /** The session that it came by; undefined on channels without one. */
  readonly session: string | undefined;
  /** When its validity ends, in milliseconds since 1970 UTC: as asked, else the channel's default. */
  readonly expiresMs: number;
  /** A customer waits for a decision; a provider's message counts as accepted if nobody answers. */
  readonly origin: "customer" | "provider";
  /** False once nobody waits for the answer any more: then a decision is dropped whole. */
  isOpen(): boolean;
}

/** What is told to the peer that caused a bind. */
export type BindAnswer =
  | { readonly kind: "accepted"; readonly account: string }
  | { readonly kind: "refused"; readonly code: ErrorCode | number; readonly reason: string }
  | { readonly kind: "unanswered" };

/** What is told to the peer that sent a message. */
export type MessageAnswer =
  | { readonly kind: "accepted"; readonly id: string }
  | { readonly kind: "refused"; readonly code: ErrorCode | number; readonly reason: string }
  | { readonly kind: "unanswered" };

/** Every event with what answers it; the bus is typed by this. */
export interface Events {
  readonly bind: { readonly event: BindEvent; readonly answer: BindAnswer };
  readonly message: { readonly event: MessageEvent; readonly answer: MessageAnswer };
}

export type EventKind = keyof Events;
