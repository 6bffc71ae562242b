import type { Address } from "./address.ts";
import type { Report } from "./report.ts";
import type { Status } from "./status.ts";

/** An optional parameter (tag, length, value), in the order in which it stood. Repeats are kept. */
export interface Tlv {
  /** 0-0xFFFF; 0x1400-0x3FFF are a vendor's own. */
  readonly tag: number;
  /** At most 65,535 octets. */
  readonly octets: Buffer;
}

/**
 * What travels: a short message with all that a peer said about it, so that passing it on loses
 * nothing. Field meanings: SMPP v3.4 §5.2.
 */
export interface Sms {
  readonly from: Address;
  readonly to: Address;
  readonly serviceType: string;
  readonly esmClass: number;
  readonly protocolId: number;
  /** 0-3, of a peer of 5.0 also 4; the higher the more urgent. */
  readonly priority: number;
  /** Empty, or 16 characters of SMPP v3.4 §7.1.1. */
  readonly scheduleTime: string;
  /** Empty, or 16 characters of SMPP v3.4 §7.1.1. */
  readonly validityPeriod: string;
  /** 0 none, 1 report of success or failure, 2 of failure only; 0x10 intermediate ones too. */
  readonly registeredDelivery: number;
  readonly replaceIfPresent: number;
  readonly dataCoding: number;
  /** The user data as on the wire, with its header (UDH) if esmClass has 0x40. */
  readonly octets: Buffer;
  /**
   * Text that a script wrote: `octets` is then empty and the channel that sends it chooses the
   * coding. undefined for what came over a wire, where the octets are the truth.
   */
  readonly text: string | undefined;
  /**
   * A script has named the `dataCoding` of `text`, so it is that or nothing; left out for all others,
   * which costs them nothing.
   */
  readonly codingAsked?: true;
  readonly tlvs: readonly Tlv[];
}

/** A message that a text was joined of, as its sender knows it. */
export interface JoinedPart {
  readonly id: string;
  /** The id by which its sender knows it when that is another one: of the part that it repeated. */
  readonly known?: string;
  /** What its sender wants to hear of it, as in `Sms`. */
  readonly registeredDelivery: number;
}

/**
 * One line of a life: what happened, for the operator. `what` is a short word such as `received`,
 * `trigger`, `answered`, `sent`; the facts are shown as `key=value`.
 */
export interface TraceLine {
  /** Milliseconds since 1970 UTC. */
  readonly at: number;
  readonly what: string;
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

/** A row of a life. Immutable once written, but for erasure. */
export interface Message {
  /** uuid v7; its time is the moment of arrival. */
  readonly id: string;
  /** The original's id; its own for the first message of a life. */
  readonly root: string;
  readonly parent: string | undefined;
  readonly kind: "bind" | "sms" | "report";
  readonly direction: "in" | "out";
  readonly channel: string;
  readonly account: string | undefined;
  /** Canonical; for a bind the system_id. */
  readonly from: string;
  /** Canonical; for a bind the peer's address and port. */
  readonly to: string;
  /** undefined for a bind. A forwarded message whose text is unchanged shares its parent's octets. */
  readonly sms: Sms | undefined;
  /**
   * What a customer is told, for a report out: the channel that delivers it writes the receipt, so
   * the octets of `sms` are empty and only its addresses count. undefined for everything else.
   */
  readonly report: Report | undefined;
  /**
   * The parts that it was joined of, in their order, of the message and of what was made of it; left
   * out for all others. They are messages of their own, which share its outcome.
   */
  readonly joined?: readonly JoinedPart[];
  /**
   * Of a message to many (submit_multi), whom its sender named: all of them, and of what was made of it
   * for one of them that one. `to` is the first, and where it really goes; left out for all others.
   */
  readonly destinations?: readonly Address[];
  /** It answers a STOP, so it goes out although its receiver is on the list; left out for all others. */
  readonly despiteOptOut?: true;
  /** What its sender, who came by HTTP, calls it; left out for all others. */
  readonly client?: ClientFacts;
  /** True when `sms` is the very content of the parent, so that the store keeps it once. */
  readonly sameAsParent: boolean;
  /** How often this chain has come in on a listener of ours, for the loop guard. */
  readonly hops: number;
  readonly log: readonly TraceLine[];
}

/** What a customer wrote on his message for himself. */
export interface ClientFacts {
  /** Found by `message_reference` in the database, so without a quote or a backslash. */
  readonly reference?: string;
  readonly tags?: readonly string[];
  /** Where he wants to be told what becomes of it. */
  readonly callbackUrl?: string;
}

/** How a life stands, as one row per root says. */
export interface State {
  readonly root: string;
  readonly status: Status;
  /** A code of the catalogue, or a peer's own words; undefined when all is well. */
  readonly error: string | undefined;
}

/** A message that went out, with the original that it was made of: what a report is matched to. */
export interface Sent {
  readonly message: Message;
  readonly original: Message;
  /** Of a message that we split, the part that a report is about, from 1; else left out. */
  readonly part?: SentPart;
}

/** A part of a text that we split. */
export interface SentPart {
  readonly number: number;
  readonly total: number;
  /** Of the way in which the text was split: another one's parts do not belong to it. */
  readonly reference: number;
}
