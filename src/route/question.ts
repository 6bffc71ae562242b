import type { ErrorCode } from "../model/error.ts";

/** Where does this message go? Asked once for each message that is forwarded without a channel. */
export interface RouteQuestion {
  /** Canonical where it is a number; what came in or what a trigger made of it. */
  readonly from: string;
  /** The same; may be `number@name` (see `number-at-name.ts`). */
  readonly to: string;
  /** undefined when the octets are not text. */
  readonly text?: string | undefined;
  /** Whose it is: of a message out the sender's, of one in nobody's as long as nobody has said. */
  readonly account?: string | undefined;
  /** Whose word it came in by; `own` for what a trigger has made. */
  readonly origin: "customer" | "provider" | "own";
  /** The channel that it came in on; empty for what came in on none. */
  readonly channel: string;
  /** The kind of that channel. */
  readonly module: RouteModule | "";
  readonly smsType: "message" | "status_report";
  /** How many short messages it is. */
  readonly parts: number;
  /** Where messages of this sender go that no rule takes: a target; the account's `route`. */
  readonly senderDefault?: string | undefined;
  /** What else a rule may look at. */
  readonly variables?: Readonly<Partial<Record<ExtraVariable, string>>>;
}

export type RouteModule = "smppserver" | "smppclient" | "http";

/** Variables that a question has a field for. */
export type FieldVariable =
  | "from"
  | "to"
  | "text"
  | "account"
  | "origin"
  | "channel"
  | "module"
  | "sms_type"
  | "parts";

/** Variables that are known of some messages only; a rule sees them empty where they are not. */
export type ExtraVariable =
  /** How its life began: `SMPP` or `HTTP`, empty when it came from a provider or is our own. */
  | "submit_info"
  /** The id of its life, which is the root's. */
  | "billid"
  /** Of a status report: the status, such as `DELIVERED`. */
  | "sms_stat"
  | "service_type"
  | "data_coding"
  | "priority"
  | "encoding";

export type RouteVariable = FieldVariable | ExtraVariable;

/** A way that the message can take. */
export interface Candidate {
  readonly channel: string;
  /** For a channel that customers bind to: whose sessions get it. */
  readonly account?: string;
  /** The number that it goes to there, when it is another one than was asked for. */
  readonly to?: string;
  /** The sender that it has there, when it is another one. */
  readonly from?: string;
  /** Of one short message, a decimal number as in `amount.ts`. */
  readonly price?: string;
  /** 0-100, the more the better. */
  readonly quality?: number;
  /** The number table that it was found in. */
  readonly table?: string;
  /** The rule that named it: its name, else its place (`rules[3].rules[0]`), `default`, `account`, `address`. */
  readonly rule: string;
  /** Why it is taken, in a few words. */
  readonly why: string;
}

/** One thing that was looked at, in the order in which it was looked at. */
export interface Step {
  /** As in `Candidate.rule`. */
  readonly rule: string;
  /** The target or the candidate that it is about; empty for a rule that did not match. */
  readonly target: string;
  readonly taken: boolean;
  /** In words, for a person: why it was or was not taken. */
  readonly why: string;
}

export interface Resolved {
  /** Best first; the others are for when that one fails. Empty when there is no way. */
  readonly candidates: readonly Candidate[];
  readonly steps: readonly Step[];
  /** Why there is no way; undefined when there is one. */
  readonly refused: Refusal | undefined;
}

export interface Refusal {
  /** Of the catalogue, or a command_status that a rule names. */
  readonly code: ErrorCode | number;
  readonly reason: string;
}

/**
 * The routing table in force. All in memory and synchronous: some microseconds, in proportion to the
 * rules that are passed over. It is swapped as a whole; who holds one goes on with what he has.
 */
export interface Router {
  /** `explain` also tells of what comes after the first match; without it `steps` is only what led there. */
  resolve(question: RouteQuestion, how?: { readonly explain?: boolean }): Resolved;
}

/** A table of numbers that rules name as `table:NAME`. Made by who knows how to look numbers up. */
export interface NumberTable {
  /** Best first, without those that are blocked or do not suffice; E.164 with or without `+`. */
  find(number: string): TableAnswer;
}

export interface TableAnswer {
  readonly entries: readonly Entry[];
  /** Told by `route explain`: what else was there and why it was not taken. */
  readonly passedOver?: readonly { readonly target: string; readonly why: string }[];
  /** The number may not be sent to at all: no other rule is asked. */
  readonly blocked?: string;
}

export interface Entry {
  /** A target as in a rule: a channel, a provider group, `smppclient/SYSTEM_ID`, ... */
  readonly provider: string;
  readonly price?: string;
  readonly quality?: number;
  readonly why: string;
}
