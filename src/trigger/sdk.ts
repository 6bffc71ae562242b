import type { ChannelChange } from "../model/channel-change.ts";
import type { SendAction } from "../model/decision.ts";
import type { ErrorCode } from "../model/error.ts";
import type {
  Bind,
  Channel,
  FinalStatus,
  Message,
  Report,
  SentMessage,
  Session,
} from "./sdk-events.ts";
import { type Measurement, type Measuring, measure } from "./script/measure.ts";
import { register } from "./script/registry.ts";

export type * from "./sdk-events.ts";
export type * from "./sdk-tlvs.ts";

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

/** For which changes of a channel a trigger runs, besides: decided outside the sandbox, too. */
export interface ChannelConditions extends Conditions {
  /** All of them when left out. */
  readonly what?: readonly ChannelChange[];
  /**
   * How long it must have lasted, 100-86,400,000 ms; 1,000 when left out. What is over sooner is not
   * told, and neither is the way back from it.
   */
  readonly forMs?: number;
}

/** For which sessions a trigger runs, besides: decided outside the sandbox, too. */
export interface SessionConditions extends Conditions {
  /** Both when left out. */
  readonly what?: readonly ("bound" | "ended")[];
  /** Whose sessions; every account's when left out. */
  readonly accounts?: readonly string[];
}

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
  handler: (bind: Bind, tools: BindTools) => void | Promise<void>,
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

/**
 * Runs when a channel has gone up or down, or an operator has paused, drained or resumed it, and that
 * has lasted. It may take up to 30 s over all triggers; what goes wrong is tried again for a day.
 *
 * ```ts
 * const minute = 60_000;
 * export const PAGE = onChannel({ channels: ["SMPP1"], what: ["down"], forMs: 5 * minute }, (channel, { messages }) => {
 *   const text = `${channel.name} is down: ${channel.reason}`;
 *   messages.send({ channel: "SMPP2", from: "Signalbox", to: "+31612345678", text });
 * });
 * ```
 */
export function onChannel(
  conditions: ChannelConditions,
  handler: (channel: Channel, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("channel", conditions, handler);
}

/**
 * Runs when a session has bound, or one that was bound has ended, of a customer or to a provider. It
 * may take up to 30 s over all triggers; what goes wrong is tried again for a day.
 *
 * ```ts
 * export const GONE = onSession({ accounts: ["Test1"], what: ["ended"] }, (session, { messages }) => {
 *   if (session.others > 0) return;
 *   const text = `${session.account} has no session any more: ${session.reason}`;
 *   messages.send({ channel: "SMPP2", from: "Signalbox", to: "+31612345678", text });
 * });
 * ```
 */
export function onSession(
  conditions: SessionConditions,
  handler: (session: Session, tools: Tools) => void | Promise<void>,
): Trigger {
  return register("session", conditions, handler);
}

/** About text; only in the isolates of files that import it. */
export const sms: {
  /**
   * How many short messages a text will be, in which encoding, and which characters force it to be
   * UCS-2. Without `wishes` GSM 7-bit is preferred, as channels do that say nothing else. Some 20 µs
   * for a text of one part.
   */
  measure(text: string, wishes?: Measuring): Measurement;
} = { measure };

/** What a handler is given beside its event. Host calls wait at most for the event's deadline. */
export interface Tools extends BindTools {
  readonly messages: {
    /**
     * Makes a message of our own, which nobody is charged for, and passes it on to a channel; for one
     * that customers bind to, `account` says whose. It is made together with all else that is decided,
     * or not at all: on a reject, for example. `priority`: 0-3, 3 goes first; 0 when left out. It is
     * given up after 24 h. What becomes of it is a status like that of any other message.
     */
    send(message: Omit<SendAction, "do">): void;
  };
}

/** The same for a bind, which can send nothing. */
export interface BindTools {
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
