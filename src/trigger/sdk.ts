import type { Action, ForwardAction, ReportAction } from "../model/decision.ts";
import type { ErrorCode } from "../model/error.ts";
import type { Report as Told } from "../model/report.ts";
import type { Status } from "../model/status.ts";
import { register } from "./script/registry.ts";

/**
 * What a trigger imports from "signalbox". A trigger asks; the gateway does it, all at once, when
 * the last trigger has ended. Nothing else is there: no timers, no network, no files, no process.
 */

/** For which events a trigger runs; all of it is decided outside the sandbox. */
export interface Conditions {
  /** Names of channels, as in signalbox.yaml; every channel when left out. */
  readonly channels?: readonly string[];
  /** Smaller runs first; among equals the name decides. 100 when left out. */
  readonly order?: number;
  /** 1-64 letters, digits, `_`, `.`, `-`. The name of the export when left out. */
  readonly name?: string;
  /**
   * What a fault of this trigger means for the event. `undecided` (when left out): nothing is
   * applied and the sender may try again. `skip`: the others go on without it; for what only
   * watches, such as a logger.
   */
  readonly onFault?: "undecided" | "skip";
}

/** For which statuses a trigger runs, besides: decided outside the sandbox, too. */
export interface StatusConditions extends Conditions {
  /** All final ones when left out. */
  readonly status?: readonly FinalStatus[];
}

/**
 * How the life of a message that went out ends. DELIVERED, NOTDELIVERED: the network said so.
 * NOREPORT: it did not say anything in time. FAILED: it was refused, or could not be sent. EXPIRED:
 * its validity ended in our queue. CANCELLED: its sender took it back.
 */
export type FinalStatus = Extract<
  Status,
  "DELIVERED" | "NOTDELIVERED" | "NOREPORT" | "FAILED" | "EXPIRED" | "CANCELLED"
>;

/** What `onBind` and its like give: export it, and the export's name is the trigger's name. */
export interface Trigger {
  readonly event: string;
}

/**
 * Runs for each customer who asks to bind.
 *
 * ```ts
 * export const BIND = onBind({ channels: ["SMPP_SERVER1"] }, async (bind, { accounts }) => {
 *   const found = await accounts.verify(bind);
 *   if (found.ok) bind.accept({ account: found.account });
 *   else bind.reject(found.reason);
 * });
 * ```
 */
export function onBind(
  conditions: Conditions,
  handler: (bind: Bind, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("bind", conditions, handler);
}

/**
 * Runs for each new message, of a customer or of a provider.
 *
 * ```ts
 * export const FWD = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, (message) => {
 *   message.forward({ channel: "SMPP1" });
 * });
 * ```
 */
export function onMessage(
  conditions: Conditions,
  handler: (message: Message, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("message", conditions, handler);
}

/**
 * Runs for each delivery report that a provider brings. The gateway has looked up the message by
 * then. If no trigger applies it, the report is taken and changes nothing.
 *
 * ```ts
 * export const APPLYDLR = onReport({ channels: ["SMPP1"] }, (report) => {
 *   report.apply();
 * });
 * ```
 */
export function onReport(
  conditions: Conditions,
  handler: (report: Report, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("report", conditions, handler);
}

/**
 * Runs when the life of a message that went out has ended, for whatever reason. `channels` are those
 * that it went out on. It may take up to 30 s over all triggers; what goes wrong is tried again.
 *
 * ```ts
 * export const FWDDLR = onStatus({ channels: ["SMPP1"], status: ["DELIVERED"] }, (message) => {
 *   message.root?.report();
 * });
 * ```
 */
export function onStatus(
  conditions: StatusConditions,
  handler: (message: SentMessage, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("status", conditions, handler);
}

/** A customer asks to bind. If no trigger answers, the session is closed after bindTimeoutMs. */
export interface Bind {
  /** Of this event; the trace is found by it. */
  readonly id: string;
  readonly channel: string;
  /** Our name for the connection, as in `signalbox session list`. */
  readonly session: string;
  /** At most 15 characters (SMPP v3.4 §5.2.1). The password never comes into a script. */
  readonly systemId: string;
  /** At most 12 characters. */
  readonly systemType: string;
  readonly bindType: "transmitter" | "receiver" | "transceiver";
  /** interface_version as sent: 0x33, 0x34, 0x50. */
  readonly version: number;
  /** As sent; most customers leave it empty. At most 40 characters. */
  readonly addressRange: string;
  /** `address:port` of the peer. */
  readonly remote: string;
  readonly tls: boolean;
  /** Lets the customer in, as this account (the systemId when left out). */
  accept(answer?: { readonly account?: string }): void;
  /**
   * Refuses. A code of docs/errors.md such as `bad_password`, or a command_status (1-0xFFFFFFFF).
   * The reason goes into the trace, not to the customer; at most 1,000 characters.
   */
  reject(code: ErrorCode | number, reason?: string): void;
  /** A line for the trace of this bind; at most 1,000 characters. */
  trace(text: string): void;
}

/** A new message. */
export interface Message {
  /** UUID; the customer gets it in the form that his account wants. */
  readonly id: string;
  /** The id of the first message of this life; its own for a new message. */
  readonly root: string;
  readonly channel: string;
  /** Of the customer; undefined for a message of a provider. */
  readonly account: string | undefined;
  readonly session: string | undefined;
  /** A customer waits for an answer; a provider's message is taken when no trigger answers. */
  readonly origin: "customer" | "provider";
  /** E.164 with `+` where that is known, else as received. */
  readonly from: string;
  /** E.164 with `+` where that is known, else as received. */
  readonly to: string;
  /** What the octets say; undefined when they are not text. */
  readonly text: string | undefined;
  /** How many short messages it is on the air; 1 or more. */
  readonly parts: number;
  readonly serviceType: string;
  readonly esmClass: number;
  /** 0-3; 3 is the most urgent. */
  readonly priority: number;
  /** SMPP v3.4 §5.2.19. */
  readonly dataCoding: number;
  /** The sender wants to hear of the final outcome. */
  readonly reportAsked: boolean;
  /** What the triggers before this one asked for, in their order. */
  readonly decided: readonly Decided[];
  /**
   * Takes the message. `charge`: credits, a whole number from 0 to 1,000,000; 0 when left out.
   * Charges of several triggers add up; if the account cannot pay, the sender gets `no_credit` and
   * nothing is applied.
   */
  accept(answer?: { readonly charge?: number }): void;
  /**
   * Refuses it and ends the run: later triggers are not asked and nothing but trace lines stays. A
   * code of docs/errors.md such as `refused_by_rule`, or a command_status (1-0xFFFFFFFF). The reason
   * goes into the trace; at most 1,000 characters.
   */
  reject(code: ErrorCode | number, reason?: string): void;
  /** Passes it on to a channel; what is not named stays as it came in, octet for octet. */
  forward(to: Omit<ForwardAction, "do">): void;
  /**
   * Keeps it as FAILED, with this reason in its trace, and passes it on to nobody. Whoever sent it
   * is answered as usual: for a provider's message that is the end, it does not come again. At most
   * 1,000 characters.
   */
  fail(reason: string): void;
  /** A line for the trace of this message; at most 1,000 characters. */
  trace(text: string): void;
}

/** A provider told what became of a message. */
export interface Report {
  /** Of this event. */
  readonly id: string;
  /** That the report came in on. */
  readonly channel: string;
  readonly session: string | undefined;
  /** The provider's id of the message, as he wrote it; empty when he gave none. */
  readonly messageId: string;
  /** SENT: still on its way, an intermediate report. NOREPORT: the network itself does not know. */
  readonly status: Told["status"];
  /** The network's own word, upper case: DELIVRD, UNDELIV, EXPIRED, DELETED, REJECTD, ... */
  readonly state: string;
  /** The network's error as received; three digits in the standard form, letters occur. */
  readonly error: string;
  /** The phone that the message went to; E.164 with `+` where that is known. */
  readonly from: string;
  /** The sender that the message had. */
  readonly to: string;
  /** The beginning of the message's text, if the report repeats it. */
  readonly text: string;
  /** Milliseconds since 1970 UTC; undefined when it was not given or cannot be read. */
  readonly submittedMs: number | undefined;
  /** Milliseconds since 1970 UTC; undefined when it was not given or cannot be read. */
  readonly doneMs: number | undefined;
  /** The message that it is about; undefined when none is known. */
  readonly message: Matched | undefined;
  /** What the triggers before this one asked for, in their order. */
  readonly decided: readonly Decided[];
  /**
   * The message takes the status of the report; never a step back, and not twice. Without a known
   * message it changes nothing.
   */
  apply(): void;
  /**
   * Refuses the report, so that nothing is applied and the provider hears of it. A code of
   * docs/errors.md (`try_later` makes it come again), or a command_status (1-0xFFFFFFFF). The reason
   * goes into the trace; at most 1,000 characters.
   */
  reject(code: ErrorCode | number, reason?: string): void;
  /** A line for the trace of this report; at most 1,000 characters. */
  trace(text: string): void;
}

/** The message that a report is about: the one that went out. */
export interface Matched {
  readonly id: string;
  /** The id of the first message of this life. */
  readonly root: string;
  /** That it went out on. */
  readonly channel: string;
  /** Of the customer who sent the first message of this life; undefined when none did. */
  readonly account: string | undefined;
  readonly from: string;
  readonly to: string;
}

/** A message that went out, at the end of its life. */
export interface SentMessage {
  readonly id: string;
  /** That it went out on, or was to. */
  readonly channel: string;
  readonly account: string | undefined;
  /** E.164 with `+` where that is known, else as it was sent. */
  readonly from: string;
  /** E.164 with `+` where that is known, else as it was sent. */
  readonly to: string;
  readonly status: FinalStatus;
  /** A code of docs/errors.md or a peer's own words; undefined when all is well. */
  readonly error: string | undefined;
  /** The report that ended it; undefined when it ended on our side. `doneMs`: since 1970 UTC. */
  readonly report:
    | { readonly state: string; readonly error: string; readonly doneMs: number | undefined }
    | undefined;
  /** The message that this one was made of; undefined when it is itself the first of its life. */
  readonly root: Original | undefined;
  /** What the triggers before this one asked for, in their order. */
  readonly decided: readonly Decided[];
  /** A line for the trace of this message; at most 1,000 characters. */
  trace(text: string): void;
}

/** The first message of a life, as a customer or a provider sent it. */
export interface Original {
  readonly id: string;
  /** That it came in on. */
  readonly channel: string;
  /** Of the customer; undefined for a message of a provider. */
  readonly account: string | undefined;
  readonly from: string;
  readonly to: string;
  /** Its sender wants to hear of the final outcome. */
  readonly reportAsked: boolean;
  /**
   * Tells the account that sent it what became of it; left out, with a line in the trace, when it did
   * not ask for this outcome. `state`: `stat:` of the receipt, 1-7 upper case letters. `error`:
   * `err:`, 1-3 digits or letters. What is not named is as the network told it, or as the status
   * implies.
   */
  report(options?: Omit<ReportAction, "do">): void;
}

/** What one trigger asked for. */
export interface Decided {
  readonly trigger: string;
  readonly actions: readonly Action[];
}

/** What a handler is given beside its event. Host calls wait at most for the event's deadline. */
export interface Tools {
  readonly accounts: {
    /** Checks system_id and password of this bind against the accounts; takes up to 50 ms. */
    verify(bind: Bind): Promise<BindCheck>;
    /** The account that owns the number (canonical form, as in `message.to`). */
    byNumber(number: string): Promise<Owner | undefined>;
  };
  /** A line for the trigger's log, as console.log; at most 1,000 characters. */
  log(text: string): void;
  /** Milliseconds since 1970 UTC at which the event came in; the same when it is run again. */
  now(): number;
}

export type BindCheck =
  | { readonly ok: true; readonly account: string }
  | { readonly ok: false; readonly reason: ErrorCode };

export interface Owner {
  /** The account's id, which is its system_id. */
  readonly id: string;
}
